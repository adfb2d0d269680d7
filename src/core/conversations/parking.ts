/**
 * Conversations that begin outside the hours (离线留言): they are the queue's, but routing does not hear of them until the hours begin
 * (or somebody lets them go earlier); what the customer says meanwhile is in them. One durable timer for each tenant looks at all that wait.
 */
import { type Emission, emitAll } from '../events/outbox.ts'
import type { Conversation } from '../events/shapes.ts'
import type { TenantTx, Tx } from '../platform/database.ts'
import { type Again, type Job, jobKind, schedule } from '../platform/jobs.ts'
import { hoursOf, type Place, type PlaceHours } from '../tenancy/calendars.ts'
import { type StateAt, stateAt } from '../tenancy/hours.ts'
import { lockConversation, unknownConversation } from './conversations.ts'
import { type ConversationRow, conversationColumns, toConversation } from './rows.ts'

/** Where a batch of them goes on; none yet: from the first. */
interface Round {
  readonly after?: string
  /** The earliest opening that was seen in this round, in ms. */
  readonly earliest?: number
}

export const parkedRound = jobKind<Round>('parked-round')

const key = 'all'
const batch = 200

type Begun = Place & { readonly id: string }

/**
 * Parks those of conversations that have just begun whose hours are not on, as of `now`. Locks nothing new: the caller made them or
 * holds them. Answers with what is to be scheduled, beside the last statements of the transaction (`watchParked`).
 */
export async function parkOutsideHours(
  tx: Tx,
  begun: readonly Begun[],
  now: Date,
): Promise<ReadonlyMap<string, Date | null>> {
  const states = await statesAt(tx, begun, now)
  const parked = begun.flatMap(({ tenantId, id }, index) => {
    const state = states[index]
    return state === undefined || state.open ? [] : [{ tenantId, id, until: dateOf(state.opensAt) }]
  })
  if (parked.length > 0) {
    await tx.run(
      `update conversations c set parked_at = $4, parked_until = u.until
         from unnest($1::text[], $2::text[], $3::timestamptz[]) as u (tenant_id, id, until)
        where c.tenant_id = u.tenant_id and c.id = u.id`,
      parked.map(({ tenantId }) => tenantId),
      parked.map(({ id }) => id),
      parked.map(({ until }) => until?.toISOString() ?? null),
      now.toISOString(),
    )
  }
  const first = new Map<string, Date | null>()
  for (const { tenantId, until } of parked) {
    const known = first.get(tenantId)
    first.set(tenantId, known == null || (until !== null && until < known) ? until : known)
  }
  return first
}

/** Sets the timers of tenants with parked conversations, each to the opening that comes first. */
export async function watchParked(tx: Tx, first: ReadonlyMap<string, Date | null>): Promise<void> {
  for (const [tenantId, until] of [...first].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (until === null) continue
    await schedule({ ...tx, tenantId }, { kind: parkedRound, key, runAt: until, data: {}, keep: true })
  }
}

/** Has all parked conversations of the tenant looked at anew: their hours may have changed. */
export function reviewParked(tx: TenantTx): Promise<void> {
  return schedule(tx, { kind: parkedRound, key, afterMs: 0, data: {}, keep: true })
}

/** A step of the round: lets go of those whose hours have begun, up to 200 at a time, then waits for the next opening. */
export async function lookAtParked(
  tx: TenantTx,
  { data, now }: Pick<Job<Round>, 'data' | 'now'>,
): Promise<Again<Round> | undefined> {
  const rows = await tx.query<ConversationRow & { tenantId: string }>(
    `select c.tenant_id, ${conversationColumns} from conversations c
      where c.tenant_id = $1 and c.parked_at is not null and c.id > $2 order by c.id limit $3 for no key update`,
    tx.tenantId,
    data.after ?? '',
    batch,
  )
  const states = await statesAt(tx, rows, now)
  const isOpen: ConversationRow[] = []
  let earliest = data.earliest ?? Number.POSITIVE_INFINITY
  for (const [index, row] of rows.entries()) {
    const state = states[index]
    if (state === undefined || state.open) {
      isOpen.push(row)
      continue
    }
    earliest = Math.min(earliest, state.opensAt ?? Number.POSITIVE_INFINITY)
    if ((row.parkedUntil?.getTime() ?? null) !== state.opensAt) {
      await tx.run(
        'update conversations set parked_until = $3, version = version + 1 where tenant_id = $1 and id = $2',
        tx.tenantId,
        row.id,
        dateOf(state.opensAt),
      )
    }
  }
  await letGo(
    tx,
    isOpen.map(({ id }) => id),
  )
  const last = rows.at(-1)
  const seen = Number.isFinite(earliest) ? { earliest } : {}
  if (rows.length === batch && last !== undefined) return { afterMs: 0, data: { after: last.id, ...seen } }
  return Number.isFinite(earliest) ? { runAt: new Date(earliest), data: {} } : undefined
}

/** Hands a parked conversation to routing before its hours; one that is not parked stays as it is. Faults with `conversation-unknown`. */
export async function unpark(tx: TenantTx, id: string): Promise<Conversation> {
  const before = await lockConversation(tx, tx.tenantId, id)
  if (before === undefined) throw unknownConversation(id)
  if (before.parkedAt === null) return toConversation(before, before.contactName)
  const [after] = await letGo(tx, [id])
  return after ?? toConversation(before, before.contactName)
}

/** How the hours stand at each place; undefined where it is always open. Reckoned once for each calendar. */
async function statesAt(tx: Tx, places: readonly Place[], now: Date): Promise<(StateAt | undefined)[]> {
  const known = new Map<PlaceHours, StateAt>()
  return (await hoursOf(tx, places)).map((hours) => {
    if (hours === undefined) return undefined
    const state = known.get(hours) ?? stateAt(hours, now.getTime())
    known.set(hours, state)
    return state
  })
}

/** They are locked by the caller. */
async function letGo(tx: TenantTx, ids: readonly string[]): Promise<Conversation[]> {
  if (ids.length === 0) return []
  const rows = await tx.query<ConversationRow & { contactName: string }>(
    `update conversations c set parked_at = null, parked_until = null, updated_at = clock_timestamp(), version = c.version + 1
       from contacts ct where c.tenant_id = $1 and c.id = any($2) and ct.tenant_id = c.tenant_id and ct.id = c.contact_id
     returning ${conversationColumns}, ct.name as contact_name`,
    tx.tenantId,
    ids,
  )
  const shown = rows.map((row) => toConversation(row, row.contactName)).sort((a, b) => (a.id < b.id ? -1 : 1))
  await emitAll(
    tx,
    shown.map(
      (conversation): Emission => ({
        type: 'conversation.queued',
        tenantId: tx.tenantId,
        subject: conversation.id,
        data: { conversation },
      }),
    ),
  )
  return shown
}

function dateOf(at: number | null): Date | null {
  return at === null ? null : new Date(at)
}
