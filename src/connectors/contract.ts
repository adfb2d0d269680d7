/**
 * What a connector promises the hub, and what the hub gives it in return: all that a connector's author reads.
 *
 * A connector carries messages between one account on one platform and Tributary. It knows the platform's protocol and nothing else: no
 * database, no log, no other connector. It never retries and never reconnects by itself: it says what happened, and the hub decides.
 */
import { createHash } from 'node:crypto'
import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import type { Static, TObject } from 'typebox'
import type { Inbound, Outbound, Part, PartBlob, ReceiptState } from '../core/conversations/model.ts'
import type { CallCarrier, CallDesk } from './call-contract.ts'
import type { Accepting, PlatformSocket } from './socket-contract.ts'

/** The hub checks every event again at its door; a connector that takes parts from a program may check first, to name the field. */
export { checkInbound } from '../core/conversations/inbound.ts'
export type * from './call-contract.ts'
export * from './calls-in.ts'
export * from './files-in.ts'
export * from './remembered.ts'
export * from './settings-contract.ts'
export type * from './socket-contract.ts'
export * from './texts.ts'
export * from './time-limits.ts'
export * from './tokens.ts'
export * from './xml-texts.ts'

/** One kind of channel: the single export of a connector's folder. */
export interface ConnectorKind<Config extends TObject = TObject> {
  /** Stored with every channel of this kind, so never renamed. */
  readonly kind: string
  readonly title: string
  /** The title in other languages, by tag: `{ 'zh-CN': … }`. Settings carry theirs as `words`: title and description by tag. */
  readonly titles?: Readonly<Record<string, string>>
  /** The account's settings. Fields made with `secret()` are sealed by the hub and never shown again; `maxBytes` limits a text in UTF-8. */
  readonly config: Config
  readonly capabilities: Capabilities
  /** Whether two nodes must never hold the same account at once: then it runs under a fenced lease. */
  readonly exclusive: boolean
  /** Starts serving one account. Resolves when it works; rejects when it cannot, and the hub tries again with back-off. */
  open(config: Static<Config>, hub: Hub): Promise<Connector>
  /**
   * A platform's HTTP call, at /hooks/<kind>/<channel id>. Verify and translate only, with no effect: the hub makes
   * `events` durable first and sends `reply` after, so a connector cannot acknowledge too early. A call that does not
   * verify is answered with a 4xx reply and no events. May be called on any node, whether or not the account is open there.
   */
  hook?(request: HookRequest, config: Static<Config>, hub: HookHub): Promise<HookResult>
  /** For platforms that dial us with a WebSocket. */
  readonly accept?: Accepting<Static<Config>>
  /** "Test connection": free of side effects, each check with its mend. */
  probe?(config: Static<Config>, hub: Hub): AsyncIterable<Check>
}

export interface Capabilities {
  /** What one native message carries out, by part type, with the platform's limits. Others are rendered into text. */
  readonly parts: Readonly<Partial<Record<Part['type'], PartLimits>>>
  /** Whether one native message carries several parts (a mail does), or exactly one. */
  readonly carries: 'message' | 'part'
  /** The longest text of one native message; longer ones are split between words. */
  readonly text: { readonly maxCharacters?: number; readonly maxBytes?: number }
  /**
   * Whether the platform hands out limited permissions to answer, which `receive` brings as tickets: `needed`, nothing is sent without
   * one; `used`, one goes with what is sent as long as there is any. Left out: there are none.
   */
  readonly tickets?: 'needed' | 'used'
  /** May we write before the customer does? */
  readonly initiate: 'always' | 'template' | 'never'
  /**
   * What makes a repeated send harmless: the platform recognises our id (`native`), we can ask what became of it
   * (`lookup`, then the connector has `reconcile`), or nothing (`none`): then an unknown outcome is never sent again.
   */
  readonly idempotency: 'native' | 'lookup' | 'none'
  /** Which receipts come back. */
  readonly receipts: { readonly delivered: boolean; readonly read: boolean }
  /** `out`: the customer can be shown that somebody is writing. Then the connector has `typing`; it lasts `everyMs`, 5 s unless said, and is not asked for sooner again. */
  readonly typing: { readonly in: boolean; readonly out: boolean; readonly everyMs?: number }
  /** The platform takes a message back, within that time of its sending if it says so: then the connector has `recall`. Left out: it does not. */
  readonly recall?: { readonly withinMs?: number }
  /** How fast the account may be written to; the hub paces. */
  readonly pace?: readonly { readonly scope: 'account' | 'peer'; readonly max: number; readonly perMs: number }[]
  /** It carries calls, and nothing written: then the connector has `tellCall`. */
  readonly calls?: true
  /** How long one send may take before its outcome counts as unknown; 15 s unless said. */
  readonly sendTimeoutMs?: number
}

export interface PartLimits {
  readonly maxBytes?: number
  /** The media types that are taken, where not all are. */
  readonly mediaTypes?: readonly string[]
  /** The longest caption that goes with it; a longer one follows as text. 0: there are none. */
  readonly maxCaption?: number
}

/** For a kind that carries whatever there is, without limits of its own: nothing is rendered into text. */
export const everyPart: Readonly<Record<Part['type'], PartLimits>> = {
  text: {},
  image: {},
  audio: {},
  video: {},
  file: {},
  sticker: {},
  location: {},
  contact: {},
  link: {},
  card: {},
  choice: {},
  template: {},
  forward: {},
  unsupported: {},
}

/** One account, being served. */
export interface Connector extends Partial<CallCarrier> {
  /**
   * Sends one native message and resolves once the platform has accepted it. May come again with the same `id` after a
   * crash; use it as the platform's idempotency key where there is one. Rejects with `Undelivered`; anything else that is
   * thrown counts as outcome unknown.
   */
  send(message: Outbound): Promise<Receipt>
  /** Lets go of the account. Never throws, never takes longer than a few seconds. */
  close(): Promise<void>
  /** What became of a message whose outcome is unknown. Resolves `absent` only when it certainly did not arrive. */
  reconcile?(message: Outbound): Promise<Receipt | 'absent' | 'unknown'>
  /**
   * Takes back what was sent, so that the customer does not see it any more. Resolves also when it is not there any more; may come again.
   * Rejects with `Undelivered`; unlike a send, what may have been done is asked for again.
   */
  recall?(message: SentMessage): Promise<void>
  /** Shows that somebody is writing, for a moment. Nothing depends on it: what rejects is not asked for again. */
  typing?(peer: string): Promise<void>
  /**
   * Fetches the file of a part that came in with `blob.locator`, which is what is given here. The hub asks soon after the message is
   * there, perhaps on another node than the one that received it, and repeats what rejects, later each time, until `blob.expiresAt`
   * (three days where the part said nothing). Reject with `FileGone` when it will never come.
   */
  media?(locator: unknown, fetching: Fetching): Promise<IncomingFile>
}

/** What `media` may use besides. */
export interface Fetching {
  /** As the hub's, for answers as large as a file may be. */
  readonly fetch: typeof fetch
  /** Aborted when the account is let go, or the file takes too long. */
  readonly signal: AbortSignal
}

/** A file on its way in. What it is, its bytes say: the rest is only how to call it. Its size is limited by the hub. */
export interface IncomingFile {
  readonly body: Readable | ReadableStream<Uint8Array> | Uint8Array
  /** Without an ending that tells the type, it gets one by what the bytes are; without a name, that of its part. */
  readonly name?: string
  /** As the other side says. */
  readonly mediaType?: string
}

/** A file will never come. The message may be shown to agents. */
export class FileGone extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'FileGone'
  }
}

/** A file on its way out. */
export interface OutgoingFile {
  readonly name: string
  /** By its bytes: one of docs/files.md, else application/octet-stream. */
  readonly mediaType: string
  readonly size: number
  /** In hex: names the content, so also what a platform answered to its upload. */
  readonly sha256: string
  /** An address from which whoever has it fetches the file, without a credential, for a month. Publicly reachable if the hub is. */
  readonly link: string
  /** The bytes, from their beginning each time. Read or destroy it. */
  read(): Promise<Readable>
}

/** A native message that the platform has accepted. */
export interface SentMessage {
  readonly peer: string
  /** As `send` has answered. */
  readonly externalId: string
  readonly messageId: string
  readonly conversationId: string
}

export interface Receipt {
  /** The platform's id of the native message; receipts that come later name it. */
  readonly externalId: string
  /** When the platform's acceptance already means more. */
  readonly state?: 'accepted' | 'delivered'
}

export type UndeliveredKind =
  | 'retry' // not taken; the same may be taken later
  | 'rate-limited' // not taken; not before `afterMs`
  | 'window-closed' // the platform does not allow an answer any more
  | 'unknown' // it may have arrived
  | 'auth' // our credentials are refused
  | 'recipient-gone'
  | 'moved' // the chat has another id now: `peer`
  | 'rejected' // this message will never be taken

export interface UndeliveredDetails {
  readonly afterMs?: number
  readonly peer?: string
  readonly cause?: unknown
}

/** The platform did not take a message: a connector's only verdict on a send. The message may be shown to agents. */
export class Undelivered extends Error {
  readonly kind: UndeliveredKind
  readonly afterMs: number | undefined
  readonly peer: string | undefined

  constructor(kind: UndeliveredKind, message: string, details: UndeliveredDetails = {}) {
    super(message, 'cause' in details ? { cause: details.cause } : undefined)
    this.name = 'Undelivered'
    this.kind = kind
    this.afterMs = details.afterMs
    this.peer = details.peer
  }
}

/** Failures of `fetch` after which certainly nothing was handed over: no name, no route, no connection, no permission. */
const neverLeft = new Set([
  'ENOTFOUND',
  'EAI_AGAIN',
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'proxy-failed',
])

/**
 * What a rejected `fetch` means for a send: `retry` when nothing can have left us, `rejected` when the hub may not call that
 * address, else `unknown`, since a connection that breaks after the request began says nothing of what arrived. (`fetch` reports a lost network as a TypeError with a cause.)
 */
export function undelivered(error: unknown): Undelivered {
  if (error instanceof Undelivered) return error
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const { code } = at as { code?: unknown }
    if (code === 'address-refused') return new Undelivered('rejected', at.message, { cause: error })
    const inner = at instanceof AggregateError ? at.errors.every((one) => neverLeft.has(String(one?.code))) : false
    if (inner || (typeof code === 'string' && neverLeft.has(code))) {
      return new Undelivered('retry', 'The other side cannot be reached.', { cause: error })
    }
  }
  return new Undelivered('unknown', 'The connection broke before the other side had answered.', { cause: error })
}

/** A platform's HTTP call, with the body as it came: signatures are made over bytes. */
export interface HookRequest {
  readonly method: string
  /** What follows the channel id, beginning with '/' or empty. */
  readonly path: string
  readonly query: URLSearchParams
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: Buffer
  readonly remoteAddress: string
  /** When it came, in ms since 1970. */
  readonly at: number
}

export interface HookReply {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
}

export interface HookResult {
  readonly events: readonly Inbound[]
  readonly reply: HookReply
  /**
   * Where the platform takes an answer to the customer in the answer to its call: the hub keeps the call open for that long, and answers with
   * what `Hub.answer` is given under that name in time, else with `reply`. The same call that comes again has the same name.
   */
  readonly open?: { readonly name: string; readonly forMs: number }
  /** For platforms whose call only says that there is something to ask for: kept as a note of the account before `reply` goes, and `Hub.called` resolves. */
  readonly note?: { readonly name: string; readonly value: unknown }
}

export interface ChannelState {
  readonly state: 'connecting' | 'online' | 'degraded' | 'needs-login' | 'offline'
  readonly detail?: string
  /** What a login code to scan says. */
  readonly scan?: string
}

export interface Check {
  readonly name: string
  readonly ok: boolean
  readonly detail: string
  /** What to do about it. */
  readonly mend?: string
}

/** Durable, fenced notes of one account: a cursor, a mailbox position, a login session. Values are JSON. */
export interface Memory {
  get(name: string): Promise<unknown>
  set(name: string, value: unknown): Promise<void>
}

/** The name of a note about one chat: what is noted under it is forgotten when the person is erased. */
export function peerNote(peer: string): string {
  return `peer:${createHash('sha256').update(peer).digest('hex')}`
}

/** What a hook may use: it runs on any node, without the account's lease. */
export interface HookHub {
  readonly channelId: string
  /** Where the platform calls this channel. Publicly reachable if the hub is. */
  readonly hookUrl: string
  readonly fetch: typeof fetch
  readonly memory: Pick<Memory, 'get'>
  readonly log: ConnectorLog
}

/** What the hub gives a connector. */
export interface Hub extends HookHub {
  /**
   * Hands over what came in. Resolves once it is durable: only then acknowledge it to the platform. The same event may
   * be handed over again; it is recognised by its key. An event that the hub can never take, being too large or none of its shapes, is left
   * out and told to administrators as a gap, so that one message holds up none behind it.
   */
  receive(events: readonly Inbound[]): Promise<void>
  /** Tells what became of a message the platform had accepted; may come before `send` has resolved. */
  receipt(peer: string, externalId: string, state: ReceiptState, reason?: string): Promise<void>
  /** Answers a call that is held open under that name (`HookResult.open`): true when it went out with it, false when it certainly did not. */
  answer(name: string, reply: HookReply): Promise<boolean>
  /** Resolves when a hook of the account has left a note, on whatever node, after that time, or when the account is let go. What is to be seen was written before. */
  called(withinMs: number): Promise<void>
  /** Tells administrators how the account is doing. */
  report(state: ChannelState): void
  /** Says the connection is gone. The hub closes this connector and opens another, with back-off. */
  lost(reason: Error): void
  /** Says honestly that messages of this time may be missing. */
  gap(from: Date, to: Date, reason: string): Promise<void>
  /**
   * A token of the platform that all nodes share: minted once in the cluster, again shortly before it expires. Pass the
   * value that the platform has `refused`, if it did before its time: it is minted anew unless another node was faster.
   * So are references to what was uploaded: name them by the file's `sha256`, and the platform is given each content once.
   */
  token(name: string, mint: () => Promise<{ value: string; expiresAt: Date }>, refused?: string): Promise<string>
  /**
   * Keeps a file whose bytes are at hand, before the message that carries it is received; the `blob` for its part. One that cannot be kept (too
   * large, broken off, empty) is shown as such in its message; rejects only when nothing can be kept now.
   */
  keep(file: IncomingFile): Promise<PartBlob>
  /** The file of a part that is to be sent. Rejects with `Undelivered` when it is not there any more, or never was. */
  file(blob: PartBlob): Promise<OutgoingFile>
  readonly memory: Memory
  /** Refuses private addresses unless the operator allows them. */
  readonly fetch: typeof fetch
  /** Opens a WebSocket to the platform, on the same way and with the same walls. Rejects as `fetch` does, within 15 s. */
  dial(url: string, headers: Readonly<Record<string, string>>): Promise<PlatformSocket>
  /** A TCP connection for another protocol than HTTP, on the same way and with the same walls; paused until it is read. Rejects as `fetch` does. */
  connect(host: string, port: number): Promise<Socket>
  /** The address of a host, for a library that connects by itself. Refuses as `fetch` does. */
  resolve(host: string): Promise<string>
  /** Aborted when the account is to be let go. */
  readonly signal: AbortSignal
  /** Calls. Throws a Fault `telephony-missing` in a process that has nothing to do with them. */
  readonly calls: CallDesk
}

export interface ConnectorLog {
  debug(fields: object, sentence?: string): void
  info(fields: object, sentence?: string): void
  warn(fields: object, sentence?: string): void
  error(fields: object, sentence?: string): void
}
