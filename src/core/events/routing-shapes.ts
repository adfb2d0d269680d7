/** How work finds people, as it is configured: skills of members, and each skill group's order, plan and patience. */
import { type Static, type TSchema, Type } from 'typebox'
import { Id, Nullable, OneOf } from './schema-words.ts'

const closed = { additionalProperties: false } as const

export const SkillLevel = Type.Object(
  {
    skill: Type.String({
      pattern: '^[\\p{L}\\p{N}][\\p{L}\\p{N} ._+#-]{0,49}$',
      description: 'A name of the tenant’s own: `lang.en`, `退款`.',
    }),
    level: Type.Integer({ minimum: 1, maximum: 5, description: '5 is best.' }),
  },
  closed,
)
export type SkillLevel = Static<typeof SkillLevel>

const seconds = (most: number, description?: string) =>
  Type.Integer({ minimum: 0, maximum: most, ...(description !== undefined && { description }) })
const day = 86_400

export const WaitSeconds = Type.Object(
  {
    full: seconds(day, 'While they are on duty and have no room.'),
    busy: seconds(day, 'While they are busy or away.'),
    offline: seconds(day, 'While they are not there.'),
  },
  { ...closed, description: 'How long to wait, by how those people are when the wait begins.' },
)

const Skill = { skill: SkillLevel.properties.skill }

/** One condition: a level from, and up to. */
const Condition = Type.Object(
  { ...Skill, level: Type.Optional(SkillLevel.properties.level), atMost: Type.Optional(SkillLevel.properties.level) },
  closed,
)
const parts = <T extends TSchema>(part: T) => Type.Array(part, { minItems: 1, maxItems: 10 })
const Clause = Type.Union([Condition, Type.Object({ not: Condition }, closed)])
const Group = Type.Union([
  Clause,
  Type.Object({ any: parts(Clause) }, closed),
  Type.Object({ all: parts(Clause) }, closed),
])

export const SkillCondition = Type.Union(
  [
    Condition,
    Type.Object({ not: Group }, closed),
    Type.Object({ any: parts(Group) }, closed),
    Type.Object({ all: parts(Group) }, closed),
  ],
  {
    description:
      'A skill with its least `level` (1) and perhaps a highest (`atMost`), or conditions joined by `all`, `any` and `not`.',
  },
)
export type SkillCondition = Static<typeof SkillCondition>

const priority = Type.Integer({ minimum: -10, maximum: 10 })

export const PlanStep = Type.Object(
  {
    afterSeconds: Type.Optional(seconds(7 * day, 'Since it came into the group. The first step begins at once.')),
    mode: Type.Optional(OneOf('widen', 'replace')),
    groupId: Type.Optional(Id('grp')),
    memberIds: Type.Optional(Type.Array(Id('usr'), { minItems: 1, maxItems: 100, uniqueItems: true })),
    skills: Type.Optional(Type.Array(SkillLevel, { maxItems: 10 })),
    where: Type.Optional(SkillCondition),
    maxTier: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, description: 'Members up to this tier.' })),
    priority: Type.Optional(priority),
    skipIfNobody: Type.Optional(Type.Boolean()),
    waitSeconds: Type.Optional(WaitSeconds),
  },
  {
    ...closed,
    description:
      'Who is looked for, and from when on. `widen` adds people to those of the steps before, at the same place in line; `replace` takes their place.',
  },
)
export type PlanStep = Static<typeof PlanStep>

const media = OneOf('chat', 'call', 'ticket')

const Handler = Type.Union(
  [
    Type.Object({ groupId: Id('grp') }, closed),
    Type.Object({ pool: Type.Literal(true) }, closed),
    Type.Object({ close: Type.Literal(true) }, closed),
  ],
  {
    description:
      'To another group, at the place in line that was reached; into the pool (未接入池), until somebody takes or gives it; or closed.',
  },
)
export type OverflowHandler = Static<typeof Handler>

export const GroupRouting = Type.Object(
  {
    order: Type.Object(
      {
        by: OneOf('aged', 'fifo', 'deadline', 'strict', 'lifo'),
        creditSeconds: seconds(day, 'What a step of priority is worth as time waited, for `aged` and `deadline`.'),
        targetSeconds: seconds(7 * day, 'By when to answer, for `deadline`.'),
        guardSeconds: Type.Optional(
          seconds(7 * day, 'For `strict` and `lifo`: who has waited so long comes before all. An hour unless given.'),
        ),
      },
      closed,
    ),
    plan: Type.Array(PlanStep, { maxItems: 19 }),
    offersAtOnce: Type.Integer({ minimum: 1, maximum: 20, description: 'So many are asked; the first has it.' }),
    declineCooldownSeconds: seconds(day, 'Who declined or missed it is not asked again for this long.'),
    reofferSeconds: Type.Integer({
      minimum: 1,
      maximum: 3600,
      description: 'If everybody declined, all are asked again.',
    }),
    maxMissed: Type.Integer({
      minimum: 0,
      maximum: 20,
      description: 'After so many missed offers an agent is set away; 0: never.',
    }),
    onOffline: OneOf('keep', 'requeue'),
    onLinkLost: OneOf('requeue', 'keep'),
    wrapUp: OneOf('timed', 'fixed', 'open', 'on-request'),
    weight: Type.Integer({ minimum: 1, maximum: 100, description: 'Units of capacity that a conversation takes.' }),
    parkedWeight: Type.Integer({
      minimum: 0,
      maximum: 100,
      description: 'Units that one still takes while it is snoozed; no more than its weight.',
    }),
    onWakeFull: OneOf('keep', 'requeue'),
    maxEach: Nullable(Type.Integer({ minimum: 0, maximum: 100, description: 'Of this group at once for one member.' })),
    notDuring: Type.Array(media, { maxItems: 3, uniqueItems: true, description: 'Not beside one of these in hand.' }),
    interruptible: Type.Boolean({ description: 'Takes spare capacity only, and never keeps other work away.' }),
    reserve: Nullable(
      Type.Object(
        { agents: Type.Integer({ minimum: 1, maximum: 1000 }), priority },
        { ...closed, description: 'So many who could take it are kept free for this priority and more.' },
      ),
    ),
    overflow: Type.Object(
      {
        nobody: Type.Optional(Handler),
        full: Type.Optional(Handler),
        slow: Type.Optional(
          Type.Object(
            { estimateSeconds: seconds(day, 'What the head of the line has waited.'), handler: Handler },
            closed,
          ),
        ),
        late: Type.Optional(Type.Object({ afterSeconds: seconds(7 * day), handler: Handler }, closed)),
      },
      {
        ...closed,
        description:
          'When nobody is there, `maxWaiting` is reached, the wait would be long, or it has been. A full group without a handler of its own puts into the pool.',
      },
    ),
    lastAgent: Nullable(
      Type.Object(
        { withinDays: Type.Integer({ minimum: 1, maximum: 365 }), waitSeconds: WaitSeconds },
        {
          ...closed,
          description:
            '熟客: who served the customer last is asked first, for as long as said; meanwhile the place in line is kept.',
        },
      ),
    ),
  },
  closed,
)
export type GroupRouting = Static<typeof GroupRouting>

/** Some of it, to be changed. Said to be closed again: a partial type forgets that. */
export const GroupRoutingChange = Type.Partial(GroupRouting, closed)

export const MediumLimits = Type.Object(
  {
    chat: Type.Optional(Type.Integer({ minimum: 0, maximum: 100 })),
    call: Type.Optional(Type.Integer({ minimum: 0, maximum: 100 })),
    ticket: Type.Optional(Type.Integer({ minimum: 0, maximum: 100 })),
  },
  { ...closed, description: 'Work items at once, for each medium. No limit where left out.' },
)
