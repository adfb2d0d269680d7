/**
 * Items come to be in one place, so that all have one shape: the engine then reads them the quickest. What few items have at one time lies
 * apart from the rest, so that a million that only wait keep no room for it.
 */
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

type RareName =
  | 'wrapUpUntil'
  | 'wrapUpWanted'
  | 'passed'
  | 'parked'
  | 'deferredUntil'
  | 'nextStepAt'
  | 'preferredAgentId'
  | 'reofferAt'
  | 'exclusionTimer'
  | 'patienceTimer'
  | 'consult'
  | 'consultFor'
  | 'asks'
type Rare = Pick<Item, RareName>

/** As it is with most. */
const usual: Readonly<Rare> = {
  wrapUpUntil: undefined,
  wrapUpWanted: false,
  passed: NO_GROUPS,
  parked: undefined,
  deferredUntil: undefined,
  nextStepAt: undefined,
  preferredAgentId: undefined,
  reofferAt: undefined,
  exclusionTimer: undefined,
  patienceTimer: undefined,
  consult: undefined,
  consultFor: undefined,
  asks: false,
}

/** An item without what is rare, and where that lies. */
class Kept implements Omit<Item, RareName> {
  declare readonly id: string
  declare readonly seq: number
  declare group: Item['group']
  declare readonly medium: number
  declare readonly weight: number
  declare priority: number
  declare state: Item['state']
  declare since: number
  declare band: number
  declare key: number
  declare enqueuedAt: number
  declare agent: Item['agent']
  declare offers: Item['offers']
  declare steps: Item['steps']
  declare step: number
  declare planAt: number
  declare requires: Item['requires']
  declare exclusions: Item['exclusions']
  declare tickets: Item['tickets']
  declare timer: Item['timer']
  declare rev: number
  declare changed: boolean
  declare placed: boolean
  declare rare: Rare | undefined

  constructor(facts: Facts) {
    this.id = facts.id
    this.seq = facts.seq
    this.group = facts.group
    this.medium = facts.medium
    this.weight = facts.weight
    this.priority = facts.priority
    this.state = 'done'
    this.since = facts.since
    this.band = 0
    this.key = 0
    this.enqueuedAt = facts.enqueuedAt
    this.agent = undefined
    this.offers = NO_OFFERS
    this.steps = facts.steps
    this.step = 0
    this.planAt = facts.since
    this.requires = facts.requires
    this.exclusions = NO_EXCLUSIONS
    this.tickets = NO_TICKETS
    this.timer = undefined
    this.rev = 0
    this.changed = false
    this.placed = false
    this.rare = undefined
  }
}

for (const name of Object.keys(usual) as RareName[]) {
  Object.defineProperty(Kept.prototype, name, {
    get(this: Kept) {
      return (this.rare ?? usual)[name]
    },
    set(this: Kept, value: never) {
      if (this.rare !== undefined) this.rare[name] = value
      else if (value !== usual[name]) this.rare = { ...usual, [name]: value }
    },
  })
}

/** An item that is in no queue yet, and with nobody. */
export function createItem(facts: Facts): Item {
  const item = new Kept(facts) as Kept & Rare
  if (facts.preferredAgentId !== undefined) item.preferredAgentId = facts.preferredAgentId
  return item
}
