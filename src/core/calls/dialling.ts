/** Calls that go out (外拨): who may be called from a channel, and the call that somebody of ours wants made. */
import { createContact, lockContact, requireLiving } from '../contacts/contacts.ts'
import { findContactByIdentity } from '../contacts/identities.ts'
import { regionOfNumber } from '../contacts/number-regions.ts'
import { openConversationOn } from '../conversations/outreach.ts'
import { audienceOf } from '../conversations/rows.ts'
import { noteByHub } from '../conversations/saying.ts'
import type { CallPlan } from '../events/call-plan-shapes.ts'
import type { Call } from '../events/call-shapes.ts'
import { emit } from '../events/outbox.ts'
import type { TenantTx } from '../platform/database.ts'
import { Fault } from '../platform/errors.ts'
import { newId } from '../platform/ids.ts'
import { normalNumber } from './barred.ts'
import { cardOf } from './cards.ts'
import { mayAskOutside } from './outside.ts'
import { requirePhone } from './phones.ts'
import { isOpenAt } from './plans.ts'
import { newCall } from './record.ts'
import { type CallRow, callColumns, callsTable, toCall } from './rows.ts'

export interface Dialling {
  readonly channelId: string
  readonly number: string
  /** Who talks: their phone rings first. */
  readonly memberId: string
}

/** A number that may be called now, and how the trunk is told it. */
export interface Diallable {
  /** E.164 where it is one; else as digits. */
  readonly number: string
  readonly address: string | null
  /** What the plan says of calls that go out. */
  readonly outbound: NonNullable<CallPlan['outbound']>
}

/**
 * Makes a call: the member's phone rings, and then whoever they want. The contact is the number's, made where there is none; the conversation is
 * the member's, and takes no capacity from routing. Faults: those of `requireDiallable`, `phone-missing`, `member-calling`.
 */
export async function dialCall(tx: TenantTx, { channelId, number, memberId }: Dialling, at: number): Promise<Call> {
  const allowed = await requireDiallable(tx, channelId, number, at)
  await requirePhone(tx, channelId, memberId)
  await requireFree(tx, memberId)
  const id = newId('cal')
  const contact = await contactOf(tx, channelId, id, allowed)
  const conversation = await openConversationOn(
    tx,
    contact,
    { channelId, peer: allowed.number, apart: `/${id}` },
    memberId,
  )
  await noteByHub(tx, conversation, [cardOf(id, `→ ${allowed.number}`)])
  await tx.run(
    `insert into calls (tenant_id, id, channel_id, conversation_id, direction, number, address, dialled, state, record, started_at, region)
     values ($1, $2, $3, $4, 'out', $5, $6, $5, 'received', $7, $8, $9)`,
    tx.tenantId,
    id,
    channelId,
    conversation.id,
    allowed.number,
    allowed.address,
    JSON.stringify(newCall(at, { direction: 'out', plan: { outbound: allowed.outbound } })),
    new Date(at).toISOString(),
    allowed.address === null ? null : ((await regionOfNumber(allowed.address)) ?? null),
  )
  const row = await tx.one<CallRow>(
    `select ${callColumns} from ${callsTable} where k.tenant_id = $1 and k.id = $2`,
    tx.tenantId,
    id,
  )
  const call = toCall(row, at)
  await emit(tx, 'call.updated', conversation.id, { call, ...audienceOf(row) })
  return call
}

/**
 * Says whether a number may be called from the channel at `at` (ms): what its plan allows, what is barred, and how much goes out already. Two that
 * ask at once do so one after the other. `begun`: how many of those that go out are this one already. Faults: `outbound-off`, `number-malformed`, `number-barred`, `hours-over`, `calls-too-many`.
 */
export async function requireDiallable(
  tx: TenantTx,
  channelId: string,
  given: string,
  at: number,
  begun = 0,
): Promise<Diallable> {
  const found = await tx.maybe<{ outbound: CallPlan['outbound'] | null }>(
    `select p.plan->'outbound' as outbound from call_plans p join channels c on c.tenant_id = p.tenant_id and c.id = p.channel_id
      where p.tenant_id = $1 and p.channel_id = $2 and c.enabled and c.removed_at is null for update of p`,
    tx.tenantId,
    channelId,
  )
  const outbound = found?.outbound
  if (!outbound) throw new Fault('forbidden', 'outbound-off', 'The plan of the channel lets nothing be called from it.')
  const { number, address } = await normalNumber(tx, given)
  const barred = await tx.maybe('select 1 from do_not_call where tenant_id = $1 and number = any($2)', tx.tenantId, [
    number,
    given,
  ])
  if (barred !== undefined || !outbound.prefixes.some((prefix) => number.startsWith(prefix))) {
    throw new Fault('forbidden', 'number-barred', 'This number must not be called from here.', {
      errors: [
        { pointer: '/number', detail: barred === undefined ? 'begins like none that is allowed' : 'wants no calls' },
      ],
    })
  }
  if (outbound.onlyInHours && !(await isOpenAt(tx, channelId, at))) {
    throw new Fault('conflict', 'hours-over', 'Calls go out only while the hours are on.')
  }
  if (!(await mayAskOutside(tx, channelId, outbound, at, begun))) {
    throw new Fault('rate-limited', 'calls-too-many', 'As many calls go out as the plan of the channel allows.', {
      retryAfterSeconds: 60,
    })
  }
  return { number, address, outbound }
}

async function requireFree(tx: TenantTx, memberId: string): Promise<void> {
  const other = await tx.maybe(
    `select 1 from calls k join conversations c on c.tenant_id = k.tenant_id and c.id = k.conversation_id
      where k.tenant_id = $1 and k.ended_at is null and c.assignee_id = $2 limit 1`,
    tx.tenantId,
    memberId,
  )
  if (other !== undefined) throw new Fault('conflict', 'member-calling', 'The member is in another call.')
}

async function contactOf(tx: TenantTx, channelId: string, callId: string, { number, address }: Diallable) {
  const identity =
    address === null ? { kind: 'anonymous', scope: channelId, address: callId } : { kind: 'phone', scope: '', address }
  const known = await findContactByIdentity(tx, identity)
  const id = known ?? (await createContact(tx, { name: number, identities: [{ ...identity, verified: false }] })).id
  const contact = await lockContact(tx, id)
  requireLiving(contact)
  return contact
}
