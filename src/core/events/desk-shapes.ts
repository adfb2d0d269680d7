/** What the desk keeps ready. */
import { type Static, Type } from 'typebox'
import { Id, Nullable, Time } from './schema-words.ts'

export const CannedReply = Type.Object({
  id: Id('rpl'),
  memberId: Nullable(Id('usr')),
  folder: Type.String(),
  title: Type.String(),
  text: Type.String({ description: 'May hold {{contact.name}}, {{agent.name}} and {{agent.number}}.' }),
  createdAt: Time,
  updatedAt: Time,
  version: Type.Integer({ minimum: 1 }),
})
export type CannedReply = Static<typeof CannedReply>
