/** WeCom's customer service beyond what all connectors promise: asking by cursor, events, who has a conversation, what the test of the connection says. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { memoryOf } from '../../../src/connectors/runtime/memory.ts'
import type { Part } from '../../../src/core/conversations/model.ts'
import { ConnectorBench } from '../../conformance/connector-bench.ts'
import { sampleBytes, samples } from '../../conformance/connector-samples.ts'
import { farEnd, WecomKf } from '../../fakes/wecom-kf.ts'
import { eventually } from '../../support/eventually.ts'

let bench: ConnectorBench

const channel = async (settings: object = {}, prepare: (wecom: WecomKf) => void = () => {}) => {
  const wecom = new WecomKf(settings)
  await wecom.start()
  prepare(wecom)
  return { ...(await bench.channel({ ...farEnd, open: async () => wecom })), wecom }
}
type Account = Awaited<ReturnType<typeof channel>>
const text = (words: string) => ({ type: 'text', text: words }) as const
const said = (msgid: string, external_userid: string, words: string, more: object = {}) => ({
  msgid,
  external_userid,
  origin: 3,
  msgtype: 'text',
  text: { content: words },
  ...more,
})
const happened = (msgid: string, event_type: string, more: object) => ({
  msgid,
  origin: 4,
  msgtype: 'event',
  event: { event_type, ...more },
})
/** Somebody writes; the conversation that it begins. */
const writes = async ({ id, wecom }: Account, msgid: string, customer = `wm-${msgid}`) => {
  await wecom.tell(said(msgid, customer, `I am ${msgid}`))
  await bench.drained()
  return (await bench.heard(id)).find(({ externalId }) => externalId === msgid)?.conversationId ?? ''
}
const words = async ({ id }: Account) =>
  (await bench.heard(id)).flatMap(({ parts }) =>
    parts.map((part: Part) => (part.type === 'text' ? part.text : part.type)),
  )
const sent = async (conversationId: string, part: Part, ...states: string[]) =>
  bench.delivery(await bench.reply(conversationId, [part]), ...states)
const namesOf = ({ id }: Account) =>
  bench.ground.db.transaction(bench.shop.actor, (tx) =>
    tx.query<{ name: string; address: string }>(
      `select distinct c.name, i.address from identities i join contacts c on c.tenant_id = i.tenant_id and c.id = i.contact_id
         join messages m on m.tenant_id = i.tenant_id and m.contact_id = c.id
        where m.tenant_id = $1 and m.channel_id = $2`,
      bench.shop.tenantId,
      id,
    ),
  )

beforeAll(async () => {
  bench = await ConnectorBench.open([farEnd])
})
afterAll(() => bench?.close())

it('the address is proven by giving back what was sealed in the question', async () => {
  const { wecom } = await channel()
  expect(await wecom.prove('1616140317555161061')).toEqual({ status: 200, body: '1616140317555161061' })
})

it('what was said while the channel was off comes in when it is on again, page by page, once', async () => {
  const account = await channel()
  await writes(account, 'a0', 'wm-late')
  await bench.switchChannel(account.id, 'wecom-kf', false)
  await bench.closed(account.id)
  account.wecom.isSilent = true
  const missed = Array.from({ length: 7 }, (_, index) =>
    account.wecom.tell(said(`a${index + 1}`, 'wm-late', `missed ${index}`)),
  )
  await bench.switchChannel(account.id, 'wecom-kf', true)
  await Promise.all(missed)
  await bench.drained()
  expect(await words(account)).toEqual(['I am a0', ...missed.map((_, index) => `missed ${index}`)])
  const { questions } = account.wecom
  expect(questions.at(0)).toMatchObject({ cursor: '', voice_format: 0 })
  expect(questions.slice(-4).map(({ cursor }) => cursor)).toEqual(['c1', 'c4', 'c7', 'c8'])
})

it('tokens that expire while much is waiting stop nothing: neither ours nor the word of the call', async () => {
  const account = await channel()
  const { wecom } = account
  await writes(account, 't0', 'wm-long')
  await bench.switchChannel(account.id, 'wecom-kf', false)
  await bench.closed(account.id)
  wecom.isSilent = true
  const missed = Array.from({ length: 7 }, (_, index) => wecom.tell(said(`t${index + 1}`, 'wm-long', `waits ${index}`)))
  // Our token dies before the second page, and WeCom is out of order before the third.
  const troubles = [() => undefined, () => wecom.forgetToken(), () => ({ errcode: -1, errmsg: 'system busy' })]
  wecom.answers.set('kf/sync_msg', () => troubles.shift()?.() ?? undefined)
  await bench.switchChannel(account.id, 'wecom-kf', true)
  await bench.opened(account.id)
  wecom.isSilent = false
  await eventually(() => troubles.length === 0)
  // The next call comes with a word that is too old by the time it is used.
  let stale = 0
  wecom.answers.set('kf/sync_msg', ({ token }) => {
    if (token === undefined) return undefined
    stale += 1
    return { errcode: 95007, errmsg: 'invalid msg token' }
  })
  await wecom.tell(said('t8', 'wm-long', 'and calls'))
  await Promise.all(missed)
  await bench.drained()
  expect(stale).toBeGreaterThan(0)
  expect(await words(account)).toEqual(['I am t0', ...missed.map((_, index) => `waits ${index}`), 'and calls'])
})

it('what was said before the channel was there stays there, unless it is asked for', async () => {
  const old = { send_time: Math.floor(Date.now() / 1000) - 40_000 }
  const prepare = (wecom: WecomKf) => void wecom.tell(said('b1', 'wm-old', 'long ago', old)).catch(() => {})
  const without = await channel({ backfillDays: 0 }, prepare)
  const withit = await channel({ backfillDays: 2 }, prepare)
  for (const account of [without, withit]) await writes(account, 'b2')
  expect(await words(without)).toEqual(['I am b2'])
  expect((await words(withit)).sort()).toEqual(['I am b2', 'long ago'])
})

it('what was there before the channel stays there also when the first time of asking ended early', async () => {
  const old = { send_time: Math.floor(Date.now() / 1000) - 40_000 }
  const account = await channel({ backfillDays: 0 }, (wecom) => {
    for (let n = 0; n < 5; n++) void wecom.tell(said(`o${n}`, 'wm-early', `long ago ${n}`, old)).catch(() => {})
    let asked = 0
    wecom.answers.set('kf/sync_msg', () => (++asked === 2 ? { errcode: 45009, errmsg: 'api freq' } : undefined))
  })
  await writes(account, 'o5', 'wm-early')
  expect(await words(account)).toEqual(['I am o5'])
})

it('four days are told as a gap once, although nothing is said afterwards', async () => {
  const account = await channel()
  await writes(account, 'p1', 'wm-gap')
  await bench.switchChannel(account.id, 'wecom-kf', false)
  await bench.closed(account.id)
  const { wecom } = account
  const notes = memoryOf(
    { db: bench.ground.db, vault: bench.vault },
    { tenantId: bench.shop.tenantId, channelId: account.id, sealedKey: null },
  )
  const place = `cursor:${wecom.openKfId}`
  await notes.set(place, { ...((await notes.get(place)) as object), at: Date.now() - 4 * 86_400_000 })
  await bench.switchChannel(account.id, 'wecom-kf', true)
  const asks = async () => {
    const before = wecom.questions.length
    await wecom.call()
    await eventually(() => wecom.questions.length > before)
  }
  const told = async () => (await bench.told()).split('WeCom keeps messages for three days.').length - 1
  await eventually(async () => (await told()) > 0)
  const first = await told()
  // Each time is over when the next has begun.
  for (let n = 0; n < 3; n++) await asks()
  expect(await told()).toBe(first)
})

it('several accounts are one channel: each from its own cursor, and each answered as itself', async () => {
  let second = ''
  const account = await channel({}, (wecom) => {
    second = wecom.addAccount()
  })
  await account.wecom.tell(said('c1', 'wm-both', 'to the first'))
  await account.wecom.tell(said('c2', 'wm-both', 'to the second'), second)
  await bench.drained()
  const heard = await bench.heard(account.id)
  // One customer of one corporation is one contact; the answer goes where the last word came from.
  expect(new Set(heard.map(({ conversationId }) => conversationId)).size).toBe(1)
  const accounts: string[] = []
  account.wecom.answers.set('kf/send_msg', ({ open_kfid }) => {
    accounts.push(open_kfid)
    return undefined
  })
  await sent(heard[0]?.conversationId ?? '', text('here'), 'accepted')
  expect(accounts).toEqual([second])
})

it('customers have the names that WeCom tells, else 微信用户 and a tail', async () => {
  const account = await channel()
  await writes(account, 'd1', 'wm-named')
  await writes(account, 'd2', 'nameless-1234')
  expect((await namesOf(account)).sort((a, b) => a.address.localeCompare(b.address))).toEqual([
    { name: '微信用户 1234', address: 'nameless-1234' },
    { name: '昵称 wm-named', address: 'wm-named' },
  ])
})

it('whoever opens the chat is greeted once, without a conversation', async () => {
  const account = await channel({ welcome: '您好，请问有什么可以帮您？' })
  const enters = happened('e1', 'enter_session', { external_userid: 'wm-e', scene: 'web', welcome_code: 'WELCOME' })
  await account.wecom.tell(enters)
  await account.wecom.tell({ ...enters, msgid: 'e2', send_time: Math.floor(Date.now() / 1000) - 60 })
  await eventually(() => account.wecom.greetings.length > 0)
  expect(account.wecom.greetings).toEqual([
    { code: 'WELCOME', msgid: expect.stringMatching(/^[\w-]{1,32}$/), text: '您好，请问有什么可以帮您？' },
  ])
  expect(await words(account)).toEqual([])
})

it('a message that WeCom could not deliver has failed, and one that was taken back is shown so', async () => {
  const account = await channel()
  const conversationId = await writes(account, 'f1', 'wm-f')
  const { externalId } = await sent(conversationId, text('hello'), 'accepted')
  const about = { open_kfid: account.wecom.openKfId, external_userid: 'wm-f' }
  await account.wecom.tell(happened('f2', 'msg_send_fail', { ...about, fail_msgid: externalId, fail_type: 10 }))
  await account.wecom.tell(happened('f3', 'user_recall_msg', { ...about, recall_msgid: 'f1' }))
  // Told before its message, it waits for it.
  await account.wecom.tell(happened('f5', 'user_recall_msg', { ...about, recall_msgid: 'f6' }))
  await account.wecom.tell(said('f6', 'wm-f', 'never mind'))
  await account.wecom.tell(happened('f4', 'servicer_status_change', { servicer_userid: 'zhang', status: 1 }))
  await bench.drained()
  const told = await eventually(async () => {
    const all = await bench.told()
    return all.includes('The customer refuses messages.') && all
  })
  expect(told).toContain('[消息已撤回]')
  expect(await words(account)).toEqual(['unsupported', 'unsupported'])
})

it('what somebody at WeCom has is not answered by us, and says why; what nobody has is', async () => {
  const account = await channel()
  const { wecom } = account
  const conversationId = await writes(account, 'g1', 'wm-g')
  wecom.states.set('wm-g', 3)
  const held = await sent(conversationId, text('one'), 'failed')
  expect(held.failure).toMatchObject({ code: 'rejected', detail: expect.stringContaining('A person at WeCom') })
  wecom.states.set('wm-g', 0)
  let asked = 0
  wecom.answers.set('kf/send_msg', () =>
    ++asked === 1 ? { errcode: 95018, errmsg: 'session status invalid' } : undefined,
  )
  await sent(conversationId, text('two'), 'accepted')
  expect(wecom.states.get('wm-g')).toBe(1)
  expect((await wecom.taken()).map(({ parts }) => parts)).toEqual([[text('two')]])
  wecom.states.set('wm-g', 4)
  expect((await sent(conversationId, text('three'), 'failed')).failure?.code).toBe('window-closed')
})

it('five answers, then the window is closed; a token and a file that WeCom has forgotten are renewed', async () => {
  const account = await channel()
  const { wecom } = account
  const conversationId = await writes(account, 'h1')
  const picture = async () =>
    ({ type: 'image', blob: await bench.upload('shoes.jpg', sampleBytes('shoes.jpg')) }) as const
  await sent(conversationId, await picture(), 'accepted')
  wecom.forgetToken()
  await sent(conversationId, await picture(), 'accepted')
  expect(wecom.uploads).toBe(1)
  wecom.forgetUploads()
  await sent(conversationId, await picture(), 'accepted')
  expect(wecom.uploads).toBe(2)
  await sent(conversationId, samples.location, 'accepted')
  await sent(conversationId, text('five'), 'accepted')
  expect((await sent(conversationId, text('six'), 'failed')).failure?.code).toBe('window-closed')
})

it('the test of the connection says from where WeCom sees us, which accounts there are, and what to do', async () => {
  const account = await channel()
  const checks = async () => Object.fromEntries((await bench.probe(account.id)).map((check) => [check.name, check]))
  const first = await checks()
  expect(first['Outgoing address']?.detail).toContain('203.0.113.7')
  expect(first.Accounts).toMatchObject({ ok: true, detail: expect.stringContaining(account.wecom.openKfId) })
  expect(first.Calls?.ok).toBe(false)
  await account.wecom.call()
  expect((await checks()).Calls?.ok).toBe(true)
  const untrusted = {
    errcode: 60020,
    errmsg: 'not allow to access from your ip, hint: [1], from ip: 198.51.100.4, more info',
  }
  for (const path of ['kf/account/list', 'kf/service_state/get']) account.wecom.answers.set(path, untrusted)
  const later = await checks()
  expect(later['Outgoing address']?.mend).toContain('198.51.100.4')
  expect(later.Accounts?.ok).toBe(false)
})
