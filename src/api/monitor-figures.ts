/** Queues and agents at this moment as the API tells of them: asked for, or as they change. */
import { Type } from 'typebox'
import { Id, Nullable, PresenceState, Time } from '../core/events/shapes.ts'
import type { TenantTx } from '../core/platform/database.ts'
import type { Flows } from '../routing/flows.ts'
import { readAgents, readEstimateFigures, readQueues } from '../routing/monitor.ts'

export const QueueFigures = Type.Object({
  groupId: Id('grp'),
  waiting: Type.Integer(),
  offered: Type.Integer({ description: 'Of what waits, or is handed on to it.' }),
  pooled: Type.Integer({ description: 'Of what waits: in the pool, for nobody in particular.' }),
  deferred: Type.Integer({ description: 'Put off: nobody is asked for them at present.' }),
  parked: Type.Integer({ description: 'Beside what waits: for the opening hours, when routing hears of them.' }),
  handedOn: Type.Integer({
    description: 'Beside what waits: handed on to it, while somebody still serves them who keeps them until then.',
  }),
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

export const AgentFigures = Type.Object({
  memberId: Id('usr'),
  state: PresenceState,
  status: Nullable(Type.String(), { description: 'The key of one of the business’s own states.' }),
  reason: Nullable(Type.String()),
  since: Nullable(Time),
  used: Type.Integer(),
  capacity: Type.Integer(),
  conversations: Type.Integer(),
  wrappingUp: Type.Integer({ description: 'Over, but for what comes after the end (整理).' }),
  openOffers: Type.Integer(),
  idleSince: Nullable(Time),
  missed: Type.Integer({ description: 'Offers missed in a row.' }),
  groupIds: Type.Array(Id('grp')),
})

const time = (date: Date | null): string | null => date?.toISOString() ?? null
const unmeasured = { measured: 0, within: null, medianFactor: null }

/** Every skill group, by name. */
export async function queueFigures(tx: TenantTx, flows: Flows, now: number) {
  const rows = await readQueues(tx)
  const ids = rows.map(({ groupId }) => groupId)
  const estimates = await readEstimateFigures(tx, flows, ids, now)
  return rows.map((row) => ({
    ...row,
    oldestAt: time(row.oldestAt),
    estimate: estimates.get(row.groupId) ?? unmeasured,
  }))
}

/** Every agent, by name. */
export async function agentFigures(tx: TenantTx) {
  const rows = await readAgents(tx)
  return rows.map(({ groupIds, ...row }) => ({
    ...row,
    groupIds: [...groupIds],
    since: time(row.since),
    idleSince: time(row.idleSince),
  }))
}
