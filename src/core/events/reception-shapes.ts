/** What the hub says by itself, and by which rules. */
import { type Static, Type } from 'typebox'
import { Nullable, OneOf, Time } from './schema-words.ts'

const closed = { additionalProperties: false } as const

export const TextKind = OneOf(
  'greeting',
  'waiting',
  'off-hours',
  'nobody-on-duty',
  'reminder',
  'closing',
  'satisfaction',
)
export type TextKind = Static<typeof TextKind>

/** BCP 47, as far as texts go: a language, and where it matters a script or a region. */
export const Language = Type.String({ pattern: '^[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?$', description: 'BCP 47.' })

export const ReceptionText = Type.Object({
  scope: Type.String({ description: '`all`, or the id of a channel.' }),
  kind: TextKind,
  language: Language,
  text: Type.String({ description: 'Empty: nothing is said.' }),
  updatedAt: Time,
  version: Type.Integer({ minimum: 1 }),
})
export type ReceptionText = Static<typeof ReceptionText>

/** An agent's own words when a conversation comes to them. */
export const OwnGreeting = Type.Object({
  language: Language,
  text: Type.String(),
  updatedAt: Time,
  version: Type.Integer({ minimum: 1 }),
})
export type OwnGreeting = Static<typeof OwnGreeting>

const after = (description: string) =>
  Nullable(Type.Integer({ minimum: 10, maximum: 2_592_000, description: `${description} Null: never.` }))

export const ReceptionRules = Type.Object(
  {
    waitingAfterSeconds: Type.Integer({
      minimum: 0,
      maximum: 3600,
      description: 'How long somebody has waited for a person when they are told of it.',
    }),
    customerSilence: Type.Object(
      {
        remindAfterSeconds: after('From the last word of the agent until the customer is reminded.'),
        closeAfterSeconds: after('From the last word of the agent until the conversation is closed.'),
      },
      closed,
    ),
    agentSilence: Type.Object(
      {
        remindAfterSeconds: after('From the first word that is not answered until `conversation.overdue`.'),
        requeueAfterSeconds: after('From the same word until it goes to another agent of the group.'),
      },
      closed,
    ),
    satisfaction: Type.Object(
      {
        ask: OneOf('never', 'on-close'),
        scale: Type.Integer({ minimum: 2, maximum: 10, description: 'The best score; 1 is the worst.' }),
        tags: Type.Array(Type.String({ minLength: 1, maxLength: 50 }), { maxItems: 20, uniqueItems: true }),
        answerWithinDays: Type.Integer({ minimum: 1, maximum: 90 }),
      },
      closed,
    ),
  },
  closed,
)
export type ReceptionRules = Static<typeof ReceptionRules>

/** Rules of one scope: what is left out is as it is for all, or by default. */
export const ScopedRules = Type.Object({
  scope: Type.String({ description: '`all`, or the id of a channel.' }),
  rules: Type.Partial(ReceptionRules),
  updatedAt: Time,
  version: Type.Integer({ minimum: 1 }),
})
export type ScopedRules = Static<typeof ScopedRules>
