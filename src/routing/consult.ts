/**
 * Handing on to a group while the holder keeps the item. A second item, the consult, stands in the group's line for it, as
 * any other does: asked for, declined, passed on. Whoever takes the consult takes the item from its holder in the same step;
 * if nobody does, the item stays where it is.
 */
import { advance } from './advance.ts'
import { isAdmitted, itemOf, type Outcome, reject } from './items.ts'
import type { EventOf } from './model.ts'
import { createItem } from './new-item.ts'
import { dropConsult, keepOpen, wait, withdrawAll } from './offers.ts'
import { setPlace } from './order.ts'
import type { Group, Item, State } from './state.ts'

/** Looks for somebody of the group to take the item over; refused where the group is full. */
export function consult(state: State, event: EventOf<'item.transfer'>, item: Item, group: Group): void {
  const standIn = createItem({
    id: nameFor(state, item),
    seq: state.seq,
    group,
    medium: item.medium,
    weight: item.weight,
    priority: item.priority,
    since: state.at,
    enqueuedAt: event.keepPlace === false ? state.at : item.enqueuedAt,
    steps: group.settings.steps,
    preferredAgentId: item.preferredAgentId,
    requires: item.requires,
  })
  standIn.consultFor = item
  standIn.asks = event.asks === true
  if (!isAdmitted(state, standIn, group)) {
    reject(state, event, 'full')
    return
  }
  item.consult = standIn
  state.items.set(standIn.id, standIn)
  setPlace(state, standIn)
  state.decisions.push({
    type: 'consulting',
    itemId: standIn.id,
    forItemId: item.id,
    agentId: item.agent?.id ?? '',
    groupId: group.id,
    key: standIn.key,
  })
  wait(state, standIn)
  advance(state, standIn)
  if (standIn.state !== 'waiting') return
  state.decisions.push({ type: 'queued', itemId: standIn.id, groupId: standIn.group.id, key: standIn.key })
}

function nameFor(state: State, item: Item): string {
  for (;;) {
    const id = `${item.id}c${++state.seq}`
    if (!state.items.has(id)) return id
  }
}

/** The holder keeps what they were handing on, to a group or to somebody who has not accepted yet. */
export function recall(state: State, event: EventOf<'item.recall'>): Outcome {
  const item = itemOf(state, event)
  if (item?.state !== 'active' || (!item.consult && item.offers.length === 0)) return 'stale'
  if (event.agentId !== undefined && event.agentId !== item.agent?.id) return 'stale'
  withdrawAll(state, item, 'cancelled')
  dropConsult(state, item, 'cancelled')
  return undefined
}

/** Whoever is asked looks into it before they answer: nobody else is asked meanwhile, and the offer stays open for so long. */
export function consider(state: State, { offerId, agentId, forMs }: EventOf<'item.consider'>): Outcome {
  const offer = state.offers.get(offerId)
  if (!offer || offer.agent.id !== agentId) return 'stale'
  if (!Number.isSafeInteger(forMs) || forMs < 0) return 'invalid'
  keepOpen(state, offer, state.at + forMs)
  return undefined
}
