/**
 * What is said, in the words that every channel shares. The part model is whole from the start, so that a connector, the
 * store and a client never need to agree on a new shape because one platform can say more than another.
 */
import type { Part } from '../events/shapes.ts'

export type { Conversation, Failure, Message, Part } from '../events/shapes.ts'

/** What a part says of its file. Coming in it has a `locator` for the connector's `media`, or the `fileId` of what the hub keeps already. */
export type PartBlob = Extract<Part, { type: 'file' }>['blob']

/** Who a platform says is speaking. `scope` says how far the address is valid ('' everywhere). */
export interface Sender {
  readonly kind: string
  readonly scope: string
  readonly address: string
  readonly name?: string
  /** The platform or the business vouches for it. */
  readonly verified?: boolean
  /** What the sender's side says of the person, unproven. */
  readonly claims?: Readonly<Record<string, string>>
}

/** A limited permission to answer that a platform hands out with a message. */
export interface ReplyTicket {
  readonly kind: string
  readonly reference?: unknown
  readonly expiresAt: string
  /** Absent: as often as one likes. */
  readonly uses?: number
}

/** A ticket as it goes out with an answer. */
export interface SpentTicket {
  readonly kind: string
  readonly reference?: unknown
  /** Which use of the ticket this is, from 1: the same at every attempt of one native message. */
  readonly use: number
}

/** What a message says that it answers, on platforms where an answer names its thread. */
export interface Thread {
  /** The platform's ids of earlier messages of the channel, the nearest first: believed from who took part in their conversation. */
  readonly references?: readonly string[]
  /** The connector has proof that the writer could read this conversation: believed from anybody. */
  readonly conversationId?: string
}

interface InboundBase {
  /** Recognises the same event when it comes again over this channel, for thirty days. At most 200 characters. */
  readonly key: string
  /** The platform's chat: where an answer goes. At most 200 characters. */
  readonly peer: string
  /** When it was said, by the platform's clock, RFC 3339. */
  readonly at: string
}

export type Inbound =
  | (InboundBase & {
      readonly kind: 'message'
      /** The platform's id of the message. */
      readonly externalId?: string
      /** The id that the customer's own program gave it. */
      readonly clientId?: string
      readonly from: Sender
      readonly parts: readonly Part[]
      readonly replyTo?: string
      readonly chat?: { readonly kind: 'direct' | 'group'; readonly title?: string }
      readonly ticket?: ReplyTicket
      readonly thread?: Thread
      /** A program sent it, or it comes from before the channel was there: the hub says nothing by itself in return. */
      readonly automatic?: boolean
    })
  | (InboundBase & {
      /** The author has changed what they said; `at` is when. */
      readonly kind: 'edit'
      readonly externalId: string
      readonly parts: readonly Part[]
    })
  | (InboundBase & {
      /** What somebody shows on a message, of theirs or of ours, from now on; empty when they have taken it back. */
      readonly kind: 'reaction'
      readonly externalId: string
      readonly from: Sender
      readonly emojis: readonly string[]
    })
  | (InboundBase & {
      readonly kind: 'receipt'
      readonly externalId: string
      readonly state: ReceiptState
      readonly reason?: string
    })

export type ReceiptState = 'delivered' | 'read' | 'failed'

/** What one native message carries to a platform. May come again with the same `id` after a crash. */
export interface Outbound {
  /** Stable over all attempts: the platform's idempotency key where it has one. */
  readonly id: string
  readonly attempt: number
  readonly peer: string
  readonly conversationId: string
  readonly messageId: string
  readonly parts: readonly Part[]
  readonly replyTo?: string
  /** Nobody wrote it just now: the hub says it by itself. */
  readonly automatic?: boolean
  /** The permission that it spends, where the platform hands such out and one is left. */
  readonly ticket?: SpentTicket
  readonly author: { readonly name?: string; readonly number?: string }
}

/** One line that stands for the parts in a list, at most 120 characters. */
export function preview(parts: readonly Part[]): string {
  const line = parts
    .map((part) => {
      if (part.type === 'text') return part.text
      if (part.type === 'choice') return part.prompt
      if (part.type === 'link') return part.title ?? part.url
      if ('fallback' in part) return part.fallback
      return `[${part.type}]`
    })
    .join(' ')
    .replace(/\s+/g, ' ')
    .trim()
  const short = Array.from(line).slice(0, 120).join('')
  return short.length < line.length ? `${short}…` : short
}
