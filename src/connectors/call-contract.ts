/** The part of the contract (contract.ts) for connectors that carry calls. */
import type { Directed, IncomingCall } from '../core/calls/calls.ts'
import type { CallNews } from '../core/calls/machine.ts'
import type { KnownPhone } from '../core/calls/phones.ts'

export type { Directed, IncomingCall } from '../core/calls/calls.ts'
export type { CallCommand, CallNews, CallRecord } from '../core/calls/machine.ts'
export type { KnownPhone } from '../core/calls/phones.ts'

/** What the hub keeps of calls, for a kind that carries them. The commands that come back are to be carried out in their order. */
export interface CallDesk {
  /** What the operator gives: where to listen, what to say of where that is, ports for voices, a folder of this channel's own. */
  readonly place: {
    readonly host: string
    readonly address: string
    readonly rtpPorts: readonly [number, number]
    readonly spool: string
  }
  /** Takes a call in; it is durable before anybody is answered. Undefined for one that is not taken. */
  receive(call: IncomingCall): Promise<Directed | undefined>
  /** Tells what happened to it. That a phone answered is asked of routing first: another may have the call. */
  tell(callId: string, news: CallNews): Promise<Directed>
  phone(extension: string): Promise<KnownPhone | undefined>
  register(
    extension: string,
    at: { readonly contact: string; readonly received: string; readonly seconds: number },
  ): Promise<void>
  /** Keeps a talk that was recorded, and takes the file away. The same one again does nothing. */
  keep(recording: {
    readonly callId: string
    readonly segment: number
    readonly path: string
    readonly durationMs: number
  }): Promise<void>
  /** Ends in the books what nobody has any more: to be called before the first call is taken. */
  interrupt(): Promise<void>
  /** For passwords' challenges: the realm, and a key that is the same on every node. */
  readonly realm: string
  readonly key: Buffer
}
