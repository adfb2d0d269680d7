import { describe, expect, test } from 'vitest'
import { catalogue } from '../../../src/core/events/catalogue.ts'
import { crashPoints } from '../../../src/core/platform/crash-points.ts'
import { listCode, listFiles, readSource } from './source-files.ts'

const sources = listCode('src').map((file) => ({ file, text: readSource(file) }))

test.each(crashPoints)('the crash point %s stands exactly once in the program', (point) => {
  const calls = sources.flatMap(({ file, text }) =>
    text
      .split(`crashPoint('${point}')`)
      .slice(1)
      .map(() => file),
  )
  expect(calls).toHaveLength(1)
})

test('every event of the catalogue is emitted somewhere', () => {
  const emitters = sources.filter(
    ({ file, text }) => file !== 'src/core/events/outbox.ts' && text.includes('/outbox.ts'),
  )
  // Either the whole name, or a template of its noun beside its word.
  const emits = (text: string, name: string) => {
    const [noun, word] = name.split('.')
    return text.includes(`'${name}'`) || (text.includes(`\`${noun}.\${`) && text.includes(`'${word}'`))
  }
  const silent = Object.keys(catalogue).filter((name) => !emitters.some(({ text }) => emits(text, name)))
  expect(silent).toEqual([])
})

test('events are named noun.past', () => {
  expect(Object.keys(catalogue).filter((name) => !/^[a-z]+\.[a-z]+$/.test(name))).toEqual([])
})

describe('faults', () => {
  const codes = new Set(
    sources.flatMap(({ text }) =>
      [...text.matchAll(/new Fault\(\s*(?:'[\w-]+'|[\w.]+),\s*'([^']*)'/g)].map(([, code = '']) => code),
    ),
  )
  const documented = () =>
    new Set([...readSource('docs/errors.md').matchAll(/^\|\s*`([^`]+)`/gm)].map(([, code = '']) => code))

  test('their codes are named noun-state', () => {
    expect([...codes].filter((code) => !/^[a-z]+(-[a-z0-9]+)+$/.test(code))).toEqual([])
  })

  test('each code of the program has a line in docs/errors.md', () => {
    expect([...codes].filter((code) => !documented().has(code)).sort()).toEqual([])
  })

  test('each code in docs/errors.md is one that the program knows', () => {
    const known = (code: string) => sources.some(({ text }) => text.includes(`'${code}'`))
    expect([...documented()].filter((code) => !known(code))).toEqual([])
  })
})

describe('what the documents say', () => {
  const pages = [...listFiles('docs'), ...listFiles('').filter((file) => !file.includes('/'))].filter((file) =>
    file.endsWith('.md'),
  )

  test('their links lead to files that are there', () => {
    const all = new Set(listFiles(''))
    const folders = new Set(
      [...all].flatMap((file) => file.split('/').map((_, i, parts) => parts.slice(0, i).join('/'))),
    )
    const broken = pages.flatMap((page) =>
      [...readSource(page).matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#[^)]*)?\)/g)].flatMap(([, link = '']) => {
        const target = new URL(link, `file:///${page}`).pathname.slice(1).replace(/\/$/, '')
        return all.has(target) || folders.has(target) ? [] : [`${page}: ${link}`]
      }),
    )
    expect(broken).toEqual([])
  })

  test('both READMEs give the same commands', () => {
    const commands = (page: string) =>
      [...readSource(page).matchAll(/^```sh\n([\s\S]*?)^```/gm)].map(([, block = '']) => block.replace(/ +#.*$/gm, ''))
    expect(commands('README.zh-CN.md')).toEqual(commands('README.md'))
  })

  test('their npm commands are scripts of the package', () => {
    const { scripts } = JSON.parse(readSource('package.json')) as { scripts: Record<string, string> }
    const unknown = pages.flatMap((page) =>
      [...readSource(page).matchAll(/\bnpm run ([\w:-]+)/g)]
        .filter(([, name = '']) => !Object.hasOwn(scripts, name))
        .map(([command]) => `${page}: ${command}`),
    )
    expect(unknown).toEqual([])
  })
})
