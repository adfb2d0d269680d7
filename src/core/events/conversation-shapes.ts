/** What a tenant defines about the ends of its conversations. */
import { type Static, Type } from 'typebox'
import { Id, Nullable, OneOf } from './schema-words.ts'

/** A tenant's own word for something, as programs name it. */
export const CategoryKey = Type.String({ pattern: '^[a-z][a-z0-9-]{0,31}$' })

export const ConversationCategory = Type.Object({
  key: CategoryKey,
  name: Type.String(),
  parentKey: Nullable(CategoryKey),
  position: Type.Integer(),
  retired: Type.Boolean({ description: 'No conversation gets it any more.' }),
})
export type ConversationCategory = Static<typeof ConversationCategory>

export const Asked = OneOf('off', 'optional', 'required')

export const ClosingRule = Type.Object({
  groupId: Nullable(Id('grp'), { description: 'null: wherever the group has no rule of its own.' }),
  summary: Asked,
  category: Asked,
  closeResolvedAfterSeconds: Nullable(Type.Integer({ minimum: 60, maximum: 31_536_000 }), {
    description: 'What is resolved is closed so long after; null: by hand alone.',
  }),
})
export type ClosingRule = Static<typeof ClosingRule>
