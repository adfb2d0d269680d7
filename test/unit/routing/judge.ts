/** The judgements: is this match, this state of affairs what the specification asks for? Facts come from the oracle's books. */
import type { AgentRecord, Decision, EngineEvent, ItemRecord } from '../../../src/routing/model.ts'
import type { Oracle, OracleAgent, OracleItem } from './oracle.ts'

/** Histories use priorities from minus this to this. */
export const MAX_PRIORITY = 9

export class Violation extends Error {}

export function check(holds: boolean, invariant: string, facts: unknown): asserts holds {
  if (!holds) throw new Violation(`${invariant}: ${JSON.stringify(facts)}`)
}

function smaller(a: readonly number[], b: readonly number[]): boolean {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const x = a[i] as number
    const y = b[i] as number
    if (x !== y) return x < y
  }
  return false
}

/** What is known of one step: the records before and after it, and who was parted from what within it. */
export interface Facts {
  readonly oracle: Oracle
  readonly event: EngineEvent
  readonly decisions: readonly Decision[]
  readonly before: ReadonlyMap<string, ItemRecord>
  readonly after: ReadonlyMap<string, ItemRecord>
  readonly agents: ReadonlyMap<string, AgentRecord>
  /** `item agent` pairs: an exclusion may have begun, and ended, within the step. */
  readonly parted: Set<string>
  /** Such pairs that have to be excluded after the step, and until when. */
  readonly owed: Map<string, number>
  /** Assignments that were judged by what stood in line for their item. */
  readonly judged: Set<Decision>
}

/** Whether the agent is surely not asked for this item, or perhaps: an exclusion may begin or end within a step. */
function isExcluded(facts: Facts, item: OracleItem, agent: OracleAgent, how: 'surely' | 'perhaps'): boolean {
  const has = (records: ReadonlyMap<string, ItemRecord>) =>
    records.get(item.id)?.exclusions.some(({ agentId }) => agentId === agent.id) ?? false
  const { event, parted } = facts
  const isTold = event.type === 'item.enqueue' && event.itemId === item.id && event.excluded?.includes(agent.id)
  if (how === 'perhaps' && (isTold || parted.has(`${item.id} ${agent.id}`))) return true
  return how === 'surely' ? has(facts.before) && has(facts.after) : has(facts.before) || has(facts.after)
}

/** I1, I5, I6, I7, I9, I15: both had to be free for each other, and neither had a better choice. */
export function checkMatch(facts: Facts, item: OracleItem, agent: OracleAgent | undefined, decision: Decision): void {
  const { oracle } = facts
  check(agent !== undefined && ['waiting', 'offered'].includes(item.state), 'I2 matched in this state', decision)
  check(!item.offers.some(({ agentId }) => agentId === agent.id), 'I2 asked twice', decision)
  check(oracle.isRoutable(agent), 'I9 routable', decision)
  check(oracle.isEligible(agent, item), 'I5 eligible', decision)
  check(oracle.hasRoom(agent, item), 'I1 capacity', decision)
  check(oracle.takes(agent, item.medium), 'I9 medium closed', decision)
  check(!oracle.isReserved(agent, item), 'I4 kept free for others', decision)
  check(!isExcluded(facts, item, agent, 'surely'), 'I15 excluded', decision)
  if (decision.type === 'offer') {
    const now = facts.after.get(item.id)
    const isStill = now?.state === 'offered' && now.offers.some(({ id }) => id === decision.offerId)
    check(
      !isStill || !now.exclusions.some(({ agentId }) => agentId === agent.id),
      'I15 offered again at once',
      decision,
    )
  }
  if ((decision.type === 'offer' || decision.type === 'assign') && decision.why) {
    const { why } = decision
    const isTrue = why.step === oracle.stepTaken(agent, item)?.index && why.key === oracle.place(item)[1]
    check(isTrue, 'the reason given is not the reason', { decision, item })
  }
  const mine = oracle.preference(agent, item)
  for (const other of oracle.agents.values()) {
    if (other === agent || !oracle.couldTake(other, item) || isExcluded(facts, item, other, 'perhaps')) continue
    if (item.preferred === agent.id) continue
    if (item.offers.some(({ agentId }) => agentId === other.id) || hasBetter(facts, other, item)) continue
    check(item.preferred !== other.id, 'I6 the preferred agent was passed over', { decision, other })
    check(!smaller(oracle.preference(other, item), mine), 'I6 agent order', { decision, mine, other: other.id })
  }
  const place = oracle.placeFor(agent, item)
  for (const other of oracle.items.values()) {
    if (other === item || other.state !== 'waiting' || !oracle.couldTake(agent, other)) continue
    if (isExcluded(facts, other, agent, 'perhaps')) continue
    if (smaller(oracle.placeFor(agent, other), place)) {
      check(isBetterOff(facts, other, agent), 'I5 item order', { decision, other: other.id })
      continue
    }
    if ([item, other].some(({ groupId }) => isGuarded(oracle, groupId))) continue
    check(item.enqueuedAt <= other.enqueuedAt + greatestAdvantage(oracle, agent, item, other), 'I7 starved', {
      decision,
      other: other.id,
    })
  }
}

/** Whether the group's order has no bound but its guard. */
function isGuarded(oracle: Oracle, groupId: string): boolean {
  return ['strict', 'lifo'].includes(oracle.groups.get(groupId)?.order.by ?? 'fifo')
}

/** Where agents order their groups differently, an item may be left to somebody whom it would rather have. */
function isBetterOff(facts: Facts, item: OracleItem, agent: OracleAgent): boolean {
  const { oracle } = facts
  const credited = [...oracle.agents.values()].some(({ config }) =>
    config.memberships?.some(({ creditMs = 0 }) => creditMs > 0),
  )
  if (!credited) return false
  const mine = oracle.preference(agent, item)
  return [...oracle.agents.values()].some(
    (other) =>
      other !== agent &&
      oracle.couldTake(other, item) &&
      !isExcluded(facts, item, other, 'perhaps') &&
      (item.preferred === other.id || smaller(oracle.preference(other, item), mine)),
  )
}

/** Among several asked at once, whoever has a better item to take first is left to that. */
function hasBetter(facts: Facts, agent: OracleAgent, item: OracleItem): boolean {
  const { oracle } = facts
  if (item.offers.length === 0) return false
  // Nor is asked who takes without being asked.
  if (oracle.acceptMode(agent, item) === 'auto') return true
  const isBetter = (other: OracleItem) =>
    other.state === 'waiting' && smaller(oracle.placeFor(agent, other), oracle.placeFor(agent, item))
  return [...oracle.items.values()].some((other) => isBetter(other) && oracle.couldTake(agent, other))
}

/** The most by which priority, a deadline and the agent's own order of groups can put what came later before the other. */
function greatestAdvantage(oracle: Oracle, agent: OracleAgent, item: OracleItem, other: OracleItem): number {
  const orderOf = ({ groupId }: OracleItem) => oracle.groups.get(groupId)?.order ?? { by: 'fifo' }
  const creditOf = (one: OracleItem) => {
    const order = orderOf(one)
    return order.by === 'aged' || order.by === 'deadline' ? (order.creditMs ?? 0) : 0
  }
  const order = orderOf(other)
  const target = order.by === 'deadline' ? order.targetMs : 0
  const own = (agent.config.memberships ?? []).map(({ creditMs = 0 }) => creditMs)
  return target + 2 * MAX_PRIORITY * (creditOf(item) + creditOf(other)) + Math.max(0, ...own)
}

/** I1: by hand the capacity may be exceeded on request, the hard maximum never. */
export function checkByHand(
  { oracle, event }: Facts,
  item: OracleItem,
  agent: OracleAgent | undefined,
  decision: Decision,
): void {
  check(agent !== undefined, 'I2 given to nobody', decision)
  const mayExceed = event.type === 'item.assign' && event.override === true
  if (!mayExceed) check(oracle.hasRoom(agent, item), 'I1 by hand', decision)
  check(
    oracle.hasRoom(agent, item) || oracle.used(agent.id) + item.weight <= oracle.hardMax(agent),
    'I1 hardMax',
    decision,
  )
}

/** I3, I4, I8, I9, I10, I11, I16: how everything stands after a step. */
export function checkPresent(facts: Facts, due: number | undefined): void {
  const { oracle } = facts
  const dues: number[] = []
  check(facts.after.size === oracle.items.size, 'I3 count', [[...facts.after.keys()], [...oracle.items.keys()]])
  for (const item of oracle.items.values()) {
    const record = facts.after.get(item.id)
    check(record !== undefined && record.state === item.state, 'I3 state', { item, record })
    const asked = (offers: readonly { id: string }[]) => offers.map(({ id }) => id).join()
    check(record.agentId === item.holder && asked(record.offers) === asked(item.offers), 'I10 holder', { item, record })
    check(record.groupId === item.groupId && record.enqueuedAt === item.enqueuedAt, 'I16 group', { item, record })
    if (item.state === 'waiting') check(record.key === oracle.place(item)[1], 'I8 key in record', { item, record })
    check((item.state === 'offered') === (record.offers.length > 0 && item.holder === undefined), 'I11 offer', record)
    check(item.state === 'wrapup' || record.wrapUpUntil === undefined, 'I11 wrap-up', record)
    check((item.state === 'parked') === (record.parked !== undefined), 'I11 parked', record)
    check(item.state === 'deferred' || record.deferredUntil === undefined, 'I11 deferred', record)
    check(record.offers.length < 2 || item.state === 'offered', 'I2 several offers', record)
    for (const { agentId, expiresAt } of record.offers) {
      const agent = oracle.agents.get(agentId)
      check(agent !== undefined && oracle.takes(agent, item.medium), 'I9 open offer', record)
      check(item.state !== 'offered' || oracle.isEligible(agent, item), 'I16 offered to somebody not eligible', record)
      dues.push(expiresAt)
    }
    if (item.state === 'waiting') checkPlan(oracle, item, record, dues)
    if (record.parked?.until !== undefined) dues.push(record.parked.until)
    if (record.deferredUntil !== undefined) dues.push(record.deferredUntil)
    if (record.wrapUpUntil !== undefined) dues.push(record.wrapUpUntil)
    if (record.exclusions.length > 0) {
      dues.push(Math.min(record.reofferAt ?? Number.POSITIVE_INFINITY, ...record.exclusions.map(({ until }) => until)))
    }
    check((record.asks ?? false) === (item.asks ?? false), 'I13 asks', { item, record })
    check(record.consultFor === item.consultFor?.itemId, 'I13 stands for', { item, record })
    if (item.consultFor) {
      const meant = oracle.items.get(item.consultFor.itemId)
      check(meant?.state === 'active' && meant.holder === item.consultFor.holder, 'I3 stands for nothing', item)
    }
    if (item.state === 'waiting') checkConserved(oracle, item, record)
  }
  checkAgents(facts, dues)
  check(due === (dues.length > 0 ? Math.min(...dues) : undefined), 'I11 timers', [due, dues])
}

/** A waiting item has the timer of its next step, if there is one, and no other. */
function checkPlan(oracle: Oracle, item: OracleItem, record: ItemRecord, dues: number[]): void {
  const { nextStepAt } = record
  const steps = oracle.duesOfNextStep(item)
  const isSound = nextStepAt === undefined ? steps.length === 0 : steps.includes(nextStepAt)
  check(isSound, 'I11 next step', { item, record, steps })
  check((record.planAt ?? record.since) === item.planAt, 'I13 plan', record)
  check(item.steps.length === 0 || record.step === item.step, 'I13 step', record)
  if (nextStepAt !== undefined) dues.push(nextStepAt)
  const group = oracle.groups.get(item.groupId)
  if (!group) return
  const { order, overflow } = group
  const guard =
    (order.by === 'strict' || order.by === 'lifo') && !item.isLifted ? item.enqueuedAt + order.guardMs : undefined
  const late = overflow.late && item.planAt + overflow.late.afterMs
  if (guard !== undefined || late !== undefined)
    dues.push(Math.min(guard ?? Number.POSITIVE_INFINITY, late ?? Number.POSITIVE_INFINITY))
}

/** I4: nobody who could take it is left beside a waiting item. */
function checkConserved(oracle: Oracle, item: OracleItem, record: ItemRecord): void {
  for (const agent of oracle.agents.values()) {
    if (!oracle.couldTake(agent, item)) continue
    check(
      record.exclusions.some(({ agentId }) => agentId === agent.id),
      'I4 work-conserving',
      { record, agent: agent.id },
    )
  }
}

function checkAgents(facts: Facts, dues: number[]): void {
  const { oracle } = facts
  check(facts.agents.size === oracle.agents.size, 'I16 agents', [...facts.agents.keys()])
  for (const agent of oracle.agents.values()) {
    const record = facts.agents.get(agent.id)
    check(record !== undefined && record.presence === agent.presence, 'I10 presence', { agent, record })
    const counts = { chat: 0, call: 0, ticket: 0 }
    for (const item of oracle.inHand(agent.id)) counts[item.medium]++
    check(record.used === oracle.used(agent.id), 'I10 used', { agent, record })
    check(JSON.stringify(record.counts) === JSON.stringify(counts), 'I10 counts', { agent, record, counts })
    const wrappingUp = oracle.held(agent.id).filter(({ state }) => state === 'wrapup').length
    check((record.wrappingUp ?? 0) === wrappingUp, 'I10 wrap-ups', { agent, record })
    check(record.idleSince === agent.idleSince && record.turn === agent.lastGiven, 'I10 idle', { agent, record })
    check(JSON.stringify(record.closed ?? []) === JSON.stringify(agent.closed), 'I10 closed media', { agent, record })
    const shares = Object.fromEntries([...agent.shares].sort(([a], [b]) => (a < b ? -1 : 1)))
    check(JSON.stringify(record.shares ?? {}) === JSON.stringify(shares), 'I10 shares', { agent, record })
    check((record.link === 'up') === agent.isLinked, 'I10 link', { agent, record })
    if (record.graceUntil !== undefined) dues.push(record.graceUntil)
  }
}
