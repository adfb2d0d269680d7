/** What each decision does to an item, and whether it may: the transition table of the specification, read backwards. */
import type { Decision, RequeueReason } from '../../../src/routing/model.ts'
import { check, checkByHand, checkMatch, type Facts } from './judge.ts'
import type { Oracle, OracleAgent, OracleItem } from './oracle.ts'

type Of<T extends Decision['type']> = Extract<Decision, { type: T }>

/** After these an item's plan begins anew: it comes back from service, or was changed. */
const BACK: readonly RequeueReason[] = [
  ...(['transferred', 'taken-over', 'link-lost', 'offline', 'agent-removed', 'woken', 'moved', 'due'] as const),
]

/** Brings the oracle's books up to date with a decision, in the order in which they were made. */
export function follow(facts: Facts, decision: Decision): void {
  const { oracle } = facts
  if (decision.type === 'setPresence') oracle.setPresence(decision.agentId, decision.state)
  // A history has far fewer timers than a tick fires: one of them is set anew, and always over.
  check(decision.type !== 'more', 'I11 timers without end', facts.event)
  if (decision.type === 'consulting') {
    consulting(facts, decision)
    return
  }
  if (!('itemId' in decision) || decision.type === 'reject' || decision.type === 'ignored') return
  const item = oracle.items.get(decision.itemId)
  check(item !== undefined, 'I3 decision about an unknown item', decision)
  const agent = 'agentId' in decision ? oracle.agents.get(decision.agentId ?? '') : undefined
  switch (decision.type) {
    case 'offer':
      offered(facts, item, agent, decision)
      return
    case 'assign':
      assigned(facts, item, agent, decision)
      return
    case 'rescind':
      rescinded(facts, item, decision)
      return
    case 'considered':
      considered(facts, item, decision)
      return
    case 'release':
      check(item.holder === decision.agentId, 'I2 released by another', decision)
      // 4.2: what is parked is not active; it learns that its holder is gone when it wakes.
      if (item.state === 'parked') check(!isGone(decision.reason), 'I3 taken though set aside', decision)
      facts.parted.add(`${item.id} ${decision.agentId}`)
      if (decision.reason === 'ended') checkEnd(facts, item)
      item.wrapUpWanted = false
      if (agent) agent.idleSince = oracle.at
      if (decision.reason === 'woken') item.preferred = decision.agentId
      item.holder = undefined
      item.state = 'limbo'
      return
    case 'requeue':
      check(item.groupId === decision.groupId && item.offers.length === 0, 'I16 requeued elsewhere', decision)
      if (decision.reason === 'due') {
        const isWoken = facts.event.type === 'item.wake' && facts.event.itemId === item.id
        check(
          item.state === 'deferred' && (isWoken || (item.deferredUntil ?? Number.POSITIVE_INFINITY) <= oracle.at),
          'I11 due',
          decision,
        )
      }
      if (BACK.includes(decision.reason)) oracle.startPlan(item)
      item.enteredAt ??= oracle.at
      item.state = 'waiting'
      oracle.seePlace(item)
      check(decision.key === oracle.place(item)[1], 'I8 requeue keeps the key', decision)
      return
    case 'stepEntered':
      entered(facts, item, decision)
      return
    case 'overflow':
      passedOn(facts, item, decision)
      return
    default:
      settled(facts, item, decision)
  }
}

function offered(facts: Facts, item: OracleItem, agent: OracleAgent | undefined, decision: Of<'offer'>): void {
  const { oracle, event } = facts
  const group = oracle.groups.get(item.groupId)
  check(
    item.offers.length < (item.state === 'active' ? 1 : (group?.offersAtOnce ?? 1)),
    'I2 too many open offers',
    decision,
  )
  check(['waiting', 'offered', 'active'].includes(item.state), 'I2 offer in this state', decision)
  const isAsked = item.state === 'active' && event.type === 'item.transfer' && event.asks === true
  const isManual = agent !== undefined && (isAsked || oracle.acceptMode(agent, item) === 'manual')
  check(isManual, 'I2 asked who need not be', decision)
  check(decision.expiresAt === oracle.at + (group?.offerTimeoutMs ?? 30_000), 'I11 expiry', decision)
  if (item.state !== 'active') checkMatch(facts, item, agent, decision)
  else {
    const mayBe = event.type === 'item.transfer' && agent !== undefined && oracle.hasRoom(agent, item)
    check(mayBe, 'I1 transfer', decision)
  }
  check(agent !== undefined && oracle.isRoutable(agent), 'I9 offered to somebody not routable', decision)
  if (item.state !== 'active') oracle.countShare(agent, item)
  item.offers.push({ id: decision.offerId, agentId: decision.agentId, expiresAt: decision.expiresAt })
  if (item.state === 'waiting') item.state = 'offered'
  agent.lastGiven = ++oracle.given
}

function assigned(facts: Facts, item: OracleItem, agent: OracleAgent | undefined, decision: Of<'assign'>): void {
  check(item.holder === undefined, 'I2 second holder', decision)
  if (!facts.judged.has(decision)) judgeAssignment(facts, item, agent, decision)
  check(agent !== undefined, 'I2 assigned to nobody', decision)
  item.offers = []
  item.holder = decision.agentId
  item.state = 'active'
}

/** Whether the agent may be given this, which is the item or what stands in line for it. */
function judgeAssignment(facts: Facts, item: OracleItem, agent: OracleAgent | undefined, decision: Of<'assign'>): void {
  const { oracle, event } = facts
  facts.judged.add(decision)
  if (decision.cause === 'accepted') {
    check(item.offers.length === 1 && item.offers[0]?.id === decision.offerId, 'I2 accepted another offer', decision)
    check(!('agentId' in event) || event.agentId === decision.agentId, 'I2 accepted by another', decision)
  } else {
    check(item.offers.length === 0, 'I2 assigned beside an open offer', decision)
    if (decision.cause === 'auto') {
      checkMatch(facts, item, agent, decision)
      check(agent !== undefined && oracle.acceptMode(agent, item) === 'auto', 'I2 not asked', decision)
      oracle.countShare(agent, item)
    } else checkByHand(facts, item, agent, decision)
    if (agent) agent.lastGiven = ++oracle.given
  }
}

/** 4.2, a warm transfer: somebody of the group is looked for, while the holder keeps the item. */
function consulting(facts: Facts, decision: Of<'consulting'>): void {
  const { oracle, event, decisions } = facts
  const item = oracle.items.get(decision.forItemId)
  const isAsked = event.type === 'item.transfer' && event.warm === true && event.itemId === item?.id
  check(
    isAsked && 'groupId' in event.to && event.to.groupId === decision.groupId,
    'I3 nobody asked to hand on',
    decision,
  )
  check(item?.state === 'active' && item.holder === decision.agentId, 'I2 handed on by another', decision)
  check(item.offers.length === 0 && !oracle.consultOf(item), 'I2 handed on twice', decision)
  const next = decisions[decisions.indexOf(decision) + 1]
  const isTakenAtOnce = next?.type === 'ended' && next.itemId === decision.itemId
  const most = oracle.groups.get(decision.groupId)?.maxWaiting ?? 0
  check(isTakenAtOnce || oracle.queued(decision.groupId) < most, 'I17 handed on to a full group', decision)
  const consult = oracle.consult(decision.itemId, item, decision.groupId, event.keepPlace !== false)
  consult.asks = event.asks === true
  oracle.seePlace(consult)
  check(decision.key === oracle.place(consult)[1], 'I8 key of what is handed on', decision)
}

/** What stood in line for an item is over: taken, or its holder is gone, or nobody took it. */
function consulted(facts: Facts, consult: OracleItem, item: OracleItem, decision: Of<'ended'>): void {
  const { oracle, decisions } = facts
  const rest = decisions.slice(decisions.indexOf(decision) + 1)
  const next = (type: Decision['type']) =>
    rest.find((one) => one.type === type && 'itemId' in one && one.itemId === item.id)
  check(decision.action === undefined, 'I3 given up though in service', decision)
  if (decision.state === 'expired') {
    const isDue = oracle.at >= Math.min(...oracle.duesOfNextStep(consult))
    const isOver = consult.steps[consult.step + 1]?.expire !== undefined && isDue
    check(consult.state === 'pooled' || isOver, 'I11 expired too early', { decision, consult })
    check(next('transferFailed') !== undefined, 'I3 its holder is not told', decision)
  } else if (decision.state === 'done') {
    const assign = next('assign')
    if (decision.agentId !== undefined) {
      check(assign?.type === 'assign' && assign.agentId === decision.agentId, 'I2 taken by another', decision)
      judgeAssignment(facts, consult, oracle.agents.get(assign.agentId), assign)
    } else {
      check(consult.offers.length === 0, 'I2 offered though over', decision)
      check(next('release') !== undefined && next('requeue') !== undefined, 'I3 lost with its holder', decision)
    }
    const { groupId, enqueuedAt, passed, steps, step, planAt } = consult
    Object.assign(item, { groupId, enqueuedAt, passed, steps, step, planAt })
  } else check(consult.offers.length === 0, 'I2 offered though over', decision)
  oracle.items.delete(consult.id)
}

function rescinded({ oracle, parted, owed }: Facts, item: OracleItem, decision: Of<'rescind'>): void {
  const { agentId, offerId, reason } = decision
  check(
    item.offers.some(({ id }) => id === offerId),
    'I2 rescinded another offer',
    decision,
  )
  parted.add(`${item.id} ${agentId}`)
  item.offers = item.offers.filter(({ id }) => id !== offerId)
  if (item.state !== 'offered') return
  if (item.offers.length === 0) item.state = 'limbo'
  if (reason === 'declined' || reason === 'expired') {
    const cooldown = oracle.groups.get(item.groupId)?.cooldown ?? 60_000
    if (cooldown > 0) owed.set(`${item.id} ${agentId}`, oracle.at + cooldown)
  }
}

const isGone = (reason: string): boolean => reason === 'link-lost' || reason === 'offline'

/** Whoever is asked looks into it: theirs is the only offer, and open for as long as was said. */
function considered({ oracle, event }: Facts, item: OracleItem, decision: Of<'considered'>): void {
  const { offerId, agentId, expiresAt } = decision
  const isTheirs = item.offers.length === 1 && item.offers[0]?.id === offerId && item.offers[0].agentId === agentId
  check(isTheirs, 'I2 looked into beside others', decision)
  const isTold = event.type === 'item.consider' && event.offerId === offerId && event.agentId === agentId
  check(isTold && expiresAt === oracle.at + event.forMs, 'I11 looked into', decision)
  item.offers = [{ id: offerId, agentId, expiresAt }]
}

function entered({ oracle }: Facts, item: OracleItem, decision: Of<'stepEntered'>): void {
  check(item.state === 'waiting' && decision.step === item.step + 1, 'I3 step', decision)
  check(oracle.at >= Math.min(...oracle.duesOfNextStep(item)), 'I11 step too early', { decision, item })
  item.step++
  item.enteredAt = oracle.at
  oracle.seePlace(item)
  check(decision.key === oracle.place(item)[1], 'I8 key of the step', decision)
}

/** 4.2: the group could not serve it. Where it goes follows from the rule; nobody gets it twice. */
function passedOn(facts: Facts, item: OracleItem, decision: Of<'overflow'>): void {
  const { oracle } = facts
  const { cause, groupId, handler } = decision
  const group = oracle.groups.get(groupId)
  check(group !== undefined && item.groupId === groupId, 'I16 passed on by another', decision)
  const isNew = item.state === 'limbo'
  const isLate = group.overflow.late !== undefined && item.planAt + group.overflow.late.afterMs <= oracle.at
  if (cause === 'late') check(item.state === 'waiting' && isLate, 'I11 passed on too early', { decision, item })
  else {
    const parted = [...oracle.agents.keys()].filter((agentId) => facts.parted.has(`${item.id} ${agentId}`))
    const excluded = excludedOf(facts, item)
    // An exclusion may begin or end within the step.
    const causes = [[], excluded, parted, [...excluded, ...parted]].map((who) => oracle.hindrance(item, who))
    check(causes.includes(cause), 'I17 passed on', { decision, item, causes })
  }
  const rule = cause === 'slow' || cause === 'late' ? group.overflow[cause]?.handler : group.overflow[cause]
  const isLoop = rule?.to === 'group' && (rule.groupId === groupId || item.passed.includes(rule.groupId))
  const isOpen = rule?.to === 'group' && oracle.groups.has(rule.groupId) && !isLoop
  // Tickets are never given up: they are kept until somebody takes them. Nor is what is in service.
  const isKept = rule?.to === 'end' && (item.medium === 'ticket' || item.consultFor !== undefined)
  const expected = rule === undefined || isKept || (rule.to === 'group' && !isOpen) ? { to: 'pool' } : rule
  check(JSON.stringify(handler) === JSON.stringify(expected), 'I3 passed on elsewhere', { decision, expected })
  if (handler.to === 'pool') item.state = 'pooled'
  if (handler.to === 'end') item.givenUp = handler.action
  if (handler.to !== 'group') return
  item.passed.push(groupId)
  item.groupId = handler.groupId
  oracle.startPlan(item, oracle.groups.get(handler.groupId)?.steps)
  oracle.seePlace(item)
  if (isNew && !isHindered(facts, item, facts.decisions[facts.decisions.indexOf(decision) + 1])) enter(oracle, item)
}

function excludedOf({ oracle, before, event }: Facts, item: OracleItem): string[] {
  if (event.type !== 'item.enqueue') return before.get(item.id)?.exclusions.map(({ agentId }) => agentId) ?? []
  return (oracle.groups.get(event.groupId)?.cooldown ?? 0) > 0 ? [...(event.excluded ?? [])] : []
}

/** Whether a group passes such a new item on; a full one does not if the item is assigned at once. */
function isHindered(facts: Facts, item: OracleItem, next: Decision | undefined): boolean {
  const cause = facts.oracle.hindrance(item, excludedOf(facts, item))
  return cause !== undefined && !(cause === 'full' && next?.type === 'assign' && next.itemId === item.id)
}

function enter(oracle: Oracle, item: OracleItem): void {
  item.state = 'waiting'
  item.enteredAt = oracle.at
}

/** A new item, before the first decision about it: it waits unless its group passes it on. */
export function admitted(facts: Facts, item: OracleItem, first: Decision | undefined): void {
  const hindered = isHindered(facts, item, first)
  check(hindered === (first?.type === 'overflow'), 'I17 admitted', { first, item })
  if (!hindered) enter(facts.oracle, item)
}

/** Decisions about an item that is not being matched. */
function settled(facts: Facts, item: OracleItem, decision: Decision): void {
  const { oracle } = facts
  switch (decision.type) {
    case 'queued':
      check(item.state === 'waiting' && decision.key === oracle.place(item)[1], 'I8 key', decision)
      return
    case 'lifted': {
      const order = oracle.groups.get(item.groupId)?.order
      const isDue = (order?.by === 'strict' || order?.by === 'lifo') && item.enqueuedAt + order.guardMs <= oracle.at
      check(item.state === 'waiting' && isDue && !item.isLifted, 'I7 lifted', { decision, item })
      oracle.seePlace(item)
      return
    }
    case 'wrapUp':
      check(item.state === 'active' && item.holder === decision.agentId, 'I3 wrap-up', decision)
      check(decision.until === wrapUpOf(oracle, item), 'I11 wrap-up', decision)
      item.wrapUpUntil = decision.until
      item.state = 'wrapup'
      return
    case 'parked':
      check(item.state === 'active' && item.holder === decision.agentId, 'I3 parked', decision)
      item.parkedUnits = Math.min(item.weight, oracle.groups.get(item.groupId)?.parkedWeight ?? 0)
      item.state = 'parked'
      return
    case 'deferred': {
      const { event } = facts
      const forMs = event.type === 'item.defer' ? event.forMs : Number.NaN
      check(['waiting', 'pooled', 'deferred'].includes(item.state), 'I3 deferred', { decision, item })
      check(decision.until === (forMs === undefined ? undefined : oracle.at + forMs), 'I11 deferred', decision)
      item.state = 'deferred'
      item.deferredUntil = decision.until
      return
    }
    case 'woken': {
      const agent = oracle.agents.get(decision.agentId)
      check(item.state === 'parked' && agent !== undefined, 'I3 woken', decision)
      const more = item.weight - item.parkedUnits
      const capacity = agent.config.capacity ?? 5
      const most = Math.max(capacity, agent.config.hardMax ?? capacity * 2)
      const mayExceed = (oracle.groups.get(item.groupId)?.onWakeFull ?? 'keep') === 'keep'
      const fits = oracle.hasRoom(agent, item, item.parkedUnits)
      check(fits || (mayExceed && oracle.used(agent.id) + more <= most), 'I1 woken over the maximum', decision)
      item.state = 'active'
      return
    }
    case 'ended':
      if (item.consultFor) {
        const meant = oracle.items.get(item.consultFor.itemId)
        check(meant?.holder === item.consultFor.holder, 'I3 stood for nothing', decision)
        consulted(facts, item, meant, decision)
        return
      }
      check(item.holder === undefined && item.offers.length === 0, 'I3 ended while held', decision)
      if (item.givenUp !== undefined) check(decision.action === item.givenUp, 'I3 given up', decision)
      else if (decision.state === 'expired') {
        check(item.steps[item.step + 1]?.expire === decision.action, 'I3 expired without a step for it', decision)
        check(oracle.at >= Math.min(...oracle.duesOfNextStep(item)), 'I11 expired too early', { decision, item })
      }
      oracle.items.delete(item.id)
      return
    default:
  }
}

/** 4.2: how long the wrap-up lasts; undefined without an end of its own, false if there is none. */
function wrapUpOf(oracle: Oracle, item: OracleItem): number | undefined | false {
  const group = oracle.groups.get(item.groupId)
  const { wrapUp, wrapUpMs } = group ?? { wrapUp: 'timed', wrapUpMs: 0 }
  if (wrapUp === 'open') return undefined
  if (wrapUp === 'on-request') return item.wrapUpWanted && (wrapUpMs > 0 ? oracle.at + wrapUpMs : undefined)
  return wrapUpMs > 0 && oracle.at + wrapUpMs
}

/** Nobody is let off the wrap-up, nor out of one that is fixed. */
function checkEnd({ oracle, event }: Facts, item: OracleItem): void {
  if (item.state === 'active') check(wrapUpOf(oracle, item) === false, 'I3 no wrap-up', { event, item })
  if (event.type !== 'item.wrapDone' || event.itemId !== item.id) return
  const isFixed = oracle.groups.get(item.groupId)?.wrapUp === 'fixed'
  check(!isFixed || (item.wrapUpUntil ?? 0) <= oracle.at, 'I3 left a fixed wrap-up', { event, item })
}
