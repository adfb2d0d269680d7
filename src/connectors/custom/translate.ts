/** What the other program says and hears, both ways. Pure. */
import { Ajv } from 'ajv'
import formats from 'ajv-formats'
import { type Static, Type } from 'typebox'
import type { Inbound, Outbound, Part } from '../../core/conversations/model.ts'
import { checkInbound, type SentMessage } from '../contract.ts'

const closed = { additionalProperties: false } as const
const Peer = Type.String({
  minLength: 1,
  maxLength: 200,
  description: 'The chat of that program: where an answer goes.',
})

const Message = Type.Object(
  {
    type: Type.Literal('message'),
    id: Type.String({
      minLength: 1,
      maxLength: 180,
      description: 'Names the message for ever: sent again, it is one message.',
    }),
    peer: Peer,
    from: Type.Object(
      {
        id: Type.String({ minLength: 1, maxLength: 255 }),
        name: Type.Optional(Type.String({ maxLength: 255 })),
        email: Type.Optional(Type.String({ maxLength: 255 })),
        phone: Type.Optional(Type.String({ maxLength: 64 })),
      },
      closed,
    ),
    text: Type.Optional(Type.String({ minLength: 1, maxLength: 20_000 })),
    parts: Type.Optional(Type.Array(Type.Unknown(), { minItems: 1, maxItems: 50 })),
    at: Type.Optional(Type.String({ format: 'date-time', maxLength: 64 })),
    replyTo: Type.Optional(Type.String({ maxLength: 255 })),
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
    at: Type.Optional(Type.String({ format: 'date-time', maxLength: 64 })),
  },
  closed,
)

const ajv = formats.default(new Ajv({ strict: false }))
const validators = { message: ajv.compile(Message), receipt: ajv.compile(Receipt) }

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
  const at = said.at ?? new Date(atMs).toISOString()
  if (said.type === 'receipt') {
    return {
      kind: 'receipt',
      key: `receipt:${said.externalId}:${said.state}`,
      peer: said.peer ?? said.externalId,
      at,
      externalId: said.externalId,
      state: said.state,
      ...(said.reason !== undefined && { reason: said.reason }),
    }
  }
  if ((said.text === undefined) === (said.parts === undefined))
    throw new BodyInvalid('', 'needs text or parts, and not both')
  const { id, name, email, phone } = said.from
  const claims = { ...(email !== undefined && { email }), ...(phone !== undefined && { phone }) }
  const event: Inbound = {
    kind: 'message',
    key: `message:${said.id}`,
    peer: said.peer,
    at,
    externalId: said.id,
    from: {
      kind: 'custom',
      scope: channelId,
      address: id,
      verified: true,
      ...(name !== undefined && { name }),
      claims,
    },
    parts: (said.parts?.map(located) ?? [{ type: 'text', text: said.text }]) as Part[],
    ...(said.replyTo !== undefined && { replyTo: said.replyTo }),
  }
  try {
    return checkInbound(event)
  } catch (error) {
    const [at] = (error as { errors?: readonly { pointer: string; detail: string }[] }).errors ?? []
    if (at === undefined) throw error
    throw new BodyInvalid(at.pointer, at.detail)
  }
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

function parse(body: Buffer): Static<typeof Message> | Static<typeof Receipt> {
  let said: unknown
  try {
    said = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch {
    throw new BodyInvalid('', 'is not JSON in UTF-8')
  }
  const type = said !== null && typeof said === 'object' ? (said as { type?: unknown }).type : undefined
  if (type !== 'message' && type !== 'receipt') throw new BodyInvalid('/type', 'must be message or receipt')
  const validate = validators[type]
  if (validate(said)) return said as Static<typeof Message> | Static<typeof Receipt>
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
