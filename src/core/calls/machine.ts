/**
 * What becomes of a call: a pure state machine, told one event after the other. Its record follows from the events alone, so a call can be
 * rebuilt and every race replayed. It is total: an event that makes no sense (any more) changes nothing and says so.
 *
 * received → screening → menu → queued → offered → talking ⇄ held → survey → ended; besides: forwarding, voicemail, consulting, conference.
 * Out: received → offered (our phone) → dialling (theirs) → talking ⇄ held → ended.
 */
import { forwardFailed, go, leftMessage, pressed, silent, survey } from './asking.ts'
import {
  askerLeft,
  confer,
  consult,
  consultOver,
  handOver,
  isSecond,
  letSecondGo,
  secondAnswered,
  secondUnanswered,
} from './consulting.ts'
import { finish, nothing, settled, to, unheld } from './ending.ts'
import {
  type Beginning,
  type CallCommand,
  type CallEvent,
  type CallRecord,
  newCall,
  newLeg,
  type Step,
  talkingLeg,
  type Unanswered,
  unhanded,
  unmuted,
  unreferred,
  withLeg,
} from './record.ts'

export * from './record.ts'

/** Tells the machine one event. Who was muted is heard in the next talk. */
export function step(record: CallRecord, event: CallEvent): Step {
  const made = decide(record, event)
  const isAnother = made.record.segments !== record.segments || talkingLeg(made.record) === undefined
  return made.record.muted && !made.ignored && isAnother ? { ...made, record: unmuted(made.record) } : made
}

function decide(record: CallRecord, event: CallEvent): Step {
  const { state } = record
  const { at } = event
  if (state === 'ended') return late(record, event)
  switch (event.type) {
    case 'screened':
      return state === 'received' ? to({ ...record, state: 'screening' }) : nothing(record)
    case 'refused':
      if (state !== 'received' && state !== 'screening') return nothing(record)
      return finish(record, at, 'rejected', 'hub', [{ do: 'refuse', detail: event.detail }], event.detail)
    case 'queued':
      return state === 'screening' ? go(record, { to: 'queue' }, at) : nothing(record)
    case 'routed':
      return state === 'screening' ? go(record, event.target, at) : nothing(record)
    case 'rung':
      return ring(record, event) ?? nothing(record)
    case 'unanswered':
      return unanswered(record, event.leg, event.outcome, at)
    case 'answered':
      return answer(record, event)
    case 'connected':
      return connected(record, event.leg, at)
    case 'pressed':
      return pressed(record, event.key, at)
    case 'silent':
      return silent(record, event.question, at)
    case 'leaving':
      return state === 'voicemail' ? to({ ...record, voicemailAt: record.voicemailAt ?? at }) : nothing(record)
    case 'time-up':
      return state === 'voicemail' ? leftMessage(record, at) : nothing(record)
    case 'far-answered':
      return farAnswered(record, at)
    case 'far-unanswered':
      if (state !== 'dialling') return nothing(record)
      return finish(record, at, 'failed', 'caller', [{ do: 'hang-up' }], event.outcome)
    case 'held':
      if (state !== 'talking') return nothing(record)
      return to({ ...record, state: 'held', heldSince: at }, { do: 'hold' })
    case 'resumed':
      return state === 'held' ? to({ ...unheld(record, at), state: 'talking' }, { do: 'resume' }) : nothing(record)
    case 'muted':
    case 'unmuted':
      return mute(record, event.type === 'muted')
    case 'returned':
      return returned(record, at)
    case 'referred':
      if (record.consult !== undefined) return nothing(record)
      return talkingLeg(record)?.id === event.leg ? to({ ...record, referredBy: event.leg }) : nothing(record)
    case 'unreferred':
      return record.referredBy === event.leg ? to(unreferred(record)) : nothing(record)
    case 'consulting':
      return consult(record, event.to, at)
    case 'consult-over':
      return consultOver(record, event.outcome, at, event.holds)
    case 'joined':
      return confer(record, at)
    case 'handed-over':
      return handOver(record, at)
    case 'agent-left':
      return agentLeft(record, event.leg, at)
    case 'caller-left':
      return callerLeft(record, at)
    case 'closed':
      return close(record, event.by, at)
    case 'failed':
      return finish(record, at, 'failed', 'hub', [{ do: 'hang-up' }], event.detail)
    case 'interrupted':
      return finish(record, at, 'interrupted', 'hub', [{ do: 'hang-up' }])
  }
}

/** The record that events lead to. */
export function replay(at: number, events: readonly CallEvent[], beginning: Beginning = {}): CallRecord {
  return events.reduce((record, event) => step(record, event).record, newCall(at, beginning))
}

/** After the end only one thing is left to do: a phone that answered too late must be let go. */
function late(record: CallRecord, event: CallEvent): Step {
  const commands: CallCommand[] = event.type === 'answered' ? [{ do: 'release', leg: event.leg }] : []
  return { record, commands, ignored: true }
}

function ring(record: CallRecord, event: Extract<CallEvent, { type: 'rung' }>): Step | undefined {
  const { leg: id, memberId, at } = event
  const isOut = record.direction === 'out' && record.state === 'received'
  const takes = ['queued', 'offered', 'talking', 'held', 'consulting'].includes(record.state)
  if ((!isOut && !takes) || record.legs.some((leg) => leg.id === id)) return undefined
  // Those two talk already.
  if (record.consult?.leg !== undefined && (memberId === null || event.offerId !== null)) return undefined
  if (memberId !== null && record.legs.some((leg) => leg.memberId === memberId && leg.state !== 'ended'))
    return undefined
  const leg = newLeg({ ...event, id }, at)
  // Whoever has the caller has them by routing's word as well, where it has somebody else called.
  const known = talkingLeg(record) === undefined ? record : unhanded(record)
  return to(settled({ ...known, legs: [...record.legs, leg] }), { do: 'ring', leg: id })
}

function unanswered(record: CallRecord, id: string, outcome: Unanswered, at: number): Step {
  const leg = record.legs.find((one) => one.id === id)
  if (leg?.state !== 'ringing') return nothing(record)
  const without = withLeg(record, id, { state: 'ended', endedAt: at, outcome })
  // The number that the caller was handed on to does not take them; in a queue, the next of ours is on the way.
  const isBack = leg.memberId === null && talkingLeg(without)?.id === record.referredBy
  const left = isBack ? unreferred(without) : without
  const stop: CallCommand = { do: 'stop-ringing', leg: id }
  const isOut = record.direction === 'out' && talkingLeg(record) === undefined
  const step = isSecond(record, leg)
    ? secondUnanswered(left, outcome, at)
    : isOut
      ? finish(left, at, 'failed', 'agent', [{ do: 'hang-up' }], outcome)
      : record.state === 'forwarding'
        ? forwardFailed(left, outcome, at)
        : to(settled(left))
  return { ...step, commands: [stop, ...step.commands] }
}

/** Who answers has the caller; whoever had them before, and all phones that still ring, are let go. */
function answer(record: CallRecord, { leg: id, at }: Extract<CallEvent, { type: 'answered' }>): Step {
  const leg = record.legs.find((one) => one.id === id)
  if (leg === undefined) return nothing(record)
  if (leg.state !== 'ringing') {
    // It was called off while it answered: the answer crossed our withdrawal.
    const commands: CallCommand[] = leg.state === 'ended' ? [{ do: 'release', leg: id }] : []
    return { record, commands, ignored: true }
  }
  if (record.direction === 'out' && record.answeredAt === null && talkingLeg(record) === undefined) {
    const ours = withLeg(record, id, { state: 'talking', answeredAt: at, connectedAt: null })
    return to({ ...ours, state: 'dialling' }, { do: 'call' })
  }
  if (isSecond(record, leg)) return secondAnswered(record, id, at)
  const { record: alone, commands: letGo } = letSecondGo(unhanded(record), 'ended', at)
  const before = talkingLeg(alone)
  const others = alone.legs.filter((one) => one.state === 'ringing' && one.id !== id)
  let next = unheld(alone, at)
  if (before !== undefined) next = withLeg(next, before.id, { state: 'ended', endedAt: at, outcome: 'replaced' })
  for (const one of others) next = withLeg(next, one.id, { state: 'ended', endedAt: at, outcome: 'withdrawn' })
  next = withLeg(next, id, { state: 'talking', answeredAt: at, connectedAt: null })
  const segments = record.segments + 1
  return to(
    { ...next, state: 'talking', answeredAt: record.answeredAt ?? at, segments },
    ...letGo,
    ...others.map((one): CallCommand => ({ do: 'stop-ringing', leg: one.id })),
    ...(before === undefined ? [] : [{ do: 'release', leg: before.id } as const]),
    { do: 'join', leg: id, segment: segments },
  )
}

/** Only from here on they talk: who picked up may have heard with the caller that they are recorded, or how a number rang. */
function connected(record: CallRecord, id: string, at: number): Step {
  const leg = talkingLeg(record)
  return leg?.id === id && leg.connectedAt === null ? to(withLeg(record, id, { connectedAt: at })) : nothing(record)
}

/** Whom we called for an agent has answered. */
function farAnswered(record: CallRecord, at: number): Step {
  const leg = talkingLeg(record)
  if (record.state !== 'dialling' || leg === undefined) return nothing(record)
  const segments = record.segments + 1
  return to(
    { ...record, state: 'talking', pickedUp: true, answeredAt: at, segments },
    { do: 'join', leg: leg.id, segment: segments },
  )
}

function mute(record: CallRecord, isMuted: boolean): Step {
  const isTalk = record.state === 'talking' || record.state === 'held' || record.state === 'conference'
  if (!isTalk || (record.muted ?? false) === isMuted) return nothing(record)
  const next: CallRecord = isMuted ? { ...record, muted: true } : unmuted(record)
  return to(next, { do: 'mute', isMuted })
}

function returned(record: CallRecord, at: number): Step {
  const leg = talkingLeg(record)
  if (leg === undefined || record.direction === 'out') return nothing(record)
  const { record: alone, commands: letGo } = letSecondGo(unhanded(record), 'ended', at)
  const free = withLeg(unheld(alone, at), leg.id, { state: 'ended', endedAt: at, outcome: 'replaced' })
  return to(settled(free), ...letGo, { do: 'release', leg: leg.id }, { do: 'wait' })
}

function agentLeft(record: CallRecord, id: string, at: number): Step {
  if (record.consult?.leg === id) return consultOver(record, 'left', at)
  const handedOn = record.consult?.by === id ? askerLeft(record, at) : undefined
  if (handedOn !== undefined) return handedOn
  const leg = talkingLeg(record)
  if (leg === undefined || leg.id !== id) return nothing(record)
  const left = withLeg(record, leg.id, { state: 'ended', endedAt: at, outcome: 'hung-up' })
  if (record.referredBy === id && record.direction !== 'out') {
    const free = unreferred(unheld(left, at))
    return to(settled(free), { do: 'release', leg: id }, { do: 'wait' })
  }
  if (record.state === 'dialling') return finish(left, at, 'abandoned', 'agent', [{ do: 'hang-up' }])
  const asked = leg.memberId === null ? undefined : survey(left, 'agent', at)
  // The leg is gone already; it is released all the same, so that its recording is whole.
  if (asked !== undefined) return { ...asked, commands: [{ do: 'release', leg: leg.id }, ...asked.commands] }
  return finish(left, at, endOf(record), 'agent', [{ do: 'hang-up' }])
}

/** `forwarded` where it was only ever a number outside that had the caller. */
function endOf({ legs, answeredAt }: CallRecord): 'completed' | 'forwarded' | 'abandoned' {
  if (answeredAt === null) return 'abandoned'
  return legs.some((leg) => leg.memberId !== null && leg.answeredAt !== null) ? 'completed' : 'forwarded'
}

function callerLeft(record: CallRecord, at: number): Step {
  if (record.state === 'survey') return finish(record, at, 'completed', record.leftBy ?? 'agent', [])
  if (record.state === 'voicemail') {
    return finish(record, at, record.voicemailAt === undefined ? 'abandoned' : 'voicemail', 'caller', [])
  }
  return finish(record, at, endOf(record), 'caller', [])
}

function close(record: CallRecord, by: 'agent' | 'hub', at: number): Step {
  const leg = talkingLeg(record)
  // The conversation closes when its agent has left: the caller stays for what comes after.
  if (by === 'hub' && (record.state === 'survey' || record.state === 'voicemail' || leg?.memberId === null)) {
    return nothing(record)
  }
  const asked =
    leg === undefined || leg.memberId === null || record.answeredAt === null ? undefined : survey(record, by, at)
  if (asked !== undefined) return asked
  return finish(record, at, record.answeredAt === null ? 'rejected' : endOf(record), by, [{ do: 'hang-up' }])
}
