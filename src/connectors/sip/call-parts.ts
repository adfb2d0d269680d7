/** What a call on the wire is given by its connector. */
import type { CallDesk, ConnectorLog } from '../contract.ts'
import type { Settings } from './index.ts'
import type { MediaEngine } from './media.ts'
import type { Prompts } from './prompts.ts'
import type { Voice } from './sdp.ts'
import type { Answer, IncomingRequest, Signalling } from './signalling.ts'
import type { Trunk } from './trunk.ts'

export interface CallParts {
  readonly desk: CallDesk
  readonly signalling: Signalling
  readonly media: MediaEngine
  readonly log: ConnectorLog
  /** How long a phone rings, at most. */
  readonly ringMs: number
  /** What phones see as who calls. */
  readonly from: string
  readonly trunk: Trunk
  readonly prompts: Prompts
  readonly settings: Pick<Settings, 'record' | 'notice' | 'announceSeconds'>
  /** Whether another call has that phone on the line. */
  isBusy(extension: string): boolean
  onOver(): void
}

/** A call that came in, as it did. */
export interface Arrived {
  readonly request: IncomingRequest
  readonly answer: Answer
  readonly offer: Voice
}
