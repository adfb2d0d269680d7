/** Of what messages are made: the shapes of their parts. */
import { type Static, Type } from 'typebox'
import { Id, Time } from './schema-words.ts'

const closed = { additionalProperties: false } as const

const Blob = Type.Object(
  {
    fileId: Type.Optional(Id('fil')),
    locator: Type.Optional(Type.Unknown({ description: "The connector's own way of fetching it." })),
    name: Type.Optional(Type.String({ maxLength: 255 })),
    mediaType: Type.Optional(Type.String({ maxLength: 127 })),
    size: Type.Optional(Type.Integer({ minimum: 0 })),
    width: Type.Optional(Type.Integer({ minimum: 0 })),
    height: Type.Optional(Type.Integer({ minimum: 0 })),
    durationMs: Type.Optional(Type.Integer({ minimum: 0 })),
    expiresAt: Type.Optional(Time),
    contentId: Type.Optional(
      Type.String({
        maxLength: 255,
        description: 'Its place in the `html` of the message: a picture there has `cid:` and this as its address.',
      }),
    ),
  },
  closed,
)

export const TextPart = Type.Object(
  {
    type: Type.Literal('text'),
    text: Type.String({ minLength: 1, maxLength: 20_000 }),
    html: Type.Optional(Type.String({ maxLength: 1_000_000 })),
    subject: Type.Optional(
      Type.String({ maxLength: 500, description: 'The line above it, on channels that have one.' }),
    ),
    quotedFrom: Type.Optional(Type.Integer({ minimum: 0, description: 'Where quoted text begins, in UTF-16 units.' })),
  },
  closed,
)

const media = <T extends string>(type: T) =>
  Type.Object(
    {
      type: Type.Literal(type),
      blob: Blob,
      caption: Type.Optional(Type.String({ maxLength: 4096 })),
      transcript: Type.Optional(Type.String({ maxLength: 20_000, description: 'What is said in it, in words.' })),
      transcriptFailed: Type.Optional(
        Type.Boolean({ description: 'It could not be put into words; it can be asked for again.' }),
      ),
    },
    closed,
  )

export const LocationPart = Type.Object(
  {
    type: Type.Literal('location'),
    lat: Type.Number({ minimum: -90, maximum: 90 }),
    lon: Type.Number({ minimum: -180, maximum: 180 }),
    name: Type.Optional(Type.String({ maxLength: 255 })),
    address: Type.Optional(Type.String({ maxLength: 1000 })),
  },
  closed,
)

const plainParts = [
  TextPart,
  media('image'),
  media('audio'),
  media('video'),
  media('file'),
  media('sticker'),
  LocationPart,
  Type.Object(
    {
      type: Type.Literal('contact'),
      name: Type.String({ maxLength: 255 }),
      phones: Type.Optional(Type.Array(Type.String({ maxLength: 64 }), { maxItems: 20 })),
      emails: Type.Optional(Type.Array(Type.String({ maxLength: 255 }), { maxItems: 20 })),
    },
    closed,
  ),
  Type.Object(
    {
      type: Type.Literal('link'),
      url: Type.String({ maxLength: 2048 }),
      title: Type.Optional(Type.String({ maxLength: 500 })),
      description: Type.Optional(Type.String({ maxLength: 2000 })),
    },
    closed,
  ),
  Type.Object(
    {
      type: Type.Literal('card'),
      fallback: Type.String({ maxLength: 20_000, description: 'Readable text for whoever cannot show it.' }),
      title: Type.Optional(Type.String({ maxLength: 500 })),
      fields: Type.Optional(
        Type.Array(
          Type.Object({ name: Type.String({ maxLength: 200 }), value: Type.String({ maxLength: 2000 }) }, closed),
          {
            maxItems: 50,
          },
        ),
      ),
      actions: Type.Optional(
        Type.Array(
          Type.Object(
            {
              id: Type.String({ maxLength: 200 }),
              label: Type.String({ maxLength: 200 }),
              url: Type.Optional(Type.String({ maxLength: 2048 })),
            },
            closed,
          ),
          { maxItems: 20 },
        ),
      ),
    },
    closed,
  ),
  Type.Object(
    {
      type: Type.Literal('choice'),
      prompt: Type.String({ minLength: 1, maxLength: 4096 }),
      options: Type.Array(
        Type.Object({ id: Type.String({ maxLength: 200 }), label: Type.String({ maxLength: 200 }) }, closed),
        { minItems: 1, maxItems: 20 },
      ),
    },
    closed,
  ),
  Type.Object(
    {
      type: Type.Literal('template'),
      name: Type.String({ maxLength: 200 }),
      language: Type.Optional(Type.String({ maxLength: 35 })),
      parameters: Type.Unknown(),
      fallback: Type.String({ maxLength: 20_000 }),
    },
    closed,
  ),
  Type.Object(
    {
      type: Type.Literal('unsupported'),
      native: Type.String({ maxLength: 200, description: "The platform's own name of what it was." }),
      fallback: Type.String({ maxLength: 20_000 }),
    },
    closed,
  ),
] as const

/** A part of a message. Messages forwarded within forwarded ones are laid flat. */
export const Part = Type.Union([
  ...plainParts,
  Type.Object(
    {
      type: Type.Literal('forward'),
      items: Type.Array(
        Type.Object(
          {
            from: Type.Optional(Type.String({ maxLength: 255 })),
            at: Type.Optional(Time),
            parts: Type.Array(Type.Union([...plainParts]), { maxItems: 20 }),
          },
          closed,
        ),
        { maxItems: 200 },
      ),
    },
    closed,
  ),
])
export type Part = Static<typeof Part>
