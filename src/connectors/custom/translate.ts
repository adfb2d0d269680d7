/** What the other program says and hears, both ways. Pure. */
import { Ajv } from 'ajv'
import formats from 'ajv-formats'
import { type Static, Type } from 'typebox'
import type { Inbound, Outbound, Part, Sender } from '../../core/conversations/model.ts'
import { checkInbound, digest, type SentMessage, unsupported } from '../contract.ts'

const closed = { additionalProperties: false } as const
const Peer = Type.String({
  minLength: 1,
  maxLength: 200,
  description: 'The chat of that program: where an answer goes.',
})

const Name = Type.String({
  minLength: 1,
  maxLength: 180,
  description: 'Names the message for ever: sent again, it is one message.',
})
const From = Type.Object(
  {
    id: Type.String({ minLength: 1, maxLength: 255 }),
    name: Type.Optional(Type.String({ maxLength: 255 })),
    email: Type.Optional(Type.String({ maxLength: 255 })),
    phone: Type.Optional(Type.String({ maxLength: 64 })),
  },
  closed,
)
const At = Type.String({ format: 'date-time', maxLength: 64 })
const content = {
  text: Type.Optional(Type.String({ minLength: 1, maxLength: 20_000 })),
  parts: Type.Optional(Type.Array(Type.Unknown(), { minItems: 1, maxItems: 50 })),
}

const Message = Type.Object(
  {
    type: Type.Literal('message'),
    id: Name,
    peer: Peer,
    from: From,
    ...content,
    at: Type.Optional(At),
    replyTo: Type.Optional(Type.String({ maxLength: 255 })),
  },
  closed,
)

/** The customer has changed what they said; the latest by `at` counts. */
const Edit = Type.Object({ type: Type.Literal('edit'), id: Name, peer: Peer, ...content, at: At }, closed)

/** The customer has taken it back. */
const Recall = Type.Object({ type: Type.Literal('recall'), id: Name, peer: Peer, at: Type.Optional(At) }, closed)

/** What somebody shows on a message from now on: on one of theirs by its id, on one of ours by what the program answered to it. */
const Reaction = Type.Object(
  {
    type: Type.Literal('reaction'),
    externalId: Name,
    peer: Peer,
    from: From,
    emojis: Type.Array(Type.String({ minLength: 1, maxLength: 32 }), { maxItems: 20 }),
    at: At,
  },
  closed,
)

const Receipt = Type.Object(
  {
    type: Type.Literal('receipt'),
    externalId: Type.String({ minLength: 1, maxLength: 180 }),
    state: Type.Enum(['delivered', 'read', 'failed']),
    peer: Type.Optional(Peer),
    reason: Type.Optional(Type.String({ maxLength: 1000 })),
    at: Type.Optional(At),
  },
  closed,
)

const ajv = formats.default(new Ajv({ strict: false }))
const validators = {
  message: ajv.compile(Message),
  edit: ajv.compile(Edit),
  recall: ajv.compile(Recall),
  reaction: ajv.compile(Reaction),
  receipt: ajv.compile(Receipt),
}
type Said = Static<typeof Message | typeof Edit | typeof Recall | typeof Reaction | typeof Receipt>

/** The body is not what was agreed: `pointer` names the field (RFC 6901), '' the body itself. */
export class BodyInvalid extends Error {
  readonly pointer: string

  constructor(pointer: string, detail: string) {
    super(detail)
    this.name = 'BodyInvalid'
    this.pointer = pointer
  }
}

/** The event of a verified body. Throws `BodyInvalid`. `atMs` stands in for a time that the program does not give. */
export function fromBody(body: Buffer, channelId: string, atMs: number): Inbound {
  const said = parse(body)
  try {
    return checkInbound(eventOf(said, channelId, said.at ?? new Date(atMs).toISOString()))
  } catch (error) {
    const [at] = (error as { errors?: readonly { pointer: string; detail: string }[] }).errors ?? []
    if (at === undefined) throw error
    throw new BodyInvalid(at.pointer, at.detail)
  }
}

function eventOf(said: Said, channelId: string, at: string): Inbound {
  switch (said.type) {
    case 'message': {
      const { id, peer, replyTo } = said
      const from = senderOf(said.from, channelId)
      const base = { kind: 'message', key: `message:${id}`, peer, at, externalId: id, from } as const
      return { ...base, parts: partsOf(said), ...(replyTo !== undefined && { replyTo }) }
    }
    case 'edit':
      // Posted again it is the same edit; one with other words is another.
      return { ...changeOf(said, `edit:${digest(JSON.stringify(said))}`, at), kind: 'edit', parts: partsOf(said) }
    case 'recall':
      return {
        ...changeOf(said, `recall:${said.id}`, at),
        kind: 'edit',
        parts: [unsupported('recall', '[消息已撤回]')],
      }
    case 'reaction': {
      const { externalId, peer, emojis } = said
      const key = `reaction:${digest(JSON.stringify(said))}`
      return { kind: 'reaction', key, peer, at, externalId, from: senderOf(said.from, channelId), emojis }
    }
    case 'receipt': {
      const { externalId, state, reason, peer = externalId } = said
      const key = `receipt:${externalId}:${state}`
      return { kind: 'receipt', key, peer, at, externalId, state, ...(reason !== undefined && { reason }) }
    }
  }
}

function changeOf({ id, peer }: { readonly id: string; readonly peer: string }, key: string, at: string) {
  return { key, peer, at, externalId: id }
}

function senderOf({ id, name, email, phone }: Static<typeof From>, channelId: string): Sender {
  const claims = { ...(email !== undefined && { email }), ...(phone !== undefined && { phone }) }
  const sender = { kind: 'custom', scope: channelId, address: id, verified: true }
  return { ...sender, ...(name !== undefined && { name }), claims }
}

function partsOf({ text, parts }: { readonly text?: string; readonly parts?: readonly unknown[] }): Part[] {
  if ((text === undefined) === (parts === undefined)) throw new BodyInvalid('', 'needs text or parts, and not both')
  return (parts?.map(located) ?? [{ type: 'text', text }]) as Part[]
}

/** A file that is named by an address is fetched from there. */
function located(part: unknown): unknown {
  const blob = part !== null && typeof part === 'object' ? (part as { blob?: unknown }).blob : undefined
  if (blob === null || typeof blob !== 'object' || !('url' in blob)) return part
  const { url, ...rest } = blob
  return { ...(part as object), blob: { ...rest, locator: { url } } }
}

/** A file as it is told of beside the parts that carry it. */
export interface FileTold {
  readonly fileId: string
  readonly name: string
  readonly mediaType: string
  readonly size: number
  readonly sha256: string
  readonly url: string
}

/** What is posted to the program: the same for each attempt, so that its signature can be checked against a copy. */
export function toBody(message: Outbound, files: readonly FileTold[] = []): string {
  const text = message.parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n')
  return JSON.stringify({
    type: 'message',
    id: message.id,
    peer: message.peer,
    conversationId: message.conversationId,
    messageId: message.messageId,
    author: message.author,
    text,
    parts: message.parts,
    ...(files.length > 0 && { files }),
    ...(message.replyTo !== undefined && { replyTo: message.replyTo }),
  })
}

/** What is posted when a message is to be taken back. `externalId` is the program's own, as it answered to the message. */
export function toRecall({ externalId, peer, conversationId, messageId }: SentMessage): string {
  return JSON.stringify({ type: 'recall', externalId, peer, conversationId, messageId })
}

function parse(body: Buffer): Said {
  let said: unknown
  try {
    said = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch {
    throw new BodyInvalid('', 'is not JSON in UTF-8')
  }
  const type = said !== null && typeof said === 'object' ? (said as { type?: unknown }).type : undefined
  const isKnown = typeof type === 'string' && Object.hasOwn(validators, type)
  if (!isKnown) throw new BodyInvalid('/type', `must be one of ${Object.keys(validators).join(', ')}`)
  const validate = validators[type as keyof typeof validators]
  if (validate(said)) return said as Said
  const error = validate.errors?.[0]
  const { missingProperty, additionalProperty } = (error?.params ?? {}) as Record<string, string | undefined>
  const member = missingProperty ?? additionalProperty
  const pointer = `${error?.instancePath ?? ''}${member === undefined ? '' : `/${member.replaceAll('~', '~0').replaceAll('/', '~1')}`}`
  const detail =
    missingProperty !== undefined
      ? 'is missing'
      : additionalProperty !== undefined
        ? 'is not known'
        : (error?.message ?? 'is not allowed')
  throw new BodyInvalid(pointer, detail)
}
