/** What routing does and why: the explanation of one conversation, and queues and agents at this moment. */
import { Type } from 'typebox'
import { getConversation } from '../../core/conversations/conversations.ts'
import { viewerOf } from '../../core/conversations/visibility.ts'
import { ticketViewerOf } from '../../core/desk/ticket-sight.ts'
import { getTicket } from '../../core/desk/tickets.ts'
import { SkillLevel } from '../../core/events/routing-shapes.ts'
import { type Conversation, Id, Nullable, OneOf, Time } from '../../core/events/shapes.ts'
import type { TenantTx } from '../../core/platform/database.ts'
import type { EntryRecord } from '../../routing/entry.ts'
import type { AgentView, ItemView, Obstacle } from '../../routing/explain.ts'
import { Flows } from '../../routing/flows.ts'
import { explainSubject, readEntry, readJournal, readPasses } from '../../routing/journal.ts'
import type { Absence } from '../../routing/sentence-words.ts'
import {
  absenceSentence,
  endSentence,
  entrySentence,
  passedSentence,
  passSentence,
  reasonOf,
  sentenceOf,
  standingSentence,
} from '../../routing/sentences.ts'
import { colleagueOf } from '../colleagues.ts'
import { type Language, languageFor } from '../languages.ts'
import { AgentFigures, agentFigures, QueueFigures, queueFigures } from '../monitor-figures.ts'
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
    'unmet',
    'tier',
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
  tier: Type.Optional(Type.Integer()),
  most: Type.Optional(Type.Integer()),
})

const Standing = Type.Object({
  sentence: Type.String(),
  groupId: Id('grp'),
  keptBy: Type.Optional(
    Type.Unsafe<string>({ ...Id('usr'), description: 'Hands it on, and keeps it until somebody takes it.' }),
  ),
  state: OneOf(
    'waiting',
    'deferred',
    'offered',
    'pooled',
    'active',
    'parked',
    'wrapup',
    'done',
    'abandoned',
    'expired',
  ),
  since: Time,
  enqueuedAt: Time,
  priority: Type.Integer(),
  step: Type.Integer(),
  steps: Type.Integer(),
  nextStepAt: Nullable(Time),
  deferredUntil: Nullable(Time, { description: 'When what is put off comes back by itself.' }),
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
  passed: Type.Array(
    Type.Object({ ruleId: Id('rul'), name: Type.String(), reason: Type.String(), sentence: Type.String() }),
  ),
  agent: Type.Optional(Type.Object({ memberId: Id('usr'), as: OneOf('designated', 'last-agent') })),
  language: Type.Optional(Type.String()),
  region: Type.Optional(Type.String()),
})

const Explanation = Type.Object({
  entry: Nullable(Entry),
  now: Nullable(Standing),
  unrouted: Nullable(
    Type.Object({ code: OneOf('hours', 'bot', 'member', 'coming', 'nobody', 'over'), sentence: Type.String() }),
    { description: 'Why `now` is null: it waits for the opening hours, is with a bot, is over…' },
  ),
  passes: Type.Array(
    Type.Object({
      at: Time,
      groupId: Id('grp'),
      cause: OneOf('nobody', 'full', 'slow', 'late'),
      to: OneOf('group', 'pool', 'end'),
      toGroupId: Nullable(Id('grp')),
      sentence: Type.String(),
    }),
    { description: 'Each time that a skill group could not serve it, why, and where it went.' },
  ),
  history: Type.Array(
    Type.Object({
      at: Time,
      type: OneOf('offered', 'accepted', 'declined', 'expired', 'rescinded', 'assigned', 'released'),
      memberId: Id('usr'),
      sentence: Nullable(Type.String()),
      why: Nullable(Type.Record(Type.String(), Type.Unknown())),
      reason: Nullable(Type.String(), {
        description: 'Of what was declined, in the agent’s words; of what was rescinded or released, a code.',
      }),
    }),
  ),
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
            '`entry`: how it came into its skill group, decided once when it began to wait. `now`: how it stands with everybody who could take it; null when routing has nothing open of it, and `unrouted` says why. `passes`: when a group could not serve it. `history`: every offer and assignment with the reason that was written with it. Sentences come in the language of `Accept-Language` (en, zh-CN, zh-TW).',
          params: ById('cnv'),
          response: { 200: Explanation },
        },
      },
      async (request) => {
        const { id } = request.params
        const language = languageFor(request)
        return read(parts, request.principal, async (tx) => {
          const conversation = await getConversation(tx, viewerOf(colleagueOf(request)), id)
          const entry = await readEntry(tx, id)
          const explanation = await explain(tx, id, language)
          return {
            unrouted: explanation.now === null ? absenceIn(conversation, language) : null,
            entry: entry === undefined ? null : entryOf(entry, language),
            ...explanation,
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
          response: { 200: Type.Omit(Explanation, ['entry', 'unrouted']) },
        },
      },
      async (request) => {
        const { id } = request.params
        const language = languageFor(request)
        return read(parts, request.principal, async (tx) => {
          await getTicket(tx, ticketViewerOf(colleagueOf(request)), id)
          return explain(tx, id, language)
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
      async (request) => ({
        data: await read(parts, request.principal, (tx) => queueFigures(tx, flows, parts.clock())),
      }),
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
      async (request) => ({ data: await read(parts, request.principal, agentFigures) }),
    )
  }

async function explain(tx: TenantTx, subject: string, language: Language) {
  const view = await explainSubject(tx, tx.tenantId, subject)
  const history = await readJournal(tx, subject)
  const passes = await readPasses(tx, subject)
  return {
    now: view === undefined ? null : standing(view, language),
    passes: passes.map((pass) => ({
      ...pass,
      at: moment(pass.at),
      toGroupId: pass.toGroupId ?? null,
      sentence: passSentence(pass, language),
    })),
    history: history.map((entry) => ({
      ...entry,
      at: entry.at.toISOString(),
      sentence: reasonOf(entry.why, language) ?? endSentence(entry.type, entry.reason, language),
    })),
  }
}

function absenceIn({ status, heldBy, parkedAt, parkedUntil }: Conversation, language: Language) {
  const held = { agent: 'member', queue: 'coming', bot: 'bot', nobody: 'nobody' } as const
  const code: Absence = status !== 'open' ? 'over' : parkedAt !== null ? 'hours' : held[heldBy]
  return { code, sentence: absenceSentence(code, parkedUntil, language) }
}

const moment = (ms: number): string => new Date(ms).toISOString()

function entryOf(record: EntryRecord, language: Language) {
  const { rule, passed, agent, ...entry } = record
  return {
    ...entry,
    sentence: entrySentence(record, language),
    passed: passed.map((one) => ({ ...one, sentence: passedSentence(one, language) })),
    ...(agent !== undefined && { agent: { ...agent } }),
    ...(rule !== undefined && { rule: { ...rule, skills: [...rule.skills], because: [...rule.because] } }),
  }
}

function standing(item: ItemView, language: Language) {
  const { itemId: _, ...view } = item
  return {
    ...view,
    sentence: standingSentence(item, language),
    since: moment(view.since),
    enqueuedAt: moment(view.enqueuedAt),
    nextStepAt: view.nextStepAt === undefined ? null : moment(view.nextStepAt),
    deferredUntil: view.deferredUntil === undefined ? null : moment(view.deferredUntil),
    ahead: view.ahead ?? null,
    waiting: view.waiting ?? null,
    agents: view.agents.map((agent: AgentView) => ({
      memberId: agent.agentId,
      role: agent.role,
      sentence: sentenceOf(agent, language, view.state === 'pooled' || view.state === 'deferred'),
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
      const { at, short, ...rest } = given
      const lacks = short?.flatMap((one) => (one.code === 'unskilled' ? one.lacks : []))
      return {
        ...rest,
        ...(at !== undefined && { at: moment(at) }),
        ...(lacks !== undefined && lacks.length > 0 && { lacks }),
      }
    }
    case 'unskilled':
      return { ...given, lacks: given.lacks.map((lack) => ({ ...lack })) }
    // The condition is in the sentence, and in the plan.
    case 'unmet':
      return { code: given.code }
    default:
      return given
  }
}
