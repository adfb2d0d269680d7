import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { calendars } from '../../../src/api/routes/calendars.ts'
import { texts } from '../../../src/api/routes/texts.ts'
import { attend, receptionJobs } from '../../../src/core/desk/reception.ts'
import { Consumer } from '../../../src/core/events/consumer.ts'
import type { Conversation, Message } from '../../../src/core/events/shapes.ts'
import { Fault } from '../../../src/core/platform/errors.ts'
import { newId } from '../../../src/core/platform/ids.ts'
import { JobRunner } from '../../../src/core/platform/job-runner.ts'
import { silentLog } from '../../../src/core/platform/log.ts'
import { issueCommand } from '../../../src/routing/commands.ts'
import { Shard } from '../../../src/routing/shard.ts'
import { eventually } from '../../support/eventually.ts'
import { startTalk, type Talk, type TalkingShop } from '../../support/talk.ts'

let talk: Talk
let shard: Shard
let reception: Consumer
let runner: JobRunner
/** How far the clock of the jobs is ahead. */
let ahead = 0
/** How many batches of the reception are yet to be undone at their end. */
let outages = 0

beforeAll(async () => {
  talk = await startTalk({}, [calendars, texts])
  const ground = { db: talk.db, bus: talk.bus, wake: talk.parts.wake, log: silentLog }
  shard = new Shard({ ...ground, owner: 'shard' })
  await shard.start()
  reception = new Consumer({
    ...ground,
    owner: 'reception',
    group: 'reception',
    topic: 'domain',
    maxRecords: 200,
    async apply(tx, records) {
      await attend(tx, records, Date.now(), { link: (_, id) => `https://hub.example/s/${id}`, kindsThatAsk: [] })
      if (outages > 0 && records.some(({ event }) => event.type === 'conversation.opened')) {
        outages--
        throw new Fault('unavailable', 'database-unavailable', 'The ground gives way.')
      }
      tx.afterCommit(() => ground.wake.hint('outbox'))
    },
  })
  await reception.start()
  runner = new JobRunner({
    ...ground,
    owner: 'runner',
    handlers: receptionJobs(async (tx, { id, groupId }) => {
      if (groupId !== null) await issueCommand(tx, { kind: 'transfer', conversationId: id, groupId })
    }),
    clock: () => new Date(Date.now() + ahead),
  })
})
afterEach(() => {
  ahead = 0
})
afterAll(async () => {
  await runner?.stop()
  await reception?.stop()
  await shard?.stop()
  await talk?.close()
})

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'
const ask = (shop: TalkingShop, method: Method, path: string, body?: unknown, token = shop.admin.token) =>
  talk.ask(method, `/v1/${path}`, { token, body, headers: { 'idempotency-key': newId('job') } })
const write = (shop: TalkingShop, kind: string, text: string, language = 'zh-CN', scope = 'all') =>
  ask(shop, 'PUT', `texts/${scope}/${kind}/${language}`, { text })
const said = async (shop: TalkingShop, id: string): Promise<string[]> => {
  const { data } = (await ask(shop, 'GET', `conversations/${id}/messages?limit=100`)).json() as { data: Message[] }
  return data.flatMap(({ author, parts }) =>
    parts.map((part) => `${author.kind}: ${part.type === 'text' ? part.text : part.type}`),
  )
}
const now = async (shop: TalkingShop, id: string): Promise<Conversation> =>
  (await ask(shop, 'GET', `conversations/${id}`)).json()
const comeOnDuty = (shop: TalkingShop, memberId: string) =>
  talk
    .read(shop.tenant.id, (tx) => issueCommand(tx, { kind: 'presence', memberId, state: 'online' }))
    .then(() => talk.parts.wake.hint('outbox'))
const isWith = (shop: TalkingShop, id: string, memberId: string) =>
  eventually(async () => (await now(shop, id)).assigneeId === memberId)
/** Turns the clock of the jobs, and lets those run that are due then, until what is looked for is there. */
const after = <T>(seconds: number, look: () => Promise<T | undefined | false>) => {
  ahead += seconds * 1000
  return eventually(async () => {
    await runner.runDue()
    talk.parts.wake.hint('outbox')
    return (await look()) || undefined
  })
}

const weekOf = (spans: object[]) =>
  Object.fromEntries(
    ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'].map((day) => [day, spans]),
  )
/** A calendar that is closed now and opens at the beginning of the day after tomorrow. */
const close = async (shop: TalkingShop, target = 'all') => {
  const day = (offset: number) => new Date(Date.now() + 8 * 3_600_000 + offset * 86_400_000).toISOString().slice(0, 10)
  const exceptions = [0, 1].map((offset) => ({ date: day(offset), name: '盘点', hours: [] }))
  const body = { name: '常年', weekly: weekOf([{ from: '00:00', to: '24:00' }]), exceptions }
  const { id } = (await ask(shop, 'POST', 'calendars', body)).json()
  await ask(shop, 'PUT', `calendar-assignments/${target}`, { calendarId: id })
  return { id, opensAt: Date.parse(`${day(2)}T00:00:00+08:00`) }
}

test('who writes is greeted once, in their language, also when a batch is undone and done again', async () => {
  const shop = await talk.shop()
  await write(shop, 'greeting', '您好，{{contact.name}}！\n您是第{{queue.position}}位')
  await write(shop, 'greeting', 'Hello {{contact.name}}', 'en')
  outages = 1
  const { id } = await talk.hear(shop, '韩梅梅', '在吗')
  await eventually(async () => (await said(shop, id)).length === 2)
  expect(outages).toBe(0)
  expect(await said(shop, id)).toEqual(['contact: 在吗', 'system: 您好，韩梅梅！\n您是第1位'])
  await talk.hear(shop, '韩梅梅', '有人吗')
  const english = await talk.hear(shop, 'Ann', 'hi')
  await talk.read(shop.tenant.id, (tx) =>
    tx.run(
      `update contacts set claims = '{"language":"en"}' where tenant_id = $1 and id = $2`,
      tx.tenantId,
      english.contactId,
    ),
  )
  await eventually(async () => (await said(shop, english.id)).length === 2)
  expect(await said(shop, id)).toHaveLength(3)
  // It is no answer: the customer still waits, and no agent has anything to read.
  expect(await now(shop, id)).toMatchObject({ heldBy: 'queue', firstAnswerAt: null, waitingSince: expect.any(String) })
})

test('a program is said nothing to by the hub itself, and a person who writes there after it is', async () => {
  const shop = await talk.shop()
  await write(shop, 'greeting', '您好')
  await close(shop)
  const { id } = await talk.hear(shop, 'Newsletter', 'Only today!', { automatic: true })
  const person = await talk.hear(shop, '韩梅梅', '在吗')
  await eventually(async () => (await said(shop, person.id)).length === 3)
  expect(await said(shop, id)).toEqual(['contact: Only today!'])
  await talk.hear(shop, 'Newsletter', 'Hello, a person here')
  await eventually(async () => (await said(shop, id)).some((line) => line.startsWith('system: ')))
})

test('outside the hours the customer is told, what they say is kept, and nobody is offered it before the opening', async () => {
  const shop = await talk.shop()
  const { opensAt } = await close(shop)
  await comeOnDuty(shop, shop.agent.member.id)
  const { id } = await talk.hear(shop, '夜里', '坏了')
  const [, told] = await eventually(async () => {
    const all = await said(shop, id)
    return all.length === 2 ? all : undefined
  })
  expect(told).toMatch(/^system: 您好，现在是非工作时间[\s\S]*下次上班时间：\d+月\d+日周.+00:00$/)
  await talk.hear(shop, '夜里', '电话 13800138000')
  expect(await now(shop, id)).toMatchObject({
    status: 'open',
    heldBy: 'queue',
    assigneeId: null,
    parkedUntil: new Date(opensAt).toISOString(),
  })
  await runner.runDue()
  expect(await shard.reconcile(shop.tenant.id)).toEqual([])
  expect(await now(shop, id)).toMatchObject({ heldBy: 'queue', parkedAt: expect.any(String) })

  await after((opensAt - Date.now()) / 1000 + 1, async () => (await now(shop, id)).heldBy === 'agent')
  expect(await now(shop, id)).toMatchObject({ assigneeId: shop.agent.member.id, parkedAt: null, parkedUntil: null })
  expect(await said(shop, id)).toEqual(['contact: 坏了', told, 'contact: 电话 13800138000'])
})

test('parked conversations follow when the hours are changed, and a supervisor can let one go before', async () => {
  const shop = await talk.shop()
  await comeOnDuty(shop, shop.agent.member.id)
  const { id: calendar } = await close(shop, shop.groupId)
  const [first, second] = [await talk.hear(shop, '甲', '坏了'), await talk.hear(shop, '乙', '坏了')]
  expect((await ask(shop, 'POST', `conversations/${first.id}/unpark`)).json()).toMatchObject({ parkedAt: null })
  await isWith(shop, first.id, shop.agent.member.id)
  expect(await now(shop, second.id)).toMatchObject({ heldBy: 'queue', parkedAt: expect.any(String) })
  await talk.ask('PATCH', `/v1/calendars/${calendar}`, { token: shop.admin.token, body: { exceptions: [] } })
  await after(1, async () => (await now(shop, second.id)).assigneeId === shop.agent.member.id)
})

test('who waits is told the place in line, and that nobody is there when nobody is', async () => {
  const shop = await talk.shop()
  await write(shop, 'waiting', '请稍候。\n您前面还有人，您是第{{queue.position}}位。')
  await write(shop, 'nobody-on-duty', '暂时无人，请留言。', 'zh-CN', shop.channelId)
  const first = await talk.hear(shop, '甲', '在吗')
  await after(6, async () => (await said(shop, first.id)).includes('system: 暂时无人，请留言。'))
  const busy = await talk.person(shop.tenant.id, { role: 'agent', capacity: 0 })
  await ask(shop, 'PUT', `groups/${shop.groupId}/members/${busy.member.id}`, {})
  await comeOnDuty(shop, busy.member.id)
  const second = await talk.hear(shop, '乙', '在吗')
  await after(6, async () => (await said(shop, second.id)).length === 2)
  expect((await said(shop, second.id))[1]).toBe('system: 请稍候。\n您前面还有人，您是第2位。')
})

test("an agent's own words greet whoever comes to them", async () => {
  const shop = await talk.shop()
  await ask(shop, 'PUT', 'me/greetings/zh-CN', { text: '我是{{agent.name}}，请讲。' }, shop.agent.token)
  await comeOnDuty(shop, shop.agent.member.id)
  const { id } = await talk.hear(shop, '甲', '在吗')
  await eventually(async () => (await said(shop, id)).length === 2)
  expect((await said(shop, id))[1]).toBe(`member: 我是${shop.agent.member.name}，请讲。`)
})

test('a customer who says nothing more is reminded once, then the conversation is closed with a goodbye', async () => {
  const shop = await talk.shop()
  await ask(shop, 'PUT', 'reception-rules/all', {
    customerSilence: { remindAfterSeconds: 60, closeAfterSeconds: 300 },
  })
  await write(shop, 'closing', '再见')
  await comeOnDuty(shop, shop.agent.member.id)
  const { id } = await talk.hear(shop, '甲', '在吗')
  await isWith(shop, id, shop.agent.member.id)
  await ask(shop, 'POST', `conversations/${id}/messages`, { parts: [{ type: 'text', text: '在' }] }, shop.agent.token)
  await after(61, async () => (await said(shop, id)).length === 3)
  await runner.runDue()
  expect((await said(shop, id))[2]).toBe('system: 您好，请问您还在吗？如还有问题，请直接回复。')
  await after(250, async () => (await said(shop, id)).length === 4)
  expect((await said(shop, id))[3]).toBe('system: 再见')
  expect(await now(shop, id)).toMatchObject({ status: 'closed', closedBy: 'system:customer-silence' })
})

test('an agent who does not answer is told so, then the conversation goes to another', async () => {
  const shop = await talk.shop()
  await ask(shop, 'PUT', `reception-rules/${shop.channelId}`, {
    agentSilence: { remindAfterSeconds: 60, requeueAfterSeconds: 120 },
  })
  await comeOnDuty(shop, shop.agent.member.id)
  const { id } = await talk.hear(shop, '甲', '在吗')
  await isWith(shop, id, shop.agent.member.id)
  const other = await talk.person(shop.tenant.id, { role: 'agent' })
  await ask(shop, 'PUT', `groups/${shop.groupId}/members/${other.member.id}`, {})
  await comeOnDuty(shop, other.member.id)
  const overdue = () =>
    talk.read(shop.tenant.id, (tx) =>
      tx.query('select 1 from events where tenant_id = $1 and type = $2', tx.tenantId, 'conversation.overdue'),
    )
  expect((await now(shop, id)).overdue).toBe(false)
  await after(61, async () => (await overdue()).length === 1)
  expect((await now(shop, id)).overdue).toBe(true)
  await after(60, async () => (await now(shop, id)).assigneeId === other.member.id)
  expect(await overdue()).toHaveLength(1)
})

test('a text with a variable that there is not is refused, and so are rules that cannot be followed', async () => {
  const shop = await talk.shop()
  const refused = await write(shop, 'greeting', '您好 {{contact.age}}')
  expect([refused.statusCode, refused.json().errors]).toEqual([
    400,
    [{ pointer: '/text', detail: '{{contact.age}} is unknown' }],
  ])
  const backwards = { customerSilence: { remindAfterSeconds: 60, closeAfterSeconds: 60 } }
  expect((await ask(shop, 'PUT', 'reception-rules/all', backwards)).json().code).toBe('rules-invalid')
  expect((await ask(shop, 'PUT', `reception-rules/${newId('chn')}`, {})).json().code).toBe('text-scope-unknown')
  expect((await ask(shop, 'GET', 'texts')).json().data).toEqual([])
})
