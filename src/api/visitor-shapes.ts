/** What visitors say and see. */
import { Type } from 'typebox'
import { LocationPart } from '../core/events/part-shapes.ts'
import { Id, MessageStatus, Nullable, OneOf, Part, Time } from '../core/events/shapes.ts'

const media = <T extends string>(type: T) =>
  Type.Object(
    {
      type: Type.Literal(type),
      blob: Type.Object(
        { fileId: Id('fil'), durationMs: Type.Optional(Type.Integer({ minimum: 0, maximum: 86_400_000 })) },
        { additionalProperties: false },
      ),
      caption: Type.Optional(Type.String({ maxLength: 1000 })),
    },
    { additionalProperties: false },
  )

/** What a visitor's page may send: words, where they are, and files that it uploaded. Markup and files of others' making have no way in. */
export const VisitorParts = Type.Array(
  Type.Union([
    Type.Object(
      { type: Type.Literal('text'), text: Type.String({ minLength: 1, maxLength: 10_000 }) },
      { additionalProperties: false },
    ),
    LocationPart,
    media('image'),
    media('audio'),
    media('video'),
    media('file'),
  ]),
  { minItems: 1, maxItems: 10 },
)

export const VisitorConversation = Type.Object({
  id: Id('cnv'),
  status: OneOf('open', 'closed'),
  openedAt: Time,
  closedAt: Nullable(Time),
  lastMessageAt: Nullable(Time),
  preview: Nullable(Type.String()),
  messages: Type.Integer({ minimum: 0 }),
})

export const VisitorMessage = Type.Object({
  id: Id('msg'),
  conversationId: Id('cnv'),
  number: Type.Integer({ minimum: 1 }),
  direction: OneOf('in', 'out'),
  author: Type.Object({
    kind: OneOf('contact', 'member', 'bot', 'system'),
    name: Nullable(Type.String()),
    number: Nullable(Type.String({ description: '工号' })),
  }),
  parts: Type.Array(Part),
  clientId: Nullable(Type.String()),
  sentAt: Time,
  status: MessageStatus,
  recalled: Type.Optional(Type.Literal(true, { description: 'It was taken back: what was in it is gone.' })),
})
