/** The menu of an official account: what may stand in it, and when WeChat is asked to show it. */
import { describe, expect, it } from 'vitest'
import type { ChannelState, Hub } from '../../../src/connectors/contract.ts'
import { registryOf } from '../../../src/connectors/registry.ts'
import { type CgiApi, Refusal } from '../../../src/connectors/wechat/cgi.ts'
import { wechatOfficial } from '../../../src/connectors/wechat-official/index.ts'
import type { Menu } from '../../../src/connectors/wechat-official/menu.ts'
import { keepMenu } from '../../../src/connectors/wechat-official/menu-upkeep.ts'

const click = (name: string, key = 'KEY') => ({ name, type: 'click', key })

describe('the setting', () => {
  const form = registryOf([wechatOfficial as never]).formOf('wechat-official')
  const checked = (menu: unknown) =>
    form.checked({ appId: 'wx0123456789abcdef', appSecret: 'a'.repeat(32), token: 'token', menu })
  const refused = (menu: unknown): string[] => {
    try {
      checked(menu)
      return []
    } catch (error) {
      return [...new Set((error as { errors: { pointer: string }[] }).errors.map(({ pointer }) => pointer))]
    }
  }

  it('takes what WeChat documents, at its limits', () => {
    const menu = [
      { name: '一二三四五.', type: 'view', url: `https://shop.example/${'x'.repeat(1003)}` },
      { name: '菜单', sub_button: Array.from({ length: 5 }, () => click('字'.repeat(20), 'k'.repeat(128))) },
      { name: 'Mini', type: 'miniprogram', url: 'http://shop.example', appid: 'wx286b93c14bbf93aa', pagepath: 'a/b' },
    ]
    expect(checked(menu)).toMatchObject({ menu })
    expect(checked([])).toMatchObject({ menu: [] })
    const { menu: kept } = checked([{ name: 'Read', type: 'article_id', article_id: 'A' }]) as { menu: unknown[] }
    expect(kept).toHaveLength(1)
  })

  it.each<[string, unknown, string[]]>([
    ['four buttons', Array.from({ length: 4 }, () => click('a')), ['/settings/menu']],
    ['six within', [{ name: 'a', sub_button: Array(6).fill(click('b')) }], ['/settings/menu/0/sub_button']],
    ['none within', [{ name: 'a', sub_button: [] }], ['/settings/menu/0/sub_button']],
    ['17 bytes', [click('一二三四五ab')], ['/settings/menu/0/name']],
    ['63 bytes within', [{ name: 'a', sub_button: [click('字'.repeat(21))] }], ['/settings/menu/0/sub_button/0/name']],
    [
      'a third storey',
      [{ name: 'a', sub_button: [{ name: 'b', sub_button: [] }] }],
      ['/settings/menu/0/sub_button/0/type', '/settings/menu/0/sub_button/0/sub_button'],
    ],
    ['a long key', [click('a', '字'.repeat(43))], ['/settings/menu/0/key']],
    ['no key', [{ name: 'a', type: 'click' }], ['/settings/menu/0/key']],
    ['no address', [{ name: 'a', type: 'view' }], ['/settings/menu/0/url']],
    ['another scheme', [{ name: 'a', type: 'view', url: 'javascript:alert(1)' }], ['/settings/menu/0/url']],
    ['a field of another type', [{ ...click('a'), url: 'https://a.example' }], ['/settings/menu/0/url']],
    ['an unknown type', [{ name: 'a', type: 'dance' }], ['/settings/menu/0/type']],
    ['an unknown field', [{ ...click('a'), colour: 'red' }], ['/settings/menu/0/colour']],
    ['both', [{ ...click('a'), sub_button: [click('b')] }], ['/settings/menu/0/type', '/settings/menu/0/key']],
    ['no name', [{ type: 'click', key: 'a' }], ['/settings/menu/0/name']],
    ['words', 'menu', ['/settings/menu']],
  ])('names what is wrong: %s', (_, menu, pointers) => {
    expect(refused(menu).sort()).toEqual(pointers.sort())
  })
})

describe('keeping it', () => {
  /** A hub that remembers, and an account that answers each call with the next of these, then takes everything. */
  const account = (...answers: unknown[]) => {
    const notes = new Map<string, unknown>()
    const asked: [string, unknown][] = []
    const states: ChannelState[] = []
    let life = new AbortController()
    const hub = {
      memory: {
        get: async (name: string) => notes.get(name),
        set: async (name: string, value: unknown) => void notes.set(name, value),
      },
      get signal() {
        return life.signal
      },
      report: (state: ChannelState) => void states.push(state),
      log: { warn: () => {} },
    } as unknown as Hub
    const api = {
      call: async (path: string, body: unknown) => {
        asked.push([path, body])
        const answer = answers.shift()
        if (answer === 'let go') life.abort()
        if (answer !== undefined) throw answer
        return {}
      },
    } as unknown as CgiApi
    const keep = (menu?: Menu, appId = 'wx1') => {
      life = new AbortController()
      return keepMenu({ appId, ...(menu && { menu }) }, api, hub, 1)
    }
    return { keep, asked, states }
  }
  const [one, other] = [[click('one')], [click('other')]]

  it('asks once for a menu, again for another one, and again for another account', async () => {
    const { keep, asked, states } = account()
    await keep(one)
    await keep(one)
    await keep(other)
    await keep(one)
    await keep(one, 'wx2')
    expect(asked.map(([, body]) => (body as { button: Menu }).button[0]?.name)).toEqual(['one', 'other', 'one', 'one'])
    expect(states).toEqual([])
  })

  it('leaves an account alone that has none in its settings, and sets the one that comes back', async () => {
    const { keep, asked } = account()
    await keep()
    expect(asked).toEqual([])
    await keep(one)
    await keep()
    await keep(one)
    expect(asked).toHaveLength(2)
  })

  it('deletes the menu for an empty list, also where there is none', async () => {
    const { keep, asked, states } = account(new Refusal(46003, 'menu no exist'))
    await keep([])
    await keep([])
    expect(asked).toEqual([['menu/delete', undefined]])
    expect(states).toEqual([])
  })

  it('tells what hinders it, tries again, and tells that it is over', async () => {
    const { keep, asked, states } = account(new Refusal(48001, 'api unauthorized'), new Refusal(40018, 'name size'))
    await keep(one)
    expect(asked).toHaveLength(3)
    expect(states).toEqual([
      { state: 'degraded', detail: expect.stringMatching(/48001.*微信认证/) },
      { state: 'degraded', detail: expect.stringMatching(/40018.*name size/) },
      { state: 'online' },
    ])
  })

  it('asks again for a menu that was replaced by a call of which nobody knows what became', async () => {
    const { keep, asked } = account(undefined, 'let go')
    await keep(one)
    await keep(other)
    await keep(one)
    expect(asked).toHaveLength(3)
  })
})
