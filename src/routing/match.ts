/**
 * The match. After each event only agents who gained room or eligibility and items that gained candidates are looked at:
 * nothing else can have become possible. A pair is made only if each is the other's first choice among what is possible, so
 * neither an item nor an agent is ever passed over. Items have one order for all agents, which is why such a pair exists.
 */
import { isExcluded } from './exclusions.ts'
import { heapFind } from './heap.ts'
import type { Why } from './model.ts'
import { assign, openOffer } from './offers.ts'
import { queuesOf } from './plan.ts'
import { firstMeasure, refreshStale, secondMeasure } from './queues.ts'
import { type Agent, hasRoom, type Item, isRoutable, type Queue, type Slot, type State } from './state.ts'

/** Makes every match that this step made possible. Afterwards nobody who could serve is left beside an item that waits for them. */
export function settle(state: State): void {
  const { placed, freed } = state
  if (placed.length + freed.length > 0) {
    if (placed.length === 0 && freed.length === 1) fillAlone(state, freed[0] as Agent)
    else if (placed.length === 1 && freed.length === 0) placeAlone(state, placed[0] as Item)
    else settleMany(state)
    for (const item of placed) item.placed = false
    for (const agent of freed) agent.freed = false
    placed.length = 0
    freed.length = 0
  }
  refreshStale(state)
}

/** One agent gained room: nobody else could have served what waits, so the agent's first choices are right. */
function fillAlone(state: State, agent: Agent): void {
  for (let item = bestItem(agent); item; item = bestItem(agent)) {
    const slot = slotFor(item, agent)
    if (!slot) return
    give(state, item, slot)
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
  state.placed.sort((a, b) => a.key - b.key || a.seq - b.seq)
  for (const item of state.placed) while (item.state === 'waiting' && matchFrom(state, item)) refreshStale(state)
  state.freed.sort((a, b) => a.seq - b.seq)
  for (const agent of state.freed) {
    for (let item = bestItem(agent); item; item = bestItem(agent)) {
      if (!matchFrom(state, item)) break
      refreshStale(state)
    }
  }
}

/** Follows first choices from this item until two agree, and matches those. Each turn finds an earlier item, so it ends. */
function matchFrom(state: State, from: Item): boolean {
  let item = from
  for (;;) {
    const slot = bestSlot(state, item)
    if (!slot) return false
    const wanted = bestItem(slot.agent)
    if (!wanted || wanted === item) {
      give(state, item, slot)
      return true
    }
    item = wanted
  }
}

/** The agent's first choice among all its queues. */
function bestItem(agent: Agent): Item | undefined {
  if (!isRoutable(agent)) return undefined
  let best: Item | undefined
  for (const { queue } of agent.slots) {
    let head = queue.tickets.nodes[0]
    if (!head || !hasRoom(agent, queue.medium, queue.weight)) continue
    if (isExcluded(head.item, agent)) head = heapFind(queue.tickets, (ticket) => isExcluded(ticket.item, agent))
    if (!head) continue
    const { item } = head
    if (!best || item.key < best.key || (item.key === best.key && item.seq < best.seq)) best = item
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
  const preferred = item.preferredAgentId === undefined ? undefined : state.agents.get(item.preferredAgentId)
  if (preferred && !isExcluded(item, preferred)) {
    const slot = slotFor(item, preferred)
    if (slot && slot.pos >= 0) return slot
  }
  for (const { queue } of item.tickets) {
    const head = queue.candidates.nodes[0]
    if (!head || !isExcluded(item, head.agent)) {
      if (head) return head
      continue
    }
    const next = heapFind(queue.candidates, (slot) => isExcluded(item, slot.agent))
    if (next) return next
  }
  return undefined
}

/** Whether somebody could take the item at once. It need not stand in a queue yet. */
export function isTakeable(state: State, item: Item): boolean {
  const isOpen = ({ candidates }: Queue) => heapFind(candidates, (slot) => isExcluded(item, slot.agent)) !== undefined
  return queuesOf(state, item).some(isOpen)
}

function tuple(slot: Slot): readonly number[] {
  return [slot.tier, firstMeasure(slot), secondMeasure(slot), slot.agent.seq]
}

function explain(item: Item, slot: Slot): Why {
  const { candidates, group } = slot.queue
  const second = heapFind(candidates, (other) => other === slot || isExcluded(item, other.agent))
  return {
    strategy: item.preferredAgentId === slot.agent.id ? 'preferred' : group.settings.strategy,
    step: item.tickets.find(({ queue }) => queue === slot.queue)?.step ?? item.step,
    winner: tuple(slot),
    ...(second ? { runnerUp: { agentId: second.agent.id, tuple: tuple(second) } } : {}),
    eligible: slot.pos < 0 ? candidates.nodes.length + 1 : candidates.nodes.length,
    key: item.key,
  }
}

function give(state: State, item: Item, slot: Slot): void {
  const { acceptMode, offersAtOnce } = item.group.settings
  if (acceptMode === 'auto') {
    assign(state, item, slot.agent, 'auto', explain(item, slot))
    return
  }
  const asked = offersAtOnce === 1 ? [slot] : [slot, ...nextChoices(item, slot, offersAtOnce - 1)]
  const reasons = asked.map((one) => explain(item, one))
  for (const [i, why] of reasons.entries()) openOffer(state, item, (asked[i] as Slot).agent, why)
}

/** Whom to ask at the same time: the item's next choices, as far as it is theirs too. */
function nextChoices(item: Item, first: Slot, most: number): Slot[] {
  const chosen = new Set([first.agent])
  const slots: Slot[] = []
  for (const { queue } of item.tickets) {
    const isNot = ({ agent }: Slot) => chosen.has(agent) || isExcluded(item, agent) || bestItem(agent) !== item
    for (let next = heapFind(queue.candidates, isNot); next; next = heapFind(queue.candidates, isNot)) {
      if (slots.length >= most) return slots
      chosen.add(next.agent)
      slots.push(next)
    }
  }
  return slots
}
