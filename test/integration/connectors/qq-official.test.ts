/** A QQ bot beyond what all connectors promise: its windows, one token, one upload, numbers of answers, what the test of the connection says. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ConnectorBench, type TestChannel } from '../../conformance/connector-bench.ts'
import { sampleBytes } from '../../conformance/connector-samples.ts'
import { farEnd, QqPlatform } from '../../fakes/qq-official.ts'
import { eventually } from '../../support/eventually.ts'

let bench: ConnectorBench

type Bot = TestChannel & { qq: QqPlatform }

const bot = async (settings: object = {}): Promise<Bot> => {
  const qq = new QqPlatform(settings)
  await qq.start()
  return { ...(await bench.channel({ ...farEnd, open: async () => qq })), qq }
}
const text = (words: string) => ({ type: 'text', text: words }) as const
let count = 0
/** Somebody writes; the conversation that it began. */
const writes = async ({ id, qq }: Bot, peer = `peer-${++count}`) => {
  const words = `hello ${++count}`
  await qq.say({ id: words, peer, parts: [text(words)] })
  const heard = await eventually(async () =>
    (await bench.heard(id)).find(({ parts: [part] }) => part?.type === 'text' && part.text === words),
  )
  return { peer, conversationId: heard.conversationId }
}

beforeAll(async () => {
  bench = await ConnectorBench.open([farEnd])
})
afterAll(() => bench?.close())

it('a group is answered as a group, and five answers are all that one message brings', async () => {
  const shop = await bot()
  const { conversationId, peer } = await writes(shop, 'group-1')
  const ids: string[] = []
  for (const word of ['1', '2', '3', '4', '5', '6']) ids.push(await bench.reply(conversationId, [text(word)]))
  for (const id of ids.slice(0, 5)) await bench.delivery(id, 'accepted')
  expect((await bench.delivery(ids[5] ?? '', 'failed')).failure?.code).toBe('window-closed')
  const taken = await shop.qq.taken()
  expect(taken.every((one) => one.peer === peer)).toBe(true)
  expect(new Set(taken.map(({ id }) => id)).size).toBe(5)
  await writes(shop, 'group-1')
  await bench.delivery(await bench.reply(conversationId, [text('again')]), 'accepted')
})

it('an answer that QQ took and did not confirm is sent under its number again, and is one message', async () => {
  const shop = await bot()
  const { conversationId } = await writes(shop)
  shop.qq.next('take-and-cut')
  const id = await bench.reply(conversationId, [text('once')])
  expect((await bench.delivery(id, 'accepted')).attempts).toBe(2)
  expect(new Set((await shop.qq.taken()).map((one) => one.id)).size).toBe(1)
})

it('an answer that may have arrived is not sent under another number when its window has closed meanwhile', async () => {
  const shop = await bot()
  const { conversationId, peer } = await writes(shop)
  shop.qq.onTaken = async () => {
    shop.qq.onTaken = undefined
    await bench.ground.db.work('test', [bench.shop.tenantId], (tx) =>
      tx.run('update reply_tickets set expires_at = now() where channel_id = $1', shop.id),
    )
    await writes(shop, peer)
  }
  shop.qq.next('take-and-cut')
  const id = await bench.reply(conversationId, [text('perhaps')])
  expect((await bench.delivery(id, 'unknown', 'accepted')).state).toBe('unknown')
  expect(await shop.qq.taken()).toHaveLength(1)
})

it('one token serves all, and one that QQ has forgotten is fetched anew', async () => {
  const shop = await bot()
  const { conversationId } = await writes(shop)
  const first = await Promise.all([text('a'), text('b')].map((part) => bench.reply(conversationId, [part])))
  for (const id of first) await bench.delivery(id, 'accepted')
  expect(shop.qq.tokens).toBe(1)
  shop.qq.forgetToken()
  await bench.delivery(await bench.reply(conversationId, [text('c')]), 'accepted')
  expect(shop.qq.tokens).toBe(2)
})

it('a file is given to QQ once for people and once for groups, and again when QQ does not know it', async () => {
  const shop = await bot()
  const [person, group] = [await writes(shop), await writes(shop, 'group-2')]
  const sends = async ({ conversationId }: { conversationId: string }) => {
    const blob = await bench.upload('shoes.jpg', sampleBytes('shoes.jpg'))
    await bench.delivery(await bench.reply(conversationId, [{ type: 'image', blob }]), 'accepted')
  }
  await sends(person)
  await sends(person)
  expect(shop.qq.uploads).toBe(1)
  await sends(group)
  expect(shop.qq.uploads).toBe(2)
  shop.qq.forgetUploads()
  await sends(person)
  expect(shop.qq.uploads).toBe(3)
})

it.each([
  [11298, 401, 'queued', 'auth'],
  [304003, 400, 'failed', 'rejected'],
  [40034024, 400, 'failed', 'window-closed'],
  [1100104, 400, 'failed', 'recipient-gone'],
  [0, 429, 'queued', 'rate-limited'],
])('QQ’s %i of status %i leaves an answer %s for %s', async (code, status, state, failure) => {
  const shop = await bot()
  const { conversationId, peer } = await writes(shop)
  shop.qq.answers.set(`/v2/users/${shop.qq.openid(peer)}/messages`, { status, code, message: '接口访问源IP不在白名单' })
  const id = await bench.reply(conversationId, [text('refused')])
  const row = await eventually(async () => (await bench.deliveries(id)).find(({ failure }) => failure !== null))
  expect(row).toMatchObject({ state, failure: { code: failure } })
})

it('the test of the connection names what is wrong, and its mend', async () => {
  const shop = await bot()
  const said = async () =>
    (await bench.probe(shop.id)).map(({ ok, detail, mend = '' }) => `${ok} ${detail} ${mend}`.trim())
  expect(await said()).toEqual([
    `true 回调地址: https://hub.example/hooks/qq-official/${shop.id}`,
    'true QQ gave a token.',
    'true The bot is 小店机器人.',
  ])
  shop.qq.answers.set('/users/@me', { status: 401, code: 11298, message: '接口访问源IP不在白名单' })
  expect((await said())[2]).toMatch(/^false QQ says 11298: 接口访问源IP不在白名单 .*IP 白名单.*proxy/)
  const wrong = await bot({ appSecret: 'anotherSecretAltogether' })
  const [, credentials] = await bench.probe(wrong.id)
  expect(credentials).toMatchObject({ ok: false, detail: expect.stringContaining('100016') })
})

it('a proxy is the way of all calls', async () => {
  const shop = await bot({ proxy: 'http://127.0.0.1:9' })
  const [, credentials] = await bench.probe(shop.id)
  expect(credentials).toMatchObject({ ok: false, mend: expect.stringContaining('proxy') })
})
