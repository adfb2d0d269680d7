/**
 * What one transaction decides for one tenant, gathered until it is written (writing.ts): the engine is told events, and
 * each of its decisions is noted in the terms of our tables.
 */
import type { Move } from '../core/conversations/moves.ts'
import type { Snooze } from '../core/conversations/snooze.ts'
import type { Transfer } from '../core/conversations/transfers.ts'
import type { TicketMove } from '../core/desk/ticket-moves.ts'
import { newId } from '../core/platform/ids.ts'
import type { Outcome } from './commands.ts'
import { apply } from './engine.ts'
import type { EntryRecord } from './entry.ts'
import { itemIn } from './look.ts'
import type { Decision, EngineEvent, OverflowCause, Records, ReleaseReason } from './model.ts'
import { recordsOf } from './records.ts'
import { CLOSE, isConsult, isTicket, type RoutedTenant, subjectOf } from './tenants.ts'

export interface MadeOffer {
  readonly id: string
  readonly engineId: string
  readonly itemId: string
  readonly agentId: string
  readonly groupId: string
  readonly expiresAt: number
  readonly why: unknown
  readonly causationId: string | undefined
  end?: OfferEnd
}

export interface OfferEnd {
  readonly state: 'accepted' | 'declined' | 'expired' | 'rescinded'
  readonly reason: string | null
  readonly causationId: string | undefined
}

export interface MadeAssignment {
  readonly itemId: string
  readonly groupId: string
  readonly agentId: string
  readonly why: unknown
  /** Why the agent holds it no longer. */
  end?: AssignmentEnd
}

/** `repaired`: the tables did not agree, and have been mended. */
export type AssignmentEnd = ReleaseReason | 'repaired'

/** A skill group could not serve an item. */
export interface Pass {
  /** In ms. */
  readonly at: number
  readonly groupId: string
  readonly cause: OverflowCause
  readonly to: 'group' | 'pool' | 'end'
  readonly toGroupId?: string
}

export interface Ledger {
  readonly tenant: RoutedTenant
  /** The time of this transaction's events, in ms. */
  readonly at: number
  /** The event or command that is being handled. */
  causationId: string | undefined
  /** What the agent gave as the reason, while a decline is being handled. */
  declineReason: string | undefined
  readonly moves: Map<string, Move>
  /** Tickets that change hands. */
  readonly ticketMoves: Map<string, TicketMove>
  readonly snoozes: Map<string, Snooze>
  /** Conversations that are handed on while their holder keeps them, or no longer. */
  readonly transfers: Map<string, Transfer>
  readonly made: Map<string, MadeAssignment[]>
  /** Items whose stored assignment ends, and why. */
  readonly released: Map<string, AssignmentEnd>
  readonly offers: Map<string, MadeOffer>
  /** Until when offers stay open that were made earlier, by the engine's name of them: in ms. */
  readonly keptOffers: Map<string, number>
  /** Ends of offers that were made earlier, by the engine's name of them. */
  readonly ended: Map<string, OfferEnd>
  readonly outcomes: Map<string, Outcome>
  /** Conversations that nobody could be found for, to be closed. */
  readonly givenUp: Set<string>
  /** Conversations that have to wait, and items that somebody took. */
  readonly queued: Set<string>
  readonly taken: Set<string>
  /** Items that a group could not serve, each time in turn. */
  readonly passes: Map<string, Pass[]>
  /** How new items came into their groups. */
  readonly entries: Map<string, EntryRecord>
  regrouped: boolean
  /** Members whose configuration the engine holds anew. */
  readonly reconfigured: Set<string>
  decisions: number
  /** What the engine was told and what it decided, for the journal. */
  readonly told: EngineEvent[]
  readonly decided: Decision[]
  /** The state before, if it is the first of its day. */
  snapshot: Records | undefined
}

export function openLedger(tenant: RoutedTenant, at: number): Ledger {
  return {
    tenant,
    at,
    causationId: undefined,
    declineReason: undefined,
    moves: new Map(),
    ticketMoves: new Map(),
    snoozes: new Map(),
    transfers: new Map(),
    made: new Map(),
    released: new Map(),
    offers: new Map(),
    keptOffers: new Map(),
    ended: new Map(),
    outcomes: new Map(),
    givenUp: new Set(),
    queued: new Set(),
    taken: new Set(),
    passes: new Map(),
    entries: new Map(),
    regrouped: false,
    reconfigured: new Set(),
    decisions: 0,
    told: [],
    decided: [],
    snapshot: undefined,
  }
}

type Untimed<T> = T extends EngineEvent ? Omit<T, 'at'> : never

/** Tells the engine, notes what it decides, and answers with it. */
export function tell(ledger: Ledger, event: Untimed<EngineEvent>): Decision[] {
  if (ledger.told.length === 0) ledger.snapshot = snapshotOf(ledger)
  const told = { ...event, at: ledger.at } as EngineEvent
  const decisions = apply(ledger.tenant.state, told)
  ledger.told.push(told)
  ledger.decided.push(...decisions)
  for (const decision of decisions) note(ledger, decision)
  return decisions
}

/** Undefined when the day has one, or it would be too large. */
function snapshotOf({ tenant, at }: Ledger): Records | undefined {
  const day = dayOf(at)
  if (tenant.snapshotDay === day) return undefined
  tenant.snapshotDay = day
  if (tenant.state.items.size > largestSnapshot) return undefined
  return { ...recordsOf(tenant.state), groups: [...tenant.groups.values()], members: [...tenant.members.values()] }
}

/** The day (UTC) of a moment in ms, as `2026-11-28`. */
export function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10)
}

/** States with more items are not kept: copying them would hold routing up. */
const largestSnapshot = 50_000

/** Has the conversation follow what was decided; the last decision of a transaction is what counts. */
export function move(ledger: Ledger, conversationId: string, memberId: string | null, groupId: string | null): void {
  const { tenant, causationId } = ledger
  ledger.snoozes.delete(conversationId)
  ledger.moves.set(conversationId, {
    tenantId: tenant.tenantId,
    conversationId,
    memberId,
    groupId,
    ...(causationId !== undefined && { causationId }),
  })
}

/** A ticket's first move of a transaction says from whom; the last says to whom. */
function moveTicket(ledger: Ledger, ticketId: string, hand: { from?: string; to?: string }, groupId: string): void {
  const { tenant, causationId } = ledger
  const before = ledger.ticketMoves.get(ticketId)
  ledger.ticketMoves.set(ticketId, {
    tenantId: tenant.tenantId,
    ticketId,
    from: before === undefined ? (hand.from ?? null) : before.from,
    to: hand.to ?? null,
    groupId,
    ...(causationId !== undefined && { causationId }),
  })
}

/** Has the conversation be set aside, or (null) awake again; moving it undoes that. */
export function snooze(ledger: Ledger, conversationId: string, asleep: Snooze['asleep']): void {
  const { tenant, causationId } = ledger
  ledger.snoozes.set(conversationId, {
    tenantId: tenant.tenantId,
    conversationId,
    asleep,
    ...(causationId !== undefined && { causationId }),
  })
}

/** In whose line it stands while its holder keeps it; null: in none any longer. */
function noteTransfer(ledger: Ledger, itemId: string, groupId: string | null): void {
  const { tenant, causationId } = ledger
  const conversationId = subjectOf(itemId)
  ledger.transfers.set(conversationId, {
    tenantId: tenant.tenantId,
    conversationId,
    groupId,
    ...(causationId !== undefined && { causationId }),
  })
}

/** It waits in this group now, and nobody has it. */
function moveOn(ledger: Ledger, itemId: string, groupId: string): void {
  if (isConsult(itemId)) noteTransfer(ledger, itemId, groupId)
  else if (isTicket(itemId)) moveTicket(ledger, subjectOf(itemId), {}, groupId)
  else move(ledger, subjectOf(itemId), null, groupId)
}

function isConversation(itemId: string): boolean {
  return !isTicket(itemId) && !isConsult(itemId)
}

function note(ledger: Ledger, decision: Decision): void {
  switch (decision.type) {
    case 'offer':
      ledger.decisions++
      ledger.offers.set(decision.offerId, {
        id: newId('ofr'),
        engineId: decision.offerId,
        itemId: decision.itemId,
        agentId: decision.agentId,
        groupId: decision.groupId,
        expiresAt: decision.expiresAt,
        why: decision.why,
        causationId: ledger.causationId,
      })
      return
    case 'rescind':
      endOffer(ledger, decision.offerId, endState(decision.reason), decision.reason)
      return
    case 'considered': {
      const made = ledger.offers.get(decision.offerId)
      if (made === undefined) ledger.keptOffers.set(decision.offerId, decision.expiresAt)
      else ledger.offers.set(decision.offerId, { ...made, expiresAt: decision.expiresAt })
      return
    }
    case 'assign':
      noteAssign(ledger, decision)
      return
    case 'release':
      noteRelease(ledger, decision)
      return
    case 'queued':
      if (!isTicket(decision.itemId)) ledger.queued.add(decision.itemId)
      return
    case 'requeue':
      moveOn(ledger, decision.itemId, decision.groupId)
      // It may have been put off, and stood in this group all the time.
      if ((decision.reason === 'due' || decision.reason === 'moved') && isConversation(decision.itemId))
        snooze(ledger, subjectOf(decision.itemId), null)
      return
    case 'overflow':
      notePass(ledger, decision)
      if (decision.handler.to === 'group') moveOn(ledger, decision.itemId, decision.handler.groupId)
      return
    case 'woken':
      if (!isTicket(decision.itemId)) snooze(ledger, subjectOf(decision.itemId), null)
      return
    case 'consulting':
      noteTransfer(ledger, decision.itemId, decision.groupId)
      return
    case 'ended':
      if (isConsult(decision.itemId)) {
        noteTransfer(ledger, decision.itemId, null)
        if (decision.agentId !== undefined) ledger.taken.add(decision.itemId)
        return
      }
      if (decision.action === CLOSE && !isTicket(decision.itemId)) ledger.givenUp.add(subjectOf(decision.itemId))
      forget(ledger.tenant, decision.itemId)
      return
    default:
  }
}

function notePass(ledger: Ledger, { itemId, groupId, cause, handler }: Extract<Decision, { type: 'overflow' }>): void {
  const pass = { at: ledger.at, groupId, cause, to: handler.to }
  const made = handler.to === 'group' ? { ...pass, toGroupId: handler.groupId } : pass
  ledger.passes.set(itemId, [...(ledger.passes.get(itemId) ?? []), made])
}

function noteAssign(ledger: Ledger, decision: Extract<Decision, { type: 'assign' }>): void {
  const { itemId, agentId, groupId, cause, offerId, why } = decision
  ledger.decisions++
  if (offerId !== undefined) endOffer(ledger, offerId, 'accepted', null)
  const made = ledger.made.get(itemId) ?? []
  made.push({ itemId, groupId, agentId, why: { cause, ...why } })
  ledger.taken.add(itemId)
  ledger.made.set(itemId, made)
  if (isTicket(itemId)) moveTicket(ledger, subjectOf(itemId), { to: agentId }, groupId)
  else move(ledger, subjectOf(itemId), agentId, groupId)
}

function noteRelease(ledger: Ledger, { itemId, agentId, reason }: Extract<Decision, { type: 'release' }>): void {
  const group = itemIn(ledger.tenant.state, itemId)?.groupId
  if (isTicket(itemId) && group !== undefined && reason !== 'ended') {
    moveTicket(ledger, subjectOf(itemId), { from: agentId }, group)
  }
  const last = ledger.made.get(itemId)?.at(-1)
  if (last === undefined) ledger.released.set(itemId, reason)
  else last.end = reason
}

function endState(reason: string): OfferEnd['state'] {
  return reason === 'declined' || reason === 'expired' ? reason : 'rescinded'
}

function endOffer(ledger: Ledger, engineId: string, state: OfferEnd['state'], reason: string | null): void {
  const told = state === 'declined' ? (ledger.declineReason ?? null) : state === 'rescinded' ? reason : null
  const end = { state, reason: told, causationId: ledger.causationId }
  const made = ledger.offers.get(engineId)
  if (made === undefined) ledger.ended.set(engineId, end)
  else made.end = end
}

function forget(tenant: RoutedTenant, itemId: string): void {
  const subject = subjectOf(itemId)
  if (tenant.items.get(subject) === itemId) tenant.items.delete(subject)
}
