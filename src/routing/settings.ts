/** What may be configured: skill groups with their strategy, order and plan, and agents with their capacity, groups and skills. */

export type Medium = 'chat' | 'call' | 'ticket'
export type Presence = 'online' | 'busy' | 'away' | 'offline'

/**
 * Who is preferred when several agents could take an item. Every strategy puts the lower tier of membership first and ends
 * ties by the agent's sequence number.
 * - `longest-idle`: agents without any work, by the time of their last release; then those with work, by how long ago they were given some.
 * - `least-loaded`: the smallest share of the own capacity in use; then by the time of the last release.
 * - `least-loaded-count`: the fewest items in hand; then by the time of the last release.
 * - `round-robin`: whoever was given work longest ago, whatever became of it.
 * - `best-skill`: the highest mean level in the item's required skills (without requirements: the membership's level); then as `longest-idle`.
 * - `weighted`: work is shared in proportion to the memberships' weights: whoever was given least for their weight.
 * - `priority-list`: in the order in which a step names its agents, otherwise by tiers alone; then as `longest-idle`.
 * - `random`: by lot, drawn anew for each piece of work from what the state says. Costs a look at each who could take it.
 */
export type Strategy =
  | 'longest-idle'
  | 'least-loaded'
  | 'least-loaded-count'
  | 'round-robin'
  | 'best-skill'
  | 'weighted'
  | 'priority-list'
  | 'random'

/** Which waiting item comes first. One scale for the whole tenant: the key is a time, lower first, and does not change while waiting. */
export type Order =
  | { readonly by: 'fifo' }
  /** By when it should be answered: `targetMs` after it came, `creditMs` earlier for each step of priority. */
  | { readonly by: 'deadline'; readonly targetMs: number; readonly creditMs?: number }
  /** Each step of priority counts as if the item had waited `creditMs` longer: a bounded advantage, so nothing starves. */
  | { readonly by: 'aged'; readonly creditMs: number }
  /** Higher priority always first, whatever was waited; but who has waited `guardMs` comes before all, the longest first. */
  | { readonly by: 'strict'; readonly guardMs: number }
  /** As `strict`, but of equal priority the newest first: for requests that cool. They come before what other groups order by time. */
  | { readonly by: 'lifo'; readonly guardMs: number }

/** What an agent must be able to do. At most 4 deep and 50 names long; deeper parts count as not met. */
export type Expression =
  | { readonly skill: string; readonly level?: number; readonly atMost?: number }
  | { readonly all: readonly Expression[] }
  | { readonly any: readonly Expression[] }
  | { readonly not: Expression }

/** What becomes of an item that its group cannot serve: another group's, at the same place; kept aside to be pulled or given by hand; over, with a word for the shell (a ticket is kept aside instead). */
export type Overflow =
  | { readonly to: 'group'; readonly groupId: string }
  | { readonly to: 'pool' }
  | { readonly to: 'end'; readonly action: string }

/** Asked when an item comes into the group and nobody can take it at once, in this order; `late` while it waits. */
export interface OverflowRules {
  /** Nobody of the group is there, not even busy. */
  readonly nobody?: Overflow
  /** The group's `maxWaiting` is reached. Without this rule such an item is refused. */
  readonly full?: Overflow
  /** Whoever is at the head of the group's own line has waited this long already: the simplest estimate, and exact in heavy traffic (Ibrahim and Whitt 2009). */
  readonly slow?: { readonly estimateMs: number; readonly handler: Overflow }
  /** It has waited this long in the group. */
  readonly late?: { readonly afterMs: number; readonly handler: Overflow }
}

/**
 * What follows the end. `timed`: `wrapUpMs`, or until the agent is done. `fixed`: `wrapUpMs`, not less. `open`: until the
 * agent is done. `on-request`: as `timed`, but only where the agent asked for it; without `wrapUpMs` as `open`.
 */
export type WrapUpMode = 'timed' | 'fixed' | 'open' | 'on-request'

/**
 * One step of a plan: who is looked for, and from when on. A plan reads as one time line; each step adds people to those
 * before it, or takes their place. A step that falls due while the item is offered is entered when the offer is over, after
 * one more look at the old step.
 */
export interface Step {
  /** Since the item came into its group. The first step begins at once. 0 */
  readonly afterMs?: number
  /** `widen`: who was looked for before still is. Default `widen` */
  readonly mode?: 'widen' | 'replace'
  /** Another group than the item's own. Its strategy and tiers choose among its members. */
  readonly groupId?: string
  /** Only these members of the group: the last agent, the designated one. */
  readonly agents?: readonly string[]
  /** Instead of what the item itself requires. */
  readonly requirements?: readonly SkillLevel[]
  /** What is required besides. */
  readonly where?: Expression
  /** Only members of this tier and those before it. */
  readonly maxTier?: number
  /** Added to the item's priority from this step on. 0 */
  readonly priority?: number
  /** If nobody of this step is on duty when it is entered, the next one follows at once. false */
  readonly skipIfNobody?: boolean
  /** How long this step lasts, by how its people are when it is entered, instead of the next step's `afterMs`. */
  readonly waitMs?: { readonly full: number; readonly busy: number; readonly offline: number }
  /** The end of waiting: the item leaves with this word for the shell (message, callback, close…). Nobody is looked for. */
  readonly expire?: string
}

/** A skill group as configured. What is left out takes the default named beside it. */
export interface GroupConfig {
  readonly id: string
  /** `longest-idle` */
  readonly strategy?: Strategy
  /** `auto`: a match is an assignment. `manual`: a match is an offer, to accept before it expires. Default `auto`. */
  readonly acceptMode?: 'auto' | 'manual'
  /** 30 000 */
  readonly offerTimeoutMs?: number
  /** Asks so many agents at once; the first to accept has it. 1 */
  readonly offersAtOnce?: number
  /** The plan of items that come without their own: everybody in the group, at once. */
  readonly steps?: readonly Step[]
  /** `fifo` */
  readonly order?: Order
  /** How long an agent who declined or missed an item is not offered it again. 60 000 */
  readonly declineCooldownMs?: number
  /** If everybody on duty is excluded from an item, all are asked again after this long, at least 100. Default 10 000 */
  readonly reofferDelayMs?: number
  /** After so many missed offers in a row an agent is set away, reason `not-responding`. 0 switches it off. Default 3 */
  readonly maxMissed?: number
  /** After-call work: how long capacity stays in use after the end. 0 */
  readonly wrapUpMs?: number
  /** `timed` */
  readonly wrapUp?: WrapUpMode
  /** Waiting and offered items the group admits. Without it there is no limit. */
  readonly maxWaiting?: number
  readonly overflow?: OverflowRules
  /** Units of its items that come without their own. 1 */
  readonly weight?: number
  /** So many of those who could take it are kept free for items of this priority or more. */
  readonly reserve?: { readonly agents: number; readonly priority: number }
  /** Items of the group that one agent has in hand at once, unless the membership says otherwise. No limit. */
  readonly maxEach?: number
  /** Its items are not given to whoever has one of these media in hand. None */
  readonly notDuring?: readonly Medium[]
  /** Its items take spare capacity only, and never keep others from being given. false */
  readonly interruptible?: boolean
  /** What happens to an agent's items when the connection stays lost after its grace. Default `requeue` */
  readonly onLinkLost?: 'requeue' | 'keep'
  /** What happens to an agent's items when the agent goes offline. Default `keep` */
  readonly onOffline?: 'requeue' | 'keep'
  /** Units that a parked item still takes. 0 */
  readonly parkedWeight?: number
  /** A parked item wakes and its holder is full: keep it with them, up to `hardMax`, or have it wait. Default `keep` */
  readonly onWakeFull?: 'requeue' | 'keep'
}

export interface SkillLevel {
  readonly skill: string
  readonly level: number
}

export interface Membership {
  readonly groupId: string
  /** Lower tiers are asked first. 0 */
  readonly tier?: number
  /** Competence in this group, for `best-skill`. 0 */
  readonly level?: number
  /** Share of the work, for `weighted`. 1 */
  readonly weight?: number
  /** To this agent the group's items count as if they had waited so much longer: which of several groups comes first. 0 */
  readonly creditMs?: number
  /** Instead of the group's `maxEach`. */
  readonly maxItems?: number
}

export interface AgentConfig {
  readonly id: string
  /** Units of work at once. 5 */
  readonly capacity?: number
  /** The bound that even a supervisor's override respects. Twice the capacity. */
  readonly hardMax?: number
  /** Items at once for each medium. No limit where left out. */
  readonly limits?: { readonly [medium in Medium]?: number }
  readonly memberships?: readonly Membership[]
  readonly skills?: readonly SkillLevel[]
  /** Instead of the groups'. */
  readonly acceptMode?: 'auto' | 'manual'
}
