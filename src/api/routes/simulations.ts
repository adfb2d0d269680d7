/** /v1/routing/simulations: a day of one's own through another configuration. */
import { type Static, Type } from 'typebox'
import { GroupRoutingChange, MediumLimits, SkillLevel } from '../../core/events/routing-shapes.ts'
import { Id, Nullable, SkillGroup, Time } from '../../core/events/shapes.ts'
import { Fault } from '../../core/platform/errors.ts'
import type { Comparison, Result as Outcome } from '../../routing/simulation.ts'
import { changedConfiguration } from '../../routing/simulation-changes.ts'
import { listJournalDays, readStretch, runSimulation } from '../../routing/simulations.ts'
import { closed } from '../schemas.ts'
import type { RoutePlugin, ServerParts } from '../server.ts'
import { read } from '../transactions.ts'

const GroupChange = Type.Object(
  {
    id: Id('grp'),
    strategy: Type.Optional(SkillGroup.properties.strategy),
    acceptMode: Type.Optional(SkillGroup.properties.acceptMode),
    offerSeconds: Type.Optional(Type.Integer({ minimum: 5, maximum: 3600 })),
    wrapUpSeconds: Type.Optional(Type.Integer({ minimum: 0, maximum: 3600 })),
    maxWaiting: Type.Optional(Nullable(Type.Integer({ minimum: 0, maximum: 1_000_000 }))),
    routing: Type.Optional(GroupRoutingChange),
  },
  closed,
)
const MemberChange = Type.Object(
  {
    id: Id('usr'),
    capacity: Type.Optional(Type.Integer({ minimum: 0, maximum: 100 })),
    limits: Type.Optional(MediumLimits),
    skills: Type.Optional(Type.Array(SkillLevel, { maxItems: 100 })),
  },
  closed,
)

const GroupResult = Type.Object({
  groupId: Type.String(),
  came: Type.Integer(),
  served: Type.Integer(),
  left: Type.Integer({ description: 'Before anybody served them.' }),
  refused: Type.Integer(),
  waiting: Type.Integer({ description: 'At the end.' }),
  meanWaitSeconds: Type.Number(),
  p50WaitSeconds: Type.Number(),
  p90WaitSeconds: Type.Number(),
  maxWaitSeconds: Type.Number(),
  serviceLevel: Nullable(Type.Number({ description: 'Share of those who came that were served within the target.' })),
})
const Result = Type.Object({
  groups: Type.Array(GroupResult),
  agents: Type.Array(
    Type.Object({
      memberId: Type.String(),
      served: Type.Integer(),
      onlineSeconds: Type.Number(),
      occupancy: Type.Number(),
    }),
  ),
  fairness: Type.Object(
    { servedPerHour: Nullable(Type.Number()), occupancy: Nullable(Type.Number()) },
    { description: 'Coefficients of variation among those on duty: 0 is perfectly even.' },
  ),
})
const Answer = Type.Object({
  from: Time,
  to: Time,
  replay: Type.Object(
    { exact: Type.Boolean(), differsAt: Nullable(Time) },
    { description: 'Whether the journal, replayed, came to the very decisions that were made then.' },
  ),
  actual: Result,
  baseline: Result,
  changed: Result,
})

const tags = ['routing']

export const simulations =
  (parts: ServerParts): RoutePlugin =>
  async (app) => {
    app.get(
      '/v1/routing/journal',
      {
        config: { permission: 'routing:read' },
        schema: {
          operationId: 'listJournalDays',
          tags,
          summary: 'From when on routing can be replayed',
          response: { 200: Type.Object({ data: Type.Array(Type.Object({ from: Time })) }) },
        },
      },
      async (request) => {
        const days = await read(parts, request.principal, listJournalDays)
        return { data: days.map((at) => ({ from: at.toISOString() })) }
      },
    )

    app.post(
      '/v1/routing/simulations',
      {
        config: { permission: 'routing:read', unaudited: 'It changes nothing.' },
        schema: {
          operationId: 'simulateRouting',
          tags,
          summary: 'Try a configuration on traffic that was',
          description:
            'Replays the journal of up to a day (`actual`), then simulates it twice: as it was configured (`baseline`), and with the changes (`changed`). Compare the last two.',
          body: Type.Object(
            {
              from: Time,
              to: Time,
              targetSeconds: Type.Optional(Type.Integer({ minimum: 1, maximum: 86_400, default: 60 })),
              groups: Type.Optional(Type.Array(GroupChange, { maxItems: 100 })),
              members: Type.Optional(Type.Array(MemberChange, { maxItems: 1000 })),
            },
            closed,
          ),
          response: { 200: Answer },
        },
      },
      async (request) => {
        const { targetSeconds = 60, groups = [], members = [] } = request.body
        const from = new Date(request.body.from)
        const to = new Date(request.body.to)
        if (!(from < to) || to.getTime() - from.getTime() > 86_400_000) {
          throw new Fault('invalid', 'simulation-time-invalid', 'Choose a time of up to a day.', {
            errors: [{ pointer: '/to', detail: 'is not within a day after `from`' }],
          })
        }
        const task = await read(parts, request.principal, async (tx) => ({
          ...(await readStretch(tx, from, to)),
          changes: await changedConfiguration(tx, groups, members),
        }))
        const found = await runSimulation({
          ...task,
          from: from.getTime(),
          to: to.getTime(),
          targetMs: targetSeconds * 1000,
        })
        return answerOf(found, from, to)
      },
    )
  }

function answerOf({ differsAt, ...runs }: Comparison, from: Date, to: Date): Static<typeof Answer> {
  return {
    from: from.toISOString(),
    to: to.toISOString(),
    replay: {
      exact: differsAt === undefined,
      differsAt: differsAt === undefined ? null : new Date(differsAt).toISOString(),
    },
    actual: shown(runs.actual),
    baseline: shown(runs.baseline),
    changed: shown(runs.changed),
  }
}

function shown({ groups, agents, fairness }: Outcome): Static<typeof Result> {
  const seconds = (ms: number) => Math.round(ms / 100) / 10
  return {
    groups: groups.map(({ meanWaitMs, p50WaitMs, p90WaitMs, maxWaitMs, ...group }) => ({
      ...group,
      meanWaitSeconds: seconds(meanWaitMs),
      p50WaitSeconds: seconds(p50WaitMs),
      p90WaitSeconds: seconds(p90WaitMs),
      maxWaitSeconds: seconds(maxWaitMs),
    })),
    agents: agents.map(({ agentId, served, onlineMs, busyMs }) => ({
      memberId: agentId,
      served,
      onlineSeconds: seconds(onlineMs),
      occupancy: onlineMs === 0 ? 0 : busyMs / onlineMs,
    })),
    fairness,
  }
}
