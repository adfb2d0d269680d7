/** The item comes to the next step of its plan. */
import { settle } from './match.ts'
import { finish } from './offers.ts'
import { setPlace } from './order.ts'
import { addStepTicket, armNextStep, dueOfNextStep, requeueTickets } from './plan.ts'
import { isRightlyQueued, rekeyTickets, removeTickets } from './queues.ts'
import { type Item, markPlaced, type State, touchItem } from './state.ts'

/** Enters the next step: looks for its people as well, or instead, or gives up. */
export function enterNextStep(state: State, item: Item): void {
  const step = item.steps[item.step + 1]
  item.nextStepAt = undefined
  if (!step) return
  if (step.expire !== undefined) {
    finish(state, item, 'expired', { action: step.expire })
    return
  }
  item.step++
  if (step.mode === 'replace') removeTickets(state, item)
  setPlace(state, item)
  if (isRightlyQueued(item)) {
    rekeyTickets(state, item)
    addStepTicket(state, item)
  } else requeueTickets(state, item)
  item.nextStepAt = dueOfNextStep(state, item)
  armNextStep(state, item)
  touchItem(state, item)
  markPlaced(state, item)
  state.decisions.push({ type: 'stepEntered', itemId: item.id, step: item.step, key: item.key })
}

/** Looks for somebody at once, and passes over the steps that nobody is there for. */
export function advance(state: State, item: Item): void {
  settle(state)
  while (item.state === 'waiting' && item.nextStepAt !== undefined && item.nextStepAt <= state.at) {
    enterNextStep(state, item)
    settle(state)
  }
}
