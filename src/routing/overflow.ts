/**
 * What becomes of an item that its group cannot serve. Its place in line goes with it from group to group, and no group
 * gets it twice, so rules that lead in a circle end in the pool.
 */
import { takenAtOnce } from './match.ts'
import type { Overflow, OverflowCause } from './model.ts'
import { finish, leaveLine, moveTo, requeue, wait } from './offers.ts'
import { compareItems, setPlace } from './order.ts'
import { armPatience, guardDue, lateDue } from './patience.ts'
import { startPlan } from './plan.ts'
import { rekeyTickets } from './queues.ts'
import { type Group, type Item, isQueued, MEDIA, type State, setItemState, touchItem } from './state.ts'

/** What keeps the group from taking one more such item, by its own rules; undefined: it is taken. The plan begins at its first step. */
export function hindrance(state: State, item: Item): OverflowCause | undefined {
  const { group } = item
  const { maxWaiting, overflow } = group.settings
  const others = group.queued - Number(isQueued(item.state))
  const isFull = maxWaiting !== undefined && others >= maxWaiting
  if (!isFull && !overflow.nobody && !overflow.slow) return undefined
  const taken = takenAtOnce(state, item)
  if (taken === undefined && overflow.nobody && !isAnybodyThere(group)) return 'nobody'
  // An item that is assigned at once never waits, so it needs no place.
  if (isFull && taken !== 'auto') return 'full'
  return taken === undefined && overflow.slow && headWait(state, group) >= overflow.slow.estimateMs ? 'slow' : undefined
}

/** Busy or away will do, and a connection that was lost only just now. */
function isAnybodyThere(group: Group): boolean {
  for (const { presence, link } of group.members) if (presence !== 'offline' && link !== 'down') return true
  return false
}

/** How long the head of the group's line has waited; 0 when nobody waits. */
function headWait(state: State, group: Group): number {
  let head: Item | undefined
  for (const queue of group.queues.values()) {
    const first = queue.home === group ? queue.tickets.nodes[0]?.item : undefined
    if (first && (!head || compareItems(first, head) < 0)) head = first
  }
  return head ? state.at - head.enqueuedAt : 0
}

function ruleFor({ settings: { overflow } }: Group, cause: OverflowCause): Overflow {
  const rule = cause === 'slow' || cause === 'late' ? overflow[cause]?.handler : overflow[cause]
  return rule ?? { to: 'pool' }
}

/** Where the item goes, once groups that are not there or had it before are left out. */
function destination(state: State, item: Item, cause: OverflowCause): { handler: Overflow; group?: Group } {
  const handler = ruleFor(item.group, cause)
  // A ticket is nobody's wait to cut short: what would end it keeps it aside. Nor is what is in service.
  if (handler.to === 'end' && (item.consultFor || MEDIA[item.medium] === 'ticket')) return { handler: { to: 'pool' } }
  if (handler.to !== 'group') return { handler }
  const group = state.groups.get(handler.groupId)
  const isOpen = group?.configured && group !== item.group && !item.passed.includes(group.id)
  return isOpen ? { handler, group } : { handler: { to: 'pool' } }
}

/** The group passes the item on. It may have waited until now, or be new. */
export function passOn(state: State, item: Item, cause: OverflowCause): void {
  const isNew = item.state === 'done'
  let next: OverflowCause | undefined = cause
  while (next !== undefined) {
    const { handler, group } = destination(state, item, next)
    const decision = {
      type: 'overflow',
      itemId: item.id,
      groupId: item.group.id,
      cause: next,
      handler,
      key: item.key,
    } as const
    state.decisions.push(decision)
    if (handler.to === 'end') finish(state, item, 'expired', { action: handler.action })
    else if (!group && item.consultFor) finish(state, item, 'expired')
    else if (!group) pool(state, item)
    if (!group) return
    item.passed = [...item.passed, item.group.id]
    moveTo(state, item, group)
    startPlan(state, item, group.settings.steps)
    next = hindrance(state, item)
  }
  if (isNew) wait(state, item)
  else requeue(state, item, 'overflow')
}

/** Out of every queue: until somebody takes, gives or moves it. */
function pool(state: State, item: Item): void {
  leaveLine(state, item)
  setItemState(state, item, 'pooled')
}

/** The order's guard or the group's patience is over. */
export function patienceOver(state: State, item: Item): void {
  if ((guardDue(item) ?? Number.POSITIVE_INFINITY) <= state.at) {
    setPlace(state, item)
    rekeyTickets(state, item)
    touchItem(state, item)
    state.decisions.push({ type: 'lifted', itemId: item.id, key: item.key })
  }
  if ((lateDue(item) ?? Number.POSITIVE_INFINITY) <= state.at) passOn(state, item, 'late')
  else armPatience(state, item)
}
