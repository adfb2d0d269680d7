/** A call as its state machine knows it: the record, what it is told, what it has done on the wire. */
import type { CallPlan, CallPrompt, CallTarget } from '../events/call-plan-shapes.ts'

export type CallState =
  | 'received'
  | 'screening'
  | 'menu'
  | 'queued'
  | 'offered'
  | 'dialling'
  | 'talking'
  | 'held'
  | 'consulting'
  | 'conference'
  | 'forwarding'
  | 'voicemail'
  | 'survey'
  | 'ended'

/**
 * `abandoned`: the caller left before anybody answered. `rejected`: never taken in. `voicemail`: a message was left. `forwarded`: it went to a
 * number outside and to no agent. `callback`: the caller wants to be called back. `interrupted`: the hub or its signalling broke off.
 */
export type CallEnd =
  | 'completed'
  | 'abandoned'
  | 'rejected'
  | 'failed'
  | 'voicemail'
  | 'forwarded'
  | 'callback'
  | 'interrupted'

/**
 * Why a phone that was rung did not answer. `withdrawn`: the offer was over, or somebody else has it. `too-many`: it was not rung, since as much goes
 * out as the plan allows.
 */
export type Unanswered = 'no-answer' | 'busy' | 'declined' | 'unreachable' | 'too-many' | 'withdrawn'

/** One phone of ours, or a number outside, that was rung. */
export interface AgentLeg {
  /** Unique within the call. */
  readonly id: string
  /** Null for a number outside. */
  readonly memberId: string | null
  /** The phone of ours; empty for a number outside. */
  readonly extension: string
  readonly number?: string
  /** The offer that it was rung for; null where the conversation was the member's already. */
  readonly offerId: string | null
  /** `consulting`: talks with the agent who asked for it, alone or with the caller. */
  readonly state: 'ringing' | 'consulting' | 'talking' | 'ended'
  readonly rangAt: number
  /** When it was picked up for an agent who asked. */
  readonly consultedAt?: number
  /** When it got the caller. */
  readonly answeredAt: number | null
  /** Since when the two hear each other; null until then. Missing where that was when it got the caller. */
  readonly connectedAt?: number | null
  readonly endedAt: number | null
  readonly outcome: Unanswered | 'hung-up' | 'replaced' | null
}

/** Whom an agent asks: one of these. */
export interface ConsultTarget {
  readonly memberId?: string
  readonly groupId?: string
  readonly number?: string
}

/** An agent asks somebody while the caller waits. */
export interface Consult {
  /** The leg of who asks. */
  readonly by: string
  readonly to: ConsultTarget
  readonly since: number
  /** The leg of who was asked, from when it was picked up. */
  readonly leg?: string
  readonly answeredAt?: number
}

/** What became of one. `left`: the second party hung up. `nobody`: routing found nobody. `ended`: the call was over, or taken away. */
export interface Consulted extends Omit<Consult, 'by' | 'leg'> {
  readonly byId: string | null
  /** Who was on the line; null for a number, and for nobody. */
  readonly memberId: string | null
  readonly endedAt: number | null
  readonly outcome: 'handed-over' | 'returned' | 'left' | 'nobody' | 'ended' | Unanswered | null
}

/** What the caller is being asked; `wrong`: again, since the key led nowhere. `told`: nothing, they hear the last word. */
export type Question =
  | { readonly kind: 'menu'; readonly menu: string; readonly tries: number; readonly wrong?: boolean }
  | { readonly kind: 'survey'; readonly tries: number; readonly wrong?: boolean }
  | { readonly kind: 'told' }

/** Times in ms since 1970. Members that were added later are missing in older records. */
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
  /** As it was when the call came. */
  readonly plan?: CallPlan & { readonly scale?: number }
  readonly direction?: 'in' | 'out'
  /** We have answered the caller. */
  readonly pickedUp?: boolean
  /** The skill group that a menu has chosen. */
  readonly groupId?: string
  readonly question?: Question
  /** How many questions there were: each is named by its number. */
  readonly questions?: number
  readonly score?: number
  /** When the caller began to leave a message. */
  readonly voicemailAt?: number
  /** Who hung up before the survey. */
  readonly leftBy?: 'agent' | 'hub'
  /** The leg that has handed the caller on. */
  readonly referredBy?: string
  /** The agent is heard by nobody, to the end of this talk. */
  readonly muted?: true
  readonly consult?: Consult
  /** Those that are over. */
  readonly consults?: readonly Consulted[]
  /** A caller whom an agent gave to whom they had asked, while routing still thinks that they have it: that leg, or whoever the group finds. */
  readonly handed?: { readonly from: string; readonly leg?: string; readonly groupId?: string }
}

export type CallEvent = { readonly at: number } & (
  | { readonly type: 'screened' }
  | { readonly type: 'refused'; readonly detail: string }
  | { readonly type: 'queued' }
  /** What its plan says of it, once it is screened. */
  | { readonly type: 'routed'; readonly target: CallTarget }
  | {
      readonly type: 'rung'
      readonly leg: string
      readonly memberId: string | null
      readonly extension: string
      readonly number?: string
      readonly offerId: string | null
    }
  | { readonly type: 'unanswered'; readonly leg: string; readonly outcome: Unanswered }
  | { readonly type: 'answered'; readonly leg: string }
  /** It and the caller hear each other. */
  | { readonly type: 'connected'; readonly leg: string }
  /** The caller pressed a key. */
  | { readonly type: 'pressed'; readonly key: string }
  /** The question of that number was not answered in time. */
  | { readonly type: 'silent'; readonly question: number }
  /** The tone has been heard: from now on a message is left. */
  | { readonly type: 'leaving' }
  | { readonly type: 'time-up' }
  /** Whom we call for an agent: they answered, or why they did not. */
  | { readonly type: 'far-answered' }
  | { readonly type: 'far-unanswered'; readonly outcome: Unanswered }
  | { readonly type: 'held' }
  | { readonly type: 'resumed' }
  /** Nobody has the caller any more: they wait again. */
  | { readonly type: 'returned' }
  /** The phone hands the caller on: when it hangs up they wait for whoever comes. */
  | { readonly type: 'referred'; readonly leg: string }
  /** Nobody takes the caller from that phone after all: when it hangs up, that is the end. */
  | { readonly type: 'unreferred'; readonly leg: string }
  | { readonly type: 'muted' | 'unmuted' }
  /** The agent asks somebody; it is over; all three talk; the caller is theirs. */
  | { readonly type: 'consulting'; readonly to: ConsultTarget }
  /** `holds`: the asker's phone has the caller on hold by itself, and takes them back by itself. */
  | { readonly type: 'consult-over'; readonly outcome: 'returned' | 'nobody'; readonly holds?: true }
  | { readonly type: 'joined' }
  | { readonly type: 'handed-over' }
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
  /** Whoever the call is for is called: they become what the caller is in a call that comes in. */
  | { readonly do: 'call' }
  /** The two hear each other, and it is recorded as that segment. */
  | { readonly do: 'join'; readonly leg: string; readonly segment: number }
  | { readonly do: 'release'; readonly leg: string }
  /** That phone hears that somebody is called, and nothing of the caller. */
  | { readonly do: 'aside'; readonly leg: string }
  /** It hears the caller again as soon as those are not on hold. */
  | { readonly do: 'back'; readonly leg: string }
  /** It and the one who stands aside hear each other. */
  | { readonly do: 'meet'; readonly leg: string }
  /** The caller and those two hear each other, and it is recorded as that segment. */
  | { readonly do: 'confer'; readonly segment: number }
  /** For routing: whoever has that leg keeps the conversation, `from` the one who was asked. */
  | { readonly do: 'keep'; readonly leg: string; readonly from?: string }
  | { readonly do: 'hold' }
  | { readonly do: 'resume' }
  /** The agent is heard by nobody, or again. */
  | { readonly do: 'mute'; readonly isMuted: boolean }
  /** The caller hears that they wait. */
  | { readonly do: 'wait' }
  /** The caller hears it, and may press a key until so long after its end. */
  | { readonly do: 'ask'; readonly question: number; readonly say?: CallPrompt; readonly waitMs: number }
  /** The caller hears it and a tone, and what they say then is recorded as that segment. */
  | { readonly do: 'leave'; readonly say?: CallPrompt; readonly maxMs: number; readonly segment: number }
  | { readonly do: 'hang-up' }

/** An event that has not happened at a time yet. */
export type CallNews = CallEvent extends infer Event ? (Event extends CallEvent ? Omit<Event, 'at'> : never) : never

export interface Step {
  readonly record: CallRecord
  readonly commands: readonly CallCommand[]
  /** It made no sense: the record is the same object. */
  readonly ignored: boolean
}

export interface Beginning {
  readonly plan?: CallRecord['plan']
  readonly direction?: 'in' | 'out'
}

export function newCall(at: number, { plan, direction }: Beginning = {}): CallRecord {
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
    ...(plan !== undefined && { plan }),
    ...(direction === 'out' && { direction }),
  }
}

type Called = Pick<AgentLeg, 'id' | 'memberId' | 'extension' | 'number' | 'offerId'>

/** A leg that begins to ring. */
export function newLeg({ id, memberId, extension, number, offerId }: Called, at: number): AgentLeg {
  return {
    id,
    memberId,
    extension,
    ...(number !== undefined && { number }),
    offerId,
    state: 'ringing',
    rangAt: at,
    answeredAt: null,
    endedAt: null,
    outcome: null,
  }
}

/** The leg that talks with the caller. */
export function talkingLeg({ legs }: CallRecord): AgentLeg | undefined {
  return legs.find(({ state }) => state === 'talking')
}

/** The record of a caller whom nobody hands on any more. */
export function unreferred(record: CallRecord): CallRecord {
  const { referredBy: _, ...kept } = record
  return kept
}

/** The record of an agent who asks nobody any more, with what became of it. */
export function closeConsult(record: CallRecord, outcome: NonNullable<Consulted['outcome']>, at: number): CallRecord {
  const { consult, consults = [], ...kept } = record
  if (consult === undefined) return record
  return { ...kept, consults: [...consults, consultedOf(record, consult, outcome, at)] }
}

export function consultedOf(
  { legs }: CallRecord,
  { by, leg, ...facts }: Consult,
  outcome: Consulted['outcome'],
  endedAt: number | null,
): Consulted {
  const memberOf = (id: string | undefined) => legs.find((one) => one.id === id)?.memberId ?? null
  return { ...facts, byId: memberOf(by), memberId: memberOf(leg), endedAt, outcome }
}

/** The record of an agent who is heard. */
export function unmuted(record: CallRecord): CallRecord {
  const { muted: _, ...kept } = record
  return kept
}

/** The record of a caller of whom routing knows whose they are. */
export function unhanded(record: CallRecord): CallRecord {
  const { handed: _, ...kept } = record
  return kept
}

export function withLeg(record: CallRecord, id: string, change: Partial<AgentLeg>): CallRecord {
  return { ...record, legs: record.legs.map((leg) => (leg.id === id ? { ...leg, ...change } : leg)) }
}
