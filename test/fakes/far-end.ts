/** What the connector suite asks of a far end: a platform on a real socket, played for one channel. */
import type { ConnectorKind } from '../../src/connectors/contract.ts'
import type { Inbound, Part } from '../../src/core/conversations/model.ts'

/** What a customer says on the platform. Said again with the same id, it is the platform delivering again. */
export interface Said {
  readonly id: string
  readonly peer: string
  readonly parts: readonly Part[]
}

/** A native message that reached the platform; the same id again is the same message sent again. Files are told of by `locator: { sha256 }`. */
export interface Taken {
  readonly id: string
  readonly peer: string
  readonly parts: readonly Part[]
}

/** What the platform does with the next native message. */
export type Manner =
  | 'refuse-for-ever'
  | 'refuse-for-now'
  | 'limit-for-an-hour'
  | 'limit-for-a-while' // too fast, and no word of an hour
  | 'close-window' // no answer is allowed any more
  | 'take-and-cut' // it has the message, and the connection breaks before it says so
  | 'hang' // it has the message, and never says so

/** Where the channel can be reached, once it is set up. */
export interface Place {
  readonly channelId: string
  readonly hookUrl: string
  /** For channels whose far end is the hub itself. */
  receive(events: readonly Inbound[]): Promise<void>
  /** What the store says was accepted, for the same. */
  accepted(): Promise<Taken[]>
  /** How many events of one chat are on the log, for platforms that nobody tells that theirs were kept. */
  received?(peer: string): Promise<number>
}

export interface FarEnd {
  readonly settings: Readonly<Record<string, unknown>>
  /** Words that must never stand in a log or an error. */
  readonly secrets: readonly string[]
  serve(place: Place): void
  /** Resolves when the hub has acknowledged it; rejects when it has not. */
  say(said: Said): Promise<void>
  /** In the order in which they came, repetitions included. */
  taken(): Promise<readonly Taken[]>
  next(manner: Manner): void
  /** Ids of messages that were taken back, where the platform can do that. */
  recalled?(): readonly string[]
  /** Whom it has been shown to that somebody is writing, where the platform shows it. */
  typed?(): readonly string[]
  /** Breaks the connection, where there is one that lasts. */
  drop?(): void
  /** Says it with one bit or one word changed in turn, each so that it must not be believed. Answers the HTTP statuses. */
  forge?(said: Said): Promise<readonly { readonly forged: string; readonly status: number }[]>
  close(): Promise<void>
}

/** One kind under test. */
export interface ConnectorUnderTest {
  readonly kind: ConnectorKind
  /** Manners that its platform knows; the suite asks for no others. */
  readonly manners: readonly Manner[]
  /** It holds a connection that can break. */
  readonly drops: boolean
  /** It speaks to us by signed HTTP. */
  readonly signs: boolean
  /** What a part said on the platform looks like once it is in, and the other way, where that is not the same. */
  readonly carriesIn: readonly Part['type'][]
  /** It hears nothing of what became of what it says: only the log tells. */
  readonly isToldNothing?: true
  /** It hands files out after their message, and has forgotten the one that is called forgotten.pdf. */
  readonly filesVanish?: true
  /** The servers that its far end consists of, where they are missing. */
  readonly needs?: string
  open(): Promise<FarEnd>
}
