/**
 * The shapes that leave the hub: what events carry and what the API answers are the same objects, described once, as
 * JSON Schema and TypeScript types together. They are a public interface: members may be added, never renamed or removed.
 */
import { type Static, Type } from 'typebox'
import { CategoryKey } from './conversation-shapes.ts'
import { Part, TextPart } from './part-shapes.ts'
import { GroupRouting, MediumLimits, SkillLevel } from './routing-shapes.ts'
import { Id, Nullable, OneOf, Time } from './schema-words.ts'

export { Id, Nullable, OneOf, Part, TextPart, Time }

const _closed = { additionalProperties: false } as const

export const Failure = Type.Object({ code: Type.String(), detail: Type.String() })
export type Failure = Static<typeof Failure>

export const MessageStatus = OneOf('received', 'queued', 'accepted', 'delivered', 'read', 'failed', 'unknown', 'noted')

export const Message = Type.Object({
  id: Id('msg'),
  conversationId: Id('cnv'),
  contactId: Id('ctc'),
  number: Type.Integer({ minimum: 1, description: 'Dense within its conversation: the order everybody sees.' }),
  direction: OneOf('in', 'out', 'note'),
  author: Type.Object({
    kind: OneOf('contact', 'member', 'bot', 'system'),
    id: Nullable(Type.String()),
    name: Nullable(Type.String()),
  }),
  channelId: Nullable(Id('chn')),
  parts: Type.Array(Part),
  replyTo: Nullable(Type.String()),
  clientId: Nullable(Type.String()),
  mentions: Type.Array(Id('usr'), { description: 'Members to whom a note calls out.' }),
  status: MessageStatus,
  failure: Nullable(Failure),
  editedAt: Nullable(Time),
  reactions: Type.Array(Type.String(), { description: 'Emoji that people show on it, once for each person.' }),
  recall: Type.Optional(
    Type.Object(
      {
        state: OneOf('asked', 'done', 'failed'),
        by: Type.String({ description: 'The member or key that asked for it.' }),
        at: Time,
        failure: Type.Optional(Failure),
      },
      { description: 'It was taken back (撤回): customers see nothing of it any more once that is `done`.' },
    ),
  ),
  sentAt: Time,
  createdAt: Time,
})
export type Message = Static<typeof Message>

export const ReplyWindow = Type.Object({
  expiresAt: Type.String({ format: 'date-time', description: 'No answer is taken after this moment.' }),
  usesLeft: Nullable(Type.Integer({ minimum: 0, description: 'Answers that may still be sent; null: no limit.' })),
})
export type ReplyWindow = Static<typeof ReplyWindow>

export const Way = Type.Object({
  channelId: Id('chn'),
  name: Type.String(),
  kind: Type.String(),
  isCurrent: Type.Boolean({ description: 'The one an answer takes unless it names another.' }),
  isOpen: Type.Boolean({ description: 'An answer would be taken now, as far as is known.' }),
  replyWindow: Nullable(ReplyWindow),
  lastInboundAt: Nullable(Time),
  recall: Nullable(
    Type.Object(
      { withinSeconds: Nullable(Type.Integer({ description: 'Null: always.' })) },
      {
        description: 'Whether, and for how long, what was sent on it can be taken back (撤回).',
      },
    ),
  ),
})
export type Way = Static<typeof Way>

export const Conversation = Type.Object({
  id: Id('cnv'),
  contactId: Id('ctc'),
  contactName: Type.String(),
  status: OneOf('open', 'resolved', 'closed'),
  heldBy: OneOf('bot', 'queue', 'agent', 'nobody'),
  groupId: Nullable(Id('grp')),
  assigneeId: Nullable(Id('usr')),
  transferGroupId: Type.Optional(
    Type.Unsafe<string>({
      ...Id('grp'),
      description: 'Its holder hands it on to this skill group, and keeps it until somebody there takes it.',
    }),
  ),
  channelId: Id('chn'),
  priority: Type.Integer(),
  tags: Type.Array(Type.String()),
  participantIds: Type.Array(Id('usr'), { description: 'Members who see it and write in it beside its holder.' }),
  lastNumber: Type.Integer({ minimum: 0 }),
  lastMessageAt: Nullable(Time),
  preview: Nullable(Type.String()),
  waitingSince: Nullable(Time, { description: 'Since when the customer has waited for our answer.' }),
  overdue: Type.Boolean({
    description:
      'Its customer has waited for an answer longer than the rules allow (超时); false once they are answered.',
  }),
  firstAnswerAt: Nullable(Time),
  agentRead: Type.Integer({ minimum: 0, description: 'Highest number that its agent has read.' }),
  customerRead: Type.Integer({ minimum: 0 }),
  reopened: Type.Integer({ minimum: 0 }),
  summary: Nullable(Type.String()),
  category: Nullable(CategoryKey),
  snoozed: Nullable(
    Type.Object({ since: Time, until: Nullable(Time, { description: 'null: until the customer writes.' }) }),
    { description: 'Set aside by its holder, whose capacity it does not take meanwhile.' },
  ),
  resolvedAt: Nullable(Time),
  resolvedBy: Nullable(Type.String()),
  openedAt: Time,
  closedAt: Nullable(Time),
  closedBy: Nullable(Type.String()),
  parkedAt: Nullable(Type.String({ format: 'date-time', description: 'Since when it waits for the opening hours.' })),
  parkedUntil: Nullable(Type.String({ format: 'date-time', description: 'When they begin, if that is known.' })),
  replyWindow: Nullable(ReplyWindow),
  updatedAt: Time,
  version: Type.Integer({ minimum: 1 }),
})
export type Conversation = Static<typeof Conversation>

export const Identity = Type.Object({
  kind: Type.String(),
  scope: Type.String(),
  address: Type.String({ description: 'In its normal form: E.164 for a phone, lower case for an e-mail.' }),
  verified: Type.Boolean(),
  given: Type.Optional(Type.String({ description: 'As it was written, where that is something else.' })),
})
export type Identity = Static<typeof Identity>

export const Contact = Type.Object({
  id: Id('ctc'),
  name: Type.String(),
  province: Nullable(Type.String()),
  city: Nullable(Type.String()),
  company: Nullable(Type.String()),
  attributes: Type.Record(Type.String(), Type.String()),
  claims: Type.Record(Type.String(), Type.String(), {
    description: "What the customer's side says of itself, unproven.",
  }),
  identities: Type.Array(Identity),
  tags: Type.Array(Type.String()),
  groupIds: Type.Array(Id('cgr')),
  mergedIds: Type.Array(Id('ctc'), { description: 'Contacts that were merged into this one.' }),
  blocked: Nullable(Type.Object({ at: Time, reason: Nullable(Type.String()), until: Nullable(Time) })),
  lastSeenAt: Nullable(Time),
  createdAt: Time,
  updatedAt: Time,
  version: Type.Integer({ minimum: 1 }),
})
export type Contact = Static<typeof Contact>

export const Role = OneOf('admin', 'supervisor', 'agent')
export type Role = Static<typeof Role>

export const Member = Type.Object({
  id: Id('usr'),
  name: Type.String(),
  email: Type.String(),
  number: Nullable(Type.String({ description: '工号: logs in, and is shown to customers.' })),
  role: Role,
  locale: Nullable(Type.String()),
  capacity: Type.Integer(),
  limits: MediumLimits,
  skills: Type.Array(SkillLevel),
  acceptMode: Nullable(OneOf('auto', 'manual')),
  disabled: Type.Boolean(),
  createdAt: Time,
  version: Type.Integer({ minimum: 1 }),
})
export type Member = Static<typeof Member>

export const PresenceState = OneOf('online', 'busy', 'away', 'not-responding', 'offline')
export type PresenceState = Static<typeof PresenceState>

export const Presence = Type.Object({
  memberId: Id('usr'),
  state: PresenceState,
  reason: Nullable(Type.String()),
  used: Type.Integer({ description: 'Units of capacity in use.' }),
  capacity: Type.Integer(),
  status: Type.Optional(Type.String({ description: 'The key of one of the business’s own states.' })),
  closed: Type.Optional(
    Type.Array(OneOf('chat', 'call', 'ticket'), { description: 'Media of which they take nothing at present.' }),
  ),
  closedReasons: Type.Optional(
    Type.Object(
      { chat: Type.Optional(Type.String()), call: Type.Optional(Type.String()), ticket: Type.Optional(Type.String()) },
      { description: 'Why, by medium, where a reason was given.' },
    ),
  ),
  wrappingUp: Type.Optional(Type.Integer({ description: 'So many are over but for what comes after the end (整理).' })),
})
export type Presence = Static<typeof Presence>

/** A state of agents in the business's own words. */
export const AgentStatus = Type.Object({
  key: Type.String({ pattern: '^[a-z][a-z0-9-]{0,31}$' }),
  name: Type.String({ minLength: 1, maxLength: 60 }),
  state: OneOf('online', 'busy', 'away'),
  closed: Type.Array(OneOf('chat', 'call', 'ticket'), {
    maxItems: 3,
    uniqueItems: true,
    description: 'Media in which nothing is taken meanwhile.',
  }),
  position: Type.Integer({ minimum: -10_000, maximum: 10_000 }),
  retired: Type.Boolean({ description: 'Nobody can choose it any more.' }),
})
export type AgentStatus = Static<typeof AgentStatus>

export const SkillGroup = Type.Object({
  id: Id('grp'),
  name: Type.String(),
  strategy: OneOf(
    'longest-idle',
    'least-loaded',
    'least-loaded-count',
    'round-robin',
    'best-skill',
    'weighted',
    'priority-list',
    'random',
  ),
  acceptMode: OneOf('auto', 'manual'),
  offerSeconds: Type.Integer(),
  wrapUpSeconds: Type.Integer(),
  maxWaiting: Nullable(Type.Integer()),
  routing: GroupRouting,
  members: Type.Array(
    Type.Object({
      memberId: Id('usr'),
      tier: Type.Integer(),
      level: Type.Integer(),
      weight: Type.Integer(),
      creditSeconds: Type.Integer(),
      maxItems: Nullable(Type.Integer()),
    }),
  ),
  createdAt: Time,
  version: Type.Integer({ minimum: 1 }),
})
export type SkillGroup = Static<typeof SkillGroup>

export const Channel = Type.Object({
  id: Id('chn'),
  kind: Type.String(),
  name: Type.String(),
  settings: Type.Record(Type.String(), Type.Unknown(), {
    description: 'Secrets are shown as ****, never as they are.',
  }),
  groupId: Nullable(Id('grp')),
  enabled: Type.Boolean(),
  state: Type.Object({
    state: OneOf('connecting', 'online', 'degraded', 'needs-login', 'offline'),
    detail: Type.Optional(Type.String()),
    scan: Type.Optional(Type.String({ description: 'What a login code to scan says.' })),
  }),
  hookUrl: Nullable(Type.String()),
  createdAt: Time,
  version: Type.Integer({ minimum: 1 }),
})
export type Channel = Static<typeof Channel>

export const Offer = Type.Object({
  id: Id('ofr'),
  conversationId: Nullable(Id('cnv')),
  ticketId: Nullable(Id('tkt')),
  memberId: Id('usr'),
  groupId: Id('grp'),
  state: OneOf('open', 'accepted', 'declined', 'expired', 'rescinded'),
  reason: Nullable(Type.String()),
  why: Type.Unknown({ description: 'Why it was offered to this agent: strategy, winning values, runner-up.' }),
  expiresAt: Time,
  createdAt: Time,
})
export type Offer = Static<typeof Offer>
