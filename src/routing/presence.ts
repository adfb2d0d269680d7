/** What may happen to an agent. Whoever stops being routable loses open offers in the same step; held items follow the group's policy. */
import { armExclusions, exclude } from './exclusions.ts'
import { complete, type Outcome } from './items.ts'
import type { EventOf, Presence, ReleaseReason, RescindReason } from './model.ts'
import { graceOf, mediaOf, reasonsOf } from './normalise.ts'
import { release, requeueAnew, rescind, takePlaceOfConsult, withdrawAll } from './offers.ts'
import { takes } from './room.ts'
import { joinShares } from './shares.ts'
import { type Agent, type Item, markFreed, type Offer, offerTo, type State, touchAgent } from './state.ts'
import { clearTimer, setLinkTimer } from './timers.ts'

/** Whoever comes back after this long begins a new shift: the idle time of the last one no longer counts. */
const NEW_SHIFT_MS = 4 * 3600 * 1000

const PRESENCES: readonly Presence[] = ['online', 'busy', 'away', 'offline']

/** The agent's items in the order in which they came, safe against changes meanwhile. */
function itemsOf(agent: Agent): Item[] {
  return agent.items.toSorted((a, b) => a.seq - b.seq)
}

/** Takes every open offer back from the agent. */
export function withdrawOffers(state: State, agent: Agent, reason: RescindReason): void {
  for (const item of itemsOf(agent)) {
    const offer = offerTo(item, agent)
    if (offer) rescind(state, offer, reason)
  }
}

/**
 * Takes what the agent holds: items wait again unless the policy keeps them, wrap-ups are over. What is parked stays so, unless the agent is
 * gone for good: it waits for nobody now, and finds out who is there when it wakes.
 */
export function takeItems(
  state: State,
  agent: Agent,
  reason: ReleaseReason,
  policy: (item: Item) => 'requeue' | 'keep',
): void {
  for (const item of itemsOf(agent)) {
    const isEndless = item.state === 'wrapup' && item.wrapUpUntil === undefined
    const isAsleep = item.state === 'parked' && reason !== 'agent-removed'
    if (item.agent !== agent || isAsleep || (policy(item) === 'keep' && !isEndless)) continue
    if (item.state === 'wrapup') {
      complete(state, item)
      continue
    }
    withdrawAll(state, item, 'agent-unavailable')
    takePlaceOfConsult(state, item)
    release(state, item, reason)
    requeueAnew(state, item, reason)
    armExclusions(state, item)
  }
}

function setPresence(state: State, agent: Agent, presence: Presence, reason: string | undefined): void {
  if (presence === 'online') beginShift(state, agent)
  if (presence === 'online' && agent.presence !== 'online') joinShares(state, agent, agent.memberships.keys())
  if (agent.presence !== presence) agent.presenceSince = state.at
  agent.presence = presence
  agent.reason = reason
  touchAgent(state, agent)
  markFreed(state, agent)
}

/** Presence alone never moves the idle clock, so it cannot be gamed; only a new shift starts it anew. */
function beginShift(state: State, agent: Agent): void {
  const away = agent.presence === 'offline' && state.at - agent.presenceSince >= NEW_SHIFT_MS
  if (agent.idleSince === undefined || away) agent.idleSince = state.at
}

const wordOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

export function presence(state: State, event: EventOf<'agent.presence'>): Outcome {
  const agent = state.agents.get(event.agentId)
  if (!agent) return 'unknown-agent'
  if (!PRESENCES.includes(event.state)) return 'invalid'
  agent.missed = 0
  setPresence(state, agent, event.state, wordOf(event.reason))
  agent.status = wordOf(event.status)
  agent.closed = mediaOf(event.closed)
  agent.closedReasons = reasonsOf(event.closedReasons, agent.closed)
  for (const item of itemsOf(agent)) {
    const offer = takes(agent, item.medium) ? undefined : offerTo(item, agent)
    if (offer) rescind(state, offer, 'agent-unavailable')
  }
  if (event.state === 'offline') takeItems(state, agent, 'offline', (item) => item.group.settings.onOffline)
  return undefined
}

export function link(state: State, event: EventOf<'agent.link'>): Outcome {
  const agent = state.agents.get(event.agentId)
  if (!agent) return 'unknown-agent'
  if (event.link === 'up') {
    if (agent.link === 'up') return 'stale'
    agent.link = 'up'
    agent.graceUntil = undefined
    clearTimer(state, agent.timer)
    touchAgent(state, agent)
    markFreed(state, agent)
    return undefined
  }
  if (event.link !== 'down') return 'invalid'
  if (agent.link !== 'up') return 'stale'
  agent.link = 'grace'
  agent.graceUntil = state.at + graceOf(event.graceMs)
  setLinkTimer(state, agent, agent.graceUntil)
  touchAgent(state, agent)
  markFreed(state, agent)
  withdrawOffers(state, agent, 'link-down')
  return undefined
}

/** The grace is over: the agent is gone. */
export function linkLost(state: State, agent: Agent): void {
  agent.link = 'down'
  agent.graceUntil = undefined
  if (agent.presence !== 'offline') imposePresence(state, agent, 'offline', 'link-lost')
  else touchAgent(state, agent)
  takeItems(state, agent, 'link-lost', (item) => item.group.settings.onLinkLost)
}

/** Nobody answered: the item goes on, and whoever misses too many is set away. */
export function offersExpired(state: State, item: Item): void {
  for (const offer of item.offers) if (offer.expiresAt <= state.at) offerExpired(state, offer)
}

function offerExpired(state: State, offer: Offer): void {
  const { item, agent } = offer
  const { maxMissed } = item.group.settings
  agent.missed++
  touchAgent(state, agent)
  if (item.state === 'offered') exclude(state, item, agent)
  rescind(state, offer, 'expired')
  if (maxMissed === 0 || agent.missed < maxMissed || agent.presence !== 'online') return
  imposePresence(state, agent, 'away', 'not-responding')
  withdrawOffers(state, agent, 'not-responding')
}

function imposePresence(state: State, agent: Agent, presence: Presence, reason: string): void {
  setPresence(state, agent, presence, reason)
  agent.status = undefined
  state.decisions.push({ type: 'setPresence', agentId: agent.id, state: presence, reason })
}
