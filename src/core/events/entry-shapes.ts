/** Entry rules: which skill group a conversation comes into, and by what. */
import { type Static, Type } from 'typebox'
import { SkillLevel } from './routing-shapes.ts'
import { Id, OneOf, Time } from './schema-words.ts'

const closed = { additionalProperties: false } as const
const some = (item: ReturnType<typeof Type.String>, maxItems: number, description: string) =>
  Type.Optional(Type.Array(item, { minItems: 1, maxItems, uniqueItems: true, description }))
const word = (maxLength: number) => Type.String({ minLength: 1, maxLength, pattern: '\\S' })

export const EntryConditions = Type.Object(
  {
    channelIds: some(Id('chn'), 100, 'It came over one of these channels.'),
    channelKinds: some(Type.String({ pattern: '^[a-z][a-z0-9-]{0,39}$' }), 30, 'Or over a channel of these kinds.'),
    keywords: some(word(100), 100, 'What the customer wrote holds one of these words, in whatever case or width.'),
    pattern: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 300,
        description: 'What the customer wrote matches this expression, in RE2’s syntax, in whatever case.',
      }),
    ),
    languages: some(Type.String({ pattern: '^[a-z]{2,3}$' }), 20, 'They write in one of these (ISO 639): `zh`, `en`.'),
    regions: some(
      word(60),
      200,
      'They are in one of these: a province or city (`广东`, `广东 深圳`), or a country (`US`). Taken from the contact’s record, else from what the site says, else from their number.',
    ),
    tags: some(word(60), 50, 'The contact carries one of these tags.'),
    hours: Type.Optional(
      Type.Object(
        { open: Type.Boolean(), calendarId: Type.Optional(Id('hrs')) },
        {
          ...closed,
          description:
            'It is open, or closed, by this calendar, else by that of the channel, the group of the channel, or all.',
        },
      ),
    ),
    vip: Type.Optional(
      Type.Boolean({ description: 'The contact carries the tag `VIP`, or an attribute `vip` that says yes.' }),
    ),
  },
  { ...closed, description: 'All that are given must hold; without any, the rule takes everybody.' },
)
export type EntryConditions = Static<typeof EntryConditions>

export const EntryTarget = Type.Object(
  {
    groupId: Id('grp'),
    priority: Type.Optional(
      Type.Integer({ minimum: -10, maximum: 10, description: 'Added to the conversation’s own.' }),
    ),
    skills: Type.Optional(Type.Array(SkillLevel, { maxItems: 10, description: 'Whoever takes it must have these.' })),
  },
  closed,
)
export type EntryTarget = Static<typeof EntryTarget>

export const EntryFallback = Type.Union(
  [
    Type.Object({ to: OneOf('wait', 'next') }, closed),
    Type.Object({ to: Type.Literal('group'), groupId: Id('grp') }, closed),
  ],
  {
    description:
      'If nobody of the target is on duty: `wait` there all the same, try the `next` rule, or come into another `group`, whoever serves there.',
  },
)
export type EntryFallback = Static<typeof EntryFallback>

export const EntryRule = Type.Object({
  id: Id('rul'),
  position: Type.Integer({ minimum: 1, description: 'Rules are tried in this order; the first that fits decides.' }),
  name: Type.String(),
  enabled: Type.Boolean(),
  when: EntryConditions,
  target: EntryTarget,
  otherwise: EntryFallback,
  version: Type.Integer(),
  createdAt: Time,
  updatedAt: Time,
})
export type EntryRule = Static<typeof EntryRule>

export const EntrySource = OneOf('designated', 'rules', 'last-agent', 'channel')
export type EntrySource = Static<typeof EntrySource>
