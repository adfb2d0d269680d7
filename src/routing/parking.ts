/** Conversations on hold: the holder keeps them, their capacity is free meanwhile, and waking up never overloads in silence. */
import { itemOf, type Outcome } from './items.ts'
import type { EventOf } from './model.ts'
import { parkedFor } from './normalise.ts'
import { charge, dropConsult, release, requeueAnew, withdrawAll } from './offers.ts'
import { hasRoom, isReachable } from './room.ts'
import { type Agent, type Item, markFreed, markStale, type State, setItemState, touchAgent } from './state.ts'
import { clearTimer, setItemTimer } from './timers.ts'

export function park(state: State, event: EventOf<'item.park'>): Outcome {
  const item = itemOf(state, event)
  const agent = item?.agent
  if (!agent || item.state !== 'active') return 'stale'
  if (event.agentId !== undefined && event.agentId !== agent.id) return 'stale'
  withdrawAll(state, item, 'ended')
  dropConsult(state, item, 'ended')
  const forMs = parkedFor(event.forMs)
  const until = forMs === undefined ? undefined : state.at + forMs
  recharge(state, agent, item, { units: Math.min(item.weight, item.group.settings.parkedWeight), until })
  setItemState(state, item, 'parked')
  if (until !== undefined) setItemTimer(state, item, until)
  markFreed(state, agent)
  state.decisions.push({
    type: 'parked',
    itemId: item.id,
    agentId: agent.id,
    ...(until === undefined ? {} : { until }),
  })
  return undefined
}

function recharge(state: State, agent: Agent, item: Item, parked: Item['parked']): void {
  charge(agent, item, -1)
  item.parked = parked
  charge(agent, item, 1)
  markStale(state, agent)
  touchAgent(state, agent)
}

export function wake(state: State, event: EventOf<'item.wake'>): Outcome {
  const item = itemOf(state, event)
  if (item?.state === 'deferred') requeueAnew(state, item, 'due')
  else if (item?.state === 'parked') wakeUp(state, item)
  else return 'stale'
  return undefined
}

/** Back to the holder if they are there and have room, or may be overloaded; otherwise back into the queue, to them first. */
export function wakeUp(state: State, item: Item): void {
  const { agent } = item
  if (!agent || !item.parked) return
  if (isReachable(agent) && mayWake(agent, item, item.parked.units)) {
    clearTimer(state, item.timer)
    recharge(state, agent, item, undefined)
    setItemState(state, item, 'active')
    state.decisions.push({ type: 'woken', itemId: item.id, agentId: agent.id })
    return
  }
  item.preferredAgentId = agent.id
  release(state, item, 'woken')
  requeueAnew(state, item, 'woken')
}

function mayWake(agent: Agent, item: Item, parkedUnits: number): boolean {
  const more = item.weight - parkedUnits
  if (hasRoom(agent, item.group, item.medium, more)) return true
  return item.group.settings.onWakeFull === 'keep' && agent.used + more <= agent.hardMax
}
