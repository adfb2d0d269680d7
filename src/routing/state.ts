/**
 * What the engine keeps in memory of one tenant. Only the engine's own files look inside; the shell treats it as a whole
 * and stores records (records.ts). Indexes (queues, heaps, timers) follow from items, agents and configuration.
 */
import { type Heap, type HeapNode, heapRemove, newHeap } from './heap.ts'
import type {
  Decision,
  Expression,
  ItemState,
  Medium,
  MediumReasons,
  Order,
  OverflowRules,
  Presence,
  Step,
  Strategy,
  WrapUpMode,
} from './model.ts'

export const MEDIA: readonly Medium[] = ['chat', 'call', 'ticket']

/** A group's configuration with every default filled in. */
export interface GroupSettings {
  readonly strategy: Strategy
  readonly acceptMode: 'auto' | 'manual'
  readonly offerTimeoutMs: number
  readonly offersAtOnce: number
  readonly steps: readonly Step[]
  readonly order: Order
  readonly declineCooldownMs: number
  readonly reofferDelayMs: number
  readonly maxMissed: number
  readonly wrapUpMs: number
  readonly wrapUp: WrapUpMode
  readonly maxWaiting: number | undefined
  readonly overflow: OverflowRules
  readonly reserve: { readonly agents: number; readonly priority: number } | undefined
  readonly weight: number
  readonly maxEach: number
  /** Places in MEDIA. */
  readonly notDuring: readonly number[]
  readonly interruptible: boolean
  readonly onLinkLost: 'requeue' | 'keep'
  readonly onOffline: 'requeue' | 'keep'
  readonly parkedWeight: number
  readonly onWakeFull: 'requeue' | 'keep'
}

export interface Group {
  readonly id: string
  settings: GroupSettings
  /** false once removed while items still name it, or before it was ever configured. */
  configured: boolean
  readonly queues: Map<string | number, Queue>
  readonly members: Set<Agent>
  /** Items waiting or offered. */
  queued: number
}

/** A skill that an item needs, at least at this level. */
export interface Requirement {
  readonly skill: string
  readonly level: number
}

/** What an item requires of an agent; equal ones have equal keys. */
export interface RequirementClass {
  readonly key: string
  readonly all: readonly Requirement[]
  /** If given, only these agents will do. */
  readonly agents: readonly string[] | undefined
  readonly where: Expression | undefined
  readonly maxTier: number | undefined
}

/** Where items of one group, one requirement class and one cost (medium and weight) wait, and who could take them now. */
export interface Queue {
  readonly key: string | number
  /** Its place in `state.heads`. */
  readonly index: number
  /** Whose members serve it. */
  readonly group: Group
  /** Whose items wait in it: another group's, where a step of its plan looks here. */
  readonly home: Group
  /** Whether its items leave the group's reserve alone. */
  readonly isOrdinary: boolean
  readonly requires: RequirementClass
  readonly medium: number
  readonly weight: number
  /** Slots of the agents who fit at this moment, best first. */
  readonly candidates: Heap<Slot>
  readonly tickets: Heap<Ticket>
  /** Every eligible agent, whether they fit or not. */
  readonly slots: Set<Slot>
}

/** An agent's place in one queue. */
export interface Slot extends HeapNode {
  readonly agent: Agent
  readonly queue: Queue
  readonly tier: number
  /** Mean level in what the queue requires, for best-skill; the place among those named, for priority-list. */
  readonly skill: number
  readonly listed: number
  readonly weight: number
  readonly creditMs: number
}

/** An item's place in one queue, by one step of its plan. */
export interface Ticket extends HeapNode {
  readonly item: Item
  readonly queue: Queue
  readonly step: number
}

export interface Timer extends HeapNode {
  readonly kind: number
  readonly item: Item | undefined
  readonly agent: Agent | undefined
}

export interface Exclusion {
  readonly agentId: string
  readonly until: number
}

export interface Offer {
  readonly id: string
  readonly item: Item
  readonly agent: Agent
  readonly expiresAt: number
}

export interface Item {
  readonly id: string
  readonly seq: number
  group: Group
  readonly medium: number
  readonly weight: number
  priority: number
  state: ItemState
  since: number
  band: number
  key: number
  enqueuedAt: number
  agent: Agent | undefined
  offers: readonly Offer[]
  wrapUpUntil: number | undefined
  wrapUpWanted: boolean
  passed: readonly string[]
  parked: { readonly units: number; readonly until: number | undefined } | undefined
  deferredUntil: number | undefined
  /** The plan; empty if it is only to wait in the group. */
  steps: readonly Step[]
  step: number
  planAt: number
  nextStepAt: number | undefined
  preferredAgentId: string | undefined
  requires: RequirementClass
  exclusions: readonly Exclusion[]
  reofferAt: number | undefined
  tickets: readonly Ticket[]
  /** What its present state waits for: the next step, the offers' expiry, waking up, its time, the end of the wrap-up. */
  timer: Timer | undefined
  exclusionTimer: Timer | undefined
  /** While it waits: when the order lifts it, or the group passes it on. */
  patienceTimer: Timer | undefined
  /** While its holder hands it on to a group: what waits there in its place. */
  consult: Item | undefined
  /** The other way round: the item for whose holder it waits. */
  consultFor: Item | undefined
  /** Whether it is offered also where it would be given at once. */
  asks: boolean
  rev: number
  changed: boolean
  /** Whether it stands in `state.placed`. */
  placed: boolean
}

export interface MembershipSettings {
  readonly tier: number
  readonly level: number
  readonly weight: number
  readonly creditMs: number
  readonly maxItems: number | undefined
}

export interface Agent {
  readonly id: string
  readonly seq: number
  capacity: number
  hardMax: number
  limits: readonly number[]
  memberships: ReadonlyMap<string, MembershipSettings>
  acceptMode: 'auto' | 'manual' | undefined
  skills: ReadonlyMap<string, number>
  presence: Presence
  reason: string | undefined
  status: string | undefined
  presenceSince: number
  link: 'up' | 'grace' | 'down'
  graceUntil: number | undefined
  used: number
  /** Units of those which interruptible work takes. */
  yielding: number
  readonly counts: number[]
  /** Items in hand by their group; only of groups that bound them. */
  readonly each: Map<Group, number>
  /** Media in which nothing is taken, as places in MEDIA. */
  closed: readonly number[]
  closedReasons: MediumReasons | undefined
  readonly shares: Map<string, number>
  idleSince: number | undefined
  turn: number
  missed: number
  /** Held, offered, parked and wrapping up. */
  readonly items: Item[]
  /** How many of them are not parked. */
  inHand: number
  /** How many of them are over but for the wrap-up. */
  wrappingUp: number
  slots: Slot[]
  /** Of each slot the queue's index, and whether one of the slots counts for more to this agent. */
  queues: number[]
  isCredited: boolean
  /** Whether a membership bounds how many items of its group the agent has in hand. */
  isBounded: boolean
  /** How many of the slots stand among candidates. */
  standing: number
  /** A number that goes with the id, for drawing lots. */
  readonly salt: number
  timer: Timer | undefined
  rev: number
  changed: boolean
  removed: boolean
  /** Whether it stands in `state.stale`: its slots must be looked at again. */
  stale: boolean
  /** Whether it stands in `state.freed`. */
  freed: boolean
}

export interface State {
  readonly tenantId: string
  /** The time of the last event. */
  at: number
  /** Numbers given to items and agents, to end ties. */
  seq: number
  /** Work given so far; names offers, orders round robin. */
  turn: number
  readonly items: Map<string, Item>
  readonly agents: Map<string, Agent>
  readonly groups: Map<string, Group>
  readonly offers: Map<string, Offer>
  readonly requirementClasses: Map<string, RequirementClass>
  readonly timers: Heap<Timer>
  /**
   * Of each queue the place of its first ticket (band, key, sequence; an endless band where nobody waits) and what each
   * weighs. Side by side, so that an agent's choice among many queues does not touch each of them.
   */
  heads: Float64Array
  /** Places in it that are free again, and how many were ever taken. */
  readonly spareHeads: number[]
  headCount: number
  /** Groups that keep a reserve. */
  readonly reserving: Set<Group>
  /** Queues without tickets, the longest unused first: dropped beyond a bound. */
  readonly idleQueues: Set<Queue>
  readonly commands: { readonly known: Set<string>; readonly ring: string[]; next: number }
  /** Items that may have become matchable in this step. */
  placed: Item[]
  /** Agents who may have become able to take more in this step. */
  freed: Agent[]
  stale: Agent[]
  decisions: Decision[]
  changedItems: Item[]
  changedAgents: Agent[]
  newCommands: string[]
}

/** Numbers that a queue has in `state.heads`. */
export const HEAD_WIDTH = 4

/** An empty engine for one tenant. */
export function createState(tenantId: string): State {
  return {
    tenantId,
    at: 0,
    seq: 0,
    turn: 0,
    items: new Map(),
    agents: new Map(),
    groups: new Map(),
    offers: new Map(),
    requirementClasses: new Map(),
    timers: newHeap(),
    heads: new Float64Array(64 * HEAD_WIDTH),
    spareHeads: [],
    headCount: 0,
    reserving: new Set(),
    idleQueues: new Set(),
    commands: { known: new Set(), ring: [], next: 0 },
    placed: [],
    freed: [],
    stale: [],
    decisions: [],
    changedItems: [],
    changedAgents: [],
    newCommands: [],
  }
}

/** Marks an item for the next changes(). */
export function touchItem(state: State, item: Item): void {
  item.rev++
  if (item.changed) return
  item.changed = true
  state.changedItems.push(item)
}

/** Marks an agent for the next changes(). */
export function touchAgent(state: State, agent: Agent): void {
  agent.rev++
  if (agent.changed) return
  agent.changed = true
  state.changedAgents.push(agent)
}

/** The agent may now be able to take more. */
export function markFreed(state: State, agent: Agent): void {
  markStale(state, agent)
  if (agent.freed) return
  agent.freed = true
  state.freed.push(agent)
}

/** The agent's place among the candidates must be computed anew. */
export function markStale(state: State, agent: Agent): void {
  if (agent.stale) return
  agent.stale = true
  state.stale.push(agent)
}

/** The item may now be matchable. */
export function markPlaced(state: State, item: Item): void {
  if (item.placed) return
  item.placed = true
  state.placed.push(item)
}

export function isQueued(state: ItemState): boolean {
  return state === 'waiting' || state === 'offered'
}

/** Moves an item to another state, keeping its group's count. */
export function setItemState(state: State, item: Item, next: ItemState): void {
  const queued = Number(isQueued(next)) - Number(isQueued(item.state))
  item.group.queued += queued
  if (item.patienceTimer && next !== 'waiting') heapRemove(state.timers, item.patienceTimer)
  if (next !== 'deferred') item.deferredUntil = undefined
  item.state = next
  item.since = state.at
  touchItem(state, item)
}

/** The item's open offer to this agent. */
export function offerTo(item: Item, agent: Agent): Offer | undefined {
  return item.offers.find((offer) => offer.agent === agent)
}
