/** Personal WeChat by Tencent's bot interface: how somebody logs in, what is asked for, what it may answer. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Refusal, read, verdict } from '../../../src/connectors/wechat-ilink/api.ts'
import { fromMessage } from '../../../src/connectors/wechat-ilink/translate.ts'
import { checkInbound } from '../../../src/core/conversations/inbound.ts'
import { ConnectorBench } from '../../conformance/connector-bench.ts'
import { farEnd, Ilink } from '../../fakes/wechat-ilink.ts'
import { eventually } from '../../support/eventually.ts'

let bench: ConnectorBench

const channel = async (settings: object = {}, prepare: (wechat: Ilink) => void = () => {}) => {
  const wechat = new Ilink(settings)
  await wechat.start()
  prepare(wechat)
  return { ...(await bench.channel({ ...farEnd, open: async () => wechat })), wechat }
}
const text = (words: string) => ({ type: 'text', text: words }) as const
const state = (id: string, of: string) =>
  eventually(async () => {
    const [row] = await bench.ground.db.transaction(bench.shop.actor, (tx) =>
      tx.query<{ state: { state: string; scan?: string; detail?: string } }>(
        'select state from channels where id = $1',
        id,
      ),
    )
    return row?.state.state === of && row.state
  })
const said = (fields: object) => ({
  message_id: '9007199254740993',
  message_type: 1,
  from_user_id: 'ab12@im.wechat',
  create_time_ms: 1_790_000_000_000,
  context_token: 'ctx',
  ...fields,
})
const limits = { windowHours: 24, replies: 10 }

beforeAll(async () => {
  bench = await ConnectorBench.open([farEnd])
})
afterAll(() => bench?.close())

it('a code is shown until somebody has scanned it, and shown anew when WeChat forgets who was logged in', async () => {
  const account = await channel({}, (wechat) => {
    wechat.status = 'wait'
  })
  expect(await state(account.id, 'needs-login')).toMatchObject({ scan: 'https://weixin.example/x/1' })
  expect((await bench.probe(account.id)).map(({ ok }) => ok)).toEqual([false])
  account.wechat.status = 'expired'
  await eventually(() => account.wechat.codes > 1)
  account.wechat.status = 'confirmed'
  expect(await state(account.id, 'online')).not.toHaveProperty('scan')
  expect((await bench.probe(account.id)).map(({ ok }) => ok)).toEqual([true])
  account.wechat.status = 'wait'
  account.wechat.forgetLogin()
  await state(account.id, 'needs-login')
  account.wechat.status = 'confirmed'
  await state(account.id, 'online')
  await account.wechat.say({ id: 'a1', peer: 'li@im.wechat', parts: [text('again')] })
  expect((await bench.heard(account.id, 1)).map(({ parts }) => parts)).toEqual([[text('again')]])
  expect(await bench.told()).toContain('Nobody was logged in.')
})

it('what is said while the channel is off, and while WeChat breaks off, comes in its order, once', async () => {
  const account = await channel()
  const say = (words: string) => account.wechat.say({ id: words, peer: 'outage@im.wechat', parts: [text(words)] })
  await say('before')
  await bench.switchChannel(account.id, 'wechat-ilink', false)
  await bench.closed(account.id)
  const missed = Array.from({ length: 12 }, (_, index) => `missed ${index}`)
  const saying = missed.map(say)
  await bench.switchChannel(account.id, 'wechat-ilink', true)
  await Promise.all(saying)
  const storm = Array.from({ length: 6 }, (_, index) => `storm ${index}`)
  for (const words of storm) {
    const told = say(words)
    account.wechat.drop()
    await told
  }
  await bench.drained()
  const heard = (await bench.heard(account.id)).flatMap(({ parts }) =>
    parts.map((part) => part.type === 'text' && part.text),
  )
  expect(heard).toEqual(['before', ...missed, ...storm])
})

it('whoever scans the next code is asked for from the beginning, not from where another stood', async () => {
  const account = await channel()
  await account.wechat.say({ id: 'c1', peer: 'li@im.wechat', parts: [text('to the first')] })
  account.wechat.botId = 'other@im.bot'
  account.wechat.forgetLogin()
  await eventually(() => account.wechat.cursors.filter((cursor) => cursor === '').length > 1)
  await account.wechat.say({ id: 'c2', peer: 'li@im.wechat', parts: [text('to the other')] })
  await bench.drained()
  expect((await bench.heard(account.id)).map(({ parts: [part] }) => part)).toEqual([
    text('to the first'),
    text('to the other'),
  ])
})

it('a pairing code of the settings goes with the question', async () => {
  const account = await channel({ pairingCode: '4711' }, (wechat) => {
    wechat.status = 'need_verifycode'
  })
  await state(account.id, 'online')
  expect(account.wechat.pairings).toContain('4711')
})

it('so many answers as the settings say, then the window is closed', async () => {
  const account = await channel({ replies: 1 })
  await account.wechat.say({ id: 'b1', peer: 'li@im.wechat', parts: [text('hello')] })
  const [heard] = await bench.heard(account.id, 1)
  const send = (words: string) => bench.reply(heard?.conversationId ?? '', [text(words)])
  await bench.delivery(await send('one'), 'accepted')
  expect((await bench.delivery(await send('two'), 'failed')).failure?.code).toBe('window-closed')
})

it('a message that was taken back is shown so, and one in a group is the group’s', async () => {
  const account = await channel()
  const fields = {
    from_user_id: 'li@im.wechat',
    create_time_ms: Date.now(),
    item_list: [{ type: 1, text_item: { text: 'hi' } }],
  }
  await account.wechat.tell('9007199254740999', fields)
  await account.wechat.tell('9007199254740999', { ...fields, delete_time_ms: Date.now() })
  await account.wechat.tell('9007199254741000', { ...fields, group_id: 'g1' })
  // Told before its message, it waits for it.
  await account.wechat.tell('9007199254741001', { ...fields, delete_time_ms: Date.now() })
  await account.wechat.tell('9007199254741001', fields)
  await bench.drained()
  const heard = await bench.heard(account.id, 3)
  for (const id of ['9007199254740999', '9007199254741001']) {
    expect(heard.find(({ externalId }) => externalId === id)?.parts).toMatchObject([{ fallback: '[消息已撤回]' }])
  }
  expect(heard.find(({ externalId }) => externalId === '9007199254741000')?.parts).toEqual([text('hi')])
})

it('names of 64 bits stay whole', () => {
  expect(read('{"message_id":9007199254740993,"n":7,"s":"message_id\\":12345678901234567890"}')).toEqual({
    message_id: '9007199254740993',
    n: 7,
    s: 'message_id":12345678901234567890',
  })
  expect(() => read('[]')).toThrow('no meaning')
})

it.each<[string, object, object]>([
  ['text', { type: 1, text_item: { text: 'hi' } }, text('hi')],
  [
    'image',
    {
      type: 2,
      image_item: {
        aeskey: '00112233445566778899aabbccddeeff',
        media: { encrypt_query_param: 'p', full_url: 'https://cdn.example/f' },
      },
    },
    {
      type: 'image',
      blob: { locator: { param: 'p', key: '00112233445566778899aabbccddeeff', url: 'https://cdn.example/f' } },
    },
  ],
  [
    'voice',
    {
      type: 3,
      voice_item: {
        encode_type: 6,
        text: '你好',
        media: { encrypt_query_param: 'p', aes_key: 'ABEiM0RVZneImaq7zN3u/w==' },
      },
    },
    {
      type: 'audio',
      transcript: '你好',
      blob: { name: 'voice.silk', locator: { key: '00112233445566778899aabbccddeeff' } },
    },
  ],
  [
    'file',
    {
      type: 4,
      file_item: {
        file_name: 'a.pdf',
        media: {
          encrypt_query_param: 'p',
          aes_key: Buffer.from('00112233445566778899aabbccddeeff').toString('base64'),
        },
      },
    },
    { type: 'file', blob: { name: 'a.pdf', locator: { key: '00112233445566778899aabbccddeeff' } } },
  ],
  ['something new', { type: 99 }, { type: 'unsupported', native: 'item 99' }],
])('an item that is %s is read with its key', (_, item, part) => {
  const event = fromMessage(said({ item_list: [item] }), 'bot', limits)
  expect(event && checkInbound(event)).toMatchObject({
    key: 'message:9007199254740993',
    from: { scope: 'bot', address: 'ab12@im.wechat', name: '微信用户 ab12' },
    parts: [part],
    ticket: { kind: 'context', uses: 10, expiresAt: '2026-09-22T14:13:20.000Z' },
  })
})

it.each<[string, object]>([
  ['our own word', { message_type: 2 }],
  ['nobody’s', { from_user_id: '' }],
  ['without a time', { create_time_ms: 'x' }],
  ['without a name', { message_id: undefined }],
])('a message that is %s says nothing', (_, fields) => {
  expect(fromMessage(said({ item_list: [], ...fields }), 'bot', limits)).toBeUndefined()
})

it.each([
  [-14, 'auth'],
  [-2, 'window-closed'],
  [-1, 'retry'],
  [-3, 'rejected'],
])('a refusal of %i means %s', (code, kind) => {
  expect(verdict(new Refusal(code, 'x')).kind).toBe(kind)
})
