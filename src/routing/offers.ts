/**
 * Giving and taking back. These functions keep the accounts: whatever an agent holds, is offered or wraps up counts against
 * the capacity, from the decision on and until it is over; what is parked counts as much as it was parked with.
 */
import { forgetExclusions } from './exclusions.ts'
import type { ReleaseReason, RequeueReason, RescindReason, Why } from './model.ts'
import { setPlace } from './order.ts'
import { armPatience } from './patience.ts'
import { addTickets, armNextStep, dueOfNextStep, startPlan } from './plan.ts'
import { removeTickets } from './queues.ts'
import {
  type Agent,
  type Group,
  type Item,
  isQueued,
  markFreed,
  markPlaced,
  markStale,
  type Offer,
  type State,
  setItemState,
  touchAgent,
  touchItem,
} from './state.ts'
import { clearTimer, setItemTimer } from './timers.ts'

export const NO_OFFERS: readonly Offer[] = []
/** One for all: most items are never passed on. */
export const NO_GROUPS: readonly string[] = []

/** Adds what the item takes of the agent at present, or with -1 takes it away. */
export function charge(agent: Agent, item: Item, sign: 1 | -1): void {
  const { group, medium, parked } = item
  const units = sign * (parked ? parked.units : item.weight)
  agent.used += units
  if (group.settings.interruptible) agent.yielding += units
  if (parked) return
  agent.counts[medium] = (agent.counts[medium] as number) + sign
  agent.inHand += sign
  const each = (agent.each.get(group) ?? 0) + sign
  if (each === 0) agent.each.delete(group)
  else agent.each.set(group, each)
}

/** Whoever the item counts against: its holder, and those who are being asked. */
export function chargedFor(item: Item): Agent[] {
  const asked = item.offers.map(({ agent }) => agent)
  return item.agent ? [item.agent, ...asked] : asked
}

function occupy(state: State, agent: Agent, item: Item): void {
  agent.items.push(item)
  charge(agent, item, 1)
  agent.turn = ++state.turn
  markStale(state, agent)
  touchAgent(state, agent)
}

function vacate(state: State, agent: Agent, item: Item): void {
  agent.items.splice(agent.items.indexOf(item), 1)
  charge(agent, item, -1)
  markFreed(state, agent)
  touchAgent(state, agent)
}

/** Offers the item, reserving the agent's capacity. An item in service stays with its holder meanwhile. */
export function openOffer(state: State, item: Item, agent: Agent, why: Why): void {
  occupy(state, agent, item)
  const expiresAt = state.at + item.group.settings.offerTimeoutMs
  const offer: Offer = { id: `${item.id}.${state.turn}`, item, agent, expiresAt }
  item.offers = [...item.offers, offer]
  state.offers.set(offer.id, offer)
  setItemTimer(state, item, expiresAt)
  if (item.state === 'waiting') {
    removeTickets(state, item)
    setItemState(state, item, 'offered')
  } else touchItem(state, item)
  state.decisions.push({
    type: 'offer',
    itemId: item.id,
    groupId: item.group.id,
    agentId: agent.id,
    offerId: offer.id,
    expiresAt,
    why,
  })
}

function dropOffer(state: State, { id, item }: Offer): void {
  state.offers.delete(id)
  item.offers = item.offers.length === 1 ? NO_OFFERS : item.offers.filter((offer) => offer.id !== id)
  if (item.offers.length === 0) clearTimer(state, item.timer)
}

/** Takes one offer back and leaves the item as it is; the caller goes on with it. */
function withdraw(state: State, offer: Offer, reason: RescindReason): void {
  const { item, agent } = offer
  dropOffer(state, offer)
  vacate(state, agent, item)
  touchItem(state, item)
  state.decisions.push({ type: 'rescind', itemId: item.id, agentId: agent.id, offerId: offer.id, reason })
}

/** Has the offer be open until then, and alone. */
export function keepOpen(state: State, { id, item, agent }: Offer, expiresAt: number): void {
  for (const other of item.offers) if (other.id !== id) withdraw(state, other, 'taken')
  const kept: Offer = { id, item, agent, expiresAt }
  item.offers = [kept]
  state.offers.set(id, kept)
  setItemTimer(state, item, expiresAt)
  touchItem(state, item)
  state.decisions.push({ type: 'considered', itemId: item.id, agentId: agent.id, offerId: id, expiresAt })
}

/** Takes every offer of the item back and leaves it as it is; the caller goes on with it. */
export function withdrawAll(state: State, item: Item, reason: RescindReason): void {
  for (const offer of item.offers) withdraw(state, offer, reason)
}

/** Takes an offer back. After the last one the item waits again with its old key, or stays with the holder who handed it on. */
export function rescind(state: State, offer: Offer, reason: RescindReason): void {
  const { item } = offer
  withdraw(state, offer, reason)
  if (item.offers.length > 0) return
  if (item.state === 'offered') requeue(state, item, reason)
  else if (item.agent) state.decisions.push({ type: 'transferFailed', itemId: item.id, agentId: item.agent.id, reason })
}

/** What stands in another group's line for the item is over, and stays so; the item stays with its holder. */
export function dropConsult(state: State, item: Item, reason: RescindReason): void {
  const { consult } = item
  if (!consult) return
  part(item, consult)
  withdrawAll(state, consult, reason)
  finish(state, consult, 'abandoned')
}

function part(item: Item, consult: Item): void {
  item.consult = undefined
  consult.consultFor = undefined
}

/** The item goes on where its consult stands, which is over. Somebody takes it, or its holder is gone. */
export function takePlaceOfConsult(state: State, item: Item, taker?: Agent): void {
  const { consult } = item
  if (!consult) return
  part(item, consult)
  withdrawAll(state, consult, 'ended')
  moveTo(state, item, consult.group)
  const { enqueuedAt, passed, steps, step, planAt, exclusions, reofferAt } = consult
  Object.assign(item, { enqueuedAt, passed, steps, step, planAt, exclusions, reofferAt })
  setPlace(state, item)
  finish(state, consult, 'done', taker ? { agentId: taker.id } : {})
}

/** What somebody takes who takes this: a consult stands for the item of another, who is released. */
function meantBy(state: State, item: Item, taker: Agent): Item {
  const { consultFor } = item
  if (!consultFor) return item
  takePlaceOfConsult(state, consultFor, taker)
  release(state, consultFor, 'transferred')
  return consultFor
}

/** Turns an open offer into the assignment; all others are over, and a holder who was handing the item on is released. */
export function acceptOffer(state: State, offer: Offer): void {
  const { item, agent } = offer
  dropOffer(state, offer)
  withdrawAll(state, item, 'taken')
  agent.missed = 0
  touchAgent(state, agent)
  if (item.agent) release(state, item, 'transferred')
  const given = meantBy(state, item, agent)
  if (given !== item) agent.items[agent.items.indexOf(item)] = given
  hold(state, given, agent)
  state.decisions.push({
    type: 'assign',
    itemId: given.id,
    groupId: given.group.id,
    agentId: agent.id,
    cause: 'accepted',
    offerId: offer.id,
  })
}

function hold(state: State, item: Item, agent: Agent): void {
  item.agent = agent
  item.nextStepAt = undefined
  forgetExclusions(state, item)
  setItemState(state, item, 'active')
}

/** Gives the item to the agent without asking. Whoever held it, or was offered it, is released by the caller before. */
export function assign(state: State, item: Item, agent: Agent, cause: 'auto' | 'pulled' | 'manual', why?: Why): void {
  removeTickets(state, item)
  clearTimer(state, item.timer)
  const given = meantBy(state, item, agent)
  occupy(state, agent, given)
  hold(state, given, agent)
  state.decisions.push({
    type: 'assign',
    itemId: given.id,
    groupId: given.group.id,
    agentId: agent.id,
    cause,
    ...(why ? { why } : {}),
  })
}

/** The holder holds the item no longer, and counts as idle from now. The caller says what becomes of the item. */
export function release(state: State, item: Item, reason: ReleaseReason): void {
  const { agent } = item
  if (!agent) return
  agent.idleSince = state.at
  if (item.state === 'wrapup') agent.wrappingUp--
  vacate(state, agent, item)
  item.agent = undefined
  item.wrapUpUntil = undefined
  item.wrapUpWanted = false
  item.parked = undefined
  clearTimer(state, item.timer)
  touchItem(state, item)
  state.decisions.push({ type: 'release', itemId: item.id, agentId: agent.id, reason })
}

/** Puts the item into the queues of its present steps, at the place its key gives it, and has it looked at in this step. */
export function wait(state: State, item: Item): void {
  removeTickets(state, item)
  setPlace(state, item)
  setItemState(state, item, 'waiting')
  addTickets(state, item)
  item.nextStepAt ??= dueOfNextStep(state, item)
  armNextStep(state, item)
  armPatience(state, item)
  markPlaced(state, item)
}

/** The item waits (again). */
export function requeue(state: State, item: Item, reason: RequeueReason): void {
  wait(state, item)
  state.decisions.push({ type: 'requeue', itemId: item.id, groupId: item.group.id, reason, key: item.key })
}

/** The item comes back from service, or to another group: its plan begins anew. */
export function requeueAnew(state: State, item: Item, reason: RequeueReason, steps = item.steps): void {
  startPlan(state, item, steps)
  requeue(state, item, reason)
}

/** Out of every queue, with what it was waiting for there. */
export function leaveLine(state: State, item: Item): void {
  removeTickets(state, item)
  forgetExclusions(state, item)
  clearTimer(state, item.timer)
  item.nextStepAt = undefined
}

/** The item is over: it is forgotten once changes() has told its last state. */
export function finish(
  state: State,
  item: Item,
  end: 'done' | 'abandoned' | 'expired',
  facts: { agentId?: string; action?: string } = {},
): void {
  leaveLine(state, item)
  setItemState(state, item, end)
  state.items.delete(item.id)
  const { consultFor } = item
  // What would become of the item does not become of it: its holder has it.
  state.decisions.push({ type: 'ended', itemId: item.id, state: end, ...(consultFor ? {} : facts) })
  if (!consultFor?.agent) return
  part(consultFor, item)
  const reason = end === 'expired' ? 'expired' : 'cancelled'
  state.decisions.push({ type: 'transferFailed', itemId: consultFor.id, agentId: consultFor.agent.id, reason })
}

/** Only names the new group; the caller queues the item anew where it waits. */
export function moveTo(state: State, item: Item, group: Group): void {
  if (isQueued(item.state)) {
    item.group.queued--
    group.queued++
  }
  const agents = chargedFor(item)
  for (const agent of agents) charge(agent, item, -1)
  item.group = group
  for (const agent of agents) {
    charge(agent, item, 1)
    markFreed(state, agent)
  }
}
