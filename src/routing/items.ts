/** What may happen to a work item. Whatever is not foreseen for its present state is ignored, never an error. */

import { advance } from './advance.ts'
import { addExclusions, armExclusions, exclude } from './exclusions.ts'
import { takenAtOnce } from './match.ts'
import type { Enqueue, EventOf, IgnoreReason, RejectReason } from './model.ts'
import { createItem } from './new-item.ts'
import { isId, priorityOf, requirementClass, stepsOf, weightOf, whole } from './normalise.ts'
import {
  acceptOffer,
  dropConsult,
  finish,
  moveTo,
  NO_GROUPS,
  release,
  requeueAnew,
  rescind,
  wait,
  withdrawAll,
} from './offers.ts'
import { setPlace } from './order.ts'
import { hindrance, passOn } from './overflow.ts'
import { isLookedFor, requeueTickets, startPlan } from './plan.ts'
import { isRightlyQueued, rekeyTickets } from './queues.ts'
import { type Group, type Item, isQueued, MEDIA, type State, setItemState, touchAgent, touchItem } from './state.ts'
import { setItemTimer } from './timers.ts'

export function reject(state: State, event: { itemId: string; commandId?: string }, reason: RejectReason): void {
  const { itemId, commandId } = event
  state.decisions.push({ type: 'reject', itemId, reason, ...(commandId === undefined ? {} : { commandId }) })
}

/** What a handler answers: nothing when it had its effect, else why it had none. */
export type Outcome = IgnoreReason | undefined

/** The item, if the command was meant for its present revision. */
export function itemOf(state: State, event: { itemId: string; rev?: number }): Item | undefined {
  const item = state.items.get(event.itemId)
  return item && (event.rev === undefined || event.rev === item.rev) ? item : undefined
}

/** Whether the group takes one more by somebody's hand: only its limit counts then. */
export function isAdmitted(state: State, item: Item, group: Group): boolean {
  const { maxWaiting, steps } = group.settings
  if (maxWaiting === undefined || group.queued < maxWaiting) return true
  const asIfThere: Item = Object.assign(Object.create(item), { group, steps, step: 0 })
  return takenAtOnce(state, asIfThere) === 'auto'
}

function newItem(state: State, event: Enqueue, group: Group, medium: number): Item {
  return createItem({
    id: event.itemId,
    seq: ++state.seq,
    group,
    medium,
    weight: event.weight === undefined ? group.settings.weight : weightOf(event.weight),
    priority: priorityOf(event.priority),
    since: state.at,
    enqueuedAt: Math.min(state.at, whole(event.enqueuedAt, 0, Number.MAX_SAFE_INTEGER, state.at)),
    steps: event.steps === undefined ? group.settings.steps : stepsOf(event.steps),
    preferredAgentId: isId(event.preferredAgentId) ? event.preferredAgentId : undefined,
    requires: requirementClass(state, event.requirements),
  })
}

export function enqueue(state: State, event: Enqueue): Outcome {
  const medium = MEDIA.indexOf(event.medium)
  if (!isId(event.itemId) || medium < 0) return 'invalid'
  if (state.items.has(event.itemId)) return 'stale'
  const group = state.groups.get(event.groupId)
  if (!group?.configured) {
    reject(state, event, 'unknown-group')
    return undefined
  }
  const item = newItem(state, event, group, medium)
  if (Array.isArray(event.excluded)) addExclusions(state, item, [...new Set(event.excluded.filter(isId))])
  const cause = hindrance(state, item)
  if (cause === 'full' && !group.settings.overflow.full) {
    reject(state, event, 'full')
    return undefined
  }
  state.items.set(item.id, item)
  setPlace(state, item)
  if (cause) passOn(state, item, cause)
  else wait(state, item)
  if (item.state !== 'waiting') return undefined
  armExclusions(state, item)
  advance(state, item)
  if (item.state === 'waiting') {
    state.decisions.push({ type: 'queued', itemId: item.id, groupId: item.group.id, key: item.key })
  }
  return undefined
}

/** The customer left. In service it ends the service, so that a hang-up and an accept may cross. */
export function cancel(state: State, event: EventOf<'item.cancel'>): Outcome {
  const item = itemOf(state, event)
  if (!item || item.state === 'wrapup') return 'stale'
  if (item.state === 'active' || item.state === 'parked') return endService(state, item)
  withdrawAll(state, item, 'cancelled')
  finish(state, item, 'abandoned')
  return undefined
}

export function end(state: State, event: EventOf<'item.end'>): Outcome {
  const item = itemOf(state, event)
  if (item?.state !== 'active' && item?.state !== 'parked') return 'stale'
  if (event.agentId !== undefined && event.agentId !== item.agent?.id) return 'stale'
  return endService(state, item)
}

function endService(state: State, item: Item): Outcome {
  withdrawAll(state, item, 'ended')
  dropConsult(state, item, 'ended')
  const { wrapUpMs, wrapUp } = item.group.settings
  const isOpenEnded = wrapUp === 'open' || (wrapUp === 'on-request' && wrapUpMs === 0)
  const isDue = wrapUp === 'on-request' ? item.wrapUpWanted : isOpenEnded || wrapUpMs > 0
  if (!isDue || !item.agent || item.state === 'parked') {
    complete(state, item)
    return undefined
  }
  const until = isOpenEnded ? undefined : state.at + wrapUpMs
  item.wrapUpUntil = until
  if (until !== undefined) setItemTimer(state, item, until)
  setItemState(state, item, 'wrapup')
  item.agent.wrappingUp++
  touchAgent(state, item.agent)
  state.decisions.push({
    type: 'wrapUp',
    itemId: item.id,
    agentId: item.agent.id,
    ...(until === undefined ? {} : { until }),
  })
  return undefined
}

/** The holder will want time after the end. */
export function wrapUp(state: State, event: EventOf<'item.wrapUp'>): Outcome {
  const item = itemOf(state, event)
  if (item?.state !== 'active' && item?.state !== 'parked') return 'stale'
  if (event.agentId !== undefined && event.agentId !== item.agent?.id) return 'stale'
  item.wrapUpWanted = true
  touchItem(state, item)
  return undefined
}

/** The last act: the holder is free, the item is done. */
export function complete(state: State, item: Item): void {
  const agentId = item.agent?.id
  release(state, item, 'ended')
  finish(state, item, 'done', agentId === undefined ? {} : { agentId })
}

export function wrapDone(state: State, event: EventOf<'item.wrapDone'>): Outcome {
  const item = itemOf(state, event)
  if (item?.state !== 'wrapup') return 'stale'
  if (event.agentId !== undefined && event.agentId !== item.agent?.id) return 'stale'
  if (item.group.settings.wrapUp === 'fixed' && (item.wrapUpUntil ?? 0) > state.at) return 'stale'
  complete(state, item)
  return undefined
}

export function accept(state: State, event: EventOf<'item.accept'>): Outcome {
  const offer = state.offers.get(event.offerId)
  if (!offer || offer.agent.id !== event.agentId) return 'stale'
  acceptOffer(state, offer)
  return undefined
}

export function decline(state: State, event: EventOf<'item.decline'>): Outcome {
  const offer = state.offers.get(event.offerId)
  if (!offer || offer.agent.id !== event.agentId) return 'stale'
  if (offer.item.state === 'offered') exclude(state, offer.item, offer.agent)
  rescind(state, offer, 'declined')
  return undefined
}

/** Changes what a queued item is; in service only its priority, which counts if it comes back. What lies aside waits in line where a group is named. */
export function update(state: State, event: EventOf<'item.update'>): Outcome {
  const item = itemOf(state, event)
  if (!item || item.state === 'wrapup') return 'stale'
  const isAside = item.state === 'pooled' || item.state === 'deferred'
  const moves = event.groupId !== undefined && (isAside || (event.groupId !== item.group.id && isQueued(item.state)))
  const group = moves ? state.groups.get(event.groupId ?? '') : item.group
  if (moves && (!group?.configured || !isAdmitted(state, item, group))) {
    reject(state, event, group?.configured ? 'full' : 'unknown-group')
    return undefined
  }
  if (event.priority !== undefined) item.priority = priorityOf(event.priority)
  if (event.priority !== undefined && item.consult)
    update(state, { type: event.type, at: event.at, itemId: item.consult.id, priority: item.priority })
  touchItem(state, item)
  if (event.requirements !== undefined && (isQueued(item.state) || isAside))
    item.requires = requirementClass(state, event.requirements)
  if (!isQueued(item.state) && !moves) return undefined
  if (moves || event.requirements !== undefined) lookAnew(state, item, group ?? item.group, moves)
  else if (!isRightlyQueued(item)) requeueTickets(state, item)
  setPlace(state, item)
  rekeyTickets(state, item)
  return undefined
}

/** A queued item looks for others than before. An offer to somebody whom it still looks for stays open. */
function lookAnew(state: State, item: Item, group: Group, moves: boolean): void {
  if (moves) {
    moveTo(state, item, group)
    item.passed = NO_GROUPS
    startPlan(state, item, group.settings.steps)
  }
  if (item.state !== 'offered') {
    requeueAnew(state, item, 'moved')
    return
  }
  for (const offer of item.offers) if (!isLookedFor(state, item, offer.agent)) rescind(state, offer, 'not-eligible')
}
