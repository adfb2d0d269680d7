/**
 * The match. After each event only agents who gained room or eligibility and items that gained candidates are looked at:
 * nothing else can have become possible. A pair is made only if each is the other's first choice among what is possible, so
 * neither an item nor an agent is ever passed over. Where agents order their groups differently, first choices may go round
 * in a circle; then an item's choice decides, and no item and agent are left who would both rather have each other.
 */
import { isExcluded } from './exclusions.ts'
import { heapFind } from './heap.ts'
import { findCandidate, lotOf } from './lots.ts'
import type { Why } from './model.ts'
import { assign, openOffer } from './offers.ts'
import { compareItems } from './order.ts'
import { queuesOf } from './plan.ts'
import { firstMeasure, isHeldBack, refreshStale, secondMeasure } from './queues.ts'
import { hasRoom, isFull, isRoutable, mostUnits, takes } from './room.ts'
import { addShare } from './shares.ts'
import {
  type Agent,
  type Group,
  HEAD_WIDTH,
  type Item,
  markFreed,
  type Queue,
  type Slot,
  type State,
  type Ticket,
} from './state.ts'

/** Makes every match that this step made possible. Afterwards nobody who could serve is left beside an item that waits for them. */
export function settle(state: State): void {
  // Whoever handed on what was just taken has room again, which is for the next round.
  while (state.placed.length + state.freed.length > 0) settleRound(state)
  refreshStale(state)
}

function settleRound(state: State): void {
  const { placed, freed } = state
  const [items, agents] = [placed.length, freed.length]
  for (const item of placed) item.placed = false
  for (const agent of freed) agent.freed = false
  if (state.reserving.size > 0) settleMany(state)
  else if (items === 0 && agents === 1) fillAlone(state, freed[0] as Agent)
  else if (items === 1 && agents === 0) placeAlone(state, placed[0] as Item)
  else settleMany(state)
  if (placed.length === items) placed.length = 0
  else placed.splice(0, items)
  if (freed.length === agents) freed.length = 0
  else freed.splice(0, agents)
}

/** One agent gained room: nobody else could have served what waits, so the agent's first choices are right. */
function fillAlone(state: State, agent: Agent): void {
  for (let item = bestItem(state, agent); item; item = bestItem(state, agent)) {
    const slot = slotFor(item, agent)
    if (!slot) return
    give(state, item, slot)
    // Whoever handed on what was just taken has room again: what else waits may rather have them.
    if (state.freed.length > 1) {
      markFreed(state, agent)
      return
    }
  }
}

/** One item came: no other waiting item could have been served, so the item's first choice is right. */
function placeAlone(state: State, item: Item): void {
  if (item.state !== 'waiting') return
  refreshStale(state)
  const slot = bestSlot(state, item)
  if (slot) give(state, item, slot)
}

/** Several of both: in a fixed order, so that the outcome does not depend on how they were found. */
function settleMany(state: State): void {
  refreshStale(state)
  const placed = state.placed.toSorted(compareItems)
  for (const item of placed) while (item.state === 'waiting' && matchFrom(state, item)) refreshStale(state)
  const freed = state.freed.toSorted((a, b) => a.seq - b.seq)
  for (const agent of freed) {
    for (let item = bestItem(state, agent); item; item = bestItem(state, agent)) {
      if (!matchFrom(state, item)) break
      refreshStale(state)
    }
    if (state.reserving.size > 0) for (const { queue } of agent.slots) if (queue.isOrdinary) release(state, queue)
  }
}

/** With one more who is free, the reserve may be more than enough: then others may be given what waits here, too. */
function release(state: State, queue: Queue): void {
  const isStuck = ({ item }: Ticket) => bestSlot(state, item) === undefined
  for (;;) {
    const next = isHeldBack(queue) ? undefined : heapFind(queue.tickets, isStuck)
    if (!next || !matchFrom(state, next.item)) return
    refreshStale(state)
  }
}

/** Follows first choices from this item until two agree, or a circle closes, and matches those. */
function matchFrom(state: State, from: Item): boolean {
  let item = from
  const passed: Item[] = []
  for (;;) {
    const slot = bestSlot(state, item)
    if (!slot) return false
    const wanted = bestItem(state, slot.agent)
    if (!wanted || wanted === item || passed.includes(wanted)) {
      give(state, item, slot)
      return true
    }
    passed.push(item)
    item = wanted
  }
}

/** The agent's first choice among all its queues: what is before all in the tenant's order, but for what a group counts for to this agent. */
function bestItem(state: State, agent: Agent): Item | undefined {
  if (!isRoutable(agent) || isFull(agent)) return undefined
  const { heads } = state
  const { slots, queues, isCredited } = agent
  const units = mostUnits(agent)
  let best: Item | undefined
  let bestKey = 0
  for (let i = 0; i < queues.length; i++) {
    const at = (queues[i] as number) * HEAD_WIDTH
    const band = heads[at] as number
    if (band === Number.POSITIVE_INFINITY || (heads[at + 3] as number) > units) continue
    if (best) {
      // What is behind the best so far is passed over without a look at its queue.
      const headKey = (heads[at + 1] as number) - (isCredited ? (slots[i] as Slot).creditMs : 0)
      if ((band - best.band || headKey - bestKey || (heads[at + 2] as number) - best.seq) > 0) continue
    }
    const { queue, creditMs } = slots[i] as Slot
    if (!takes(agent, queue.medium) || !hasRoom(agent, queue.home, queue.medium, queue.weight)) continue
    if (queue.isOrdinary && isHeldBack(queue)) continue
    const head = queue.tickets.nodes[0] as Ticket
    const isFirst = !isExcluded(head.item, agent)
    const item = isFirst ? head.item : heapFind(queue.tickets, (one) => isExcluded(one.item, agent))?.item
    if (!item) continue
    const key = item.key - creditMs
    const isBetter = !best || (item.band - best.band || key - bestKey || item.seq - best.seq) < 0
    if (!isBetter) continue
    best = item
    bestKey = key
  }
  return best
}

/** The agent's slot in the earliest step that looks for them. */
function slotFor(item: Item, agent: Agent): Slot | undefined {
  for (const { queue } of item.tickets) {
    const slot = agent.slots.find((one) => one.queue === queue)
    if (slot) return slot
  }
  return undefined
}

/** The item's first choice: the preferred agent if possible, else the best candidate of the earliest step that has one. */
function bestSlot(state: State, item: Item): Slot | undefined {
  return firstChoice(
    state,
    item,
    item.tickets.map(({ queue }) => queue),
  )
}

function firstChoice(state: State, item: Item, queues: readonly Queue[]): Slot | undefined {
  const preferred = item.preferredAgentId === undefined ? undefined : state.agents.get(item.preferredAgentId)
  if (preferred && !isExcluded(item, preferred)) {
    for (const queue of queues) {
      const slot = preferred.slots.find((one) => one.queue === queue && one.pos >= 0)
      if (slot && !isHeldBack(queue)) return slot
    }
  }
  for (const queue of queues) {
    const slot = bestCandidate(state, item, queue)
    if (slot) return slot
  }
  return undefined
}

function bestCandidate(state: State, item: Item, queue: Queue): Slot | undefined {
  if (queue.isOrdinary && isHeldBack(queue)) return undefined
  const head = queue.candidates.nodes[0]
  const isByRank = queue.group.settings.strategy !== 'random'
  if (!head || (isByRank && !isExcluded(item, head.agent))) return head
  return findCandidate(state, queue, (slot) => isExcluded(item, slot.agent))
}

/** Whether somebody could take the item at once, and whether without being asked. It need not stand in a queue yet. */
export function takenAtOnce(state: State, item: Item): 'auto' | 'manual' | undefined {
  const slot = firstChoice(state, item, queuesOf(state, item))
  return slot && modeFor(item, slot.agent)
}

/** How the agent comes to this one. */
function modeFor(item: Item, agent: Agent): 'auto' | 'manual' {
  return item.asks ? 'manual' : acceptMode(agent, item.group)
}

/** How the agent comes to the group's items. */
export function acceptMode(agent: Agent, group: Group): 'auto' | 'manual' {
  return agent.acceptMode ?? group.settings.acceptMode
}

function tuple(state: State, slot: Slot): readonly number[] {
  const isByLot = slot.queue.group.settings.strategy === 'random'
  const first = isByLot ? lotOf(state, slot.agent) : firstMeasure(slot)
  return [slot.tier, first, secondMeasure(slot), slot.agent.seq]
}

/** How many who have room are not asked this time: they declined, missed it, or hand it on. */
function leftOut(state: State, item: Item, queue: Queue): number {
  if (item.exclusions.length === 0 && item.consultFor === undefined) return 0
  const ids = new Set(item.exclusions.map(({ agentId }) => agentId))
  if (item.consultFor?.agent) ids.add(item.consultFor.agent.id)
  const isReady = (id: string) => state.agents.get(id)?.slots.some((one) => one.queue === queue && one.pos >= 0)
  return [...ids].filter(isReady).length
}

/** `before`: who is asked at the same time, and was chosen first. */
function explain(state: State, item: Item, slot: Slot, before: readonly Slot[] = []): Why {
  const { candidates, group, requires } = slot.queue
  const second = findCandidate(
    state,
    slot.queue,
    (other) => other === slot || before.some(({ agent }) => agent === other.agent) || isExcluded(item, other.agent),
  )
  const isNamed = item.preferredAgentId === slot.agent.id || requires.agents?.length === 1
  return {
    strategy: isNamed ? 'preferred' : group.settings.strategy,
    step: item.tickets.find(({ queue }) => queue === slot.queue)?.step ?? item.step,
    winner: tuple(state, slot),
    ...(second ? { runnerUp: { agentId: second.agent.id, tuple: tuple(state, second) } } : {}),
    eligible: candidates.nodes.length + Number(slot.pos < 0) - leftOut(state, item, slot.queue),
    key: item.key,
    ...(before.length > 0 ? { beside: before.length } : {}),
  }
}

function give(state: State, item: Item, slot: Slot): void {
  const { offersAtOnce } = item.group.settings
  if (modeFor(item, slot.agent) === 'auto') {
    const why = explain(state, item, slot)
    addShare(slot)
    assign(state, item, slot.agent, 'auto', why)
    return
  }
  const asked = offersAtOnce === 1 ? [slot] : [slot, ...nextChoices(state, item, slot, offersAtOnce - 1)]
  const reasons = asked.map((one, i) => explain(state, item, one, asked.slice(0, i)))
  for (const [i, why] of reasons.entries()) {
    addShare(asked[i] as Slot)
    openOffer(state, item, (asked[i] as Slot).agent, why)
  }
}

/** Whom to ask at the same time: the item's next choices, as far as it is theirs too and the reserve allows. */
function nextChoices(state: State, item: Item, first: Slot, most: number): Slot[] {
  const chosen = new Set([first.agent])
  const slots: Slot[] = []
  for (const { queue } of item.tickets) {
    const isNot = ({ agent }: Slot) =>
      chosen.has(agent) || isExcluded(item, agent) || modeFor(item, agent) === 'auto' || bestItem(state, agent) !== item
    while (slots.length < most && isMoreThanKept(queue, chosen)) {
      const next = findCandidate(state, queue, isNot)
      if (!next) break
      chosen.add(next.agent)
      slots.push(next)
    }
  }
  return slots
}

/** Whether one more may be asked beside those chosen, and enough are left for the reserve. */
function isMoreThanKept(queue: Queue, chosen: ReadonlySet<Agent>): boolean {
  if (!queue.isOrdinary) return true
  const left = queue.candidates.nodes.filter(({ agent }) => !chosen.has(agent)).length
  return left > (queue.group.settings.reserve?.agents ?? 0)
}
