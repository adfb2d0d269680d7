/** What a call should be told, as its conversation stands: whose phone is to ring, who has it no longer. Pure. */
import type { Conversation } from '../events/shapes.ts'
import { type AgentLeg, type CallNews, type CallRecord, talkingLeg } from './machine.ts'

/** What routing and people have made of the call's conversation. */
export interface Standing {
  readonly status: Conversation['status']
  readonly heldBy: Conversation['heldBy']
  readonly assigneeId: string | null
  /** Since when, in ms. */
  readonly assignedAt: number | null
  /** In whose line it stands while its holder keeps it. */
  readonly transferGroupId: string | null
  readonly offers: readonly { readonly id: string; readonly memberId: string; readonly state: string }[]
  /** Phones of members, by member. */
  readonly phones: Readonly<Record<string, string>>
}

/** `give`: a caller who was handed over is to be theirs, or the group's, by routing's word too. `pass-on`: the phone of whoever is to have the call does not answer, or there is none. */
export type Wish =
  | { readonly wish: 'tell'; readonly news: CallNews }
  | { readonly wish: 'give'; readonly memberId: string; readonly offerId: string | null }
  | { readonly wish: 'give-back'; readonly groupId: string | null }
  | { readonly wish: 'pass-on'; readonly memberId: string; readonly offerId: string | null }

const agentsStates: ReadonlySet<CallRecord['state']> = new Set([
  'queued',
  'offered',
  'talking',
  'held',
  'consulting',
  'conference',
])

interface Wanted {
  readonly memberId: string
  readonly offerId: string | null
  /** Only what was tried since then counts. */
  readonly since: number
}

/** `newLeg` names a phone that is rung. */
export function wishesOf(record: CallRecord, standing: Standing, newLeg: () => string): Wish[] {
  // What is no agent's affair (yet, or any more) has nothing to follow.
  if (!agentsStates.has(record.state)) return []
  if (standing.status !== 'open') return [{ wish: 'tell', news: { type: 'closed', by: 'hub' } }]
  const talking = talkingLeg(record)
  if (talking?.memberId === null) return []
  const { handed } = record
  const isHanded = handed !== undefined && standing.heldBy === 'agent' && standing.assigneeId === handed.from
  // Whoever has it by routing's word alone is not rung for it.
  const wanted = isHanded ? offeredTo(standing) : wantedOf(standing)
  const wishes: Wish[] = record.legs.flatMap((leg) => withdrawn(leg, wanted, standing))
  if (isHanded) {
    const give = giving(record, handed, standing)
    if (give !== undefined) return [...wishes, give]
  }
  if (isForNobody(record, standing)) wishes.push({ wish: 'tell', news: { type: 'consult-over', outcome: 'nobody' } })
  if (talking !== undefined && standing.heldBy === 'queue') wishes.push({ wish: 'tell', news: { type: 'returned' } })
  for (const one of wanted) {
    if (one.memberId === talking?.memberId) continue
    const wish = ring(record, one, standing, newLeg)
    if (wish !== undefined) wishes.push(wish)
  }
  return wishes
}

function offeredTo({ offers }: Standing): Wanted[] {
  const open = offers.filter(({ state }) => state === 'open')
  return open.map(({ id, memberId }): Wanted => ({ memberId, offerId: id, since: 0 }))
}

/** To whom goes a caller who was handed over; undefined while somebody is asked for it. */
function giving(record: CallRecord, handed: NonNullable<CallRecord['handed']>, standing: Standing): Wish | undefined {
  const leg = record.legs.find(({ id, state }) => id === handed.leg && state === 'talking')
  const offer = standing.offers.find(({ id, state }) => id === leg?.offerId && state === 'open')
  if (leg?.memberId != null) return { wish: 'give', memberId: leg.memberId, offerId: offer?.id ?? null }
  const isAsked = offeredTo(standing).length > 0 || record.legs.some(({ state }) => state === 'ringing')
  return isAsked ? undefined : { wish: 'give-back', groupId: handed.groupId ?? null }
}

/** An agent asks somebody whom routing does not look for any more. */
function isForNobody({ consult, legs }: CallRecord, standing: Standing): boolean {
  if (consult === undefined || consult.leg !== undefined || consult.to.number !== undefined) return false
  const asker = legs.find(({ id }) => id === consult.by)
  if (asker?.memberId !== standing.assigneeId) return false
  return standing.transferGroupId === null && offeredTo(standing).length === 0
}

/** Whom it is offered to, and whose it is already. */
function wantedOf(standing: Standing): Wanted[] {
  const { heldBy, assigneeId, assignedAt } = standing
  const wanted = offeredTo(standing)
  if (heldBy !== 'agent' || assigneeId === null || wanted.some(({ memberId }) => memberId === assigneeId)) return wanted
  return [...wanted, { memberId: assigneeId, offerId: null, since: assignedAt ?? 0 }]
}

function withdrawn(leg: AgentLeg, wanted: readonly Wanted[], { offers }: Standing): Wish[] {
  if (leg.state !== 'ringing' || leg.memberId === null || wanted.some(({ memberId }) => memberId === leg.memberId))
    return []
  const offer = offers.find(({ id }) => id === leg.offerId)
  const outcome = offer?.state === 'expired' ? 'no-answer' : 'withdrawn'
  return [{ wish: 'tell', news: { type: 'unanswered', leg: leg.id, outcome } }]
}

function ring(record: CallRecord, one: Wanted, { phones }: Standing, newLeg: () => string): Wish | undefined {
  const { memberId, offerId, since } = one
  const tried = record.legs.filter(
    (leg) =>
      leg.memberId === memberId &&
      (offerId === null ? leg.rangAt >= since || leg.state !== 'ended' : leg.offerId === offerId),
  )
  const extension = phones[memberId]
  if (tried.some(({ state }) => state !== 'ended')) return undefined
  // The phone has said no to this offer, which was told to routing.
  if (tried.length > 0 && offerId !== null) return undefined
  if (tried.length > 0 || extension === undefined) return { wish: 'pass-on', memberId, offerId }
  return { wish: 'tell', news: { type: 'rung', leg: newLeg(), memberId, extension, offerId } }
}
