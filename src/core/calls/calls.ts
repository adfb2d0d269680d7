/**
 * Calls: how one comes in, what it is told, and how it is read. A call belongs to a conversation of its own, which opens with it, is
 * routed as every other, and closes with it. Locks: conversations before calls.
 */
import { normalAddress } from '../contacts/addresses.ts'
import { phoneRegionOf } from '../contacts/identities.ts'
import { regionOfNumber } from '../contacts/number-regions.ts'
import { lockConversation } from '../conversations/conversations.ts'
import { takeIn } from '../conversations/ingest.ts'
import { closeByRule } from '../conversations/lifecycle.ts'
import { queueHeld } from '../conversations/moves.ts'
import { audienceOf } from '../conversations/rows.ts'
import { type Viewer, visibleTo } from '../conversations/visibility.ts'
import type { Call } from '../events/call-shapes.ts'
import { emit } from '../events/outbox.ts'
import type { TenantTx } from '../platform/database.ts'
import { Fault } from '../platform/errors.ts'
import { newId } from '../platform/ids.ts'
import { type Page, type PageRequest, pageOf, parameters } from '../platform/page.ts'
import type { Wake } from '../platform/wake.ts'
import { cardOf } from './cards.ts'
import { type CallCommand, type CallEvent, type CallRecord, newCall, step, talkingLeg } from './machine.ts'
import { mayRingOutside } from './outside.ts'
import { firstTargetOf } from './plans.ts'
import { type CallRow, callColumns, callsTable, readCallColumns, toCall } from './rows.ts'

/** A call that rings at our door. */
export interface IncomingCall {
  /** Recognises it when it is told again: the Call-ID of SIP. At most 150 characters. */
  readonly key: string
  /** As the network gives it; empty where it is withheld. */
  readonly number: string
  readonly name: string
  readonly dialled: string
}

/** A call that was taken in. */
export interface Received extends Directed {
  /** The caller's number as E.164, or as digits of the own exchange; null where it is neither. */
  readonly address: string | null
}

/** What a call has come to, and what is to be done on the wire now. */
export interface Directed {
  readonly callId: string
  readonly record: CallRecord
  readonly commands: readonly CallCommand[]
  /** It was told something that made a difference. */
  readonly changed: boolean
}

/**
 * Takes a call in: its contact, by the number, and a conversation for it alone, which waits in the queue. Undefined for a caller on the
 * blocklist and for a call that was taken in before. Its channel's plan says where it goes; outside the hours, where that says nothing, the
 * conversation waits for them, and the call is refused as `closed`.
 */
export async function receiveCall(
  tx: TenantTx,
  wake: Wake,
  channelId: string,
  call: IncomingCall,
  at: number,
): Promise<Received | undefined> {
  const id = newId('cal')
  const address = normalAddress('phone', call.number, await phoneRegionOf(tx))?.address ?? null
  const anonymous = { kind: 'anonymous', scope: channelId, address: id }
  const { plan, target } = await firstTargetOf(tx, channelId, at)
  const isQueued = target === undefined || (target.to === 'queue' && target.groupId === undefined)
  const conversationId = await openConversation(tx, wake, channelId, id, isQueued, {
    kind: 'message',
    key: `call:${call.key}`,
    peer: call.number.slice(0, 200) || id,
    at: new Date(at).toISOString(),
    externalId: id,
    from: {
      ...(address === null ? anonymous : { kind: 'phone', scope: '', address }),
      ...(call.name !== '' && { name: call.name.slice(0, 255) }),
    },
    parts: [cardOf(id, `${call.number || '…'} → ${call.dialled}`)],
  })
  if (conversationId === undefined) return undefined
  await tx.run(
    `insert into calls (tenant_id, id, channel_id, conversation_id, direction, number, address, dialled, state, record, started_at, region)
     values ($1, $2, $3, $4, 'in', $5, $6, $7, 'received', $8, $9, $10)`,
    tx.tenantId,
    id,
    channelId,
    conversationId,
    call.number.slice(0, 200),
    address,
    call.dialled.slice(0, 200),
    JSON.stringify(newCall(at, { plan })),
    new Date(at).toISOString(),
    address === null ? null : ((await regionOfNumber(address)) ?? null),
  )
  const { row } = await lockCall(tx, id)
  await emit(tx, 'call.received', conversationId, { call: toCall(row, at), ...audienceOf(row) })
  await tellCall(tx, id, { type: 'screened', at })
  const directed = await tellCall(
    tx,
    id,
    target === undefined ? { type: 'refused', detail: 'closed', at } : { type: 'routed', target, at },
  )
  return { ...directed, address }
}

async function openConversation(
  tx: TenantTx,
  wake: Wake,
  channelId: string,
  callId: string,
  isQueued: boolean,
  inbound: Parameters<typeof takeIn>[2][number]['inbound'],
): Promise<string | undefined> {
  await takeIn(tx, wake, [
    { channelId, inbound, causationId: callId, apart: `/${callId}`, ...(!isQueued && { heldBy: 'bot' }) },
  ])
  const said = await tx.maybe<{ conversationId: string }>(
    'select conversation_id from messages where tenant_id = $1 and channel_id = $2 and external_id = $3',
    tx.tenantId,
    channelId,
    callId,
  )
  return said?.conversationId
}

/**
 * Tells a call one event and keeps it. An event that makes no sense any more changes nothing; the commands may hold something to do all
 * the same. A call that ends closes its conversation. Locks its conversation. Faults with `call-unknown`.
 */
export async function tellCall(tx: TenantTx, id: string, event: CallEvent): Promise<Directed> {
  const directed = await advance(tx, id, event)
  const { legs } = directed.record
  const outside = directed.commands.find(
    (command) => command.do === 'ring' && legs.some((leg) => leg.id === command.leg && leg.number !== undefined),
  )
  if (outside?.do !== 'ring' || (await mayRingOutside(tx, id, event.at))) return directed
  // It is never rung: the call goes on as if nobody had answered there.
  const { leg } = outside
  const refused = await advance(tx, id, { type: 'unanswered', leg, outcome: 'too-many', at: event.at })
  const others = directed.commands.filter((command) => command !== outside)
  return { ...refused, commands: [...others, ...refused.commands], changed: true }
}

async function advance(tx: TenantTx, id: string, event: CallEvent): Promise<Directed> {
  const { row } = await lockCall(tx, id)
  const { record, commands, ignored } = step(row.record, event)
  if (ignored) return { callId: id, record, commands, changed: false }
  await tx.run(
    `insert into call_events (tenant_id, call_id, number, event)
     select $1, $2, coalesce(max(number), 0) + 1, $3 from call_events where tenant_id = $1 and call_id = $2`,
    tx.tenantId,
    id,
    JSON.stringify(event),
  )
  await tx.run(
    `update calls set state = $3, record = $4, ended_at = $5, wire = case when $5::timestamptz is null or $6 then wire end
      where tenant_id = $1 and id = $2`,
    tx.tenantId,
    id,
    record.state,
    JSON.stringify(record),
    record.endedAt === null ? null : new Date(record.endedAt).toISOString(),
    // Whoever breaks off may not have come to hang up.
    event.type === 'interrupted',
  )
  const told = { call: toCall({ ...row, record }, event.at), ...audienceOf(row) }
  if (event.type === 'rung') await emit(tx, 'call.rang', row.conversationId, told)
  else if (event.type === 'answered') await emit(tx, 'call.answered', row.conversationId, told)
  else if (event.type === 'held') await emit(tx, 'call.held', row.conversationId, told)
  else if (event.type === 'resumed') await emit(tx, 'call.resumed', row.conversationId, told)
  else if (record.state === 'ended') await emit(tx, 'call.ended', row.conversationId, told)
  else if ((record.state !== row.record.state && record.state !== 'screening') || record.muted !== row.record.muted) {
    await emit(tx, 'call.updated', row.conversationId, told)
  }
  await bringAlong(tx, row.conversationId, row.record, record)
  return { callId: id, record, commands, changed: true }
}

/**
 * The conversation follows its call: into the queue that a menu chose, away from its agent when that has left, and to its end. What was said to
 * the tone, or wants to be called back, waits for a person; so does one that waits for the hours, so that somebody calls back.
 */
async function bringAlong(tx: TenantTx, conversationId: string, before: CallRecord, after: CallRecord): Promise<void> {
  const isOver = after.state === 'ended'
  const isQueued = after.queuedAt !== null && before.queuedAt === null
  const hasLeft = after.state === 'survey' || talkingLeg(after)?.memberId === null
  if (!isOver && !isQueued && !hasLeft) return
  const conversation = await lockConversation(tx, tx.tenantId, conversationId)
  if (conversation?.status !== 'open') return
  if (isQueued && !isOver) {
    const { groupId } = after
    await queueHeld(tx, conversation, { ...(groupId !== undefined && { groupId }), urgent: true })
  } else if (isOver && waitsForPerson(after, conversation.parkedAt !== null)) {
    await queueHeld(tx, conversation)
  } else await closeByRule(tx, conversation, 'call')
}

function waitsForPerson({ end, plan }: CallRecord, isParked: boolean): boolean {
  if (end === 'callback') return true
  if (end === 'voicemail') return plan?.voicemail?.makes !== 'ticket'
  return isParked && end !== 'forwarded' && end !== 'completed'
}

/** The call, locked after its conversation. Faults with `call-unknown`. */
export async function lockCall(tx: TenantTx, id: string): Promise<{ row: CallRow }> {
  const found = await tx.maybe<{ conversationId: string }>(
    'select conversation_id from calls where tenant_id = $1 and id = $2',
    tx.tenantId,
    id,
  )
  if (found === undefined) throw unknownCall(id)
  await lockConversation(tx, tx.tenantId, found.conversationId)
  const row = await tx.one<CallRow>(
    `select ${callColumns} from ${callsTable} where k.tenant_id = $1 and k.id = $2 for no key update of k`,
    tx.tenantId,
    id,
  )
  return { row }
}

export function unknownCall(id: string): Fault {
  return new Fault('not-found', 'call-unknown', `There is no call ${id}.`)
}

export interface CallFilter {
  readonly conversationId?: string
  readonly contactId?: string
  readonly channelId?: string
  readonly direction?: Call['direction']
  readonly live?: boolean
  /** Whose number, or what was dialled, begins like this: digits and +. */
  readonly number?: string
}

/** Calls whose conversations the viewer may see, newest first. */
export async function listCalls(
  tx: TenantTx,
  viewer: Viewer,
  filter: CallFilter,
  page: PageRequest,
  now: number,
): Promise<Page<Call>> {
  const { values, bind } = parameters()
  const conditions = [`k.tenant_id = ${bind(tx.tenantId)}`, visibleTo(viewer, bind)]
  if (filter.conversationId !== undefined) conditions.push(`k.conversation_id = ${bind(filter.conversationId)}`)
  if (filter.contactId !== undefined) conditions.push(`c.contact_id = ${bind(filter.contactId)}`)
  if (filter.channelId !== undefined) conditions.push(`k.channel_id = ${bind(filter.channelId)}`)
  if (filter.direction !== undefined) conditions.push(`k.direction = ${bind(filter.direction)}`)
  if (filter.live !== undefined) conditions.push(`k.ended_at is ${filter.live ? '' : 'not '}null`)
  if (filter.number !== undefined) {
    const prefix = bind(filter.number)
    conditions.push(
      `(starts_with(k.number, ${prefix}) or starts_with(k.address, ${prefix}) or starts_with(k.dialled, ${prefix}))`,
    )
  }
  if (page.after !== null) {
    conditions.push(`(k.started_at, k.id) < (${bind(page.after[0])}::timestamptz, ${bind(page.after[1])})`)
  }
  const rows = await tx.query<CallRow & { sortKey: string }>(
    `select ${readCallColumns}, k.started_at::text as sort_key from ${callsTable} where ${conditions.join(' and ')}
      order by k.started_at desc, k.id desc limit ${bind(page.limit + 1)}`,
    ...values,
  )
  return pageOf(
    rows,
    page.limit,
    (row) => [row.sortKey, row.id],
    (row) => toCall(row, now),
  )
}

/** The call, if its conversation may be seen. Faults with `call-unknown` otherwise. */
export async function getCall(tx: TenantTx, viewer: Viewer, id: string, now: number): Promise<Call> {
  const { values, bind } = parameters()
  const row = await tx.maybe<CallRow>(
    `select ${readCallColumns} from ${callsTable}
      where k.tenant_id = ${bind(tx.tenantId)} and k.id = ${bind(id)} and ${visibleTo(viewer, bind)}`,
    ...values,
  )
  if (row === undefined) throw unknownCall(id)
  return toCall(row, now)
}

/** Whose calls these were is no longer known; that there were calls, and how long, stays. */
export async function forgetCallers(tx: TenantTx, conversationIds: readonly string[]): Promise<void> {
  await tx.run(
    `update calls set number = '', address = null, region = null, lookup = null, dialled = case direction when 'out' then '' else dialled end
      where tenant_id = $1 and conversation_id = any($2::text[])`,
    tx.tenantId,
    conversationIds,
  )
}
