/** Configuration is part of the state and comes as events; each takes effect in the same step, also on what already waits. */
import { groupFor } from './groups.ts'
import type { Outcome } from './items.ts'
import type { AgentConfig, EventOf, GroupConfig } from './model.ts'
import { agentSettings, groupSettings, isId } from './normalise.ts'
import { charge, chargedFor, finish, moveTo, requeueAnew, rescind, withdrawAll } from './offers.ts'
import { setPlace } from './order.ts'
import { armPatience } from './patience.ts'
import { isLookedFor, requeueTickets, startPlan } from './plan.ts'
import { takeItems, withdrawOffers } from './presence.ts'
import { dropIdleQueues, isRightlyQueued, rebuildSlots, refreshQueue, refreshStale, rekeyTickets } from './queues.ts'
import { isRoutable } from './room.ts'
import { joinShares, pruneShares } from './shares.ts'
import {
  type Agent,
  type Group,
  type GroupSettings,
  type Item,
  isQueued,
  markFreed,
  offerTo,
  type Queue,
  type State,
  touchAgent,
  touchItem,
} from './state.ts'
import { clearTimer } from './timers.ts'

/** Changes what a group is set to. Loads follow where it counts otherwise. */
function setSettings(state: State, group: Group, settings: GroupSettings): void {
  const recounts = group.settings.interruptible !== settings.interruptible
  const held = recounts ? [...state.items.values()].filter((item) => item.group === group) : []
  for (const item of held) for (const agent of chargedFor(item)) charge(agent, item, -1)
  group.settings = settings
  for (const item of held) {
    for (const agent of chargedFor(item)) {
      charge(agent, item, 1)
      markFreed(state, agent)
    }
  }
  if (settings.reserve && group.configured) state.reserving.add(group)
  else state.reserving.delete(group)
}

/** Puts a group's configuration in force, without looking for matches. */
export function configureGroup(state: State, config: GroupConfig): Group {
  const group = groupFor(state, config.id)
  const isNew = !group.configured
  group.configured = true
  setSettings(state, group, groupSettings(config))
  for (const queue of queuesServing(state, group)) refreshQueue(queue)
  if (!isNew) return group
  for (const agent of state.agents.values()) {
    if (!agent.memberships.has(group.id)) continue
    group.members.add(agent)
    rebuildSlots(state, agent)
  }
  return group
}

export function group(state: State, event: EventOf<'config.group'>): Outcome {
  if (!isId(event.group?.id)) return 'invalid'
  const before = state.groups.get(event.group.id)?.settings
  const configured = configureGroup(state, event.group)
  const { settings } = configured
  const isOtherwise = (of: (settings: GroupSettings) => unknown) =>
    before !== undefined && JSON.stringify(of(before)) !== JSON.stringify(of(settings))
  if (isOtherwise(({ order, overflow }) => [order, overflow.late])) rekeyGroup(state, configured)
  if (isOtherwise(({ reserve }) => reserve)) requeueWrong(state, configured)
  for (const agent of configured.members) markFreed(state, agent)
  reviewServing(state, configured)
  return undefined
}

/** Whoever serves the group's items may now be able to take more of them, also members of other groups. */
function reviewServing(state: State, group: Group): void {
  for (const { slots } of queuesServing(state, group)) for (const { agent } of slots) markFreed(state, agent)
}

/** The group's queues, and those of other groups in which its items wait. */
function queuesServing(state: State, group: Group): Queue[] {
  const all = [...state.groups.values()].flatMap((other) => [...other.queues.values()])
  return all.filter((queue) => queue.group === group || queue.home === group)
}

/** What waits for the group's members stands where its reserve now puts it. */
function requeueWrong(state: State, group: Group): void {
  for (const queue of [...group.queues.values()])
    for (const { item } of [...queue.tickets.nodes]) if (!isRightlyQueued(item)) requeueTickets(state, item)
}

function rekeyGroup(state: State, group: Group): void {
  for (const item of state.items.values()) {
    if (item.group !== group || !isQueued(item.state)) continue
    setPlace(state, item)
    rekeyTickets(state, item)
    if (item.state === 'waiting') armPatience(state, item)
    touchItem(state, item)
  }
}

/** Nothing stays behind: queued items go to the fallback, and items in service belong to it from now on. */
export function groupRemoved(state: State, event: EventOf<'config.group-removed'>): Outcome {
  const group = state.groups.get(event.groupId)
  if (!group?.configured) return 'stale'
  const named = state.groups.get(event.fallbackGroupId ?? '')
  const fallback = named?.configured && named !== group ? named : undefined
  group.configured = false
  setSettings(state, group, groupSettings({ id: group.id }))
  // By number, not in the order in which they joined, which no record tells.
  const members = [...group.members].sort((a, b) => a.seq - b.seq)
  group.members.clear()
  for (const agent of members) rebuildSlots(state, agent)
  let left = 0
  for (const item of [...state.items.values()]) {
    if (item.group !== group) continue
    if (fallback) moveTo(state, item, fallback)
    else if (!item.consultFor) left++
    leaveGroup(state, item, fallback !== undefined)
  }
  for (const member of members) reviewOffers(state, member)
  reviewServing(state, group)
  dropIdleQueues(state, group)
  if (left === 0 && group.queues.size === 0) state.groups.delete(group.id)
  return undefined
}

/** Items in service only change their name; queued ones begin the fallback's plan, or stay where nobody serves. */
function leaveGroup(state: State, item: Item, moved: boolean): void {
  if (moved) startPlan(state, item, item.group.settings.steps)
  if (item.state === 'waiting' && moved) {
    requeueAnew(state, item, 'group-removed')
    return
  }
  if (!moved && item.consultFor) {
    withdrawAll(state, item, 'ended')
    finish(state, item, 'abandoned')
    return
  }
  setPlace(state, item)
  rekeyTickets(state, item)
  if (item.state === 'waiting') armPatience(state, item)
  touchItem(state, item)
  for (const offer of item.state === 'offered' ? item.offers : []) {
    if (!isLookedFor(state, item, offer.agent)) rescind(state, offer, 'not-eligible')
  }
}

/** FNV-1a over the id. */
function saltOf(id: string): number {
  let sum = 0x811c9dc5
  for (let i = 0; i < id.length; i++) sum = Math.imul(sum ^ id.charCodeAt(i), 0x01000193)
  return sum
}

function newAgent(state: State, id: string, seq: number): Agent {
  return {
    id,
    seq,
    capacity: 0,
    hardMax: 0,
    limits: [],
    memberships: new Map(),
    acceptMode: undefined,
    skills: new Map(),
    presence: 'offline',
    reason: undefined,
    status: undefined,
    presenceSince: state.at,
    link: 'up',
    graceUntil: undefined,
    used: 0,
    yielding: 0,
    counts: [0, 0, 0],
    each: new Map(),
    closed: [],
    closedReasons: undefined,
    shares: new Map(),
    idleSince: undefined,
    turn: 0,
    missed: 0,
    items: [],
    inHand: 0,
    wrappingUp: 0,
    slots: [],
    queues: [],
    isCredited: false,
    isBounded: false,
    standing: 0,
    salt: saltOf(id),
    timer: undefined,
    rev: 0,
    changed: false,
    removed: false,
    stale: false,
    freed: false,
  }
}

/** Puts an agent's configuration in force, without looking for matches. A new agent gets the next number unless `seq` names one. */
export function configureAgent(state: State, config: AgentConfig, seq?: number): Agent {
  const agent = state.agents.get(config.id) ?? newAgent(state, config.id, seq ?? ++state.seq)
  state.agents.set(agent.id, agent)
  const before = agent.memberships
  Object.assign(agent, agentSettings(config))
  agent.isBounded = [...agent.memberships.values()].some(({ maxItems }) => maxItems !== undefined)
  pruneShares(agent)
  const joined = [...agent.memberships.keys()].filter((groupId) => !before.has(groupId))
  if (isRoutable(agent)) joinShares(state, agent, joined)
  for (const groupId of before.keys())
    if (!agent.memberships.has(groupId)) state.groups.get(groupId)?.members.delete(agent)
  for (const groupId of agent.memberships.keys()) {
    const group = state.groups.get(groupId)
    if (group?.configured) group.members.add(agent)
  }
  rebuildSlots(state, agent)
  return agent
}

/** Takes back the offers of items that look for this agent no longer. */
function reviewOffers(state: State, agent: Agent): void {
  for (const item of agent.items.toSorted((a, b) => a.seq - b.seq)) {
    const offer = item.state === 'offered' ? offerTo(item, agent) : undefined
    if (offer && !isLookedFor(state, item, agent)) rescind(state, offer, 'not-eligible')
  }
}

export function agent(state: State, event: EventOf<'config.agent'>): Outcome {
  if (!isId(event.agent?.id)) return 'invalid'
  const configured = configureAgent(state, event.agent)
  touchAgent(state, configured)
  reviewOffers(state, configured)
  markFreed(state, configured)
  return undefined
}

export function agentRemoved(state: State, event: EventOf<'config.agent-removed'>): Outcome {
  const agent = state.agents.get(event.agentId)
  if (!agent) return 'stale'
  agent.removed = true
  // Before what they leave behind asks its group who is there.
  for (const groupId of agent.memberships.keys()) state.groups.get(groupId)?.members.delete(agent)
  withdrawOffers(state, agent, 'agent-unavailable')
  takeItems(state, agent, 'agent-removed', () => 'requeue')
  clearTimer(state, agent.timer)
  agent.memberships = new Map()
  refreshStale(state)
  rebuildSlots(state, agent)
  state.agents.delete(agent.id)
  touchAgent(state, agent)
  return undefined
}
