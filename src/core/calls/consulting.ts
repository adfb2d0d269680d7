/** An agent asks somebody else while the caller waits (咨询), and what comes of it: the caller goes to them, stays, or all three talk. Pure. */
import { nothing, settled, to, unheld } from './ending.ts'
import {
  type AgentLeg,
  type CallCommand,
  type CallRecord,
  type Consulted,
  type ConsultTarget,
  closeConsult,
  type Step,
  talkingLeg,
  type Unanswered,
  unmuted,
  withLeg,
} from './record.ts'

/** The agent who talks wants to ask somebody; the caller hears music from now on, and the agent that somebody is called. */
export function consult(record: CallRecord, target: ConsultTarget, at: number): Step {
  const leg = talkingLeg(record)
  const isTalk = record.state === 'talking' || record.state === 'held'
  const isOnTheWay = record.referredBy !== undefined || record.legs.some(({ state }) => state === 'ringing')
  if (!isTalk || leg === undefined || leg.memberId === null || isOnTheWay) return nothing(record)
  // Those two hear each other.
  const heard: CallCommand[] = record.muted ? [{ do: 'mute', isMuted: false }] : []
  const next: CallRecord = {
    ...unmuted(record),
    state: 'consulting',
    heldSince: record.heldSince ?? at,
    consult: { by: leg.id, to: target, since: at },
  }
  return to(next, ...heard, ...(record.state === 'talking' ? [{ do: 'hold' } as const] : []), {
    do: 'aside',
    leg: leg.id,
  })
}

/** Whether that phone rings, or was picked up, for an agent who asks; not by routing's or a supervisor's will. */
export function isSecond({ consult }: CallRecord, leg: AgentLeg): boolean {
  return consult !== undefined && leg.id !== consult.by && (leg.memberId === null || leg.offerId !== null)
}

/** The two talk, and the caller waits on. Nobody else is asked. */
export function secondAnswered(record: CallRecord, id: string, at: number): Step {
  const { consult } = record
  if (consult === undefined) return nothing(record)
  const others = record.legs.filter((leg) => leg.state === 'ringing' && leg.id !== id && isSecond(record, leg))
  let next = withLeg(record, id, { state: 'consulting', consultedAt: at })
  for (const { id: other } of others) next = withLeg(next, other, { state: 'ended', endedAt: at, outcome: 'withdrawn' })
  return to(
    { ...next, consult: { ...consult, leg: id, answeredAt: at } },
    ...others.map((leg): CallCommand => ({ do: 'stop-ringing', leg: leg.id })),
    { do: 'meet', leg: id },
  )
}

/** Somebody who was asked does not come; a group asks the next by itself. `record` is as it stands without them. */
export function secondUnanswered(record: CallRecord, outcome: Unanswered, at: number): Step {
  const { consult } = record
  if (consult === undefined || consult.leg !== undefined || consult.to.groupId !== undefined) return to(record)
  return consultOver(record, outcome, at)
}

/**
 * The agent is alone again with a caller who waits on, or (`returned`, unless their phone `holds`) talks with them at once. Routing, where it has
 * somebody asked still, is told that it need not.
 */
export function consultOver(record: CallRecord, outcome: Consulted['outcome'], at: number, holds = false): Step {
  const { consult, segments } = record
  if (consult === undefined || outcome === null) return nothing(record)
  const asker = consult.by
  const { record: free, commands } = letSecondGo(record, outcome, at)
  const keep: CallCommand[] =
    consult.to.number === undefined && (outcome === 'returned' || outcome === 'left')
      ? [{ do: 'keep', leg: asker, ...(consult.leg !== undefined && { from: consult.leg }) }]
      : []
  if (record.state === 'conference') {
    const alone: CallRecord = { ...free, state: 'talking', segments: segments + 1 }
    return to(alone, ...commands, ...keep, { do: 'join', leg: asker, segment: segments + 1 })
  }
  const back: CallCommand[] = [...commands, ...keep, { do: 'back', leg: asker }]
  if (outcome !== 'returned' || holds) return to({ ...free, state: 'held' }, ...back)
  return to({ ...unheld(free, at), state: 'talking' }, ...back, { do: 'resume' })
}

/** All three hear each other. */
export function confer(record: CallRecord, at: number): Step {
  const { consult, segments } = record
  if (record.state !== 'consulting' || consult?.leg === undefined) return nothing(record)
  const next = withLeg(unheld(record, at), consult.leg, { answeredAt: at })
  return to({ ...next, state: 'conference', segments: segments + 1 }, { do: 'confer', segment: segments + 1 })
}

/** Whom the agent asked has the caller from now on. Routing follows (wishes.ts). */
export function handOver(record: CallRecord, at: number): Step {
  const { consult } = record
  const second = record.legs.find(({ id }) => id === consult?.leg)
  if (consult === undefined || second === undefined) return nothing(record)
  return given(record, consult.by, second, at, 'replaced')
}

/** The asker has hung up: the caller goes to whom they asked, also if those have not come yet. */
export function askerLeft(record: CallRecord, at: number): Step | undefined {
  const { consult, legs } = record
  const asker = legs.find(({ id }) => id === consult?.by)
  if (consult === undefined || asker === undefined || asker.memberId === null) return undefined
  const second = legs.find(({ id }) => id === consult.leg)
  if (second !== undefined) return given(record, consult.by, second, at, 'hung-up')
  if (record.direction === 'out') return undefined
  const left = withLeg(unheld(record, at), asker.id, { state: 'ended', endedAt: at, outcome: 'hung-up' })
  const { groupId } = consult.to
  const handed = { from: asker.memberId, ...(groupId !== undefined && { groupId }) }
  const next = { ...closeConsult(left, 'handed-over', at), handed }
  return to(settled(next), { do: 'release', leg: asker.id }, { do: 'wait' })
}

/** Everybody whom the agent asked is let go; the state is still as it was. */
export function letSecondGo(
  record: CallRecord,
  outcome: NonNullable<Consulted['outcome']>,
  at: number,
): { record: CallRecord; commands: CallCommand[] } {
  const open = record.legs.filter((leg) => leg.state !== 'ended' && isSecond(record, leg))
  let next = record
  for (const { id, state } of open) {
    next = withLeg(next, id, {
      state: 'ended',
      endedAt: at,
      outcome: state === 'ringing' ? 'withdrawn' : 'hung-up',
    })
  }
  const commands = open.map(
    ({ id, state }): CallCommand =>
      state === 'ringing' ? { do: 'stop-ringing', leg: id } : { do: 'release', leg: id },
  )
  return { record: closeConsult(next, outcome, at), commands }
}

function given(record: CallRecord, asker: string, second: AgentLeg, at: number, outcome: 'replaced' | 'hung-up'): Step {
  const from = record.legs.find(({ id }) => id === asker)?.memberId ?? ''
  const segments = record.segments + 1
  let next = withLeg(unheld(record, at), asker, { state: 'ended', endedAt: at, outcome })
  next = withLeg(next, second.id, { state: 'talking', answeredAt: second.answeredAt ?? at })
  next = { ...closeConsult(next, 'handed-over', at), state: 'talking', segments }
  if (second.memberId !== null) next = { ...next, handed: { from, leg: second.id } }
  return to(next, { do: 'release', leg: asker }, { do: 'join', leg: second.id, segment: segments })
}
