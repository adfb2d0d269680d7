/** WeChat behind a puppet of wechaty's, over real gRPC: logging in, groups, and what becomes of it when gateway or puppet die. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { ChannelState, Hub } from '../../../src/connectors/contract.ts'
import { registryOf } from '../../../src/connectors/registry.ts'
import { WechatyConnector } from '../../../src/connectors/wechat-wechaty/connector.ts'
import { fromSaid } from '../../../src/connectors/wechat-wechaty/translate.ts'
import { createChannel } from '../../../src/core/conversations/channels.ts'
import { checkInbound } from '../../../src/core/conversations/inbound.ts'
import type { Inbound } from '../../../src/core/conversations/model.ts'
import { newId } from '../../../src/core/platform/ids.ts'
import { ConnectorBench } from '../../conformance/connector-bench.ts'
import { samples } from '../../conformance/connector-samples.ts'
import { farEnd, Gateway } from '../../fakes/wechat-wechaty.ts'
import { eventually } from '../../support/eventually.ts'
import { startProxy } from '../../support/proxy.ts'
import { describeWith } from '../../support/services.ts'

const text = (words: string) => ({ type: 'text', text: words }) as const

describe('what a puppet tells', () => {
  const now = 1_790_000_000_000
  const said = (facts: object) => ({
    id: 'm1',
    selfId: 'self',
    talkerId: 'li',
    talker: '',
    roomId: '',
    room: '',
    type: 7,
    text: 'hi',
    filename: '',
    timestamp: now / 1000,
    detail: {},
    ...facts,
  })
  const read = (facts: object) => {
    const event = fromSaid(said(facts), now)
    return event && checkInbound(event)
  }

  it.each<[string, object, object]>([
    [
      'seconds',
      {},
      { at: '2026-09-21T14:13:20.000Z', peer: 'li', parts: [text('hi')], from: { name: '微信用户 li', scope: 'self' } },
    ],
    ['milliseconds', { timestamp: now }, { at: '2026-09-21T14:13:20.000Z' }],
    ['no time', { timestamp: Number.NaN }, { at: '2026-09-21T14:13:20.000Z' }],
    [
      'a group',
      { roomId: 'g@chatroom', room: 'G' },
      { peer: 'g@chatroom', chat: { kind: 'group', title: 'G' }, from: { address: 'li' } },
    ],
    [
      'a mini program',
      { type: 9, detail: { title: 'Shop' } },
      { parts: [{ type: 'card', title: 'Shop', fallback: 'Shop' }] },
    ],
    ['an emoji', { type: 5 }, { parts: [{ type: 'sticker', blob: { locator: { messageId: 'm1' } } }] }],
    [
      'a link',
      { type: 14, detail: { url: 'https://a.example', title: 'A' } },
      { parts: [{ type: 'link', url: 'https://a.example' }] },
    ],
    ['a card', { type: 3, text: '<msg/>', detail: { name: 'Han' } }, { parts: [{ type: 'contact', name: 'Han' }] }],
    ['a card of nobody', { type: 3, text: '<msg/>' }, { parts: [{ type: 'contact', name: '[名片]' }] }],
    ['a link to nowhere', { type: 14 }, { parts: [{ type: 'unsupported', native: 'link' }] }],
    [
      'a place',
      { type: 8, detail: { latitude: 31, longitude: 121, name: '外滩' } },
      { parts: [{ type: 'location', name: '外滩' }] },
    ],
    ['a red packet', { type: 12 }, { parts: [{ type: 'unsupported', native: 'red-envelope', fallback: '[红包]' }] }],
    ['a word taken back', { type: 13, text: 'm0' }, { kind: 'edit', externalId: 'm0' }],
  ])('with %s is read as such', (_, facts, event) => {
    expect(read(facts)).toMatchObject(event)
  })

  it('without a name or a talker says nothing', () => {
    expect(read({ id: '' })).toBeUndefined()
    expect(read({ talkerId: '' })).toBeUndefined()
  })
})

it('a channel over a gateway names it; another puppet may know its own way', () => {
  const form = registryOf([farEnd.kind]).formOf('wechat-wechaty')
  const errors = [expect.objectContaining({ pointer: '/settings/endpoint' })]
  const refused = { code: 'channel-settings-invalid', errors: expect.arrayContaining(errors) }
  expect(() => form.checked({ token: 'insecure_1' })).toThrow(expect.objectContaining(refused))
  const puppet = 'wechaty-puppet-mock'
  expect(form.checked({ token: 'insecure_1', puppet })).toMatchObject({ puppet })
})

describeWith(farEnd.needs ?? '', farEnd.needs === undefined ? 'here' : undefined, 'a puppet', () => {
  let bench: ConnectorBench
  let gateway: Gateway
  let id: string

  const state = (of: string) =>
    eventually(async () => {
      const [row] = await bench.ground.db.transaction(bench.shop.actor, (tx) =>
        tx.query<{ state: { state: string; scan?: string; detail?: string } }>(
          'select state from channels where id = $1',
          id,
        ),
      )
      return row?.state.state === of && row.state
    })
  const says = async (words: string) => {
    const before = (await bench.heard(id)).length
    await gateway.say({ id: words, peer: 'li', parts: [text(words)] })
    const heard = await bench.heard(id, before + 1)
    return heard.find(({ externalId }) => externalId === words)
  }

  beforeAll(async () => {
    bench = await ConnectorBench.open([farEnd])
    gateway = new Gateway()
    await gateway.start()
    ;({ id } = await bench.channel({ ...farEnd, open: async () => gateway }))
    await state('online')
  })
  afterAll(() => bench?.close())

  it('shows the code that has to be scanned, and is online when somebody has', async () => {
    await gateway.logout()
    await state('needs-login')
    gateway.scan('https://login.weixin.example/l/1')
    await eventually(async () => (await state('needs-login')).scan === 'https://login.weixin.example/l/1')
    gateway.login()
    expect((await state('online')).detail).toBe('Logged in as Shop.')
    expect((await says('after the code'))?.parts).toEqual([text('after the code')])
  })

  it('that beats while nobody is logged in has not heard anything: what is missed begins with the logout', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const notes: unknown[] = []
    const reports: ChannelState[] = []
    const hub = {
      memory: { get: async () => undefined, set: async (_: string, value: unknown) => void notes.push(value) },
      report: (report: ChannelState) => void reports.push(report),
    } as unknown as Hub
    const puppet = join(import.meta.dirname, '../../fakes/wechat-wechaty-puppet.ts')
    const connector = new WechatyConnector({ puppet, token: 'none' }, hub)
    try {
      await connector.start()
      await eventually(() => reports.some(({ scan }) => scan !== undefined))
      const atLogout = await eventually(() => notes.length === 2 && notes.at(-1))
      vi.advanceTimersByTime(60_000)
      expect(notes.length).toBeGreaterThan(2)
      expect(notes.at(-1)).toBe(atLogout)
    } finally {
      vi.useRealTimers()
      await connector.close()
    }
  })

  /** Has the puppet in fakes/ say so many messages at once; all of them are heard when a code is reported. */
  const told = async (
    said: number,
    receive: Hub['receive'],
    act: (now: { notes: number[]; lost: Error[]; areHeard(): boolean }) => Promise<void>,
  ) => {
    const notes: number[] = []
    const lost: Error[] = []
    let areHeard = false
    const hub = {
      memory: { get: async () => undefined, set: async (_: string, at: number) => void notes.push(at) },
      report: ({ scan }: ChannelState) => {
        areHeard ||= scan !== undefined
      },
      lost: (reason: Error) => void lost.push(reason),
      receive,
      signal: new AbortController().signal,
    } as unknown as Hub
    const puppet = join(import.meta.dirname, '../../fakes/wechat-wechaty-puppet.ts')
    const connector = new WechatyConnector({ puppet, token: `says ${said}` }, hub)
    try {
      await connector.start()
      await act({ notes, lost, areHeard: () => areHeard })
    } finally {
      await connector.close()
    }
  }

  it('that says much at once is heard in its order, what comes while others are kept all together', async () => {
    const kept: Inbound[][] = []
    const { promise: first, resolve: keepFirst } = Promise.withResolvers<void>()
    const receive = async (events: readonly Inbound[]) => {
      kept.push([...events])
      await first
    }
    await told(250, receive, async ({ areHeard }) => {
      await eventually(areHeard)
      keepFirst()
      await eventually(() => kept.flat().length === 250)
    })
    expect(kept.flat().map((event) => 'externalId' in event && event.externalId)).toEqual(
      Array.from({ length: 250 }, (_, index) => `said-${index}`),
    )
    expect(kept.length).toBeLessThanOrEqual(4)
  })

  it('is heard although what it said can only be kept at the third time', async () => {
    const handed: (readonly Inbound[])[] = []
    const receive = async (events: readonly Inbound[]) => {
      handed.push(events)
      if (handed.length < 3) throw new Error('the log is away')
    }
    await told(1, receive, async ({ lost }) => {
      await eventually(() => handed.length === 3)
      expect(handed[2]).toEqual(handed[0])
      expect(lost).toEqual([])
    })
  })

  it('that tells of what the account says tells what became of a send that it did not answer for', async () => {
    const heard = await says('is it there?')
    gateway.tellsOwn = true
    gateway.next('take-and-cut')
    const messageId = await bench.reply(heard?.conversationId ?? '', [text('It is.')])
    const { externalId } = await bench.delivery(messageId, 'accepted')
    expect(externalId).toBe((await gateway.taken()).at(-1)?.id)
    // The same words again are another message.
    gateway.tellsOwn = false
    gateway.next('take-and-cut')
    await bench.delivery(await bench.reply(heard?.conversationId ?? '', [text('It is.')]), 'unknown')
  })

  it.for(['http', 'socks5'] as const)(
    'is reached through a proxy over %s, and the test of the connection says when it is not',
    async (scheme) => {
      const proxy = await startProxy(scheme)
      const behind = await bench.channel({
        ...farEnd,
        async open() {
          const made = new Gateway()
          await made.start()
          return Object.defineProperty(made, 'settings', { value: { ...made.settings, proxy: proxy.address } })
        },
      })
      await behind.far.say({ id: newId('evt'), peer: 'far', parts: [text('By proxy')] })
      const [heard] = await bench.heard(behind.id, 1)
      await bench.delivery(await bench.reply(heard?.conversationId ?? '', [text('By proxy, too')]), 'accepted')
      expect(new Set(proxy.asked)).toEqual(new Set([behind.far.settings.endpoint]))
      expect(await bench.probe(behind.id)).toContainEqual(expect.objectContaining({ name: 'Gateway', ok: true }))
      await proxy.close()
      const checks = await bench.probe(behind.id)
      expect(checks).toContainEqual(expect.objectContaining({ name: 'Gateway', ok: false, mend: expect.any(String) }))
      expect(JSON.stringify(checks)).not.toContain('p%40ss')
      await bench.switchChannel(behind.id, 'wechat-wechaty', false)
      await bench.closed(behind.id)
    },
  )

  it.each([
    ['card', samples.contact, { type: 'contact', name: 'Name of card of a card' }],
    ['mini program', samples.card, { type: 'card', title: 'Order', fallback: 'Order' }],
  ])('hands on a %s as what it is called', async (name, part, heard) => {
    await gateway.say({ id: `a ${name}`, peer: 'li', parts: [part] })
    const message = await eventually(async () =>
      (await bench.heard(id)).find(({ externalId }) => externalId === `a ${name}`),
    )
    expect(message.parts).toEqual([heard])
  })

  it('answers a group in the group', async () => {
    await gateway.say({ id: 'in a group', peer: 'han', parts: [text('in a group')] }, 'g1@chatroom')
    const heard = await eventually(async () =>
      (await bench.heard(id)).find(({ externalId }) => externalId === 'in a group'),
    )
    await bench.delivery(await bench.reply(heard.conversationId, [text('to all')]), 'accepted')
    expect((await gateway.taken()).at(-1)).toMatchObject({ peer: 'g1@chatroom', parts: [text('to all')] })
  })

  it.each([
    ['gateway is restarted', () => gateway.restart()],
    [
      'process is killed',
      async () => {
        const own = ['-P', String(process.pid), '-f', 'puppet-child']
        process.kill(Number(execFileSync('pgrep', own, { encoding: 'utf8' })), 'SIGKILL')
      },
    ],
  ])('whose %s is opened anew, and the gap is told', async (_, die) => {
    const told = async () => (await bench.told()).split('The puppet was not connected.').length
    const before = await told()
    const connector = bench.supervisor.find(id)?.connector
    await die()
    await eventually(() => {
      const now = bench.supervisor.find(id)?.connector
      return now !== undefined && now !== connector
    })
    await eventually(async () => (await told()) > before)
    await state('online')
    const heard = await says(`after ${before}`)
    await bench.delivery(await bench.reply(heard?.conversationId ?? '', [text('there again')]), 'accepted')
  })

  it('that is not installed says how to install it, and the test of the connection as well', async () => {
    const lost = { ...gateway.settings, puppet: 'wechaty-puppet-nowhere' }
    ;({ id } = await bench.ground.db.transaction(bench.shop.actor, (tx) =>
      createChannel(tx, bench.vault, bench.registry.formOf('wechat-wechaty'), { name: 'Lost', settings: lost }),
    ))
    bench.ground.wake.hint('channels')
    await eventually(async () => (await state('offline')).detail?.includes('is not installed: npm ci --prefix'))
    const checks = await bench.probe(id)
    expect(checks.map(({ name, ok }) => ({ name, ok }))).toEqual([
      { name: 'Packages', ok: false },
      { name: 'Gateway', ok: true },
      { name: 'Certificate', ok: false },
    ])
  })
})
