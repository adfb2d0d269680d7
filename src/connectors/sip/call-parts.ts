/** What a call on the wire is given by its connector. */
import type { CallDesk, CallRecord, ConnectorLog } from '../contract.ts'
import type { Settings } from './index.ts'
import type { CallMedia, MediaEngine } from './media.ts'
import type { Prompts } from './prompts.ts'
import type { Voice } from './sdp.ts'
import type { Answer, IncomingRequest, Leg, Signalling } from './signalling.ts'
import type { Trunk } from './trunk.ts'
import { WaitingLine } from './waiting-line.ts'

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
  /** Resolves once it is known who calls, as the business says, or never will be. Never rejects. */
  readonly lookup: Promise<void>
  readonly settings: Pick<Settings, 'record' | 'notice' | 'announceSeconds'>
  /** Whether another call has that phone on the line. */
  isBusy(extension: string): boolean
  onOver(): void
}

/** What a caller hears while they wait. */
export function lineOf({ desk, prompts, settings, log }: CallParts, record: CallRecord, id: string, media: CallMedia) {
  return new WaitingLine({
    media,
    prompts,
    log,
    isNoticed: settings.record && settings.notice && record.direction !== 'out',
    everyMs: settings.announceSeconds * 1000,
    standing: () => desk.standing(id),
  })
}

/** By what the legs of a call are found on the wire, for whoever comes after us. Never rejects. */
export function noteWires({ desk, log }: CallParts, callId: string, legs: readonly Leg[]): Promise<void> {
  const wire = legs.map(({ trace }) => trace)
  return desk
    .note(callId, wire)
    .catch((err: unknown) => log.warn({ err, callId }, 'the wires of a call could not be noted'))
}

/** A call that came in, as it did. */
export interface Arrived {
  readonly request: IncomingRequest
  readonly answer: Answer
  /** Undefined where the caller leaves it to us to offer a voice. */
  readonly offer: Voice | undefined
}
