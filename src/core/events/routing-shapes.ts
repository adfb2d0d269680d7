/** How work finds people, as it is configured: skills of members, and each skill group's order, plan and patience. */
import { type Static, Type } from 'typebox'
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

export const PlanStep = Type.Object(
  {
    afterSeconds: Type.Optional(seconds(7 * day, 'Since it came into the group. The first step begins at once.')),
    mode: Type.Optional(OneOf('widen', 'replace')),
    groupId: Type.Optional(Id('grp')),
    memberIds: Type.Optional(Type.Array(Id('usr'), { minItems: 1, maxItems: 100, uniqueItems: true })),
    skills: Type.Optional(Type.Array(SkillLevel, { maxItems: 10 })),
    priority: Type.Optional(Type.Integer({ minimum: -10, maximum: 10 })),
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

export const GroupRouting = Type.Object(
  {
    order: Type.Object(
      {
        by: OneOf('aged', 'fifo', 'deadline'),
        creditSeconds: seconds(day, 'What a step of priority is worth as time waited; not for `fifo`.'),
        targetSeconds: seconds(7 * day, 'By when to answer, for `deadline`.'),
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

export const MediumLimits = Type.Object(
  {
    chat: Type.Optional(Type.Integer({ minimum: 0, maximum: 100 })),
    call: Type.Optional(Type.Integer({ minimum: 0, maximum: 100 })),
    ticket: Type.Optional(Type.Integer({ minimum: 0, maximum: 100 })),
  },
  { ...closed, description: 'Work items at once, for each medium. No limit where left out.' },
)
