/** The part of the contract (contract.ts) for connectors that carry calls. */
import type { Directed, IncomingCall, Received } from '../core/calls/calls.ts'
import type { CallCare } from '../core/calls/live.ts'
import type { CallNews, CallRecord } from '../core/calls/machine.ts'
import type { KnownPhone } from '../core/calls/phones.ts'
import type { TalkVoices } from '../core/calls/voices.ts'
import type { CallLookup } from '../core/events/call-shapes.ts'

export type { Directed, IncomingCall } from '../core/calls/calls.ts'
export type { CallCare } from '../core/calls/live.ts'
export type { CallCommand, CallNews, CallRecord } from '../core/calls/machine.ts'
export type { KnownPhone } from '../core/calls/phones.ts'
export type { TalkVoices } from '../core/calls/voices.ts'
export type { CallLookup } from '../core/events/call-shapes.ts'

/** A call that somebody of ours wants made: their phone rings first, then it is called. */
export interface OutgoingCall {
  readonly callId: string
  readonly record: CallRecord
  /** As the trunk takes it. */
  readonly number: string
  readonly memberId: string
  readonly extension: string
}

/** Who listens in; which keys (0–9, *, #, A–D, and a comma for a pause). */
export interface CareMeans {
  readonly extension?: string | undefined
  readonly digits?: string | undefined
}

/** What a connector has besides, of a kind that carries calls. */
export interface CallCarrier {
  /** Something that the hub has to say to a call, in its turn. Resolves whether it made sense still. */
  tellCall(callId: string, news: CallNews): Promise<boolean>
  /**
   * A recording pauses or goes on, the phone of that extension listens in, or no longer, keys are pressed towards the caller. Resolves whether it made sense.
   */
  tendCall(callId: string, act: CallCare, means: CareMeans): Promise<boolean>
  /** Makes a call. The same one again does nothing. */
  placeCall(call: OutgoingCall): Promise<void>
}

/** What the hub keeps of calls, for a kind that carries them. The commands that come back are to be carried out in their order. */
export interface CallDesk {
  /** What the operator gives: where to listen, what to say of where that is, ports for voices, a folder of this channel's own. */
  readonly place: {
    readonly host: string
    readonly address: string
    readonly rtpPorts: readonly [number, number]
    /** Where an rtpengine takes commands, as host:port; empty where there is none. */
    readonly rtpengine: string
    /** A drachtio-server that has a SIP port for us: where its applications come, and by which secret. */
    readonly drachtio?: {
      readonly host: string
      readonly port: number
      readonly secret: string
      readonly sipPort: number
    }
    readonly spool: string
  }
  /** Takes a call in; it is durable before anybody is answered. Undefined for one that is not taken. */
  receive(call: IncomingCall): Promise<Received | undefined>
  /** Tells what happened to it. That a phone answered is asked of routing first: another may have the call. */
  tell(callId: string, news: CallNews): Promise<Directed>
  /** Where a call stands in its queue, and how long it will be where that can be said; undefined for one that does not wait. */
  standing(callId: string): Promise<{ readonly position: number; readonly waitMs: number | null } | undefined>
  /**
   * A phone hands its caller on: to another extension of the channel, whose member gets the conversation, or to a number outside that may be called.
   * Resolves with that number, or with nothing more to do; undefined where neither may be.
   */
  refer(callId: string, user: string): Promise<{ readonly number?: string } | undefined>
  /**
   * A phone that has the caller asks somebody first: another extension of the channel, by its member, or a number outside that may be called. What is
   * to be done comes as when an agent asks in the console. `unknown`: no such extension or member; `barred`: a number that must not be called;
   * `refused`: the call is in no state for it; `nobody`: they are not there.
   */
  consult(callId: string, user: string): Promise<'done' | 'unknown' | 'barred' | 'refused' | 'nobody'>
  phone(extension: string): Promise<KnownPhone | undefined>
  /** Whether the plan of the channel lets that number be called now. */
  mayDial(number: string): Promise<boolean>
  register(
    extension: string,
    at: { readonly contact: string; readonly received: string; readonly seconds: number },
  ): Promise<void>
  /** What the business's own system says of the caller. */
  noteLookup(callId: string, lookup: CallLookup): Promise<void>
  /** How the voices of a talk arrived. */
  noteVoices(callId: string, voices: TalkVoices): Promise<void>
  /** Keeps a talk that was recorded, and takes the file away. The same one again does nothing. */
  keep(recording: {
    readonly callId: string
    readonly segment: number
    readonly path: string
    readonly durationMs: number
  }): Promise<void>
  /** Notes how the legs of a call are named on the wire, as JSON: `interrupt` gives it to whoever comes after a crash. Null: nobody is left. */
  note(callId: string, wire: unknown): Promise<void>
  /** Ends in the books what nobody has any more: before the first call is taken. Answers with what was noted of legs that may be there still. */
  interrupt(): Promise<{ readonly callId: string; readonly wire: unknown }[]>
  /** For passwords' challenges: the realm, and a key that is the same on every node. */
  readonly realm: string
  readonly key: Buffer
}
