/** Follows the engine event by event with the oracle, and fails on the first decision that breaks an invariant (I1 to I11, I16, I17). */
import { apply, changes, nextDue, type State } from '../../../src/routing/engine.ts'
import type {
  AgentConfig,
  AgentRecord,
  Decision,
  EngineEvent,
  GroupConfig,
  ItemRecord,
  Records,
} from '../../../src/routing/model.ts'
import { check, checkPresent, type Facts } from './judge.ts'
import { Oracle, type OracleItem } from './oracle.ts'
import { admitted, follow } from './transitions.ts'

export class Follower {
  readonly state: State
  readonly oracle = new Oracle()
  /** The newest record of everything open, as the shell stores it. */
  readonly items = new Map<string, ItemRecord>()
  readonly agents = new Map<string, AgentRecord>()
  readonly commands: string[] = []
  readonly groups = new Map<string, GroupConfig>()
  readonly members = new Map<string, AgentConfig>()
  tenant = { at: 0, seq: 0, turn: 0 }

  constructor(state: State) {
    this.state = state
  }

  /** Lets the event happen, and holds the answer against the specification. */
  apply(event: EngineEvent): Decision[] {
    const { oracle } = this
    const before = new Map(this.items)
    const queuedBefore = new Map([...oracle.groups.keys()].map((id) => [id, oracle.queued(id)]))
    const decisions = apply(this.state, event)
    this.#store()
    const refused = decisions.find((decision) => decision.type === 'reject')
    const ignored = decisions.find((decision) => decision.type === 'ignored')
    if (!ignored) {
      oracle.tell(event)
      this.#storeConfiguration(event)
    } else oracle.at = Math.max(oracle.at, event.at)
    if (refused?.reason === 'full') this.#checkFull(event, queuedBefore)
    const facts: Facts = {
      oracle,
      event,
      decisions,
      before,
      after: this.items,
      agents: this.agents,
      parted: new Set(),
      owed: new Map(),
      judged: new Set(),
    }
    if (!ignored && !refused) this.#tellItem(facts)
    for (const decision of decisions) follow(facts, decision)
    for (const [pair, until] of facts.owed) this.#checkParted(pair, until)
    checkPresent(facts, nextDue(this.state))
    return decisions
  }

  #storeConfiguration(event: EngineEvent): void {
    if (event.type === 'config.group') this.groups.set(event.group.id, event.group)
    if (event.type === 'config.group-removed') this.groups.delete(event.groupId)
    if (event.type === 'config.agent') this.members.set(event.agent.id, event.agent)
    if (event.type === 'config.agent-removed') this.members.delete(event.agentId)
  }

  /** Everything a shell would have stored by now, as it would read it back. */
  stored(): Records {
    return JSON.parse(
      JSON.stringify({
        tenant: this.tenant,
        items: [...this.items.values()],
        agents: [...this.agents.values()],
        commands: this.commands,
        groups: [...this.groups.values()],
        members: [...this.members.values()],
      }),
    )
  }

  #store(): void {
    const changed = changes(this.state)
    this.tenant = changed.tenant
    this.commands.push(...changed.commands)
    for (const record of changed.items) {
      if (['done', 'abandoned', 'expired'].includes(record.state)) this.items.delete(record.id)
      else this.items.set(record.id, record)
    }
    for (const record of changed.agents) {
      if (record.removed) this.agents.delete(record.id)
      else this.agents.set(record.id, record)
    }
  }

  /** What a successful item event says of itself. */
  #tellItem(facts: Facts): void {
    const { oracle, event, decisions } = facts
    if (event.type === 'item.enqueue') {
      check(oracle.groups.has(event.groupId), 'I17 unknown group admitted', event)
      admitted(facts, oracle.admit(event), decisions[0])
      return
    }
    const item = 'itemId' in event && event.itemId !== undefined ? oracle.items.get(event.itemId) : undefined
    if (!item) return
    if (event.type === 'item.wrapUp') item.wrapUpWanted = true
    if (event.type === 'item.update') {
      if (event.priority !== undefined) this.#setPriority(item, event.priority)
      const isAside = item.state === 'pooled' || item.state === 'deferred'
      if (!isAside && !['waiting', 'offered'].includes(item.state)) return
      if (event.requirements !== undefined) item.needs = event.requirements
      const moves = event.groupId !== undefined && (isAside || event.groupId !== item.groupId)
      if (moves) this.#enter(item, event.groupId)
      if (moves || !isAside) oracle.seePlace(item)
    }
    if (event.type === 'item.transfer' && 'groupId' in event.to && !event.warm) {
      this.#enter(item, event.to.groupId)
      if (event.keepPlace === false) item.enqueuedAt = oracle.at
    }
  }

  /** Of what stands in line for it, too. */
  #setPriority(item: OracleItem, priority: number): void {
    item.priority = priority
    const consult = this.oracle.consultOf(item)
    if (!consult) return
    consult.priority = priority
    this.oracle.seePlace(consult)
  }

  /** By somebody's hand: what passed it on before may have it again. */
  #enter(item: OracleItem, groupId: string | undefined): void {
    const { oracle } = this
    if (groupId === undefined) return
    item.groupId = groupId
    item.passed = []
    oracle.startPlan(item, oracle.groups.get(groupId)?.steps)
  }

  #checkFull(event: EngineEvent, queuedBefore: ReadonlyMap<string, number>): void {
    const groupId =
      event.type === 'item.transfer' && 'groupId' in event.to
        ? event.to.groupId
        : 'groupId' in event
          ? event.groupId
          : undefined
    const group = this.oracle.groups.get(groupId ?? '')
    check(
      group !== undefined && (queuedBefore.get(group.id) ?? 0) >= group.maxWaiting,
      'I17 refused below the limit',
      event,
    )
  }

  /** I15: whoever declined or missed an item is not asked again before the cool-down is over. */
  #checkParted(pair: string, until: number): void {
    const [itemId = '', agentId] = pair.split(' ')
    const record = this.items.get(itemId)
    if (!record || !['waiting', 'offered'].includes(record.state)) return
    const isKept = record.exclusions.some((exclusion) => exclusion.agentId === agentId && exclusion.until === until)
    check(isKept, 'I15 not excluded', { pair, until, record })
  }
}
