/** What routing does and why: the explanation of one conversation, and queues and agents at this moment. */
import { Type } from 'typebox'
import { getConversation } from '../../core/conversations/conversations.ts'
import { viewerOf } from '../../core/conversations/visibility.ts'
import { ticketViewerOf } from '../../core/desk/ticket-sight.ts'
import { getTicket } from '../../core/desk/tickets.ts'
import { SkillLevel } from '../../core/events/routing-shapes.ts'
import { Id, Nullable, OneOf, PresenceState, Time } from '../../core/events/shapes.ts'
import type { TenantTx } from '../../core/platform/database.ts'
import type { EntryRecord } from '../../routing/entry.ts'
import type { AgentView, ItemView, Obstacle } from '../../routing/explain.ts'
import { Flows } from '../../routing/flows.ts'
import { explainSubject, readEntry, readJournal } from '../../routing/journal.ts'
import { readAgents, readEstimateFigures, readQueues } from '../../routing/monitor.ts'
import { entrySentence, reasonOf, sentenceOf } from '../../routing/sentences.ts'
import { colleagueOf } from '../colleagues.ts'
import { ById, Whole } from '../schemas.ts'
import type { RoutePlugin, ServerParts } from '../server.ts'
import { read } from '../transactions.ts'

const ObstacleShape = Type.Object({
  code: OneOf(
    'offline',
    'busy',
    'away',
    'disconnected',
    'later',
    'unskilled',
    'not-asked-for',
    'full',
    'medium-full',
    'medium-closed',
    'group-full',
    'not-during',
    'reserved',
    'excluded',
  ),
  since: Type.Optional(Time),
  until: Type.Optional(Time),
  at: Type.Optional(Time),
  reason: Type.Optional(Type.String()),
  step: Type.Optional(Type.Integer()),
  lacks: Type.Optional(Type.Array(Type.Object({ skill: Type.String(), level: Type.Integer(), has: Type.Integer() }))),
  used: Type.Optional(Type.Integer()),
  capacity: Type.Optional(Type.Integer()),
  weight: Type.Optional(Type.Integer()),
  medium: Type.Optional(Type.String()),
  count: Type.Optional(Type.Integer()),
  limit: Type.Optional(Type.Integer()),
  priority: Type.Optional(Type.Integer()),
})

const Standing = Type.Object({
  groupId: Id('grp'),
  state: OneOf('waiting', 'offered', 'pooled', 'active', 'parked', 'wrapup', 'done', 'abandoned', 'expired'),
  since: Time,
  enqueuedAt: Time,
  priority: Type.Integer(),
  step: Type.Integer(),
  steps: Type.Integer(),
  nextStepAt: Nullable(Time),
  ahead: Nullable(Type.Integer({ description: 'Waiting in its group and before it.' })),
  waiting: Nullable(Type.Integer({ description: 'Waiting in its group in all.' })),
  agents: Type.Array(
    Type.Object({
      memberId: Id('usr'),
      role: OneOf('holder', 'asked', 'free', 'hindered'),
      sentence: Type.String(),
      obstacles: Type.Array(ObstacleShape),
    }),
  ),
})

const Entry = Type.Object({
  source: OneOf('designated', 'rules', 'last-agent', 'channel', 'default'),
  groupId: Id('grp'),
  sentence: Type.String(),
  rule: Type.Optional(
    Type.Object({
      ruleId: Id('rul'),
      name: Type.String(),
      skills: Type.Array(SkillLevel),
      because: Type.Array(Type.String()),
      fallback: Type.Optional(OneOf('wait', 'group')),
    }),
  ),
  passed: Type.Array(Type.Object({ ruleId: Id('rul'), name: Type.String(), reason: Type.String() })),
  agent: Type.Optional(Type.Object({ memberId: Id('usr'), as: OneOf('designated', 'last-agent') })),
  language: Type.Optional(Type.String()),
  region: Type.Optional(Type.String()),
})

const Explanation = Type.Object({
  entry: Nullable(Entry),
  now: Nullable(Standing),
  history: Type.Array(
    Type.Object({
      at: Time,
      type: OneOf('offered', 'accepted', 'declined', 'expired', 'rescinded', 'assigned', 'released'),
      memberId: Id('usr'),
      sentence: Nullable(Type.String()),
      why: Nullable(Type.Record(Type.String(), Type.Unknown())),
      reason: Nullable(Type.String()),
    }),
  ),
})

const QueueFigures = Type.Object({
  groupId: Id('grp'),
  waiting: Type.Integer(),
  offered: Type.Integer(),
  oldestAt: Nullable(Time),
  inService: Type.Integer(),
  online: Type.Integer(),
  free: Type.Integer(),
  members: Type.Integer(),
  estimate: Type.Object(
    {
      measured: Type.Integer(),
      within: Nullable(Type.Number()),
      medianFactor: Nullable(Type.Number()),
    },
    {
      description:
        'Of the last 100 waits: how many were estimated, what share lay within, how far off the middle one was.',
    },
  ),
})

const AgentFigures = Type.Object({
  memberId: Id('usr'),
  state: PresenceState,
  reason: Nullable(Type.String()),
  since: Nullable(Time),
  used: Type.Integer(),
  capacity: Type.Integer(),
  conversations: Type.Integer(),
  openOffers: Type.Integer(),
  idleSince: Nullable(Time),
  missed: Type.Integer({ description: 'Offers missed in a row.' }),
  groupIds: Type.Array(Id('grp')),
})

const tags = ['routing']

export const routing =
  (parts: ServerParts): RoutePlugin =>
  async (app) => {
    const flows = new Flows()
    app.get(
      '/v1/conversations/:id/routing',
      {
        config: { permission: 'routing:read' },
        schema: {
          operationId: 'explainRouting',
          tags,
          summary: 'Why a conversation went to whom it went, and why not to the others',
          description:
            '`entry`: how it came into its skill group, decided once when it began to wait. `now`: how it stands with everybody who could take it, null when routing has nothing open of it. `history`: every offer and assignment with the reason that was written with it.',
          params: ById('cnv'),
          response: { 200: Explanation },
        },
      },
      async (request) => {
        const { id } = request.params
        return read(parts, request.principal, async (tx) => {
          await getConversation(tx, viewerOf(colleagueOf(request)), id)
          const entry = await readEntry(tx, id)
          return {
            entry: entry === undefined ? null : { ...entryOf(entry), sentence: entrySentence(entry) },
            ...(await explain(tx, id)),
          }
        })
      },
    )

    app.get(
      '/v1/tickets/:id/routing',
      {
        config: { permission: 'routing:read' },
        schema: {
          operationId: 'explainTicketRouting',
          tags,
          summary: 'Why a ticket went to whom it went, and why not to the others',
          params: ById('tkt'),
          response: { 200: Type.Omit(Explanation, ['entry']) },
        },
      },
      async (request) => {
        const { id } = request.params
        return read(parts, request.principal, async (tx) => {
          await getTicket(tx, ticketViewerOf(colleagueOf(request)), id)
          return explain(tx, id)
        })
      },
    )

    app.get(
      '/v1/monitor/queues',
      {
        config: { permission: 'routing:read' },
        schema: {
          operationId: 'monitorQueues',
          tags,
          summary: 'Every skill group at this moment',
          response: { 200: Whole(QueueFigures) },
        },
      },
      async (request) => {
        return read(parts, request.principal, async (tx) => {
          const rows = await readQueues(tx)
          const ids = rows.map(({ groupId }) => groupId)
          const estimates = await readEstimateFigures(tx, flows, ids, parts.clock())
          const unmeasured = { measured: 0, within: null, medianFactor: null }
          return {
            data: rows.map((row) => ({
              ...row,
              oldestAt: time(row.oldestAt),
              estimate: estimates.get(row.groupId) ?? unmeasured,
            })),
          }
        })
      },
    )

    app.get(
      '/v1/monitor/agents',
      {
        config: { permission: 'routing:read' },
        schema: {
          operationId: 'monitorAgents',
          tags,
          summary: 'Every agent at this moment',
          response: { 200: Whole(AgentFigures) },
        },
      },
      async (request) => {
        const rows = await read(parts, request.principal, readAgents)
        return {
          data: rows.map(({ groupIds, ...row }) => ({
            ...row,
            groupIds: [...groupIds],
            since: time(row.since),
            idleSince: time(row.idleSince),
          })),
        }
      },
    )
  }

async function explain(tx: TenantTx, subject: string) {
  const view = await explainSubject(tx, tx.tenantId, subject)
  const history = await readJournal(tx, subject)
  return {
    now: view === undefined ? null : standing(view),
    history: history.map((entry) => ({ ...entry, at: entry.at.toISOString(), sentence: reasonOf(entry.why) })),
  }
}

const time = (date: Date | null): string | null => date?.toISOString() ?? null
const moment = (ms: number): string => new Date(ms).toISOString()

function entryOf({ rule, passed, agent, ...entry }: EntryRecord) {
  return {
    ...entry,
    passed: [...passed],
    ...(agent !== undefined && { agent: { ...agent } }),
    ...(rule !== undefined && { rule: { ...rule, skills: [...rule.skills], because: [...rule.because] } }),
  }
}

function standing({ itemId: _, ...view }: ItemView) {
  return {
    ...view,
    since: moment(view.since),
    enqueuedAt: moment(view.enqueuedAt),
    nextStepAt: view.nextStepAt === undefined ? null : moment(view.nextStepAt),
    ahead: view.ahead ?? null,
    waiting: view.waiting ?? null,
    agents: view.agents.map((agent: AgentView) => ({
      memberId: agent.agentId,
      role: agent.role,
      sentence: sentenceOf(agent),
      obstacles: agent.obstacles.map(obstacle),
    })),
  }
}

/** Times as the API writes them. */
function obstacle(given: Obstacle) {
  switch (given.code) {
    case 'offline':
    case 'busy':
    case 'away':
    case 'disconnected':
      return { ...given, since: moment(given.since) }
    case 'excluded':
      return { ...given, until: moment(given.until) }
    case 'later': {
      const { at, ...rest } = given
      return { ...rest, ...(at !== undefined && { at: moment(at) }) }
    }
    case 'unskilled':
      return { ...given, lacks: given.lacks.map((lack) => ({ ...lack })) }
    default:
      return given
  }
}
