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
  readonly offers: readonly { readonly id: string; readonly memberId: string; readonly state: string }[]
  /** Phones of members, by member. */
  readonly phones: Readonly<Record<string, string>>
}

/** `pass-on`: the phone of whoever is to have the call does not answer, or there is none. */
export type Wish =
  | { readonly wish: 'tell'; readonly news: CallNews }
  | { readonly wish: 'pass-on'; readonly memberId: string; readonly offerId: string | null }

const agentsStates: ReadonlySet<CallRecord['state']> = new Set(['queued', 'offered', 'talking', 'held'])

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
  const wanted = wantedOf(standing)
  const wishes: Wish[] = record.legs.flatMap((leg) => withdrawn(leg, wanted, standing))
  if (talking !== undefined && standing.heldBy === 'queue') wishes.push({ wish: 'tell', news: { type: 'returned' } })
  for (const one of wanted) {
    if (one.memberId === talking?.memberId) continue
    const wish = ring(record, one, standing, newLeg)
    if (wish !== undefined) wishes.push(wish)
  }
  return wishes
}

/** Whom it is offered to, and whose it is already. */
function wantedOf({ heldBy, assigneeId, assignedAt, offers }: Standing): Wanted[] {
  const open = offers.filter(({ state }) => state === 'open')
  const wanted = open.map(({ id, memberId }): Wanted => ({ memberId, offerId: id, since: 0 }))
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
