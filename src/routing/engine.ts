/**
 * The routing engine: apply(state, event) → decisions. Pure in effect: no clock, no randomness, no input or output; time
 * comes only with the events, so the same events give the same decisions and the same state on every machine.
 *
 * This file is the door: the shell needs no other. The words are in model.ts.
 */
import { enterNextStep } from './advance.ts'
import * as configuration from './configuration.ts'
import * as consulting from './consult.ts'
import * as deferral from './deferral.ts'
import { reviewExclusions } from './exclusions.ts'
import * as handover from './handover.ts'
import * as items from './items.ts'
import { settle } from './match.ts'
import type { Decision, EngineEvent } from './model.ts'
import { requeueAnew } from './offers.ts'
import { patienceOver } from './overflow.ts'
import * as parking from './parking.ts'
import * as presence from './presence.ts'
import { isRepeated } from './seen.ts'
import type { Item, State } from './state.ts'
import { EXCLUSION, LINK, PATIENCE, takeDue } from './timers.ts'

export { changes, hash } from './records.ts'
export { restore } from './restore.ts'
export { createState, type State } from './state.ts'
export { nextDue } from './timers.ts'

/** Timers fired by one tick; the decision `more` asks for another, so that a storm does not block other events. */
export const TIMERS_PER_TICK = 2000

/**
 * Lets one event happen and answers with what was decided, in order. Changes the state in place. Never throws: an event that
 * comes too late, twice, or makes no sense has no effect and is answered with `ignored`. Time never goes back: a smaller
 * `at` counts as the last event's.
 */
export function apply(state: State, event: EngineEvent): Decision[] {
  state.decisions = []
  if (typeof event !== 'object' || event === null) return [{ type: 'ignored', reason: 'invalid', event: '' }]
  if (Number.isSafeInteger(event.at) && event.at > state.at) state.at = event.at
  const outcome = isRepeated(state, event.commandId) ? 'duplicate' : dispatch(state, event)
  settle(state)
  if (outcome) {
    const { itemId } = event as { itemId?: unknown }
    state.decisions.push({
      type: 'ignored',
      reason: outcome,
      event: typeof event.type === 'string' ? event.type : '',
      ...(typeof itemId === 'string' ? { itemId } : {}),
      ...(typeof event.commandId === 'string' ? { commandId: event.commandId } : {}),
    })
  }
  return state.decisions
}

function dispatch(state: State, event: EngineEvent): items.Outcome {
  switch (event.type) {
    case 'item.enqueue':
      return items.enqueue(state, event)
    case 'item.cancel':
      return items.cancel(state, event)
    case 'item.update':
      return items.update(state, event)
    case 'item.accept':
      return items.accept(state, event)
    case 'item.decline':
      return items.decline(state, event)
    case 'item.consider':
      return consulting.consider(state, event)
    case 'item.end':
      return items.end(state, event)
    case 'item.wrapDone':
      return items.wrapDone(state, event)
    case 'item.wrapUp':
      return items.wrapUp(state, event)
    case 'item.park':
      return parking.park(state, event)
    case 'item.wake':
      return parking.wake(state, event)
    case 'item.defer':
      return deferral.defer(state, event)
    case 'item.pull':
      return handover.pull(state, event)
    case 'item.assign':
      return handover.assignByHand(state, event)
    case 'item.recall':
      return consulting.recall(state, event)
    case 'item.transfer':
      return handover.transfer(state, event)
    case 'agent.presence':
      return presence.presence(state, event)
    case 'agent.link':
      return presence.link(state, event)
    case 'config.group':
      return configuration.group(state, event)
    case 'config.group-removed':
      return configuration.groupRemoved(state, event)
    case 'config.agent':
      return configuration.agent(state, event)
    case 'config.agent-removed':
      return configuration.agentRemoved(state, event)
    case 'tick':
      return tick(state)
    default:
      return 'stale'
  }
}

function presentStateIsOver(state: State, item: Item): void {
  if (item.offers.length > 0) presence.offersExpired(state, item)
  else if (item.state === 'waiting') enterNextStep(state, item)
  else if (item.state === 'parked') parking.wakeUp(state, item)
  else if (item.state === 'deferred') requeueAnew(state, item, 'due')
  else items.complete(state, item)
}

/** Fires what is due, one after the other, each as if it were an event of its own. */
function tick(state: State): undefined {
  for (let fired = 0; fired < TIMERS_PER_TICK; fired++) {
    const timer = takeDue(state)
    if (!timer) return
    if (timer.kind === LINK && timer.agent) presence.linkLost(state, timer.agent)
    else if (timer.item && timer.kind === EXCLUSION) reviewExclusions(state, timer.item)
    else if (timer.item && timer.kind === PATIENCE) patienceOver(state, timer.item)
    else if (timer.item) presentStateIsOver(state, timer.item)
    settle(state)
  }
  if (state.timers.nodes.length > 0 && (state.timers.keys[0] as number) <= state.at)
    state.decisions.push({ type: 'more' })
}
