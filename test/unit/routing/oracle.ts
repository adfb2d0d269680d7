/**
 * A second opinion on routing, by brute force and from the specification only: who is eligible, whose turn it is, what is
 * over. It follows events and decisions in its own books and takes every key from there, never from the engine.
 */
import type { Expression, Medium, OverflowCause, SkillLevel, Step } from '../../../src/routing/model.ts'
import { Books, type OracleAgent, type OracleGroup, type OracleItem } from './books.ts'

export type { OracleAgent, OracleItem } from './books.ts'

/** What the specification says about the present moment. */
export class Oracle extends Books {
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

  takes(agent: OracleAgent, medium: Medium): boolean {
    return this.isRoutable(agent) && !agent.closed.includes(medium)
  }

  hardMax(agent: OracleAgent): number {
    const capacity = agent.config.capacity ?? 5
    return Math.max(capacity, agent.config.hardMax ?? capacity * 2)
  }

  /** Whether there is room for the item, or for what more than `already` it takes. */
  hasRoom(agent: OracleAgent, item: OracleItem, already = 0): boolean {
    const limit = agent.config.limits?.[item.medium] ?? Number.POSITIVE_INFINITY
    const capacity = agent.config.capacity ?? 5
    const group = this.groups.get(item.groupId)
    const more = item.weight - already
    const held = this.held(agent.id)
    const isSpare = (one: OracleItem) => this.groups.get(one.groupId)?.interruptible ?? false
    const against = group?.interruptible ? held : held.filter((one) => !isSpare(one))
    const units = (items: OracleItem[]) =>
      items.reduce((sum, one) => sum + (one.state === 'parked' ? one.parkedUnits : one.weight), 0)
    if (units(against) + more > capacity || units(held) + more > this.hardMax(agent)) return false
    const inHand = this.inHand(agent.id)
    if (group?.notDuring.some((medium) => inHand.some((one) => one.medium === medium))) return false
    const most =
      agent.config.memberships?.findLast(({ groupId }) => groupId === item.groupId)?.maxItems ?? group?.maxEach
    if (inHand.filter((one) => one.groupId === item.groupId).length >= (most ?? Number.POSITIVE_INFINITY)) return false
    return this.count(agent.id, item.medium) < limit
  }

  /** 4.7: the steps that look for people now: all since the last that replaced those before it. */
  present(item: OracleItem): { index: number; groupId: string; needs: readonly SkillLevel[]; step: Step }[] {
    const first = item.steps.findLastIndex((step, index) => index <= item.step && index > 0 && step.mode === 'replace')
    const steps = item.steps.length === 0 ? [{} as Step] : item.steps
    return steps
      .map((step, index) => ({
        index,
        groupId: step.groupId ?? item.groupId,
        needs: step.requirements ?? item.needs,
        step,
      }))
      .filter(({ index }) => index <= item.step && index >= Math.max(0, first))
  }

  /** The earliest step that looks for this agent. */
  stepFor(agent: OracleAgent, item: OracleItem) {
    if (item.consultFor?.holder === agent.id) return undefined
    return this.present(item).find(({ groupId, needs, step }) => this.#serves(agent, groupId, needs, step))
  }

  #serves(agent: OracleAgent, groupId: string, needs: readonly SkillLevel[], step: Step): boolean {
    const { agents, where, maxTier } = step
    if (!this.groups.has(groupId) || (agents && !agents.includes(agent.id))) return false
    const membership = agent.config.memberships?.find((one) => one.groupId === groupId)
    if (!membership || (membership.tier ?? 0) > (maxTier ?? Number.POSITIVE_INFINITY)) return false
    if (where && !this.#meets(agent, where)) return false
    return needs.every(({ skill, level }) =>
      agent.config.skills?.some((own) => own.skill === skill && own.level >= level),
    )
  }

  #meets(agent: OracleAgent, where: Expression): boolean {
    if ('skill' in where) {
      const own = agent.config.skills?.find(({ skill }) => skill === where.skill)
      return own !== undefined && own.level >= (where.level ?? 1) && own.level <= (where.atMost ?? 1000)
    }
    if ('all' in where) return !where.all.some((one) => !this.#meets(agent, one))
    if ('any' in where) return where.any.some((one) => this.#meets(agent, one))
    return !this.#meets(agent, where.not)
  }

  /** The earliest step that may give the agent the item: one that looks for them, where they are not kept free for more. */
  stepTaken(agent: OracleAgent, item: OracleItem) {
    if (item.consultFor?.holder === agent.id) return undefined
    return this.present(item).find(
      (one) => this.#serves(agent, one.groupId, one.needs, one.step) && !this.#isKept(item, one),
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
    return this.isFree(agent, item) && !this.isReserved(agent, item)
  }

  isFree(agent: OracleAgent, item: OracleItem): boolean {
    return this.takes(agent, item.medium) && this.isEligible(agent, item) && this.hasRoom(agent, item)
  }

  priorityNow(item: OracleItem): number {
    return item.priority + item.steps.slice(0, item.step + 1).reduce((sum, step) => sum + (step.priority ?? 0), 0)
  }

  /** 4.7, hold-back: wherever the item looks for this agent, they are kept free. */
  isReserved(agent: OracleAgent, item: OracleItem): boolean {
    return this.stepTaken(agent, item) === undefined
  }

  /** Whether those of a step who could take the item are no more than its group keeps free. */
  #isKept(item: OracleItem, { groupId, needs, step }: { groupId: string; needs: readonly SkillLevel[]; step: Step }) {
    const { reserve } = this.groups.get(groupId) as OracleGroup
    if (reserve.agents === 0 || this.priorityNow(item) >= reserve.priority) return false
    const couldServe = (agent: OracleAgent) =>
      !item.offers.some(({ agentId }) => agentId === agent.id) &&
      this.#serves(agent, groupId, needs, step) &&
      this.takes(agent, item.medium) &&
      this.hasRoom(agent, item)
    return [...this.agents.values()].filter(couldServe).length <= reserve.agents
  }

  /** 4.7: a band, then one scale for the tenant, lower first; ties by arrival. */
  place(item: OracleItem): [number, number, number] {
    const order = this.groups.get(item.groupId)?.order ?? { by: 'fifo' }
    const priority = this.priorityNow(item)
    const { enqueuedAt, born } = item
    if (order.by === 'fifo') return [0, enqueuedAt, born]
    if (item.isLifted) return [Number.NEGATIVE_INFINITY, enqueuedAt, born]
    if (order.by === 'strict') return [-priority, enqueuedAt, born]
    if (order.by === 'lifo') return [-priority, -enqueuedAt, born]
    const credit = priority * (order.creditMs ?? 0)
    return [0, enqueuedAt - credit + (order.by === 'deadline' ? order.targetMs : 0), born]
  }

  /** To this agent, items of a group may count as if they had waited longer. */
  placeFor(agent: OracleAgent, item: OracleItem): [number, number, number] {
    const [band, key, born] = this.place(item)
    // Through whichever of its steps that may give it to them the group counts for most.
    const credits = this.present(item)
      .filter((one) => this.#serves(agent, one.groupId, one.needs, one.step) && !this.#isKept(item, one))
      .map(({ groupId }) => agent.config.memberships?.find((one) => one.groupId === groupId)?.creditMs ?? 0)
    return [band, key - Math.max(0, ...credits), born]
  }

  /** 4.2, admission: why the group passes such an item on. Nobody may be able to take it at once. */
  hindrance(item: OracleItem, excluded: readonly string[]): OverflowCause | undefined {
    const group = this.groups.get(item.groupId)
    if (!group) return undefined
    const { nobody, slow } = group.overflow
    const couldTake = (agent: OracleAgent) => !excluded.includes(agent.id) && this.couldTake(agent, item)
    const takers = [...this.agents.values()].filter(couldTake)
    const isThere = (agent: OracleAgent) =>
      agent.presence !== 'offline' &&
      !agent.isLost &&
      agent.config.memberships?.some(({ groupId }) => groupId === group.id)
    if (nobody && takers.length === 0 && ![...this.agents.values()].some(isThere)) return 'nobody'
    const queued = this.queued(group.id) - (item.state === 'waiting' ? 1 : 0)
    if (queued >= group.maxWaiting) return 'full'
    return slow && takers.length === 0 && this.headWait(item) >= slow.estimateMs ? 'slow' : undefined
  }

  /** How long the head of its group's own line has waited: of those for whom the group's own members are looked for. */
  headWait(but: OracleItem): number {
    const isHere = (item: OracleItem) =>
      item !== but &&
      item.groupId === but.groupId &&
      item.state === 'waiting' &&
      this.present(item).some(({ groupId }) => groupId === item.groupId)
    const waiting = [...this.items.values()].filter(isHere)
    const places = waiting.map((item) => this.place(item)).sort((a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2])
    const head = waiting.find((item) => item.born === places[0]?.[2])
    return head ? this.at - head.enqueuedAt : 0
  }

  /** 4.7: the tuple of the agent for this item, by the step that looks for them and its group's strategy; smaller first. */
  preference(agent: OracleAgent, item: OracleItem): number[] {
    const step = this.stepTaken(agent, item)
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
      case 'weighted':
        return [...start, agent.shares.get(step.groupId) ?? 0, agent.idleSince ?? 0, agent.born]
      case 'priority-list':
        return [...start, step.step.agents?.indexOf(agent.id) ?? 0, ...idleFirst, agent.born]
      case 'random':
        return [...start, lot(agent.id, this.given - item.offers.length), agent.born]
      default:
        return [...start, ...idleFirst, agent.born]
    }
  }

  acceptMode(agent: OracleAgent, item: OracleItem): 'auto' | 'manual' {
    if (item.asks) return 'manual'
    return agent.config.acceptMode ?? this.groups.get(item.groupId)?.acceptMode ?? 'auto'
  }

  /** A match was made through the step that looks for the agent: it counts for their share there. */
  countShare(agent: OracleAgent, item: OracleItem): void {
    const groupId = this.stepTaken(agent, item)?.groupId ?? ''
    if (this.groups.get(groupId)?.strategy !== 'weighted') return
    const weight = agent.config.memberships?.find((one) => one.groupId === groupId)?.weight ?? 1
    agent.shares.set(groupId, (agent.shares.get(groupId) ?? 0) + Math.round(1_000_000 / weight))
  }

  #skill(agent: OracleAgent, needs: readonly SkillLevel[], membershipLevel: number): number {
    if (needs.length === 0) return membershipLevel
    const levels = needs.map(({ skill }) => agent.config.skills?.find((own) => own.skill === skill)?.level ?? 0)
    return levels.reduce((sum, level) => sum + level, 0) / levels.length
  }
}

/** Strategy `random`: FNV-1a of the id, with the turn, through the finalizer of MurmurHash3 (in unsigned 32-bit arithmetic). */
function lot(id: string, turn: number): number {
  const wrap = (n: bigint) => BigInt.asUintN(32, n)
  let salt = 0x811c9dc5n
  for (const char of id) salt = wrap((salt ^ BigInt(char.charCodeAt(0))) * 0x01000193n)
  let x = wrap(salt ^ BigInt(turn))
  x = wrap((x ^ (x >> 16n)) * 0x85ebca6bn)
  x = wrap((x ^ (x >> 13n)) * 0xc2b2ae35n)
  return Number(wrap(x ^ (x >> 16n)))
}
