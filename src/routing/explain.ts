/**
 * Why, and why not. On a copy of the state, so that asking can disturb nothing; the cost is one look at each agent of the
 * groups in question. Pure.
 */
import { meets } from './expression.ts'
import type { Expression, ItemState, SkillLevel } from './model.ts'
import { chargedFor } from './offers.ts'
import { isBefore } from './order.ts'
import { type Target, targetsOf } from './plan.ts'
import { isEligible, isHeldBack } from './queues.ts'
import { hasRoom, maxEach } from './room.ts'
import { type Agent, type Item, isQueued, MEDIA, type State } from './state.ts'

/** A skill that is asked for, and the level that is there; 0: not at all. */
export type Lack = SkillLevel & { readonly has: number }

/** Why a step does not look for somebody of its group. */
export type Shortcoming =
  | { readonly code: 'unskilled'; readonly lacks: readonly Lack[] }
  /** Has not the skills in the combination that is asked for. */
  | { readonly code: 'unmet'; readonly where: Expression }
  /** Belongs to the group by a later tier than those that are asked. */
  | { readonly code: 'tier'; readonly tier: number; readonly most: number }

/** What stands between an agent and an item; none: the agent could take it now. */
export type Obstacle =
  | { readonly code: 'offline' | 'busy' | 'away' | 'disconnected'; readonly since: number; readonly reason?: string }
  /** Looked for by a later step only; `at` when that is due, `short` of what the present ones ask for. */
  | { readonly code: 'later'; readonly step: number; readonly at?: number; readonly short?: readonly Shortcoming[] }
  | Shortcoming
  | { readonly code: 'not-asked-for' }
  | { readonly code: 'full'; readonly used: number; readonly capacity: number; readonly weight: number }
  | { readonly code: 'medium-full'; readonly medium: string; readonly count: number; readonly limit: number }
  | { readonly code: 'medium-closed'; readonly medium: string; readonly reason?: string }
  | { readonly code: 'group-full'; readonly count: number; readonly limit: number }
  /** Has something in hand that the group's items may not be beside. */
  | { readonly code: 'not-during'; readonly medium: string }
  /** Kept free for work of this priority. */
  | { readonly code: 'reserved'; readonly priority: number }
  /** Declined or missed it; asked again at `until` at the latest. */
  | { readonly code: 'excluded'; readonly until: number }

export interface AgentView {
  readonly agentId: string
  readonly role: 'holder' | 'asked' | 'free' | 'hindered'
  readonly obstacles: readonly Obstacle[]
}

export interface ItemView {
  readonly itemId: string
  readonly groupId: string
  /** It is handed on: whoever is named keeps it until somebody takes it. */
  readonly keptBy?: string
  readonly state: ItemState
  readonly since: number
  readonly enqueuedAt: number
  readonly priority: number
  readonly step: number
  readonly steps: number
  readonly nextStepAt?: number
  /** When what is put off comes back by itself. */
  readonly deferredUntil?: number
  /** Waiting items of its group that come before it, and how many wait there in all. While it waits or is offered. */
  readonly ahead?: number
  readonly waiting?: number
  /** Agents of every group that its plan names, those who could take it first. */
  readonly agents: readonly AgentView[]
}

/** The item and everybody who could have had it; undefined when it is over or was never there. */
export function explainItem(state: State, itemId: string): ItemView | undefined {
  const item = state.items.get(itemId)
  if (item === undefined) return undefined
  return {
    itemId,
    groupId: item.group.id,
    ...(item.consultFor?.agent && { keptBy: item.consultFor.agent.id }),
    state: item.state,
    since: item.since,
    enqueuedAt: item.enqueuedAt,
    priority: item.priority,
    step: item.step,
    steps: Math.max(1, item.steps.length),
    ...(item.nextStepAt !== undefined && { nextStepAt: item.nextStepAt }),
    ...(item.deferredUntil !== undefined && { deferredUntil: item.deferredUntil }),
    ...(isQueued(item.state) && placeOf(state, item)),
    agents: candidatesOf(state, item)
      .map((agent) => viewOf(state, item, agent))
      .toSorted((a, b) => rank(a) - rank(b)),
  }
}

function rank({ role, obstacles }: AgentView): number {
  return { holder: 0, asked: 1, free: 2, hindered: 3 }[role] * 100 + obstacles.length
}

function placeOf(state: State, item: Item): { ahead: number; waiting: number } {
  let ahead = 0
  let waiting = 0
  for (const other of state.items.values()) {
    if (other.group !== item.group || !isQueued(other.state)) continue
    waiting++
    if (isBefore(other, item)) ahead++
  }
  return { ahead, waiting }
}

/** Members of the item's group and of every group that a step names, and whoever has it, in their order. */
function candidatesOf(state: State, item: Item): Agent[] {
  const found = new Set<Agent>()
  for (const { group } of targetsOf(state, item)) for (const agent of group.members) found.add(agent)
  for (const agent of item.group.members) found.add(agent)
  // Whoever was given it by hand may belong to none of them.
  for (const agent of chargedFor(item)) found.add(agent)
  return [...found].sort((a, b) => a.seq - b.seq)
}

function viewOf(state: State, item: Item, agent: Agent): AgentView {
  if (item.agent === agent || item.consultFor?.agent === agent)
    return { agentId: agent.id, role: 'holder', obstacles: [] }
  if (item.offers.some((offer) => offer.agent === agent)) return { agentId: agent.id, role: 'asked', obstacles: [] }
  const obstacles = [
    ...eligibility(state, item, agent),
    ...readiness(item, agent),
    ...room(item, agent),
    ...reserve(item, agent),
    ...exclusion(item, agent),
  ]
  return { agentId: agent.id, role: obstacles.length === 0 ? 'free' : 'hindered', obstacles }
}

function eligibility(state: State, item: Item, agent: Agent): Obstacle[] {
  const targets = targetsOf(state, item)
  const fitting = targets.filter(({ group, requires }) => isEligible(agent, group, requires))
  if (fitting.some(({ isCurrent }) => isCurrent)) return []
  const later = fitting.find(({ step }) => step > item.step)
  if (later === undefined) return shortcomings(targets, agent) ?? [{ code: 'not-asked-for' }]
  const at = later.step === item.step + 1 ? item.nextStepAt : undefined
  const present = targets.filter(({ isCurrent }) => isCurrent)
  const short = shortcomings(present, agent)
  return [{ code: 'later', step: later.step, ...(at !== undefined && { at }), ...(short && { short }) }]
}

/** Why not even the latest of these, which is the widest of a plan that widens, looks for the agent: what they can, or their tier. */
function shortcomings(targets: readonly Target[], agent: Agent): Shortcoming[] | undefined {
  for (const { group, requires } of targets.toReversed()) {
    const membership = agent.memberships.get(group.id)
    if (membership === undefined || requires.agents?.includes(agent.id) === false) continue
    const { all, where, maxTier } = requires
    const lacks = all
      .map(({ skill, level }) => ({ skill, level, has: agent.skills.get(skill) ?? 0 }))
      .filter(({ has, level }) => has < level)
    const found: Shortcoming[] = []
    if (lacks.length > 0) found.push({ code: 'unskilled', lacks })
    if (where && !meets(agent.skills, where)) found.push({ code: 'unmet', where })
    if (maxTier !== undefined && membership.tier > maxTier)
      found.push({ code: 'tier', tier: membership.tier, most: maxTier })
    if (found.length > 0) return found
  }
  return undefined
}

function readiness(item: Item, agent: Agent): Obstacle[] {
  const { presence, presenceSince, reason, link, closed, closedReasons } = agent
  if (presence !== 'online') return [{ code: presence, since: presenceSince, ...(reason !== undefined && { reason }) }]
  if (link !== 'up') return [{ code: 'disconnected', since: presenceSince }]
  const medium = MEDIA[item.medium]
  if (medium === undefined || !closed.includes(item.medium)) return []
  const why = closedReasons?.[medium]
  return [{ code: 'medium-closed', medium, ...(why !== undefined && { reason: why }) }]
}

function room({ group, medium, weight }: Item, agent: Agent): Obstacle[] {
  if (hasRoom(agent, group, medium, weight)) return []
  const { capacity, counts, limits } = agent
  const used = group.settings.interruptible ? agent.used : agent.used - agent.yielding
  if (used + weight > capacity || agent.used + weight > agent.hardMax) return [{ code: 'full', used, capacity, weight }]
  const [count = 0, limit = 0] = [counts[medium], limits[medium]]
  if (count >= limit) return [{ code: 'medium-full', medium: MEDIA[medium] ?? '', count, limit }]
  const other = group.settings.notDuring.find((place) => (counts[place] ?? 0) > 0)
  if (other !== undefined) return [{ code: 'not-during', medium: MEDIA[other] ?? '' }]
  return [{ code: 'group-full', count: agent.each.get(group) ?? 0, limit: maxEach(agent, group) }]
}

/** Free, but kept for something more important: every queue in which the item waits for them is held back. */
function reserve(item: Item, agent: Agent): Obstacle[] {
  const queues = item.tickets
    .map(({ queue }) => queue)
    .filter(({ slots }) => [...slots].some((slot) => slot.agent === agent))
  const [first] = queues
  if (first === undefined || !queues.every(isHeldBack)) return []
  return [{ code: 'reserved', priority: first.group.settings.reserve?.priority ?? 0 }]
}

function exclusion(item: Item, agent: Agent): Obstacle[] {
  const found = item.exclusions.find(({ agentId }) => agentId === agent.id)
  return found === undefined ? [] : [{ code: 'excluded', until: found.until }]
}
