/**
 * Queues and who stands in them. A queue is made when its first item comes and finds its eligible agents once; from then on
 * an agent's changes touch only that agent's slots, and an item's changes only its tickets.
 */
import { meets } from './expression.ts'
import { heapRemove, heapSet, newHeap } from './heap.ts'
import { priorityNow } from './order.ts'
import { hasRoom, isFull, isRoutable, takes } from './room.ts'
import {
  type Agent,
  type Group,
  HEAD_WIDTH,
  type Item,
  MEDIA,
  type Queue,
  type RequirementClass,
  type Slot,
  type State,
  type Ticket,
} from './state.ts'

/** Idle queues kept for the next item like theirs: making one costs a pass over the group's members. */
const IDLE_QUEUES_KEPT = 1024

/** Whether the agent is a member of the group with every required skill, and among those asked for. */
export function isEligible(agent: Agent, group: Group, requires: RequirementClass): boolean {
  const membership = agent.memberships.get(group.id)
  if (!group.configured || !membership || agent.removed) return false
  if (requires.maxTier !== undefined && membership.tier > requires.maxTier) return false
  if (requires.agents && !requires.agents.includes(agent.id)) return false
  if (requires.where && !meets(agent.skills, requires.where)) return false
  for (const { skill, level } of requires.all) if ((agent.skills.get(skill) ?? -1) < level) return false
  return true
}

function addSlot(agent: Agent, queue: Queue): void {
  if (!isEligible(agent, queue.group, queue.requires)) return
  const membership = agent.memberships.get(queue.group.id)
  if (!membership) return
  const required = queue.requires.all
  let sum = 0
  for (const { skill } of required) sum += agent.skills.get(skill) ?? 0
  const skill = required.length > 0 ? sum / required.length : membership.level
  const listed = queue.requires.agents?.indexOf(agent.id) ?? 0
  const { tier, weight, creditMs } = membership
  const slot: Slot = { pos: -1, agent, queue, tier, skill, listed, weight, creditMs }
  queue.slots.add(slot)
  agent.slots.push(slot)
  agent.queues.push(queue.index)
  if (creditMs !== 0) agent.isCredited = true
  refreshSlot(slot)
}

/** Whether the item has to leave the group's reserve alone. */
function isOrdinary(item: Item, group: Group): boolean {
  const { reserve } = group.settings
  return reserve !== undefined && priorityNow(item) < reserve.priority
}

function keyOf(item: Item, group: Group, requires: RequirementClass, ordinary: boolean): string | number {
  const cost = (item.weight * MEDIA.length + item.medium) * 2 + Number(ordinary)
  if (item.group !== group) return `${cost} ${requires.key} of ${item.group.id}`
  return requires.key === '' ? cost : `${cost} ${requires.key}`
}

/** Finds or makes the queue of this group in which such an item waits. */
export function queueFor(state: State, item: Item, group: Group, requires: RequirementClass): Queue {
  const ordinary = isOrdinary(item, group)
  const key = keyOf(item, group, requires, ordinary)
  const found = group.queues.get(key)
  if (found) {
    state.idleQueues.delete(found)
    return found
  }
  const queue: Queue = {
    key,
    index: takeIndex(state),
    group,
    home: item.group,
    isOrdinary: ordinary,
    requires,
    medium: item.medium,
    weight: item.weight,
    candidates: newHeap(),
    tickets: newHeap(),
    slots: new Set(),
  }
  group.queues.set(key, queue)
  noteHead(state, queue)
  for (const agent of group.members) addSlot(agent, queue)
  return queue
}

function takeIndex(state: State): number {
  const spare = state.spareHeads.pop()
  if (spare !== undefined) return spare
  const index = state.headCount++
  if (state.headCount * HEAD_WIDTH > state.heads.length) {
    const grown = new Float64Array(state.heads.length * 2)
    grown.set(state.heads)
    state.heads = grown
  }
  return index
}

/** To be called whenever the queue's first ticket may be another, or stand elsewhere. */
function noteHead({ heads }: State, { index, tickets, weight }: Queue): void {
  const at = index * HEAD_WIDTH
  const { nodes, keys } = tickets
  heads[at] = nodes.length === 0 ? Number.POSITIVE_INFINITY : (keys[0] as number)
  heads[at + 1] = keys[1] as number
  heads[at + 2] = keys[2] as number
  heads[at + 3] = weight
}

/** Puts a ticket into its queue at its item's place, or moves it there. */
export function placeTicket(state: State, ticket: Ticket): void {
  const { item, queue } = ticket
  heapSet(queue.tickets, ticket, item.band, item.key, item.seq, 0)
  if (ticket.pos === 0 || state.heads[queue.index * HEAD_WIDTH + 2] === item.seq) noteHead(state, queue)
}

/** Whether so few could take what waits here that they are kept for something more important. */
export function isHeldBack({ isOrdinary, group, candidates }: Queue): boolean {
  const { reserve } = group.settings
  return isOrdinary && reserve !== undefined && candidates.nodes.length <= reserve.agents
}

/** Whether the item's tickets stand in the queues that its present priority asks for. */
export function isRightlyQueued(item: Item): boolean {
  return item.tickets.every(({ queue }) => queue.isOrdinary === isOrdinary(item, queue.group))
}

export const NO_TICKETS: Item['tickets'] = []

/** Takes an item out of every queue it waits in. */
export function removeTickets(state: State, item: Item): void {
  for (const ticket of item.tickets) {
    const isFirst = ticket.pos === 0
    heapRemove(ticket.queue.tickets, ticket)
    if (isFirst) noteHead(state, ticket.queue)
    if (ticket.queue.tickets.nodes.length === 0) retire(state, ticket.queue)
  }
  item.tickets = NO_TICKETS
}

/** Gives a waiting item's tickets its present key. */
export function rekeyTickets(state: State, item: Item): void {
  for (const ticket of item.tickets) placeTicket(state, ticket)
}

function retire(state: State, queue: Queue): void {
  state.idleQueues.add(queue)
  if (state.idleQueues.size <= Math.max(IDLE_QUEUES_KEPT, state.groups.size * 8)) return
  for (const longestUnused of state.idleQueues) {
    state.idleQueues.delete(longestUnused)
    dropQueue(state, longestUnused)
    return
  }
}

function dropQueue(state: State, queue: Queue): void {
  queue.group.queues.delete(queue.key)
  state.spareHeads.push(queue.index)
  for (const { agent, pos } of queue.slots) {
    const place = agent.queues.indexOf(queue.index)
    agent.slots.splice(place, 1)
    agent.queues.splice(place, 1)
    if (pos >= 0) agent.standing--
  }
}

/** Drops every queue of a group that nobody waits in: its agents' slots go with it. */
export function dropIdleQueues(state: State, group: Group): void {
  for (const queue of [...group.queues.values()]) {
    if (queue.tickets.nodes.length > 0) continue
    state.idleQueues.delete(queue)
    dropQueue(state, queue)
  }
}

/** Finds the agent's slots anew after memberships, skills or groups changed. */
export function rebuildSlots(state: State, agent: Agent): void {
  for (const slot of agent.slots) {
    heapRemove(slot.queue.candidates, slot)
    slot.queue.slots.delete(slot)
  }
  agent.slots = []
  agent.queues = []
  agent.isCredited = false
  agent.standing = 0
  for (const groupId of agent.memberships.keys()) {
    const group = state.groups.get(groupId)
    if (!group) continue
    for (const queue of group.queues.values()) addSlot(agent, queue)
  }
}

/** Puts every idle agent's time before every busy agent's turn number. */
const IDLE_FIRST = 2 ** 52

/** The slot's first measure by its group's strategy, smaller first. The membership's tier stands before it. */
export function firstMeasure(slot: Slot): number {
  const { agent } = slot
  switch (slot.queue.group.settings.strategy) {
    case 'least-loaded':
      return agent.used / agent.capacity
    case 'least-loaded-count':
      return agent.inHand
    case 'round-robin':
      return agent.turn
    case 'best-skill':
      return -slot.skill
    case 'weighted':
      return agent.shares.get(slot.queue.group.id) ?? 0
    case 'priority-list':
      return slot.listed
    case 'random':
      return 0
    default:
      return agent.inHand === 0 ? 0 : 1
  }
}

/** The slot's second measure; the agent's sequence number stands after it. */
export function secondMeasure(slot: Slot): number {
  const { agent } = slot
  const idleSince = agent.idleSince ?? 0
  switch (slot.queue.group.settings.strategy) {
    case 'least-loaded':
    case 'least-loaded-count':
      return idleSince
    case 'weighted':
      return idleSince
    case 'round-robin':
    case 'random':
      return 0
    case 'best-skill':
    case 'priority-list':
      return agent.inHand === 0 ? idleSince - IDLE_FIRST : agent.turn
    default:
      return agent.inHand === 0 ? idleSince : agent.turn
  }
}

function leaveCandidates(slot: Slot): void {
  if (slot.pos < 0) return
  heapRemove(slot.queue.candidates, slot)
  slot.agent.standing--
}

function refreshSlot(slot: Slot): void {
  const { agent, queue } = slot
  if (!takes(agent, queue.medium) || !hasRoom(agent, queue.home, queue.medium, queue.weight)) {
    leaveCandidates(slot)
    return
  }
  if (slot.pos < 0) agent.standing++
  heapSet(queue.candidates, slot, slot.tier, firstMeasure(slot), secondMeasure(slot), agent.seq)
}

/** Brings the candidates up to date with every agent changed in this step. */
export function refreshStale(state: State): void {
  if (state.stale.length === 0) return
  for (const agent of state.stale) {
    agent.stale = false
    if (isRoutable(agent) && !isFull(agent)) for (const slot of agent.slots) refreshSlot(slot)
    else if (agent.standing > 0) for (const slot of agent.slots) leaveCandidates(slot)
  }
  state.stale.length = 0
}

/** Re-ranks whoever serves the queue, after what counts there changed. */
export function refreshQueue(queue: Queue): void {
  for (const slot of queue.slots) refreshSlot(slot)
}
