/** What the shell stores: plain records of what changed, and a digest to compare two states by. */
import type { AgentRecord, Changes, Decision, ItemRecord, TenantRecord } from './model.ts'
import { type Agent, type Item, MEDIA, type State } from './state.ts'

type Draft<T> = { -readonly [K in keyof T]: T[K] }

/** The item as it is stored. What it has not is left out. */
export function itemRecord(item: Item): ItemRecord {
  const record: Draft<ItemRecord> = {
    id: item.id,
    groupId: item.group.id,
    medium: MEDIA[item.medium] ?? 'chat',
    weight: item.weight,
    priority: item.priority,
    state: item.state,
    since: item.since,
    key: item.key,
    enqueuedAt: item.enqueuedAt,
    seq: item.seq,
    offers: item.offers.map(({ id, agent, expiresAt }) => ({ id, agentId: agent.id, expiresAt })),
    requirements: item.requires.all,
    exclusions: item.exclusions,
    rev: item.rev,
  }
  if (item.band !== 0) record.band = item.band
  if (item.wrapUpWanted) record.wrapUpWanted = true
  if (item.passed.length > 0) record.passed = item.passed
  if (item.agent) record.agentId = item.agent.id
  if (item.wrapUpUntil !== undefined) record.wrapUpUntil = item.wrapUpUntil
  if (item.parked) {
    const { units, until } = item.parked
    record.parked = until === undefined ? { units } : { units, until }
  }
  if (item.deferredUntil !== undefined) record.deferredUntil = item.deferredUntil
  if (item.steps.length > 0) {
    record.steps = item.steps
    record.step = item.step
  }
  if (item.planAt !== item.since) record.planAt = item.planAt
  if (item.nextStepAt !== undefined) record.nextStepAt = item.nextStepAt
  if (item.preferredAgentId !== undefined) record.preferredAgentId = item.preferredAgentId
  if (item.reofferAt !== undefined) record.reofferAt = item.reofferAt
  if (item.consultFor) record.consultFor = item.consultFor.id
  if (item.asks) record.asks = true
  return record
}

/** The agent as stored. */
export function agentRecord(agent: Agent): AgentRecord {
  const [chat = 0, call = 0, ticket = 0] = agent.counts
  const record: Draft<AgentRecord> = {
    id: agent.id,
    seq: agent.seq,
    presence: agent.presence,
    presenceSince: agent.presenceSince,
    link: agent.link,
    used: agent.used,
    counts: { chat, call, ticket },
    turn: agent.turn,
    missed: agent.missed,
    rev: agent.rev,
  }
  if (agent.reason !== undefined) record.reason = agent.reason
  if (agent.graceUntil !== undefined) record.graceUntil = agent.graceUntil
  if (agent.idleSince !== undefined) record.idleSince = agent.idleSince
  if (agent.status !== undefined) record.status = agent.status
  if (agent.closed.length > 0) record.closed = agent.closed.flatMap((place) => MEDIA[place] ?? [])
  if (agent.closedReasons) record.closedReasons = agent.closedReasons
  if (agent.wrappingUp > 0) record.wrappingUp = agent.wrappingUp
  if (agent.shares.size > 0) record.shares = Object.fromEntries([...agent.shares].sort(([a], [b]) => (a < b ? -1 : 1)))
  if (agent.removed) record.removed = true
  return record
}

function tenantRecord(state: State): TenantRecord {
  return { at: state.at, seq: state.seq, turn: state.turn }
}

/** Records of every item and agent changed since the last call, each once and in its present state. */
export function changes(state: State): Changes {
  const items = state.changedItems.map(itemRecord)
  const agents = state.changedAgents.map(agentRecord)
  for (const item of state.changedItems) item.changed = false
  for (const agent of state.changedAgents) agent.changed = false
  state.changedItems = []
  state.changedAgents = []
  const commands = state.newCommands
  state.newCommands = []
  return { tenant: tenantRecord(state), items, agents, commands }
}

function sorted<T>(entries: Iterable<readonly [string, T]>): T[] {
  return [...entries].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value)
}

/** Every open item and every agent, as they are stored: what restore() needs beside the configuration. */
export function recordsOf(state: State): { tenant: TenantRecord; items: ItemRecord[]; agents: AgentRecord[] } {
  return {
    tenant: tenantRecord(state),
    items: [...state.items.values()].map(itemRecord),
    agents: [...state.agents.values()].map(agentRecord),
  }
}

/** A digest of decisions in their order. */
export function decisionDigest(decisions: readonly Decision[]): string {
  return digest(JSON.stringify(decisions))
}

/** A digest of items, agents, configuration and counters; equal states have equal digests. Remembered commands are left out. */
export function hash(state: State): string {
  const groups = [...state.groups].filter(([, group]) => group.configured)
  return digest(
    JSON.stringify([
      tenantRecord(state),
      sorted(state.items).map(itemRecord),
      sorted(state.agents).map((agent) => [
        agentRecord(agent),
        agent.capacity,
        agent.hardMax,
        agent.limits,
        [...agent.memberships],
        [...agent.skills],
        agent.acceptMode,
      ]),
      sorted(groups).map((group) => [group.id, group.settings]),
    ]),
  )
}

/** Two 32-bit FNV-1a sums over the text, the second over its reverse. */
function digest(text: string): string {
  let forward = 0x811c9dc5
  let backward = 0x811c9dc5
  for (let i = 0, j = text.length - 1; j >= 0; i++, j--) {
    forward = Math.imul(forward ^ text.charCodeAt(i), 0x01000193)
    backward = Math.imul(backward ^ text.charCodeAt(j), 0x01000193)
  }
  return [forward, backward].map((sum) => (sum >>> 0).toString(16).padStart(8, '0')).join('')
}
