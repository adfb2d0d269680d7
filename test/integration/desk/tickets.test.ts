import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Ticket, TicketHistoryEntry } from '../../../src/core/events/ticket-shapes.ts'
import { newId } from '../../../src/core/platform/ids.ts'
import { startTalk, type Talk, type TalkingShop } from '../../support/talk.ts'

let talk: Talk
let shop: TalkingShop

beforeAll(async () => {
  talk = await startTalk()
  shop = await talk.shop()
})
afterAll(() => talk?.close())

const as =
  (token: string) =>
  (method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE', path: string, body?: unknown, headers = {}) =>
    talk.ask(method, `/v1/${path}`, { token, body, headers })
const asAdmin: ReturnType<typeof as> = (...request) => as(shop.admin.token)(...request)
const asAgent: ReturnType<typeof as> = (...request) => as(shop.agent.token)(...request)

const make = async (given: object = {}): Promise<Ticket> => {
  const answer = await asAdmin('POST', 'tickets', { subject: '退货', ...given })
  expect([answer.statusCode, answer.body]).toEqual([201, expect.anything()])
  return answer.json()
}
const patch = (ticket: Ticket, change: object, token = shop.admin.token) =>
  as(token)('PATCH', `tickets/${ticket.id}`, change, { 'if-match': `"v${ticket.version}"` })
const read = async (id: string): Promise<Ticket> => (await asAdmin('GET', `tickets/${id}`)).json()
/** Types of the events about one subject, whether the relay has taken them or not. */
const eventsOf = async (subject: string) => {
  const rows = await talk.db.ground<{ type: string }>(
    `select type from (select type, event_id from events where subject = $1 union
                       select type, event_id from outbox where subject = $1) both_tables order by event_id`,
    subject,
  )
  return rows.map(({ type }) => type)
}

test('a ticket has the defaults, the next number, a line of history and an event', async () => {
  const ticket = await make({ priority: 'high', tags: ['急', '急'] })
  expect(ticket).toMatchObject({
    status: 'new',
    statusCategory: 'new',
    priority: 'high',
    tags: ['急'],
    version: 1,
    comments: 0,
  })
  expect(ticket.number).toBeGreaterThan(1000)
  expect(ticket.createdBy).toBe(shop.admin.member.id)
  const history = (await asAdmin('GET', `tickets/${ticket.id}/history`)).json().data
  expect(history).toMatchObject([{ version: 1, actorId: shop.admin.member.id }])
  expect(history[0].changes).toContainEqual({ field: 'subject', from: null, to: '退货' })
})

test('numbers have no holes and no doubles, however many are made at once and however many of those fail', async () => {
  const here = await talk.shop()
  const ask = as(here.admin.token)
  const answers = await Promise.all(
    Array.from({ length: 40 }, (_, i) =>
      ask('POST', 'tickets', { subject: `${i}`, ...(i % 4 === 0 && { groupId: newId('grp') }) }),
    ),
  )
  const made = answers.filter(({ statusCode }) => statusCode === 201)
  expect(made).toHaveLength(30)
  const numbers = made.map((answer) => answer.json().number).sort((a, b) => a - b)
  expect(numbers).toEqual(Array.from({ length: 30 }, (_, i) => 1001 + i))
})

test('a repeated request makes one ticket', async () => {
  const headers = { 'idempotency-key': newId('job') }
  const answers = await Promise.all([1, 2, 3].map(() => asAdmin('POST', 'tickets', { subject: 'once' }, headers)))
  expect(new Set(answers.map((answer) => answer.json().id)).size).toBe(1)
})

test('of two who change the same version one wins, and a change without a version is refused', async () => {
  const ticket = await make()
  const answers = await Promise.all([patch(ticket, { subject: 'A' }), patch(ticket, { subject: 'B' })])
  expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([200, 412])
  const bare = await asAdmin('PATCH', `tickets/${ticket.id}`, { subject: 'C' })
  expect([bare.statusCode, bare.json().code]).toEqual([428, 'version-missing'])
  expect((await read(ticket.id)).version).toBe(2)
})

test('what changes nothing makes no version', async () => {
  const ticket = await make({ tags: ['a'] })
  const same = await patch(ticket, { subject: ticket.subject, tags: ['a'], priority: 'normal', status: 'new' })
  expect(same.json()).toEqual(ticket)
  expect(await eventsOf(ticket.id)).toHaveLength(1)
})

test('solving and closing are timed, and coming back takes the times away', async () => {
  const ticket = await make()
  const solved: Ticket = (await patch(ticket, { status: 'solved' })).json()
  expect([solved.statusCategory, solved.solvedAt !== null, solved.closedAt]).toEqual(['solved', true, null])
  const closed: Ticket = (await patch(solved, { status: 'closed' })).json()
  expect([closed.solvedAt, closed.closedAt !== null]).toEqual([solved.solvedAt, true])
  expect((await patch(closed, { status: 'open' })).json()).toMatchObject({ solvedAt: null, closedAt: null })
})

test('a tenant names its own statuses, whose categories stay, and the last one for new tickets stays too', async () => {
  const here = await talk.shop()
  const ask = as(here.admin.token)
  const put = (key: string, body: object) => ask('PUT', `ticket-statuses/${key}`, body)
  expect((await put('waiting-parts', { name: '等配件', category: 'pending' })).statusCode).toBe(200)
  expect((await put('waiting-parts', { category: 'open' })).json().code).toBe('ticket-status-fixed')
  expect((await put('fresh', { name: 'x' })).json().code).toBe('ticket-status-incomplete')
  expect((await put('open', { name: '在办' })).json()).toMatchObject({ category: 'open', name: '在办' })
  expect((await put('new', { retired: true })).json().code).toBe('ticket-status-last')
  const names = (await ask('GET', 'ticket-statuses')).json().data.map(({ name }: { name: string }) => name)
  expect(names).toEqual(['新建', '在办', '等待客户', '等配件', '已解决', '已关闭'])
  await put('waiting-parts', { retired: true })
  const refused = await ask('POST', 'tickets', { subject: 'x', status: 'waiting-parts' })
  expect([refused.statusCode, refused.json().code]).toEqual([400, 'ticket-status-unknown'])
})

test('categories have two levels, and a filter by the first finds the second', async () => {
  const put = (key: string, body: object) => asAdmin('PUT', `ticket-categories/${key}`, body)
  await put('hardware', { name: '硬件' })
  await put('screen', { name: '屏幕', parentKey: 'hardware' })
  expect((await put('pixel', { name: '像素', parentKey: 'screen' })).json().code).toBe('ticket-category-deep')
  expect((await put('hardware', { parentKey: 'hardware' })).json().code).toBe('ticket-category-deep')
  const ticket = await make({ category: 'screen' })
  const found = (await asAdmin('GET', 'tickets?category=hardware')).json().data
  expect(found.map(({ id }: Ticket) => id)).toEqual([ticket.id])
})

test('own fields are checked by name: all mistakes at once, and nothing is changed', async () => {
  const here = await talk.shop()
  const ask = as(here.admin.token)
  const put = (key: string, body: object) => ask('PUT', `ticket-fields/${key}`, body)
  await put('order-no', { name: '订单号', type: 'text', required: true })
  await put('count', { name: '件数', type: 'number' })
  await put('bought', { name: '购买日', type: 'date' })
  await put('colour', { name: '颜色', type: 'choice', options: ['红', '蓝'] })
  expect((await put('colour', { type: 'text' })).json().code).toBe('ticket-field-fixed')
  expect((await put('size', { name: '尺码', type: 'choice' })).json().code).toBe('ticket-field-incomplete')
  const bad = await ask('POST', 'tickets', {
    subject: 'x',
    fields: { count: '3', bought: '2026-02-30', colour: '绿', nothing: 'x' },
  })
  expect(bad.json().code).toBe('ticket-field-invalid')
  expect(
    bad
      .json()
      .errors.map(({ pointer }: { pointer: string }) => pointer)
      .sort(),
  ).toEqual(['bought', 'colour', 'count', 'nothing', 'order-no'].map((key) => `/fields/${key}`))
  const fields = { 'order-no': 'A1', count: 3, bought: '2026-02-28', colour: '蓝' }
  const ticket: Ticket = (await ask('POST', 'tickets', { subject: 'x', fields })).json()
  expect(ticket.fields).toEqual(fields)
  const change = (body: object) => ask('PATCH', `tickets/${ticket.id}`, body, { 'if-match': '*' })
  expect((await change({ fields: { 'order-no': null } })).json().code).toBe('ticket-field-invalid')
  expect((await change({ fields: { count: null, colour: '红' } })).json().fields).toEqual({
    'order-no': 'A1',
    bought: '2026-02-28',
    colour: '红',
  })
})

test('history replayed over what a ticket began with is the ticket, whatever was changed', async () => {
  await asAdmin('PUT', 'ticket-fields/note', { name: '备注', type: 'text' })
  let ticket = await make()
  const begun = ticket
  const values: object[] = ['low', 'urgent'].flatMap((priority, i) => [
    { priority, subject: `s${i}`, tags: [`t${i}`] },
    { assigneeId: i === 0 ? shop.agent.member.id : null, dueAt: `2027-01-0${i + 1}T00:00:00.000Z` },
    { status: i === 0 ? 'open' : 'solved', fields: { note: i === 0 ? 'x' : null } },
    { watcherIds: i === 0 ? [shop.agent.member.id] : [], groupId: i === 0 ? shop.groupId : null },
  ])
  for (const change of values) ticket = (await patch(ticket, change)).json()
  const history: TicketHistoryEntry[] = (await asAdmin('GET', `tickets/${ticket.id}/history?limit=100`)).json().data
  const replayed: Record<string, unknown> & { fields: Record<string, unknown> } = {
    ...begun,
    fields: { ...begun.fields },
  }
  for (const { changes, version } of history.toReversed().slice(1)) {
    expect(version).toBe((replayed.version as number) + 1)
    replayed.version = version
    for (const { field, from, to } of changes) {
      const key = field.startsWith('fields.') ? field.slice(7) : undefined
      expect((key === undefined ? replayed[field] : replayed.fields[key]) ?? null).toEqual(from)
      if (key === undefined) replayed[field] = to
      else if (to === null) delete replayed.fields[key]
      else replayed.fields[key] = to
    }
  }
  const { updatedAt: _, solvedAt: __, statusCategory: ___, ...rest } = ticket
  expect(replayed).toMatchObject(rest)
})

test('agents see tickets of their groups, their own, those they made and those they watch, and no others', async () => {
  const me = shop.agent.member.id
  const hidden = await make()
  const seen = await Promise.all([
    make({ groupId: shop.groupId }),
    make({ assigneeId: me }),
    make({ watcherIds: [me] }),
    asAgent('POST', 'tickets', { subject: 'mine' }).then((answer) => answer.json()),
  ])
  for (const { id } of seen) expect((await asAgent('GET', `tickets/${id}`)).statusCode).toBe(200)
  const listed = (await asAgent('GET', 'tickets?limit=100')).json().data.map(({ id }: Ticket) => id)
  expect(listed).toEqual(expect.arrayContaining(seen.map(({ id }) => id)))
  expect(listed).not.toContain(hidden.id)
  for (const [method, path, body] of [
    ['GET', '', undefined],
    ['PATCH', '', {}],
    ['POST', '/take', undefined],
    ['GET', '/comments', undefined],
    ['POST', '/comments', { kind: 'internal', text: 'x' }],
    ['GET', '/history', undefined],
    ['GET', '/links', undefined],
    ['PUT', `/links/blocks/${seen[0].id}`, undefined],
  ] as const) {
    const headers = { 'if-match': '*', 'idempotency-key': newId('job') }
    const answer = await asAgent(method, `tickets/${hidden.id}${path}`, body, headers)
    expect([path, answer.statusCode, answer.json().code]).toEqual([path, 404, 'ticket-unknown'])
  }
})

test('another tenant’s ticket does not exist, and no link leads to it', async () => {
  const other = await talk.shop()
  const ask = as(other.admin.token)
  const theirs: Ticket = (await ask('POST', 'tickets', { subject: 'theirs' })).json()
  const ours = await make()
  const refused = await asAdmin('PUT', `tickets/${ours.id}/links/relates/${theirs.id}`)
  expect([refused.statusCode, refused.json().code]).toEqual([404, 'ticket-unknown'])
  expect((await ask('GET', `tickets/${ours.id}`)).statusCode).toBe(404)
  expect((await ask('GET', 'tickets?limit=100')).json().data.map(({ id }: Ticket) => id)).toEqual([theirs.id])
  const bulk = await ask('POST', 'tickets/bulk', { items: [{ id: ours.id, version: 1, subject: 'x' }] })
  expect(bulk.json().data[0].problem.code).toBe('ticket-unknown')
})

test('of many who take one ticket exactly one gets it', async () => {
  const ticket = await make({ groupId: shop.groupId })
  const people = await Promise.all(Array.from({ length: 6 }, () => talk.person(shop.tenant.id, { role: 'supervisor' })))
  const answers = await Promise.all(people.map(({ token }) => as(token)('POST', `tickets/${ticket.id}/take`)))
  expect(answers.filter(({ statusCode }) => statusCode === 200)).toHaveLength(1)
  expect(new Set(answers.filter(({ statusCode }) => statusCode !== 200).map((answer) => answer.json().code))).toEqual(
    new Set(['ticket-taken']),
  )
  const winner = people[answers.findIndex(({ statusCode }) => statusCode === 200)]
  expect(await read(ticket.id)).toMatchObject({ assigneeId: winner?.member.id, version: 2 })
})

test('many tickets are changed at once, each for itself', async () => {
  const [a, b, c] = [await make(), await make(), await make()]
  const answer = await asAdmin('POST', 'tickets/bulk', {
    items: [
      { id: c.id, version: 1, priority: 'urgent' },
      { id: a.id, version: 9, priority: 'urgent' },
      { id: b.id, version: 1, category: 'no-such' },
      { id: newId('tkt'), version: 1 },
    ],
  })
  expect(
    answer
      .json()
      .data.map((item: { ticket?: Ticket; problem?: { code: string } }) => item.ticket?.priority ?? item.problem?.code),
  ).toEqual(['urgent', 'version-stale', 'ticket-category-unknown', 'ticket-unknown'])
  expect([(await read(a.id)).version, (await read(b.id)).version]).toEqual([1, 1])
})

test('links are seen from both ends, and nothing blocks or is above itself', async () => {
  const [a, b, c] = [await make(), await make(), await make()]
  const link = (from: Ticket, kind: string, to: Ticket) => asAdmin('PUT', `tickets/${from.id}/links/${kind}/${to.id}`)
  const linksOf = async (ticket: Ticket) =>
    (await asAdmin('GET', `tickets/${ticket.id}/links`))
      .json()
      .data.map(({ kind, number }: { kind: string; number: number }) => `${kind} ${number}`)
  expect((await link(a, 'blocks', b)).statusCode).toBe(200)
  expect((await link(a, 'blocks', b)).statusCode).toBe(200)
  expect((await link(c, 'blocked-by', b)).statusCode).toBe(200)
  expect((await link(c, 'blocks', a)).json().code).toBe('ticket-link-circular')
  expect((await link(a, 'parent', b)).statusCode).toBe(200)
  expect((await link(a, 'parent', c)).json().code).toBe('ticket-parent-taken')
  expect((await link(b, 'parent', a)).json().code).toBe('ticket-link-circular')
  expect((await link(a, 'relates', a)).json().code).toBe('ticket-link-self')
  await link(b, 'relates', a)
  expect(await linksOf(a)).toEqual([`blocks ${b.number}`, `parent ${b.number}`, `relates ${b.number}`])
  expect(await linksOf(b)).toEqual([
    `blocked-by ${a.number}`,
    `blocks ${c.number}`,
    `child ${a.number}`,
    `relates ${a.number}`,
  ])
  await asAdmin('DELETE', `tickets/${b.id}/links/relates/${a.id}`)
  expect(await linksOf(a)).toEqual([`blocks ${b.number}`, `parent ${b.number}`])
  expect(await eventsOf(c.id)).toEqual(['ticket.created', 'ticket.updated'])
})

test('links made at once close no circle', async () => {
  const round = await Promise.all(Array.from({ length: 5 }, () => make()))
  const answers = await Promise.all(
    round.map((ticket, i) => asAdmin('PUT', `tickets/${ticket.id}/links/blocks/${round[(i + 1) % 5]?.id}`)),
  )
  expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([200, 200, 200, 200, 409])
})

test.each(['updated', 'due', 'priority'])('pages sorted by %s lose and repeat none', async (sort) => {
  const tag = `paged-${sort}`
  const priorities = ['low', 'urgent', 'normal', 'high', 'urgent', 'low', 'normal'] as const
  for (const [i, priority] of priorities.entries()) {
    await make({ tags: [tag], priority, ...(i % 3 > 0 && { dueAt: `2027-01-0${9 - i}T00:00:00.000Z` }) })
  }
  const seen: Ticket[] = []
  let cursor = ''
  for (;;) {
    const page = (await asAdmin('GET', `tickets?tag=${tag}&sort=${sort}&limit=2${cursor}`)).json()
    seen.push(...page.data)
    if (page.nextCursor === null) break
    cursor = `&cursor=${page.nextCursor}`
  }
  expect(new Set(seen.map(({ id }) => id)).size).toBe(7)
  const rank = { low: 3, normal: 2, high: 1, urgent: 0 }
  const keys = seen.map(({ updatedAt, dueAt, priority }) =>
    sort === 'due' ? (dueAt ?? '9') : sort === 'priority' ? rank[priority] : -Date.parse(updatedAt),
  )
  expect(keys).toEqual(keys.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0)))
})

test('a list is filtered by what tickets have', async () => {
  const me = shop.agent.member.id
  const one = await make({ subject: '屏幕碎了', tags: ['screen'], assigneeId: me, dueAt: '2027-05-01T00:00:00.000Z' })
  const two: Ticket = (await patch(await make({ subject: '100%_满', tags: ['screen'] }), { status: 'solved' })).json()
  const ids = async (query: string) =>
    (await asAdmin('GET', `tickets?tag=screen&${query}`)).json().data.map(({ id }: Ticket) => id)
  expect(await ids('statusCategory=unsolved')).toEqual([one.id])
  expect(await ids('statusCategory=solved')).toEqual([two.id])
  expect(await ids(`assigneeId=${me}`)).toEqual([one.id])
  expect(await ids('assigneeId=none')).toEqual([two.id])
  expect(await ids('dueBefore=2027-06-01T00:00:00.000Z')).toEqual([one.id])
  expect(await ids(`text=${encodeURIComponent('碎')}`)).toEqual([one.id])
  expect(await ids(`text=${encodeURIComponent('%_')}`)).toEqual([two.id])
  expect(await ids(`text=%23${one.number}`)).toEqual([one.id])
})
