/**
 * A second opinion on routing, by brute force and from the specification only: who is eligible, whose turn it is, what is
 * over. It follows events and decisions in its own books and takes every key from there, never from the engine.
 */
import type {
  AgentConfig,
  EngineEvent,
  Enqueue,
  GroupConfig,
  Medium,
  Order,
  Presence,
  SkillLevel,
  Step,
  Strategy,
} from '../../../src/routing/model.ts'

export interface OracleGroup {
  id: string
  strategy: Strategy
  acceptMode: 'auto' | 'manual'
  offerTimeoutMs: number
  offersAtOnce: number
  steps: readonly Step[]
  parkedWeight: number
  onWakeFull: 'requeue' | 'keep'
  order: Order
  cooldown: number
  reofferDelay: number
  maxMissed: number
  wrapUpMs: number
  maxWaiting: number
  onLinkLost: 'requeue' | 'keep'
  onOffline: 'requeue' | 'keep'
}

export interface OracleAgent {
  id: string
  born: number
  config: AgentConfig
  presence: Presence
  presenceSince: number
  isLinked: boolean
  idleSince: number | undefined
  lastGiven: number
}

export interface OracleItem {
  id: string
  born: number
  groupId: string
  medium: Medium
  weight: number
  priority: number
  enqueuedAt: number
  preferred: string | undefined
  needs: readonly SkillLevel[]
  state: 'waiting' | 'offered' | 'active' | 'parked' | 'wrapup' | 'limbo'
  holder: string | undefined
  offers: { id: string; agentId: string; expiresAt: number }[]
  parkedUnits: number
  steps: readonly Step[]
  step: number
  planAt: number
  /** Since when it looks for the people of its step; undefined when it has yet to wait for them. */
  enteredAt: number | undefined
}

/** The defaults as the model's documentation states them. */
export function groupOf(config: GroupConfig): OracleGroup {
  return {
    id: config.id,
    strategy: config.strategy ?? 'longest-idle',
    acceptMode: config.acceptMode ?? 'auto',
    offerTimeoutMs: config.offerTimeoutMs ?? 30_000,
    offersAtOnce: config.offersAtOnce ?? 1,
    steps: config.steps ?? [],
    parkedWeight: config.parkedWeight ?? 0,
    onWakeFull: config.onWakeFull ?? 'keep',
    order: config.order ?? { by: 'fifo' },
    cooldown: config.declineCooldownMs ?? 60_000,
    reofferDelay: config.reofferDelayMs ?? 10_000,
    maxMissed: config.maxMissed ?? 3,
    wrapUpMs: config.wrapUpMs ?? 0,
    maxWaiting: config.maxWaiting ?? Number.POSITIVE_INFINITY,
    onLinkLost: config.onLinkLost ?? 'requeue',
    onOffline: config.onOffline ?? 'keep',
  }
}

const FOUR_HOURS = 4 * 60 * 60 * 1000

export class Oracle {
  at = 0
  readonly groups = new Map<string, OracleGroup>()
  readonly agents = new Map<string, OracleAgent>()
  readonly items = new Map<string, OracleItem>()
  given = 0
  #births = 0

  // What the specification says about the present moment.

  held(agentId: string): OracleItem[] {
    const isAsked = (item: OracleItem) => item.offers.some((offer) => offer.agentId === agentId)
    return [...this.items.values()].filter((item) => item.holder === agentId || isAsked(item))
  }

  used(agentId: string): number {
    return this.held(agentId).reduce((sum, item) => sum + (item.state === 'parked' ? item.parkedUnits : item.weight), 0)
  }

  /** Items that are not parked. */
  inHand(agentId: string): OracleItem[] {
    return this.held(agentId).filter((item) => item.state !== 'parked')
  }

  count(agentId: string, medium: Medium): number {
    return this.inHand(agentId).filter((item) => item.medium === medium).length
  }

  queued(groupId: string): number {
    const isQueued = (item: OracleItem) => item.groupId === groupId && ['waiting', 'offered'].includes(item.state)
    return [...this.items.values()].filter(isQueued).length
  }

  isRoutable(agent: OracleAgent): boolean {
    return agent.presence === 'online' && agent.isLinked
  }

  /** Whether there is room for the item, or for what more than `already` it takes. */
  hasRoom(agent: OracleAgent, item: OracleItem, already = 0): boolean {
    const limit = agent.config.limits?.[item.medium] ?? Number.POSITIVE_INFINITY
    const capacity = agent.config.capacity ?? 5
    return this.used(agent.id) + item.weight - already <= capacity && this.count(agent.id, item.medium) < limit
  }

  /** 4.7: the steps that look for people now: all since the last that replaced those before it. */
  present(
    item: OracleItem,
  ): { index: number; groupId: string; needs: readonly SkillLevel[]; agents?: readonly string[] }[] {
    const first = item.steps.findLastIndex((step, index) => index <= item.step && index > 0 && step.mode === 'replace')
    const steps = item.steps.length === 0 ? [{} as Step] : item.steps
    return steps
      .map(({ groupId, requirements, agents }, index) => ({
        index,
        groupId: groupId ?? item.groupId,
        needs: requirements ?? item.needs,
        ...(agents ? { agents } : {}),
      }))
      .filter(({ index }) => index <= item.step && index >= Math.max(0, first))
  }

  /** The earliest step that looks for this agent. */
  stepFor(agent: OracleAgent, item: OracleItem) {
    return this.present(item).find(({ groupId, needs, agents }) => this.#serves(agent, groupId, needs, agents))
  }

  #serves(agent: OracleAgent, groupId: string, needs: readonly SkillLevel[], agents?: readonly string[]): boolean {
    if (!this.groups.has(groupId) || (agents && !agents.includes(agent.id))) return false
    if (!agent.config.memberships?.some((membership) => membership.groupId === groupId)) return false
    return needs.every(({ skill, level }) =>
      agent.config.skills?.some((own) => own.skill === skill && own.level >= level),
    )
  }

  isEligible(agent: OracleAgent, item: OracleItem): boolean {
    return this.stepFor(agent, item) !== undefined
  }

  /** When the next step may be entered: by the time line, or by how people were when the present step was entered. */
  duesOfNextStep(item: OracleItem): number[] {
    const step = item.steps[item.step]
    const next = item.steps[item.step + 1]
    if (!step || !next) return []
    const { enteredAt = this.at } = item
    const skipped = step.skipIfNobody ? [enteredAt] : []
    const { waitMs } = step
    const waited = waitMs ? [waitMs.full, waitMs.busy, waitMs.offline].map((ms) => enteredAt + ms) : undefined
    return [...skipped, ...(waited ?? [item.planAt + (next.afterMs ?? 0)])]
  }

  couldTake(agent: OracleAgent, item: OracleItem): boolean {
    return this.isRoutable(agent) && this.isEligible(agent, item) && this.hasRoom(agent, item)
  }

  /** 4.7: one scale for the tenant, lower first; ties by arrival. */
  place(item: OracleItem): [number, number] {
    const order = this.groups.get(item.groupId)?.order ?? { by: 'fifo' }
    const raised = item.steps.slice(0, item.step + 1).reduce((sum, step) => sum + (step.priority ?? 0), 0)
    const credit = order.by === 'fifo' ? 0 : (item.priority + raised) * (order.creditMs ?? 0)
    return [item.enqueuedAt - credit + (order.by === 'deadline' ? order.targetMs : 0), item.born]
  }

  /** 4.7: the tuple of the agent for this item, by the step that looks for them and its group's strategy; smaller first. */
  preference(agent: OracleAgent, item: OracleItem): number[] {
    const step = this.stepFor(agent, item)
    if (!step) return [Number.POSITIVE_INFINITY]
    const membership = agent.config.memberships?.find(({ groupId }) => groupId === step.groupId)
    const start = [step.index, membership?.tier ?? 0]
    const held = this.inHand(agent.id).length
    const idleFirst = held === 0 ? [0, agent.idleSince ?? 0] : [1, agent.lastGiven]
    switch (this.groups.get(step.groupId)?.strategy) {
      case 'least-loaded':
        return [...start, this.used(agent.id) / (agent.config.capacity ?? 5), agent.idleSince ?? 0, agent.born]
      case 'least-loaded-count':
        return [...start, held, agent.idleSince ?? 0, agent.born]
      case 'round-robin':
        return [...start, agent.lastGiven, agent.born]
      case 'best-skill':
        return [...start, -this.#skill(agent, step.needs, membership?.level ?? 0), ...idleFirst, agent.born]
      default:
        return [...start, ...idleFirst, agent.born]
    }
  }

  #skill(agent: OracleAgent, needs: readonly SkillLevel[], membershipLevel: number): number {
    if (needs.length === 0) return membershipLevel
    const levels = needs.map(({ skill }) => agent.config.skills?.find((own) => own.skill === skill)?.level ?? 0)
    return levels.reduce((sum, level) => sum + level, 0) / levels.length
  }

  // Events: only what an event says of itself. Everything that follows from it must come as a decision.

  tell(event: EngineEvent): void {
    this.at = Math.max(this.at, event.at)
    switch (event.type) {
      case 'config.group':
        this.groups.set(event.group.id, groupOf(event.group))
        break
      case 'config.group-removed':
        this.#removeGroup(event.groupId, event.fallbackGroupId)
        break
      case 'config.agent':
        this.#configureAgent(event.agent)
        break
      case 'config.agent-removed':
        this.agents.delete(event.agentId)
        break
      case 'agent.presence':
        this.setPresence(event.agentId, event.state)
        break
      case 'agent.link': {
        const agent = this.agents.get(event.agentId)
        if (agent) agent.isLinked = event.link === 'up'
        break
      }
      default:
    }
  }

  #removeGroup(groupId: string, fallback: string | undefined): void {
    if (!this.groups.delete(groupId)) return
    const target = this.groups.has(fallback ?? '') ? fallback : undefined
    for (const item of this.items.values()) {
      if (item.groupId !== groupId || target === undefined) continue
      item.groupId = target
      this.startPlan(item, this.groups.get(target)?.steps)
    }
  }

  /** An item's plan begins (anew) when it comes to a group, and when it comes back from service. */
  startPlan(item: OracleItem, steps: readonly Step[] = item.steps): void {
    item.steps = steps
    item.step = 0
    item.planAt = this.at
    item.enteredAt = undefined
  }

  #configureAgent(config: AgentConfig): void {
    const agent = this.agents.get(config.id)
    if (agent) agent.config = config
    else {
      this.agents.set(config.id, {
        id: config.id,
        born: ++this.#births,
        config,
        presence: 'offline',
        presenceSince: this.at,
        isLinked: true,
        idleSince: undefined,
        lastGiven: 0,
      })
    }
  }

  setPresence(agentId: string, presence: Presence): void {
    const agent = this.agents.get(agentId)
    if (!agent) return
    const isNewShift = agent.presence === 'offline' && this.at - agent.presenceSince >= FOUR_HOURS
    if (presence === 'online' && (agent.idleSince === undefined || isNewShift)) agent.idleSince = this.at
    if (agent.presence !== presence) agent.presenceSince = this.at
    agent.presence = presence
  }

  admit(event: Enqueue): OracleItem {
    const item: OracleItem = {
      id: event.itemId,
      born: ++this.#births,
      groupId: event.groupId,
      medium: event.medium,
      weight: event.weight ?? 1,
      priority: event.priority ?? 0,
      enqueuedAt: Math.min(this.at, event.enqueuedAt ?? this.at),
      preferred: event.preferredAgentId,
      needs: event.requirements ?? [],
      state: 'waiting',
      holder: undefined,
      offers: [],
      parkedUnits: 0,
      steps: event.steps ?? this.groups.get(event.groupId)?.steps ?? [],
      step: 0,
      planAt: this.at,
      enteredAt: this.at,
    }
    this.items.set(item.id, item)
    return item
  }
}
