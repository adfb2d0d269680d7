/** Shapes about contacts, beside the contact itself (shapes.ts). As public as those. */
import { type Static, Type } from 'typebox'
import { Id, Nullable, OneOf, Time } from './shapes.ts'

export const ContactField = Type.Object({
  key: Type.String({ description: 'The name of the attribute in `attributes`.' }),
  label: Type.String({ description: 'What people call it.' }),
  type: OneOf('text', 'number', 'boolean', 'date', 'choice', 'link'),
  options: Type.Array(Type.String(), { description: 'What a choice may be; else empty.' }),
  createdAt: Time,
  version: Type.Integer({ minimum: 1 }),
})
export type ContactField = Static<typeof ContactField>

export const ContactNote = Type.Object({
  id: Id('nte'),
  contactId: Id('ctc'),
  text: Type.String(),
  authorId: Type.String({ description: 'The member or key that wrote it.' }),
  authorName: Nullable(Type.String()),
  createdAt: Time,
  updatedAt: Time,
  version: Type.Integer({ minimum: 1 }),
})
export type ContactNote = Static<typeof ContactNote>

export const ContactGroup = Type.Object({
  id: Id('cgr'),
  name: Type.String(),
  count: Type.Integer({ minimum: 0, description: 'How many contacts are in it; merged ones count as one.' }),
  createdAt: Time,
  version: Type.Integer({ minimum: 1 }),
})
export type ContactGroup = Static<typeof ContactGroup>

export const ContactTag = Type.Object({
  tag: Type.String(),
  count: Type.Integer({ minimum: 0, description: 'How many contacts carry it; merged ones count as one.' }),
})
export type ContactTag = Static<typeof ContactTag>

export const ContactMerge = Type.Object({
  id: Id('mrg'),
  survivorId: Id('ctc'),
  mergedId: Id('ctc'),
  mergedAt: Time,
  mergedBy: Type.String(),
  undoneAt: Nullable(Time),
  undoneBy: Nullable(Type.String()),
})
export type ContactMerge = Static<typeof ContactMerge>
