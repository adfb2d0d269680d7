import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { en } from '../../../web/i18n/console-en.ts'
import { zhCN } from '../../../web/i18n/console-zh-cn.ts'
import { zhTW } from '../../../web/i18n/console-zh-tw.ts'
import { fill, type Locale, locales, pickLocale } from '../../../web/i18n/locale.ts'
import type { Threefold } from '../../../web/i18n/threefold.ts'
import { loadWidgetTexts } from '../../../web/i18n/widget.ts'

const folder = join(import.meta.dirname, '../../../web/i18n')

/** All texts by their path, `problems.offer-taken` and so on. */
function flat(texts: object, path = ''): Map<string, string> {
  const entries = Object.entries(texts).flatMap(([key, value]: [string, string | object]) =>
    typeof value === 'string' ? [[path + key, value] as const] : [...flat(value, `${path}${key}.`)],
  )
  return new Map(entries)
}

const places = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort()

async function sets(): Promise<[string, Map<string, string>[]][]> {
  const widget = await Promise.all(locales.map(async (locale) => flat(await loadWidgetTexts(locale))))
  const areas: [string, Record<Locale, object>][] = []
  for (const file of (await readdir(folder)).filter((name) => /^console-(?!en|zh)/.test(name))) {
    const exported = (await import(join(folder, file))) as Record<string, Record<Locale, object>>
    areas.push(...Object.entries(exported))
  }
  const settings = new Map<string, Threefold>()
  for (const file of (await readdir(folder)).filter((name) => /^(settings|customers|calls)/.test(name))) {
    const words = (await import(join(folder, file))) as Record<string, Record<string, Threefold>>
    for (const [name, all] of Object.entries(words)) {
      for (const [key, meanings] of Object.entries(all)) settings.set(`${name}.${key}`, meanings)
    }
  }
  const inOne = (at: number) => new Map([...settings].map(([key, meanings]) => [key, meanings[at] ?? '']))
  return [
    ['settings', [inOne(0), inOne(1), inOne(2)]],
    ['console', [flat(zhCN), flat(zhTW), flat(en)]],
    ...areas.map(([area, texts]): [string, Map<string, string>[]] => [
      area,
      [flat(texts['zh-CN']), flat(texts['zh-TW']), flat(texts.en)],
    ]),
    ['widget', widget],
  ]
}

describe('the words of the pages', () => {
  test('every language has the same keys, and a word for each', async () => {
    for (const [, [first, ...others]] of await sets()) {
      for (const other of others) expect([...other.keys()].sort()).toEqual([...(first?.keys() ?? [])].sort())
      for (const texts of [first, ...others]) for (const [, text] of texts ?? []) expect(text.trim()).not.toBe('')
    }
  })

  test('a text has the same places to fill in every language', async () => {
    for (const [page, [first, ...others]] of await sets()) {
      for (const other of others) {
        for (const [key, text] of first ?? []) {
          expect([page, key, places(other.get(key) ?? '')]).toEqual([page, key, places(text)])
        }
      }
    }
  })

  test('no simplified sign stands in a traditional text', async () => {
    // Signs that only simplified writing has.
    const simplified = /[们话设关闭开时间发现请输录线网络过动态码页读获击选项错误级标会资历统]/
    for (const [, [, traditional]] of await sets()) {
      expect([...(traditional ?? [])].filter(([, text]) => simplified.test(text))).toEqual([])
    }
  })
})

test('a page speaks the first wanted language that it has', () => {
  expect(pickLocale(['zh-CN', 'en'])).toBe('zh-CN')
  expect(pickLocale(['zh'])).toBe('zh-CN')
  expect(pickLocale(['zh-Hant-HK'])).toBe('zh-TW')
  expect(pickLocale(['zh-MO'])).toBe('zh-TW')
  expect(pickLocale(['zh-Hans-SG'])).toBe('zh-CN')
  expect(pickLocale(['fr', 'en-GB', 'zh-CN'])).toBe('en')
  expect(pickLocale(['fr'])).toBe('en')
  expect(pickLocale([])).toBe('en')
})

test('a place without a value stays as it is', () => {
  expect(fill('{a} and {b}', { a: 1 })).toBe('1 and {b}')
})
