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

export const ImportTarget = Type.String({
  description:
    'name, province, city, company, phone, email, tags, note, `ext:{system}` (a key of your own system) or `attribute:{key}`.',
})

export const ContactImport = Type.Object({
  id: Id('imp'),
  state: OneOf('reading', 'draft', 'checking', 'importing', 'done', 'cancelled'),
  name: Type.String({ description: 'Of the file.' }),
  format: OneOf('csv', 'xlsx'),
  encoding: Nullable(Type.String({ description: 'In which the text was read; null for a workbook.' })),
  columns: Type.Array(
    Type.Object({
      name: Type.String(),
      samples: Type.Array(Type.String(), { description: 'What stands in it in the first rows.' }),
      suggestion: Nullable(ImportTarget),
    }),
  ),
  mapping: Nullable(Type.Array(Nullable(ImportTarget))),
  onMatch: Nullable(OneOf('update', 'skip')),
  tags: Type.Array(Type.String()),
  groupId: Nullable(Id('cgr')),
  total: Type.Integer({ description: 'Rows below the first, empty ones left out.' }),
  processed: Type.Integer(),
  created: Type.Integer(),
  updated: Type.Integer(),
  unchanged: Type.Integer({ description: 'Nothing was new in them, or they were passed over.' }),
  failed: Type.Integer(),
  errorsKept: Type.Integer({
    description: 'Of how many of those that failed the reasons are kept: of the first 10,000.',
  }),
  createdBy: Type.String(),
  createdAt: Time,
  startedAt: Nullable(Time),
  finishedAt: Nullable(Time),
  version: Type.Integer({ minimum: 1 }),
})
export type ContactImport = Static<typeof ContactImport>

export const ImportError = Type.Object({
  row: Type.Integer({ description: 'As a spreadsheet numbers it.' }),
  code: Type.String(),
  detail: Type.String(),
  column: Nullable(Type.Integer({ description: 'From 0; null when the row as a whole is wrong.' })),
  cells: Type.Array(Type.String()),
})
export type ImportError = Static<typeof ImportError>

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

/** An address on the blocklist. */
export const BlockedIdentity = Type.Object({
  id: Id('blk'),
  kind: Type.String(),
  scope: Type.String(),
  address: Type.String({ description: 'In its normal form: a phone number as E.164, an e-mail in lower case.' }),
  contactId: Nullable(Id('ctc'), { description: 'Whose address it is; null as long as it is nobody’s.' }),
  reason: Nullable(Type.String()),
  until: Nullable(Time, { description: 'Null: until somebody takes it off again.' }),
  blockedAt: Time,
  blockedBy: Type.String({ description: 'The member or key that did it.' }),
})
export type BlockedIdentity = Static<typeof BlockedIdentity>
