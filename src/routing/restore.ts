/** Rebuilds a state from its records. Indexes, loads and timers are computed anew, so stored copies of them cannot go wrong. */
import { configureAgent, configureGroup } from './configuration.ts'
import { armExclusions } from './exclusions.ts'
import { groupFor } from './groups.ts'
import type { AgentRecord, ItemRecord, ItemState, Records } from './model.ts'
import { createItem } from './new-item.ts'
import { mediaOf, reasonsOf, requirementClass, stepsOf } from './normalise.ts'
import { charge, finish, NO_GROUPS, wait } from './offers.ts'
import { armPatience } from './patience.ts'
import { addTickets, armNextStep } from './plan.ts'
import { refreshStale } from './queues.ts'
import { rememberCommand } from './seen.ts'
import { type Agent, createState, type Item, isQueued, MEDIA, markStale, type State } from './state.ts'
import { setItemTimer, setLinkTimer } from './timers.ts'

/**
 * The state that had these records, with the same hash and the same decisions to come. Never throws on records that do not
 * fit together: an item whose agent is gone waits again, and is looked at with the next event.
 */
export function restore(tenantId: string, records: Records): State {
  const state = createState(tenantId)
  state.at = records.tenant?.at ?? 0
  state.seq = records.tenant?.seq ?? 0
  state.turn = records.tenant?.turn ?? 0
  for (const { seq } of [...records.items, ...records.agents]) state.seq = Math.max(state.seq, seq)
  for (const { turn } of records.agents) state.turn = Math.max(state.turn, turn)
  for (const config of records.groups) configureGroup(state, config)
  restoreAgents(state, records)
  for (const record of records.items.toSorted((a, b) => a.seq - b.seq)) restoreItem(state, record)
  for (const agent of state.agents.values()) markStale(state, agent)
  refreshStale(state)
  for (const commandId of records.commands ?? []) rememberCommand(state, commandId)
  return state
}

function restoreAgents(state: State, records: Records): void {
  const known = new Map(records.agents.map((record) => [record.id, record]))
  const seqOf = (id: string) => known.get(id)?.seq ?? Number.MAX_SAFE_INTEGER
  const members = records.members.toSorted((a, b) => seqOf(a.id) - seqOf(b.id) || (a.id < b.id ? -1 : 1))
  for (const config of members) {
    const record = known.get(config.id)
    const agent = configureAgent(state, config, record?.seq)
    if (record) restoreAgent(state, agent, record)
  }
}

function restoreAgent(state: State, agent: Agent, record: AgentRecord): void {
  agent.presence = record.presence
  agent.reason = record.reason
  agent.status = record.status
  agent.presenceSince = record.presenceSince
  agent.link = record.link
  agent.graceUntil = record.graceUntil
  agent.idleSince = record.idleSince
  agent.turn = record.turn
  agent.closed = mediaOf(record.closed)
  agent.closedReasons = reasonsOf(record.closedReasons, agent.closed)
  agent.shares.clear()
  for (const [groupId, share] of Object.entries(record.shares ?? {})) agent.shares.set(groupId, share)
  agent.missed = record.missed
  agent.rev = record.rev
  if (agent.graceUntil !== undefined) setLinkTimer(state, agent, agent.graceUntil)
}

function occupy(agent: Agent | undefined, item: Item): void {
  if (!agent) return
  agent.items.push(item)
  charge(agent, item, 1)
}

/** States in which nobody has or is offered the item. */
const nobodys: readonly ItemState[] = ['waiting', 'pooled', 'deferred']

function restoreItem(state: State, record: ItemRecord): void {
  const holder = record.agentId === undefined ? undefined : state.agents.get(record.agentId)
  if (record.state === 'done' || record.state === 'abandoned' || record.state === 'expired') return
  const item = createItem({
    id: record.id,
    seq: record.seq,
    group: groupFor(state, record.groupId),
    medium: Math.max(0, MEDIA.indexOf(record.medium)),
    weight: record.weight,
    priority: record.priority,
    since: record.since,
    enqueuedAt: record.enqueuedAt,
    steps: stepsOf(record.steps),
    preferredAgentId: record.preferredAgentId,
    requires: requirementClass(state, record.requirements),
  })
  if (record.consultFor !== undefined && !joinConsult(state, item, record.consultFor)) return
  item.state = record.state
  item.band = record.band ?? 0
  item.key = record.key
  item.agent = holder
  item.wrapUpUntil = record.wrapUpUntil
  item.wrapUpWanted = record.wrapUpWanted === true
  item.passed = record.passed ?? NO_GROUPS
  item.parked = record.parked && { units: record.parked.units, until: record.parked.until }
  item.deferredUntil = record.deferredUntil
  item.step = record.step ?? 0
  item.planAt = record.planAt ?? record.since
  item.nextStepAt = record.nextStepAt
  item.exclusions = record.exclusions
  item.reofferAt = record.reofferAt
  item.asks = record.asks === true
  item.rev = record.rev
  state.items.set(item.id, item)
  if (isQueued(item.state)) item.group.queued++
  occupy(holder, item)
  if (holder && item.state === 'wrapup') holder.wrappingUp++
  for (const { id, agentId, expiresAt } of record.offers ?? []) restoreOffer(state, item, id, agentId, expiresAt)
  armExclusions(state, item)
  const due = item.offers[0]?.expiresAt ?? item.wrapUpUntil ?? item.parked?.until ?? item.deferredUntil
  if (due !== undefined) setItemTimer(state, item, due)
  const isAlone = item.state === 'offered' ? item.offers.length === 0 : !nobodys.includes(item.state) && !holder
  if (isAlone) wait(state, item)
  else if (item.state === 'waiting') {
    addTickets(state, item)
    armNextStep(state, item)
    armPatience(state, item)
  }
}

/** What it stands for came before it; gone, it is over as well. */
function joinConsult(state: State, consult: Item, id: string): boolean {
  const item = state.items.get(id)
  if (item?.state === 'active' && item.agent && !item.consult) {
    item.consult = consult
    consult.consultFor = item
    return true
  }
  finish(state, consult, 'abandoned')
  return false
}

function restoreOffer(state: State, item: Item, id: string, agentId: string, expiresAt: number): void {
  const agent = state.agents.get(agentId)
  if (!agent) return
  const offer = { id, item, agent, expiresAt }
  item.offers = [...item.offers, offer]
  state.offers.set(id, offer)
  occupy(agent, item)
}
