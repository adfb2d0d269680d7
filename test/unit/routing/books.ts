/** The oracle’s own books of groups, agents and items. Everything that follows from an event must come as a decision, so only what an event says of itself is entered. */
import type {
  AgentConfig,
  EngineEvent,
  Enqueue,
  GroupConfig,
  Medium,
  Order,
  OverflowRules,
  Presence,
  SkillLevel,
  Step,
  Strategy,
  WrapUpMode,
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
  wrapUp: WrapUpMode
  maxWaiting: number
  overflow: OverflowRules
  reserve: { agents: number; priority: number }
  maxEach: number
  notDuring: readonly Medium[]
  interruptible: boolean
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
  /** When the grace of a lost connection is over. */
  graceUntil: number
  /** It has been found to be over: timers fire only by a tick. */
  isLost: boolean
  idleSince: number | undefined
  lastGiven: number
  closed: readonly Medium[]
  shares: Map<string, number>
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
  state: 'waiting' | 'offered' | 'pooled' | 'deferred' | 'active' | 'parked' | 'wrapup' | 'limbo'
  wrapUpWanted: boolean
  deferredUntil?: number | undefined
  wrapUpUntil?: number | undefined
  /** The word with which its group gave it up. */
  givenUp?: string
  /** Whether the guard of the strict order has been seen to be over. */
  isLifted: boolean
  /** It stands in line for this one, which its holder hands on. */
  consultFor?: { itemId: string; holder: string }
  /** Offered also where it would be given at once. */
  asks?: boolean
  /** Groups that passed it on. */
  passed: string[]
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
    wrapUp: config.wrapUp ?? 'timed',
    overflow: config.overflow ?? {},
    reserve: config.reserve ?? { agents: 0, priority: 0 },
    maxEach: config.maxEach ?? Number.POSITIVE_INFINITY,
    notDuring: config.notDuring ?? [],
    interruptible: config.interruptible ?? false,
    maxWaiting: config.maxWaiting ?? Number.POSITIVE_INFINITY,
    onLinkLost: config.onLinkLost ?? 'requeue',
    onOffline: config.onOffline ?? 'keep',
  }
}

/** What an item has from the first. */
type FirstFacts = Pick<
  OracleItem,
  'id' | 'groupId' | 'medium' | 'weight' | 'priority' | 'enqueuedAt' | 'preferred' | 'needs' | 'steps'
>

const FOUR_HOURS = 4 * 60 * 60 * 1000

/** What is there, followed event by event. */
export class Books {
  at = 0
  readonly groups = new Map<string, OracleGroup>()
  readonly agents = new Map<string, OracleAgent>()
  readonly items = new Map<string, OracleItem>()
  given = 0
  #births = 0

  isRoutable(agent: OracleAgent): boolean {
    return agent.presence === 'online' && agent.isLinked
  }

  /** Whether the guard is over at this moment: seen whenever the item's place is set. */
  seePlace(item: OracleItem): void {
    const order = this.groups.get(item.groupId)?.order
    item.isLifted = (order?.by === 'strict' || order?.by === 'lifo') && item.enqueuedAt + order.guardMs <= this.at
  }

  /** Who comes begins with the smallest share of those who are there. */
  #join(agent: OracleAgent, groupIds: readonly string[]): void {
    for (const groupId of groupIds.filter((id) => this.groups.get(id)?.strategy === 'weighted')) {
      const others = [...this.agents.values()].filter(
        (other) =>
          other !== agent && this.isRoutable(other) && other.config.memberships?.some((one) => one.groupId === groupId),
      )
      const shares = others.map((other) => other.shares.get(groupId) ?? 0)
      const own = agent.shares.get(groupId) ?? 0
      if (shares.length > 0 && Math.min(...shares) > own) agent.shares.set(groupId, Math.min(...shares))
    }
  }

  // Events: only what an event says of itself. Everything that follows from it must come as a decision.

  tell(event: EngineEvent): void {
    this.at = Math.max(this.at, event.at)
    switch (event.type) {
      case 'config.group':
        this.#configureGroup(groupOf(event.group))
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
        this.#close(event.agentId, event.closed ?? [])
        break
      case 'agent.link': {
        const agent = this.agents.get(event.agentId)
        if (!agent) break
        agent.isLinked = event.link === 'up'
        if (agent.isLinked) agent.isLost = false
        agent.graceUntil = agent.isLinked ? Number.POSITIVE_INFINITY : this.at + (event.graceMs ?? 30_000)
        break
      }
      case 'tick':
        for (const agent of this.agents.values()) if (agent.graceUntil <= this.at) agent.isLost = true
        break
      default:
    }
  }

  /** What waits is looked at anew where it counts otherwise. */
  #configureGroup(group: OracleGroup): void {
    const before = this.groups.get(group.id)
    this.groups.set(group.id, group)
    const counted = (one: OracleGroup) => JSON.stringify([one.order, one.overflow.late])
    if (before && counted(before) === counted(group)) return
    for (const item of this.items.values())
      if (item.groupId === group.id && ['waiting', 'offered'].includes(item.state)) this.seePlace(item)
  }

  #removeGroup(groupId: string, fallback: string | undefined): void {
    if (!this.groups.delete(groupId)) return
    const target = this.groups.has(fallback ?? '') ? fallback : undefined
    for (const item of this.items.values()) {
      if (item.groupId !== groupId) continue
      if (target !== undefined) {
        item.groupId = target
        this.startPlan(item, this.groups.get(target)?.steps)
      }
      this.seePlace(item)
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
    if (agent) {
      const groups = (of: AgentConfig) => [...new Set(of.memberships?.map(({ groupId }) => groupId))]
      const joined = groups(config).filter((groupId) => !groups(agent.config).includes(groupId))
      agent.config = config
      for (const groupId of agent.shares.keys()) if (!groups(config).includes(groupId)) agent.shares.delete(groupId)
      if (this.isRoutable(agent)) this.#join(agent, joined)
    } else {
      this.agents.set(config.id, {
        id: config.id,
        born: ++this.#births,
        config,
        presence: 'offline',
        presenceSince: this.at,
        isLinked: true,
        graceUntil: Number.POSITIVE_INFINITY,
        isLost: false,
        idleSince: undefined,
        lastGiven: 0,
        closed: [],
        shares: new Map(),
      })
    }
  }

  setPresence(agentId: string, presence: Presence): void {
    const agent = this.agents.get(agentId)
    if (!agent) return
    const isNewShift = agent.presence === 'offline' && this.at - agent.presenceSince >= FOUR_HOURS
    if (presence === 'online' && (agent.idleSince === undefined || isNewShift)) agent.idleSince = this.at
    if (presence === 'online' && agent.presence !== 'online')
      this.#join(agent, agent.config.memberships?.map(({ groupId }) => groupId) ?? [])
    if (agent.presence !== presence) agent.presenceSince = this.at
    agent.presence = presence
  }

  #close(agentId: string, media: readonly Medium[]): void {
    const agent = this.agents.get(agentId)
    if (agent) agent.closed = media
  }

  admit(event: Enqueue): OracleItem {
    return this.#begin({
      id: event.itemId,
      groupId: event.groupId,
      medium: event.medium,
      weight: event.weight ?? 1,
      priority: event.priority ?? 0,
      enqueuedAt: Math.min(this.at, event.enqueuedAt ?? this.at),
      preferred: event.preferredAgentId,
      needs: event.requirements ?? [],
      steps: event.steps ?? this.groups.get(event.groupId)?.steps ?? [],
    })
  }

  /** Somebody else is looked for while the holder keeps it. */
  consult(id: string, item: OracleItem, groupId: string, keepsPlace: boolean): OracleItem {
    const { medium, weight, priority, preferred, needs } = item
    const enqueuedAt = keepsPlace ? item.enqueuedAt : this.at
    const steps = this.groups.get(groupId)?.steps ?? []
    const consult = this.#begin({ id, groupId, medium, weight, priority, enqueuedAt, preferred, needs, steps })
    consult.consultFor = { itemId: item.id, holder: item.holder ?? '' }
    consult.state = 'waiting'
    consult.enteredAt = this.at
    return consult
  }

  consultOf(item: OracleItem): OracleItem | undefined {
    return [...this.items.values()].find(({ consultFor }) => consultFor?.itemId === item.id)
  }

  #begin(facts: FirstFacts): OracleItem {
    const item: OracleItem = {
      ...facts,
      born: ++this.#births,
      state: 'limbo',
      wrapUpWanted: false,
      isLifted: false,
      passed: [],
      holder: undefined,
      offers: [],
      parkedUnits: 0,
      step: 0,
      planAt: this.at,
      enteredAt: undefined,
    }
    this.seePlace(item)
    this.items.set(item.id, item)
    return item
  }
}
