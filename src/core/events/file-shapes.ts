/** Files as the API shows them. */
import { type Static, Type } from 'typebox'
import { Id, Nullable, OneOf, Time } from './schema-words.ts'
import { Failure } from './shapes.ts'

export const StoredFile = Type.Object({
  id: Id('fil'),
  state: OneOf('ready', 'awaited', 'failed'),
  failure: Nullable(Failure, { description: 'Why it will not come.' }),
  name: Type.String(),
  mediaType: Type.String({ description: 'What its first bytes and its name agree on; else application/octet-stream.' }),
  kind: OneOf('image', 'audio', 'video', 'file'),
  bytes: Type.Integer({ minimum: 0 }),
  sha256: Type.String(),
  width: Nullable(Type.Integer()),
  height: Nullable(Type.Integer()),
  messageId: Nullable(Id('msg')),
  createdAt: Time,
  expiresAt: Nullable(Type.String({ format: 'date-time', description: 'When it goes unless a message carries it.' })),
  addresses: Type.Object(
    {
      download: Type.String({ description: 'The file as it came, to be saved.' }),
      inline: Nullable(Type.String({ description: 'Audio and video, to be played in place.' })),
      thumbnail: Nullable(Type.String({ description: 'Our own picture of a picture, at most 1280 pixels a side.' })),
      expiresAt: Time,
    },
    { description: 'Signed: whoever has one needs no credential until it expires.' },
  ),
})
export type StoredFile = Static<typeof StoredFile>
