/**
 * What may stand on the `inbound` topic, as a schema: the same words as `Inbound` in model.ts. Checked where it enters
 * (connectors/runtime/receive.ts); ingest reads what connectors in other languages wrote with the same schema.
 */
import { Ajv } from 'ajv'
import formats from 'ajv-formats'
import { type TSchema, Type } from 'typebox'
import { OneOf, Part } from '../events/shapes.ts'
import { Fault } from '../platform/errors.ts'
import type { Inbound } from './model.ts'

const closed = { additionalProperties: false } as const

const base = {
  key: Type.String({ minLength: 1, maxLength: 200, description: 'Recognises the same event when it comes again.' }),
  peer: Type.String({ minLength: 1, maxLength: 200, description: "The platform's chat: where an answer goes." }),
  at: Type.String({ format: 'date-time', maxLength: 64, description: "When it was said, by the platform's clock." }),
}

const Sender = Type.Object(
  {
    kind: Type.String({ minLength: 1, maxLength: 64 }),
    scope: Type.String({ maxLength: 200 }),
    address: Type.String({ minLength: 1, maxLength: 255 }),
    name: Type.Optional(Type.String({ maxLength: 255 })),
    verified: Type.Optional(Type.Boolean()),
    claims: Type.Optional(Type.Record(Type.String({ maxLength: 64 }), Type.String({ maxLength: 2000 }))),
  },
  closed,
)

const ReplyTicket = Type.Object(
  {
    kind: Type.String({ minLength: 1, maxLength: 64 }),
    reference: Type.Optional(Type.Unknown()),
    expiresAt: Type.String({ format: 'date-time', maxLength: 64 }),
    uses: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
  },
  closed,
)

const Thread = Type.Object(
  {
    references: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 255 }), { maxItems: 50 })),
    conversationId: Type.Optional(Type.String({ pattern: '^cnv_[0-9a-z]{26}$' })),
  },
  closed,
)

export const InboundMessage = Type.Object(
  {
    ...base,
    kind: Type.Literal('message'),
    externalId: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
    clientId: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
    from: Sender,
    parts: Type.Array(Part, { minItems: 1, maxItems: 50 }),
    replyTo: Type.Optional(Type.String({ maxLength: 255 })),
    chat: Type.Optional(
      Type.Object({ kind: OneOf('direct', 'group'), title: Type.Optional(Type.String({ maxLength: 255 })) }, closed),
    ),
    ticket: Type.Optional(ReplyTicket),
    thread: Type.Optional(Thread),
    automatic: Type.Optional(Type.Boolean()),
  },
  closed,
)

export const InboundReceipt = Type.Object(
  {
    ...base,
    kind: Type.Literal('receipt'),
    externalId: Type.String({ minLength: 1, maxLength: 255 }),
    state: OneOf('delivered', 'read', 'failed'),
    reason: Type.Optional(Type.String({ maxLength: 1000 })),
  },
  closed,
)

export const InboundEdit = Type.Object(
  {
    ...base,
    kind: Type.Literal('edit'),
    externalId: Type.String({ minLength: 1, maxLength: 255 }),
    parts: Type.Array(Part, { minItems: 1, maxItems: 50 }),
  },
  closed,
)

export const InboundReaction = Type.Object(
  {
    ...base,
    kind: Type.Literal('reaction'),
    externalId: Type.String({ minLength: 1, maxLength: 255 }),
    from: Sender,
    emojis: Type.Array(Type.String({ minLength: 1, maxLength: 32 }), { maxItems: 20 }),
  },
  closed,
)

/** The largest event that is taken in, as JSON. */
export const maxInboundBytes = 256 * 1024

const ajv = formats.default(new Ajv({ allErrors: false, strict: false }))
const validators = {
  message: ajv.compile(InboundMessage),
  edit: ajv.compile(InboundEdit),
  reaction: ajv.compile(InboundReaction),
  receipt: ajv.compile(InboundReceipt),
}
const partValidators = new Map<string, ReturnType<typeof ajv.compile>>(
  Part.anyOf.map((schema: TSchema) => [typeOf(schema), ajv.compile(schema)]),
)

/**
 * The event, if it is one. Faults with `inbound-invalid`, which names the field at fault by a JSON pointer; the values
 * themselves are never repeated in the message.
 */
export function checkInbound(event: unknown): Inbound {
  if (event === null || typeof event !== 'object') throw invalid('', 'must be an object')
  const kind = (event as { kind?: unknown }).kind
  const isKnown = typeof kind === 'string' && Object.hasOwn(validators, kind)
  const validate = isKnown ? validators[kind as keyof typeof validators] : undefined
  if (validate === undefined) throw invalid('/kind', 'must be message, edit, reaction or receipt')
  if (validate(event)) return event as Inbound
  const error = validate.errors?.[0]
  const pointer = error?.instancePath ?? ''
  const part = /^\/parts\/(\d+)/.exec(pointer)
  if (part) throw partFault(event as { parts: unknown[] }, Number(part[1]))
  throw invalid(pointer, error?.message ?? 'is not allowed')
}

/** A union says of a bad member only that nothing fits: ask the branch that the part claims to be. */
function partFault(event: { parts: unknown[] }, index: number): Fault {
  const part = event.parts[index]
  const type = part !== null && typeof part === 'object' ? (part as { type?: unknown }).type : undefined
  const validate = typeof type === 'string' ? partValidators.get(type) : undefined
  if (validate === undefined) return invalid(`/parts/${index}/type`, 'is not a known type of part')
  validate(part)
  const error = validate.errors?.[0]
  return invalid(`/parts/${index}${error?.instancePath ?? ''}`, error?.message ?? 'is not allowed')
}

function typeOf(schema: TSchema): string {
  return String((schema as { properties?: { type?: { const?: unknown } } }).properties?.type?.const)
}

function invalid(pointer: string, detail: string): Fault {
  return new Fault('invalid', 'inbound-invalid', `What came in is not a message: ${pointer || 'it'} ${detail}.`, {
    errors: [{ pointer, detail }],
  })
}
