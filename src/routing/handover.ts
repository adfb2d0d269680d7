/** Work that changes hands by somebody's will: pulled by an agent, given by a supervisor, handed on by its holder. */
import { consult } from './consult.ts'
import { exclude } from './exclusions.ts'
import { isAdmitted, itemOf, type Outcome, reject } from './items.ts'
import { acceptMode } from './match.ts'
import type { EventOf, Why } from './model.ts'
import {
  acceptOffer,
  assign,
  dropConsult,
  moveTo,
  NO_GROUPS,
  openOffer,
  release,
  requeueAnew,
  withdrawAll,
} from './offers.ts'
import { isLookedFor } from './plan.ts'
import { isEligible } from './queues.ts'
import { hasRoom, isReachable, takes } from './room.ts'
import { type Agent, type Group, type Item, offerTo, type State } from './state.ts'

/** An agent takes a waiting item. An open offer of it to the same agent counts as accepted. */
export function pull(state: State, event: EventOf<'item.pull'>): Outcome {
  const item = itemOf(state, event)
  const agent = state.agents.get(event.agentId)
  if (!agent) return 'unknown-agent'
  if (!item) return 'stale'
  const offer = offerTo(item, agent)
  if (offer) {
    acceptOffer(state, offer)
    return undefined
  }
  if (item.state !== 'waiting' && item.state !== 'pooled' && item.state !== 'deferred') return 'stale'
  if (item.consultFor?.agent === agent) return 'stale'
  if (!isReachable(agent)) return 'unavailable'
  if (!isEligible(agent, item.group, item.requires) && !isLookedFor(state, item, agent)) return 'not-eligible'
  if (!hasRoom(agent, item.group, item.medium, item.weight)) return 'no-capacity'
  assign(state, item, agent, 'pulled')
  return undefined
}

/** A supervisor gives the item to an agent, from the queue or out of another's hands. */
export function assignByHand(state: State, event: EventOf<'item.assign'>): Outcome {
  const item = itemOf(state, event)
  const agent = state.agents.get(event.agentId)
  if (!agent) return 'unknown-agent'
  if (!item || item.state === 'wrapup' || item.agent === agent || item.consultFor?.agent === agent) return 'stale'
  const offer = offerTo(item, agent)
  if (offer) {
    acceptOffer(state, offer)
    return undefined
  }
  if (!isReachable(agent)) return 'unavailable'
  const mayExceed = event.override === true && agent.used + item.weight <= agent.hardMax
  if (!mayExceed && !hasRoom(agent, item.group, item.medium, item.weight)) return 'no-capacity'
  withdrawAll(state, item, 'taken')
  dropConsult(state, item, 'taken')
  release(state, item, 'taken-over')
  assign(state, item, agent, 'manual')
  return undefined
}

/** The holder hands the item on, to a group or to one agent. */
export function transfer(state: State, event: EventOf<'item.transfer'>): Outcome {
  const item = itemOf(state, event)
  if (item?.state !== 'active' || item.offers.length > 0 || item.consult) return 'stale'
  if (event.agentId !== undefined && event.agentId !== item.agent?.id) return 'stale'
  const to: { groupId?: string; agentId?: string } = event.to ?? {}
  if (to.groupId !== undefined) {
    const group = state.groups.get(to.groupId)
    if (!group?.configured) reject(state, event, 'unknown-group')
    else if (event.warm === true) consult(state, event, item, group)
    else if (!isAdmitted(state, item, group)) reject(state, event, 'full')
    else toGroup(state, item, group, event.keepPlace !== false)
    return undefined
  }
  const agent = state.agents.get(to.agentId ?? '')
  if (!agent) return 'unknown-agent'
  if (agent === item.agent) return 'stale'
  if (!takes(agent, item.medium) || !hasRoom(agent, item.group, item.medium, item.weight))
    reject(state, event, 'agent-unavailable')
  else toAgent(state, item, agent, event.asks === true)
  return undefined
}

function toGroup(state: State, item: Item, group: Group, keepPlace: boolean): void {
  const source = item.agent
  release(state, item, 'transferred')
  moveTo(state, item, group)
  item.passed = NO_GROUPS
  if (!keepPlace) item.enqueuedAt = state.at
  requeueAnew(state, item, 'transferred', group.settings.steps)
  if (source) exclude(state, item, source)
}

function toAgent(state: State, item: Item, agent: Agent, asks: boolean): void {
  const why: Why = { strategy: 'direct', step: item.step, winner: [], eligible: 1, key: item.key }
  if (asks || acceptMode(agent, item.group) === 'manual') {
    openOffer(state, item, agent, why)
    return
  }
  release(state, item, 'transferred')
  assign(state, item, agent, 'manual', why)
}
