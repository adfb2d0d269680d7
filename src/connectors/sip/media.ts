/** Voices: the port behind which they pass, whichever engine carries them. */
import type { Remote } from './party.ts'
import type { Part } from './relay.ts'
import type { Side } from './wav.ts'

export type { Remote } from './party.ts'
export type { Part } from './relay.ts'

/** Where a phone is to send to. */
export interface Place {
  readonly address: string
  readonly port: number
}

/**
 * The voice of one call: two sides, of which the caller's can be played to. Orders are carried out in their order (a play that goes on is no
 * order any more); each rejects when the engine is gone. Files are WAV of one channel at 8 kHz, PCM of 16 bits or G.711.
 */
export interface CallMedia {
  /** Known from the beginning, and the same to the end, whoever is connected. */
  readonly at: Readonly<Record<Side, Place>>
  /** From now on that phone is on that side. Both must speak the same codec. */
  connect(side: Side, remote: Remote): Promise<void>
  /** The caller hears the music round and round, or a tone where there is none, and nobody is on the other side. */
  wait(music?: readonly string[]): Promise<void>
  /**
   * The caller hears these, one after the other, instead of all else. Resolves true when they were heard to their end, false when they were
   * stopped, or something else was played or begun. Music goes on afterwards. Rejects for a file that is no sound.
   */
  play(files: readonly string[]): Promise<boolean>
  stop(): Promise<void>
  /** Whoever is on the other side hears what is played to the caller as well, and neither hears the other, until a talk begins or the caller waits again. */
  attend(): Promise<void>
  /** The two hear each other; recorded into that file, the caller left, the agent right. Null: it is not recorded. */
  talk(path: string | null): Promise<void>
  /** A message: the caller alone is recorded into that file (left; the right stays silent). What is played is not in it. */
  record(path: string): Promise<void>
  /**
   * The caller hears everybody else who is in the room of that name, and they the caller; nobody is on the other side. Recorded as a talk: the caller
   * left, all others right.
   */
  meet(room: string, path: string | null): Promise<void>
  /** That side is heard by nobody, and not recorded, until it is again, or the talk is over. */
  mute(side: Side, isMuted: boolean): Promise<void>
  /** Presses keys towards the caller (RFC 4733; a comma is a second of silence). Resolves whether all were: false where their phone takes none. */
  press(digits: string): Promise<boolean>
  hold(music?: readonly string[]): Promise<void>
  resume(): Promise<void>
  /** While it pauses the recording holds silence, and who listens in hears nothing: for what nobody may keep. */
  pause(isPaused: boolean): Promise<void>
  /** The talk or message is over, and its file whole. */
  part(): Promise<Part>
  /** Calls back with each key that is pressed on either side (0–9, *, #, A–D). */
  onKey(listener: (side: Side, key: string) => void): void
  /** Somebody listens in: where their phone may send to. They hear the talk once `hearAs` said where; one at a time, the last. */
  listen(): Promise<Place>
  hearAs(remote: Remote): Promise<void>
  unlisten(): Promise<void>
  close(): Promise<void>
}

export interface MediaEngine {
  /** Rejects when no port is free, or the engine does not answer. */
  open(callId: string): Promise<CallMedia>
  /** Calls back when the engine is gone with all its voices. */
  onLost(listener: () => void): void
  close(): Promise<void>
}
