/** A QQ account behind a gateway beyond what all connectors promise: who may dial, the three ways, its login, what was missed. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createChannel } from '../../../src/core/conversations/channels.ts'
import { ConnectorBench, type TestChannel } from '../../conformance/connector-bench.ts'
import { digestOf, sampleBytes, samples } from '../../conformance/connector-samples.ts'
import { farEnd, Onebot } from '../../fakes/qq-onebot.ts'
import { eventually } from '../../support/eventually.ts'

let bench: ConnectorBench

type Account = TestChannel & { gateway: Onebot }

const account = async (facts: ConstructorParameters<typeof Onebot>[0] = {}): Promise<Account> => {
  const gateway = new Onebot(facts)
  await gateway.start()
  return { ...(await bench.channel({ ...farEnd, open: async () => gateway })), gateway }
}
const text = (words: string) => ({ type: 'text', text: words }) as const
let count = 0
/** Somebody writes; the conversation that it began. */
const writes = async ({ id, gateway }: Account, words = `hello ${++count}`) => {
  const peer = `peer-${++count}`
  await gateway.say({ id: `said-${count}`, peer, parts: [text(words)] })
  const heard = await eventually(async () =>
    (await bench.heard(id)).find(({ parts: [part] }) => part?.type === 'text' && part.text === words),
  )
  return { peer, conversationId: heard.conversationId, messageId: heard.id }
}
const stateOf = async (id: string) => {
  const rows = await bench.ground.db.work('test', [bench.shop.tenantId], (tx) =>
    tx.query<{ state: { state: string; detail?: string } }>('select state from channels where id = $1', id),
  )
  return rows[0]?.state
}
const connectorOf = (id: string) => bench.supervisor.find(id)?.connector
/** Another connector is open now. */
const reopened = (id: string, before: unknown) =>
  eventually(() => connectorOf(id) !== undefined && connectorOf(id) !== before)

beforeAll(async () => {
  bench = await ConnectorBench.open([farEnd])
})
afterAll(() => bench?.close())

it('whoever dials and is not the gateway is refused before there is a socket, and disturbs nobody', async () => {
  const shop = await account({ settings: { account: '3889000770' } })
  const before = connectorOf(shop.id)
  const dial = (headers: Record<string, string>, hookUrl = shop.hookUrl) => shop.gateway.dialOnce(hookUrl, headers)
  const [token] = shop.gateway.secrets
  const ours = { authorization: `Bearer ${token}` }
  expect(await dial({})).toBe(401)
  expect(await dial({ authorization: 'Bearer something-else-entirely' })).toBe(403)
  expect(await dial({ ...ours, 'x-client-role': 'API' })).toBe(400)
  expect(await dial({ ...ours, 'x-self-id': '10001' })).toBe(403)
  expect(await dial(ours, `${shop.hookUrl}/deep/path`)).toBe(404)
  expect(await dial(ours, shop.hookUrl.replace('/qq-onebot/', '/another/'))).toBe(404)
  const other = await account({ connection: 'websocket' })
  expect(await dial({ authorization: `Bearer ${other.gateway.secrets[0]}` }, other.hookUrl)).toBe(404)
  expect(connectorOf(shop.id)).toBe(before)
  expect(await dial({ authorization: `Token ${token}` })).toBe(101)
})

it.each(['websocket', 'http'] as const)('by %s messages come and go', async (connection) => {
  const shop = await account({ connection })
  const { peer, conversationId } = await writes(shop)
  await bench.delivery(await bench.reply(conversationId, [text('好的 [CQ:at,qq=all]')]), 'accepted')
  expect(await shop.gateway.taken()).toMatchObject([{ peer, parts: [text('好的 [CQ:at,qq=all]')] }])
  shop.gateway.next('take-and-cut')
  expect(await bench.delivery(await bench.reply(conversationId, [text('perhaps')]), 'unknown')).toBeDefined()
  const checks = await bench.probe(shop.id)
  expect(checks.filter(({ ok }) => !ok)).toEqual([])
  expect(checks.map(({ name }) => name)).toEqual(expect.arrayContaining(['Account', 'Login', 'Gateway']))
})

it('what is posted and not signed, of another time or no event is refused', async () => {
  const { id, gateway } = await account({ connection: 'http' })
  const body = JSON.stringify(gateway.message('peer-x', [{ type: 'text', data: { text: 'forged' } }]))
  expect(await gateway.post(body, '')).toBe(401)
  expect(await gateway.post(body, gateway.sign(`${body} `))).toBe(401)
  const old = JSON.stringify({ ...JSON.parse(body), time: Math.floor(Date.now() / 1000) - 3600 })
  expect(await gateway.post(old)).toBe(403)
  for (const broken of ['{"post_type":', '[]', '"message"', '']) expect(await gateway.post(broken)).toBe(400)
  expect(await gateway.post(JSON.stringify({ ...JSON.parse(body), message: 'x'.repeat(1_100_000) }))).toBe(413)
  await bench.drained()
  expect(await bench.heard(id)).toEqual([])
  expect([await gateway.post(body), await gateway.post(body)]).toEqual([204, 204])
  await bench.drained()
  expect(await bench.heard(id)).toHaveLength(1)
})

it('frames that mean nothing are passed over', async () => {
  const shop = await account()
  for (const frame of ['{', '[]', '"x"', '{"post_type":"message"}', '{"echo":"tributary-1","status":"ok"}', '{}']) {
    shop.gateway.raw(frame)
  }
  await writes(shop)
})

it('a gateway that misses its heartbeats is given up, and dials again', async () => {
  const shop = await account({ heartbeatMs: 100 })
  shop.gateway.beat()
  const before = connectorOf(shop.id)
  shop.gateway.beats = false
  await reopened(shop.id, before)
  shop.gateway.beats = true
  await writes(shop)
})

it('a gateway that dials again takes the place of its older connection', async () => {
  const shop = await account()
  const before = connectorOf(shop.id)
  shop.gateway.dial()
  await reopened(shop.id, before)
  await writes(shop)
})

it('an account that QQ has logged out says so, keeps what is to be sent, and sends it when it is back', async () => {
  const shop = await account()
  const { conversationId, peer } = await writes(shop)
  shop.gateway.online = false
  shop.gateway.beat()
  await eventually(async () => (await stateOf(shop.id))?.state === 'needs-login')
  const messageId = await bench.reply(conversationId, [text('later')])
  await eventually(async () => (await bench.deliveries(messageId))[0]?.failure?.code === 'retry')
  expect((await shop.gateway.taken()).filter((taken) => taken.peer === peer)).toEqual([])
  shop.gateway.online = true
  shop.gateway.beat()
  await bench.delivery(messageId, 'accepted')
  await eventually(async () => (await stateOf(shop.id))?.state === 'online')
})

it('what was said while the gateway was away comes in when it is back, once', async () => {
  const shop = await account()
  await writes(shop)
  const before = connectorOf(shop.id)
  const missed = shop.gateway.message('peer-away', [{ type: 'text', data: { text: 'are you there?' } }])
  shop.gateway.history.push(missed)
  shop.gateway.history.push(shop.gateway.message('peer-passing', shop.gateway.wire(samples.forward)))
  shop.gateway.drop()
  await reopened(shop.id, before)
  const has = async () =>
    (await bench.heard(shop.id)).filter(({ parts: [part] }) => part?.type === 'text' && part.text === 'are you there?')
  await eventually(async () => (await has()).length > 0)
  // Forwarded messages are asked for as those that come in at once; they are of another conversation, so they may come later.
  const forwarded = async () =>
    (await bench.heard(shop.id)).flatMap((heard) => heard.parts).filter(({ type }) => type === 'forward')
  await eventually(async () => (await forwarded()).length > 0)
  expect(await forwarded()).toEqual([samples.forward])
  const again = connectorOf(shop.id)
  shop.gateway.drop()
  await reopened(shop.id, again)
  await writes(shop)
  await bench.drained()
  expect(await has()).toHaveLength(1)
})

it('a gateway without history makes a gap, which is told', async () => {
  const shop = await account({ lacks: ['get_recent_contact'] })
  await writes(shop)
  const before = connectorOf(shop.id)
  shop.gateway.drop()
  await reopened(shop.id, before)
  await eventually(async () => (await bench.told()).includes('The gateway keeps no history.'))
})

it('a message that was taken back is shown so, and one of ours has failed', async () => {
  const shop = await account()
  const { peer, conversationId } = await writes(shop)
  const answer = await bench.delivery(await bench.reply(conversationId, [text('a mistake')]), 'accepted')
  const [heard] = await bench.heard(shop.id, 1)
  const recall = { post_type: 'notice', notice_type: 'friend_recall' }
  const { self } = shop.gateway
  await shop.gateway.tell(
    shop.gateway.event({ ...recall, user_id: shop.gateway.user(peer), message_id: Number(heard?.externalId) }),
  )
  await eventually(async () => (await bench.heard(shop.id))[0]?.parts[0]?.type === 'unsupported')
  // Told before its message, it waits for it.
  const early = { user_id: shop.gateway.user('in a hurry'), message_id: 777_001 }
  await shop.gateway.tell(shop.gateway.event({ ...recall, ...early }))
  const segments = [{ type: 'text', data: { text: 'never mind' } }]
  await shop.gateway.tell(shop.gateway.message('in a hurry', segments, { message_id: early.message_id }))
  const late = (await bench.heard(shop.id, 2)).find(({ externalId }) => externalId === String(early.message_id))
  expect(late?.parts).toMatchObject([{ type: 'unsupported', native: 'recall' }])
  const own = { ...recall, notice_type: 'friend_recall', user_id: self, message_id: Number(answer.externalId) }
  await shop.gateway.tell(shop.gateway.event(own))
  await eventually(async () => (await bench.told()).includes('It was taken back in QQ.'))
})

it('an answer that the gateway swallowed is known by what it tells of the account itself', async () => {
  const shop = await account()
  const { peer, conversationId } = await writes(shop)
  shop.gateway.next('hang')
  const messageId = await bench.reply(conversationId, [text('sent after all')])
  await eventually(async () => (await shop.gateway.taken()).some((taken) => taken.peer === peer))
  await shop.gateway.tell({
    ...shop.gateway.message(peer, [{ type: 'text', data: { text: 'sent after all' } }], { message_id: 4711 }),
    post_type: 'message_sent',
    user_id: shop.gateway.self,
    target_id: shop.gateway.user(peer),
  })
  await writes(shop)
  shop.gateway.drop()
  expect((await bench.delivery(messageId, 'accepted', 'unknown')).externalId).toBe('4711')
})

it('a file whose address has run out is asked for, and where files cannot be sent their address is', async () => {
  const shop = await account({ lacks: ['upload_private_file'] })
  const { peer, conversationId } = await writes(shop)
  const url = `${shop.gateway.filesAt}/files/expired-shoes.jpg`
  const image = { type: 'image', data: { file: 'expired-shoes.jpg', url } }
  await shop.gateway.tell(shop.gateway.message(peer, [image]))
  const [part] = await eventually(async () => (await bench.heard(shop.id))[1]?.parts)
  const file = await bench.came(part !== undefined && 'blob' in part ? part.blob.fileId : undefined)
  expect(file).toMatchObject({ state: 'ready', sha256: digestOf(sampleBytes('shoes.jpg')) })
  const blob = await bench.upload('invoice.pdf', sampleBytes('invoice.pdf'))
  await bench.delivery(await bench.reply(conversationId, [{ ...samples.file, blob }]), 'accepted')
  const taken = (await shop.gateway.taken()).filter((one) => one.peer === peer)
  expect(JSON.stringify(taken)).toContain('/v1/media/')
})

it('what the gateway is and what to enter there is told by the test of the connection', async () => {
  const shop = await account()
  const checks = await bench.probe(shop.id)
  expect(checks.map(({ ok, detail }) => `${ok} ${detail}`)).toEqual([
    `true WebSocket client of the gateway: wss://hub.example/hooks/qq-onebot/${shop.id}, with the access token.`,
    'true NapCat.Onebot has dialled in, last as 3889000770. The state of the channel says how it is now.',
  ])
})

it('a gateway that is not there, or believes another token, is named by the test of the connection', async () => {
  const shop = await account({ connection: 'websocket' })
  const { accessToken } = shop.gateway.settings
  const failing = async (settings: object) => {
    const { id } = await bench.ground.db.transaction(bench.shop.actor, (tx) =>
      createChannel(tx, bench.vault, bench.registry.formOf('qq-onebot'), { name: 'wrong', settings: { ...settings } }),
    )
    return (await bench.probe(id)).find(({ ok }) => !ok)
  }
  const connection = 'websocket'
  const nobody = { connection, accessToken, address: 'ws://127.0.0.1:1024' }
  expect(await failing(nobody)).toMatchObject({ detail: expect.stringContaining('cannot be reached') })
  const stranger = { connection, accessToken: 'another-token-altogether', address: shop.gateway.settings.address }
  expect(await failing(stranger)).toMatchObject({ mend: expect.stringContaining('access token the same') })
  expect(await failing({ connection, accessToken })).toMatchObject({ mend: expect.stringContaining('Set address') })
  const unsigned = { connection: 'http', accessToken, address: shop.gateway.filesAt }
  expect(await failing(unsigned)).toMatchObject({ mend: expect.stringContaining('Set secret') })
})
