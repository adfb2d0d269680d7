/** Items come to be in one place, so that all have one shape: the engine then reads them the quickest. */
import { NO_EXCLUSIONS } from './exclusions.ts'
import { NO_GROUPS, NO_OFFERS } from './offers.ts'
import { NO_TICKETS } from './queues.ts'
import type { Item } from './state.ts'

/** What an item has from the first. */
type Facts = Pick<
  Item,
  | 'id'
  | 'seq'
  | 'group'
  | 'medium'
  | 'weight'
  | 'priority'
  | 'enqueuedAt'
  | 'steps'
  | 'preferredAgentId'
  | 'requires'
  | 'since'
>

/** An item that is in no queue yet, and with nobody. */
export function createItem(facts: Facts): Item {
  return {
    id: facts.id,
    seq: facts.seq,
    group: facts.group,
    medium: facts.medium,
    weight: facts.weight,
    priority: facts.priority,
    state: 'done',
    since: facts.since,
    band: 0,
    key: 0,
    enqueuedAt: facts.enqueuedAt,
    agent: undefined,
    offers: NO_OFFERS,
    wrapUpUntil: undefined,
    wrapUpWanted: false,
    passed: NO_GROUPS,
    parked: undefined,
    deferredUntil: undefined,
    steps: facts.steps,
    step: 0,
    planAt: facts.since,
    nextStepAt: undefined,
    preferredAgentId: facts.preferredAgentId,
    requires: facts.requires,
    exclusions: NO_EXCLUSIONS,
    reofferAt: undefined,
    tickets: NO_TICKETS,
    timer: undefined,
    exclusionTimer: undefined,
    patienceTimer: undefined,
    consult: undefined,
    consultFor: undefined,
    asks: false,
    rev: 0,
    changed: false,
    placed: false,
  }
}
