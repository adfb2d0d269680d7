/**
 * Makes durable what was decided, for all tenants of a batch in one go: rows by `unnest`, and what is to be told. Locks
 * go conversations, tickets, work items, agents. No statement joins a table with a list, for the reason given in moves.ts.
 */
import { type LockedMoves, lockToMove, moveConversations } from '../core/conversations/moves.ts'
import { snoozeConversations } from '../core/conversations/snooze.ts'
import { markTransfers } from '../core/conversations/transfers.ts'
import { moveTickets } from '../core/desk/ticket-moves.ts'
import { type Emission, emitAll } from '../core/events/outbox.ts'
import type { Offer, Presence } from '../core/events/shapes.ts'
import type { Tx } from '../core/platform/database.ts'
import { textArray } from '../core/platform/text-array.ts'
import { together } from '../core/platform/together.ts'
import { changes } from './engine.ts'
import type { Flows } from './flows.ts'
import { giveUp } from './giving-up.ts'
import { writeJournal } from './journal-writing.ts'
import type { Ledger } from './ledger.ts'
import type { AgentRecord, Changes } from './model.ts'
import { shownPresence, subjectColumns } from './tenants.ts'
import { writeWaits } from './waits.ts'

interface Entry {
  readonly ledger: Ledger
  readonly tenantId: string
  readonly changed: Changes
}

/** Writes what the ledgers hold; what is to be told of a row goes behind that row. Afterwards they are spent. */
export async function write(tx: Tx, ledgers: readonly Ledger[], flows: Flows): Promise<void> {
  const entries = ledgers
    .map((ledger): Entry => ({ ledger, tenantId: ledger.tenant.tenantId, changed: changes(ledger.tenant.state) }))
    .sort((a, b) => (a.tenantId < b.tenantId ? -1 : 1))
  const locked = await lockToMove(
    tx,
    all(ledgers, ({ moves }) => moves),
  )
  const moving = moveAll(tx, ledgers, locked)
  // What takes several questions must have its locks before items are locked.
  if (ledgers.some(({ ticketMoves, snoozes, transfers }) => ticketMoves.size + snoozes.size + transfers.size > 0)) {
    await moving
  }
  const agents = changedAgents(entries)
  // Sent one behind the other, in this order, without waiting for each answer; what moved is told while the rest is being stored.
  await together([
    moving.then((moved) => emitAll(tx, moved)),
    writeItems(tx, entries),
    writeAgents(tx, agents),
    writeTenants(tx, entries),
    writeAssignments(tx, entries),
    writeOffers(tx, entries).then((offers) => emitAll(tx, offers)),
    writeWaits(tx, ledgers, flows),
    writeJournal(tx, ledgers),
    writeOutcomes(tx, entries),
    emitAll(tx, agents.flatMap(announce)),
  ])
  for (const { tenantId, ledger } of entries) await giveUp(tx, tenantId, ledger.givenUp)
}

/** Conversations and tickets that change hands or are set aside; answers with what is to be told of them. */
async function moveAll(tx: Tx, ledgers: readonly Ledger[], locked: LockedMoves): Promise<Emission[]> {
  const moved = await moveConversations(tx, locked)
  const given = await moveTickets(
    tx,
    all(ledgers, ({ ticketMoves }) => ticketMoves),
  )
  const snoozed = await snoozeConversations(
    tx,
    all(ledgers, ({ snoozes }) => snoozes),
  )
  const transferred = await markTransfers(
    tx,
    all(ledgers, ({ transfers }) => transfers),
  )
  return [...moved, ...snoozed, ...transferred, ...given]
}

function all<T>(ledgers: readonly Ledger[], pick: (ledger: Ledger) => ReadonlyMap<string, T>): T[] {
  return ledgers.flatMap((ledger) => [...pick(ledger).values()])
}

async function writeItems(tx: Tx, entries: readonly Entry[]): Promise<void> {
  const items = entries.flatMap(({ ledger, tenantId, changed }) =>
    changed.items.map((record) => ({
      tenantId,
      record,
      entry: ledger.entries.get(record.id),
      passes: ledger.passes.get(record.id),
    })),
  )
  if (items.length === 0) return
  await tx.run(
    `insert into work_items (tenant_id, id, conversation_id, ticket_id, group_id, state, agent_id, record, entry, passes)
     select t, i, c, k, g, s, a, r::json, e::jsonb, p::jsonb
       from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[])
            as u (t, i, c, k, g, s, a, r, e, p)
     on conflict (tenant_id, id) do update
        set group_id = excluded.group_id, state = excluded.state, agent_id = excluded.agent_id, record = excluded.record,
            passes = case when excluded.passes is null then work_items.passes else coalesce(work_items.passes, '[]') || excluded.passes end,
            updated_at = now()`,
    textArray(items.map(({ tenantId }) => tenantId)),
    textArray(items.map(({ record }) => record.id)),
    textArray(items.map(({ record }) => subjectColumns(record.id).conversationId)),
    textArray(items.map(({ record }) => subjectColumns(record.id).ticketId)),
    textArray(items.map(({ record }) => record.groupId)),
    textArray(items.map(({ record }) => record.state)),
    textArray(items.map(({ record }) => record.agentId ?? null)),
    textArray(items.map(({ record }) => JSON.stringify(record))),
    textArray(items.map(({ entry }) => (entry === undefined ? null : JSON.stringify(entry)))),
    textArray(items.map(({ passes }) => (passes === undefined ? null : JSON.stringify(passes)))),
  )
}

interface ChangedAgent {
  readonly ledger: Ledger
  readonly tenantId: string
  readonly record: AgentRecord
  readonly shown: Presence
}

function changedAgents(entries: readonly Entry[]): ChangedAgent[] {
  return entries.flatMap(({ ledger, tenantId, changed }) =>
    changed.agents.map((record) => ({ ledger, tenantId, record, shown: presenceOf(ledger, record) })),
  )
}

async function writeAgents(tx: Tx, agents: readonly ChangedAgent[]): Promise<void> {
  if (agents.length === 0) return
  await tx.run(
    `insert into agent_states (tenant_id, agent_id, presence, reason, used, hard_max, record, config)
     select t, a, p, w, n, h, r::json, c::json
       from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::int[], $6::int[], $7::text[], $8::text[])
            as u (t, a, p, w, n, h, r, c)
     on conflict (tenant_id, agent_id) do update
        set presence = excluded.presence, reason = excluded.reason, used = excluded.used, hard_max = excluded.hard_max,
            record = excluded.record, config = coalesce(excluded.config, agent_states.config), updated_at = now()`,
    textArray(agents.map(({ tenantId }) => tenantId)),
    textArray(agents.map(({ record }) => record.id)),
    textArray(agents.map(({ shown }) => shown.state)),
    textArray(agents.map(({ shown }) => shown.reason)),
    agents.map(({ record }) => record.used),
    agents.map(({ ledger, record }) => ceiling(ledger, record)),
    textArray(agents.map(({ record }) => JSON.stringify(record))),
    textArray(agents.map(({ ledger, record }) => storedConfig(ledger, record.id))),
  )
}

function presenceOf(ledger: Ledger, record: AgentRecord): Presence {
  const capacity = ledger.tenant.members.get(record.id)?.capacity ?? 0
  const shown = shownPresence(record, capacity)
  return record.removed ? { ...shown, state: 'offline', reason: null, used: 0 } : shown
}

/** What use may reach: the configured bound, or, above a bound that was lowered, no more than is in use still. */
function ceiling(ledger: Ledger, record: AgentRecord): number {
  const { ceilings, members } = ledger.tenant
  const next = Math.max(members.get(record.id)?.hardMax ?? 0, Math.min(record.used, ceilings.get(record.id) ?? 0))
  ceilings.set(record.id, next)
  return next
}

/** The configuration, where it must be stored anew: unchanged ones stay as they are. */
function storedConfig(ledger: Ledger, agentId: string): string | null {
  if (!ledger.reconfigured.has(agentId)) return null
  return JSON.stringify(ledger.tenant.members.get(agentId) ?? { id: agentId, capacity: 0 })
}

/** Tells of a presence that is not as it was last shown. Somebody new who is offline is no news. */
function announce({ ledger, tenantId, record, shown }: ChangedAgent): Emission[] {
  const before = ledger.tenant.shown.get(record.id)
  if (record.removed) ledger.tenant.shown.delete(record.id)
  else ledger.tenant.shown.set(record.id, shown)
  const isNews =
    before === undefined
      ? shown.state !== 'offline' || shown.used > 0
      : JSON.stringify(before) !== JSON.stringify(shown)
  return isNews ? [{ type: 'member.presence', tenantId, subject: record.id, data: shown }] : []
}

async function writeTenants(tx: Tx, entries: readonly Entry[]): Promise<void> {
  await tx.run(
    `insert into routing_states (tenant_id, record, groups)
     select t, r::json, g::json from unnest($1::text[], $2::text[], $3::text[]) as u (t, r, g)
     on conflict (tenant_id) do update set record = excluded.record, groups = coalesce(excluded.groups, routing_states.groups)`,
    entries.map(({ tenantId }) => tenantId),
    entries.map(({ changed }) => JSON.stringify(changed.tenant)),
    entries.map(({ ledger }) => (ledger.regrouped ? JSON.stringify([...ledger.tenant.groups.values()]) : null)),
  )
}

async function writeAssignments(tx: Tx, entries: readonly Entry[]): Promise<void> {
  const over = entries.flatMap(({ ledger, tenantId }) =>
    [...ledger.released].map(([itemId, end]) => ({ tenantId, itemId, end })),
  )
  const ending =
    over.length > 0 &&
    tx.run(
      `update assignments set ended_at = $3, end_reason = $4::jsonb->>item_id
        where tenant_id = any($1) and item_id = any($2) and ended_at is null`,
      tenantsOf(over),
      over.map(({ itemId }) => itemId),
      now(entries),
      JSON.stringify(Object.fromEntries(over.map(({ itemId, end }) => [itemId, end]))),
    )
  const made = entries.flatMap(({ ledger, tenantId, changed }) => {
    const weights = new Map(changed.items.map((record) => [record.id, record.weight]))
    return [...ledger.made.values()]
      .flat()
      .map((assignment) => ({ tenantId, assignment, weight: weights.get(assignment.itemId) ?? 1 }))
  })
  const making =
    made.length > 0 &&
    tx.run(
      `insert into assignments (tenant_id, item_id, conversation_id, ticket_id, group_id, agent_id, weight, why, started_at, ended_at, end_reason)
     select t, i, c, k, g, a, w, y::jsonb, $10::timestamptz, case when e is not null then $10::timestamptz end, e
       from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::int[], $8::text[], $9::text[])
            as u (t, i, c, k, g, a, w, y, e)`,
      textArray(made.map(({ tenantId }) => tenantId)),
      textArray(made.map(({ assignment }) => assignment.itemId)),
      textArray(made.map(({ assignment }) => subjectColumns(assignment.itemId).conversationId)),
      textArray(made.map(({ assignment }) => subjectColumns(assignment.itemId).ticketId)),
      textArray(made.map(({ assignment }) => assignment.groupId)),
      textArray(made.map(({ assignment }) => assignment.agentId)),
      made.map(({ weight }) => weight),
      textArray(made.map(({ assignment }) => JSON.stringify(assignment.why))),
      textArray(made.map(({ assignment }) => assignment.end ?? null)),
      now(entries),
    )
  await together([ending, making])
}

interface OfferRow extends Omit<Offer, 'expiresAt' | 'createdAt'> {
  readonly tenantId: string
  readonly engineId: string
  readonly expiresAt: Date
  readonly createdAt: Date
}

const offerColumns = `o.tenant_id, o.engine_id, o.id, o.conversation_id, o.ticket_id, o.agent_id as member_id, o.group_id, o.state, o.reason, o.why, o.expires_at, o.created_at`

/** Offers that were made and taken back within one transaction are kept for the record, and nobody is told. */
async function writeOffers(tx: Tx, entries: readonly Entry[]): Promise<Emission[]> {
  const made = entries.flatMap(({ ledger, tenantId }) =>
    [...ledger.offers.values()].map((offer) => ({ tenantId, offer })),
  )
  const ended = entries.flatMap(({ ledger, tenantId }) =>
    [...ledger.ended].map(([engineId, end]) => ({ tenantId, engineId, end })),
  )
  const causes = new Map([
    ...made.map(({ offer }) => [offer.engineId, offer.causationId] as const),
    ...ended.map(({ engineId, end }) => [engineId, end.causationId] as const),
  ])
  const [, over, open] = await together([
    keepOffers(tx, entries),
    ended.length === 0 ? [] : endOffers(tx, entries, ended),
    made.length === 0 ? [] : insertOffers(tx, entries, made),
  ])
  return [
    ...over.map((row) => offerEvent('offer.ended', row, causes.get(row.engineId))),
    ...open.filter((row) => row.state === 'open').map((row) => offerEvent('offer.made', row, causes.get(row.engineId))),
  ]
}

/** Those who are asked look into it: their console counts down to another time. */
async function keepOffers(tx: Tx, entries: readonly Entry[]): Promise<void> {
  const kept = entries.flatMap(({ ledger, tenantId }) =>
    [...ledger.keptOffers].map(([engineId, at]) => ({ tenantId, engineId, at: new Date(at).toISOString() })),
  )
  if (kept.length === 0) return
  await tx.run(
    `update offers o set expires_at = k.at::timestamptz from unnest($1::text[], $2::text[], $3::text[]) as k (tenant_id, engine_id, at)
      where o.tenant_id = k.tenant_id and o.engine_id = k.engine_id and o.state = 'open'`,
    kept.map(({ tenantId }) => tenantId),
    kept.map(({ engineId }) => engineId),
    kept.map(({ at }) => at),
  )
}

function endOffers(
  tx: Tx,
  entries: readonly Entry[],
  ended: readonly { tenantId: string; engineId: string; end: { state: string; reason: string | null } }[],
): Promise<OfferRow[]> {
  return tx.query<OfferRow>(
    `update offers o set state = $3::jsonb->o.engine_id->>'state', reason = $3::jsonb->o.engine_id->>'reason', ended_at = $4
      where o.tenant_id = any($1) and o.engine_id = any($2) and o.state = 'open' returning ${offerColumns}`,
    tenantsOf(ended),
    ended.map(({ engineId }) => engineId),
    JSON.stringify(Object.fromEntries(ended.map(({ engineId, end }) => [engineId, end]))),
    now(entries),
  )
}

function insertOffers(
  tx: Tx,
  entries: readonly Entry[],
  made: readonly { tenantId: string; offer: Ledger['offers'] extends Map<string, infer O> ? O : never }[],
): Promise<OfferRow[]> {
  return tx.query<OfferRow>(
    `insert into offers as o (tenant_id, id, engine_id, item_id, conversation_id, ticket_id, agent_id, group_id, state, reason, why, expires_at, created_at, ended_at)
     select t, d, e, i, c, k, a, g, s, r, y::jsonb, x::timestamptz, $13::timestamptz, case when s <> 'open' then $13::timestamptz end
       from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[])
            as u (t, d, e, i, c, k, a, g, s, r, y, x)
     returning ${offerColumns}`,
    made.map(({ tenantId }) => tenantId),
    made.map(({ offer }) => offer.id),
    made.map(({ offer }) => offer.engineId),
    made.map(({ offer }) => offer.itemId),
    made.map(({ offer }) => subjectColumns(offer.itemId).conversationId),
    made.map(({ offer }) => subjectColumns(offer.itemId).ticketId),
    made.map(({ offer }) => offer.agentId),
    made.map(({ offer }) => offer.groupId),
    made.map(({ offer }) => offer.end?.state ?? 'open'),
    made.map(({ offer }) => offer.end?.reason ?? null),
    made.map(({ offer }) => JSON.stringify(offer.why)),
    made.map(({ offer }) => new Date(offer.expiresAt).toISOString()),
    now(entries),
  )
}

function offerEvent(type: 'offer.made' | 'offer.ended', row: OfferRow, causationId: string | undefined): Emission {
  const { tenantId, engineId: _, expiresAt, createdAt, ...offer } = row
  return {
    type,
    tenantId,
    // With its conversation's other events, so that everybody hears of both in one order.
    subject: offer.conversationId ?? offer.ticketId ?? offer.id,
    data: { offer: { ...offer, expiresAt: expiresAt.toISOString(), createdAt: createdAt.toISOString() } },
    ...(causationId !== undefined && { causationId }),
  }
}

async function writeOutcomes(tx: Tx, entries: readonly Entry[]): Promise<void> {
  const outcomes = entries.flatMap(({ ledger, tenantId }) =>
    [...ledger.outcomes].map(([id, outcome]) => ({ tenantId, id, outcome })),
  )
  if (outcomes.length === 0) return
  await tx.run(
    `update commands set outcome = $3::jsonb->id, decided_at = clock_timestamp()
      where tenant_id = any($1) and id = any($2) and outcome is null`,
    tenantsOf(outcomes),
    outcomes.map(({ id }) => id),
    JSON.stringify(Object.fromEntries(outcomes.map(({ id, outcome }) => [id, outcome]))),
  )
}

function tenantsOf(rows: readonly { readonly tenantId: string }[]): string[] {
  return [...new Set(rows.map((row) => row.tenantId))]
}

function now(entries: readonly Entry[]): string {
  return new Date(entries[0]?.ledger.at ?? 0).toISOString()
}
