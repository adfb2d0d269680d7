/** What customers say of how they were served. */
import { type Static, Type } from 'typebox'
import { Id, Nullable, OneOf, Time } from './schema-words.ts'

export const SatisfactionSource = OneOf('widget', 'link', 'keypad')
export type SatisfactionSource = Static<typeof SatisfactionSource>

export const Satisfaction = Type.Object({
  id: Id('sat'),
  conversationId: Id('cnv'),
  callId: Nullable(Id('cal')),
  contactId: Id('ctc'),
  channelId: Id('chn'),
  groupId: Nullable(Id('grp')),
  memberId: Nullable(Id('usr')),
  scale: Type.Integer({ description: 'The best score; 1 is the worst.' }),
  offeredTags: Type.Array(Type.String()),
  requestedBy: Type.String(),
  requestedAt: Time,
  expiresAt: Time,
  score: Nullable(Type.Integer({ minimum: 1 })),
  comment: Nullable(Type.String()),
  tags: Type.Array(Type.String()),
  source: Nullable(SatisfactionSource),
  answeredAt: Nullable(Time),
  version: Type.Integer({ minimum: 1 }),
})
export type Satisfaction = Static<typeof Satisfaction>
