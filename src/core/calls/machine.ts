/**
 * What becomes of a call: a pure state machine, told one event after the other. Its record follows from the events alone, so a call can be
 * rebuilt and every race replayed. It is total: an event that makes no sense (any more) changes nothing and says so.
 *
 * received → screening → queued → offered → talking ⇄ held → ended
 */

export type CallState = 'received' | 'screening' | 'queued' | 'offered' | 'talking' | 'held' | 'ended'

/** `abandoned`: the caller left before anybody answered. `rejected`: never taken in. `interrupted`: the hub or its signalling broke off. */
export type CallEnd = 'completed' | 'abandoned' | 'rejected' | 'failed' | 'interrupted'

/** Why a phone that was rung did not answer. `withdrawn`: the offer was over, or somebody else has it. */
export type Unanswered = 'no-answer' | 'busy' | 'declined' | 'unreachable' | 'withdrawn'

/** One phone of ours that was rung. */
export interface AgentLeg {
  /** Unique within the call. */
  readonly id: string
  readonly memberId: string
  readonly extension: string
  /** The offer that it was rung for; null where the conversation was the member's already. */
  readonly offerId: string | null
  readonly state: 'ringing' | 'talking' | 'ended'
  readonly rangAt: number
  readonly answeredAt: number | null
  readonly endedAt: number | null
  readonly outcome: Unanswered | 'hung-up' | 'replaced' | null
}

/** Times in ms since 1970. */
export interface CallRecord {
  readonly state: CallState
  readonly startedAt: number
  readonly queuedAt: number | null
  /** When somebody first answered. */
  readonly answeredAt: number | null
  readonly heldSince: number | null
  readonly heldMs: number
  readonly endedAt: number | null
  readonly end: CallEnd | null
  /** Who or what ended it. */
  readonly endedBy: 'caller' | 'agent' | 'hub' | null
  /** A word of why, where there is one. */
  readonly detail: string | null
  readonly legs: readonly AgentLeg[]
  /** How often somebody has begun to talk: each is recorded apart. */
  readonly segments: number
}

export type CallEvent = { readonly at: number } & (
  | { readonly type: 'screened' }
  | { readonly type: 'refused'; readonly detail: string }
  | { readonly type: 'queued' }
  | {
      readonly type: 'rung'
      readonly leg: string
      readonly memberId: string
      readonly extension: string
      readonly offerId: string | null
    }
  | { readonly type: 'unanswered'; readonly leg: string; readonly outcome: Unanswered }
  | { readonly type: 'answered'; readonly leg: string }
  | { readonly type: 'held' }
  | { readonly type: 'resumed' }
  /** Nobody has the caller any more: they wait again. */
  | { readonly type: 'returned' }
  | { readonly type: 'agent-left'; readonly leg: string }
  | { readonly type: 'caller-left' }
  /** Somebody of ours hung up for both, or the conversation was closed. */
  | { readonly type: 'closed'; readonly by: 'agent' | 'hub' }
  | { readonly type: 'failed'; readonly detail: string }
  | { readonly type: 'interrupted' }
)

/** What is to be done on the wire. */
export type CallCommand =
  | { readonly do: 'answer' }
  | { readonly do: 'refuse'; readonly detail: string }
  | { readonly do: 'ring'; readonly leg: string }
  | { readonly do: 'stop-ringing'; readonly leg: string }
  /** The two hear each other, and it is recorded as that segment. */
  | { readonly do: 'join'; readonly leg: string; readonly segment: number }
  | { readonly do: 'release'; readonly leg: string }
  | { readonly do: 'hold' }
  | { readonly do: 'resume' }
  /** The caller hears that they wait. */
  | { readonly do: 'wait' }
  | { readonly do: 'hang-up' }

/** An event that has not happened at a time yet. */
export type CallNews = CallEvent extends infer Event ? (Event extends CallEvent ? Omit<Event, 'at'> : never) : never

export interface Step {
  readonly record: CallRecord
  readonly commands: readonly CallCommand[]
  /** It made no sense: the record is the same object. */
  readonly ignored: boolean
}

export function newCall(at: number): CallRecord {
  return {
    state: 'received',
    startedAt: at,
    queuedAt: null,
    answeredAt: null,
    heldSince: null,
    heldMs: 0,
    endedAt: null,
    end: null,
    endedBy: null,
    detail: null,
    legs: [],
    segments: 0,
  }
}

/** The leg whose phone talks with the caller. */
export function talkingLeg({ legs }: CallRecord): AgentLeg | undefined {
  return legs.find(({ state }) => state === 'talking')
}

/** Tells the machine one event. */
export function step(record: CallRecord, event: CallEvent): Step {
  const nothing: Step = { record, commands: [], ignored: true }
  const { state } = record
  if (state === 'ended') return late(record, event)
  switch (event.type) {
    case 'screened':
      return state === 'received' ? to({ ...record, state: 'screening' }) : nothing
    case 'refused':
      if (state !== 'received' && state !== 'screening') return nothing
      return finish(record, event.at, 'rejected', 'hub', [{ do: 'refuse', detail: event.detail }], event.detail)
    case 'queued':
      if (state !== 'screening') return nothing
      return to({ ...record, state: 'queued', queuedAt: event.at }, { do: 'answer' })
    case 'rung':
      return ring(record, event) ?? nothing
    case 'unanswered':
      return endLeg(record, event.leg, 'ringing', event.outcome, event.at, [{ do: 'stop-ringing', leg: event.leg }])
    case 'answered':
      return answer(record, event)
    case 'held':
      if (state !== 'talking') return nothing
      return to({ ...record, state: 'held', heldSince: event.at }, { do: 'hold' })
    case 'resumed':
      return state === 'held' ? to({ ...unheld(record, event.at), state: 'talking' }, { do: 'resume' }) : nothing
    case 'returned': {
      const leg = talkingLeg(record)
      if (leg === undefined) return nothing
      const free = settled(
        withLeg(unheld(record, event.at), leg.id, { state: 'ended', endedAt: event.at, outcome: 'replaced' }),
      )
      return to(free, { do: 'release', leg: leg.id }, { do: 'wait' })
    }
    case 'agent-left': {
      const leg = talkingLeg(record)
      if (leg === undefined || leg.id !== event.leg) return nothing
      const left = withLeg(record, leg.id, { state: 'ended', endedAt: event.at, outcome: 'hung-up' })
      return finish(left, event.at, 'completed', 'agent', [{ do: 'hang-up' }])
    }
    case 'caller-left':
      return finish(record, event.at, record.answeredAt === null ? 'abandoned' : 'completed', 'caller', [])
    case 'closed':
      return finish(record, event.at, record.answeredAt === null ? 'rejected' : 'completed', event.by, [
        { do: 'hang-up' },
      ])
    case 'failed':
      return finish(record, event.at, 'failed', 'hub', [{ do: 'hang-up' }], event.detail)
    case 'interrupted':
      return finish(record, event.at, 'interrupted', 'hub', [{ do: 'hang-up' }])
  }
}

/** The record that events lead to. */
export function replay(at: number, events: readonly CallEvent[]): CallRecord {
  return events.reduce((record, event) => step(record, event).record, newCall(at))
}

function to(record: CallRecord, ...commands: CallCommand[]): Step {
  return { record, commands, ignored: false }
}

/** After the end only one thing is left to do: a phone that answered too late must be let go. */
function late(record: CallRecord, event: CallEvent): Step {
  const commands: CallCommand[] = event.type === 'answered' ? [{ do: 'release', leg: event.leg }] : []
  return { record, commands, ignored: true }
}

function ring(record: CallRecord, event: Extract<CallEvent, { type: 'rung' }>): Step | undefined {
  const { leg: id, memberId, extension, offerId, at } = event
  if (record.queuedAt === null || record.legs.some((leg) => leg.id === id)) return undefined
  if (record.legs.some((leg) => leg.memberId === memberId && leg.state !== 'ended')) return undefined
  const leg: AgentLeg = {
    id,
    memberId,
    extension,
    offerId,
    state: 'ringing',
    rangAt: at,
    answeredAt: null,
    endedAt: null,
    outcome: null,
  }
  return to(settled({ ...record, legs: [...record.legs, leg] }), { do: 'ring', leg: id })
}

/** Who answers has the caller; whoever had them before, and all phones that still ring, are let go. */
function answer(record: CallRecord, { leg: id, at }: Extract<CallEvent, { type: 'answered' }>): Step {
  const leg = record.legs.find((one) => one.id === id)
  if (leg === undefined) return { record, commands: [], ignored: true }
  if (leg.state !== 'ringing') {
    // It was called off while it answered: the answer crossed our withdrawal.
    const commands: CallCommand[] = leg.state === 'ended' ? [{ do: 'release', leg: id }] : []
    return { record, commands, ignored: true }
  }
  const before = talkingLeg(record)
  const others = record.legs.filter((one) => one.state === 'ringing' && one.id !== id)
  let next = unheld(record, at)
  if (before !== undefined) next = withLeg(next, before.id, { state: 'ended', endedAt: at, outcome: 'replaced' })
  for (const one of others) next = withLeg(next, one.id, { state: 'ended', endedAt: at, outcome: 'withdrawn' })
  next = withLeg(next, id, { state: 'talking', answeredAt: at })
  const segments = record.segments + 1
  return to(
    { ...next, state: 'talking', answeredAt: record.answeredAt ?? at, segments },
    ...others.map((one): CallCommand => ({ do: 'stop-ringing', leg: one.id })),
    ...(before === undefined ? [] : [{ do: 'release', leg: before.id } as const]),
    { do: 'join', leg: id, segment: segments },
  )
}

function endLeg(
  record: CallRecord,
  id: string,
  from: AgentLeg['state'],
  outcome: Unanswered,
  at: number,
  commands: readonly CallCommand[],
): Step {
  const leg = record.legs.find((one) => one.id === id)
  if (leg?.state !== from) return { record, commands: [], ignored: true }
  return to(settled(withLeg(record, id, { state: 'ended', endedAt: at, outcome })), ...commands)
}

function finish(
  record: CallRecord,
  at: number,
  end: CallEnd,
  endedBy: NonNullable<CallRecord['endedBy']>,
  commands: readonly CallCommand[],
  detail: string | null = null,
): Step {
  const open = record.legs.filter(({ state }) => state !== 'ended')
  let next = unheld(record, at)
  for (const leg of open) {
    const outcome = leg.state === 'talking' ? 'hung-up' : 'withdrawn'
    next = withLeg(next, leg.id, { state: 'ended', endedAt: at, outcome })
  }
  const letGo = open.map(
    ({ id, state }): CallCommand =>
      state === 'talking' ? { do: 'release', leg: id } : { do: 'stop-ringing', leg: id },
  )
  return to({ ...next, state: 'ended', endedAt: at, end, endedBy, detail }, ...letGo, ...commands)
}

/** The state that its legs make of a call that is not over. */
function settled(record: CallRecord): CallRecord {
  if (talkingLeg(record) !== undefined) return record
  const rings = record.legs.some(({ state }) => state === 'ringing')
  return { ...record, state: rings ? 'offered' : 'queued' }
}

function unheld(record: CallRecord, at: number): CallRecord {
  if (record.heldSince === null) return record
  return { ...record, heldSince: null, heldMs: record.heldMs + Math.max(0, at - record.heldSince) }
}

function withLeg(record: CallRecord, id: string, change: Partial<AgentLeg>): CallRecord {
  return { ...record, legs: record.legs.map((leg) => (leg.id === id ? { ...leg, ...change } : leg)) }
}
