/**
 * The words of routing: what the engine is told (events), what it answers (decisions), and what must be stored of it (records).
 * What may be configured stands in settings.ts.
 *
 * Everything here is plain JSON. Times are integer milliseconds. Ids are opaque strings. The engine itself is engine.ts.
 */

import type { AgentConfig, GroupConfig, Medium, Overflow, Presence, SkillLevel, Step, Strategy } from './settings.ts'

export type {
  AgentConfig,
  Expression,
  GroupConfig,
  Medium,
  Membership,
  Order,
  Overflow,
  OverflowRules,
  Presence,
  SkillLevel,
  Step,
  Strategy,
  WrapUpMode,
} from './settings.ts'

export type MediumReasons = { readonly [medium in Medium]?: string }

interface Stamp {
  /** Milliseconds. Taken as the last event's time when it is smaller than that. */
  readonly at: number
  /** An event with an id that was seen before has no second effect. */
  readonly commandId?: string
}

interface ItemCommand extends Stamp {
  readonly itemId: string
  /** If given, the command holds only while the item is still at this revision. */
  readonly rev?: number
}

interface HolderCommand extends ItemCommand {
  readonly agentId?: string
}

interface OfferAnswer extends Stamp {
  readonly itemId?: string
  readonly offerId: string
  readonly agentId: string
}

export interface Enqueue extends Stamp {
  readonly type: 'item.enqueue'
  readonly itemId: string
  readonly groupId: string
  readonly medium: Medium
  /** Units of capacity. As the group says */
  readonly weight?: number
  /** Higher is more urgent. 0 */
  readonly priority?: number
  /** Since when the customer has waited, if longer than now. */
  readonly enqueuedAt?: number
  /** Gets the item at once if eligible, routable and with room; otherwise the item waits for anybody. */
  readonly preferredAgentId?: string
  readonly requirements?: readonly SkillLevel[]
  /** Instead of the group's plan. At most 20. */
  readonly steps?: readonly Step[]
  /** Agents who are asked only after the group's cool-down, or when nobody else is on duty. */
  readonly excluded?: readonly string[]
}

export type EngineEvent =
  | Enqueue
  /** The customer left or the conversation was closed. In service it is the same as `item.end` without an agent. */
  | (ItemCommand & { readonly type: 'item.cancel' })
  | (ItemCommand & {
      readonly type: 'item.update'
      readonly priority?: number
      readonly groupId?: string
      readonly requirements?: readonly SkillLevel[]
    })
  | (OfferAnswer & { readonly type: 'item.accept' })
  | (OfferAnswer & { readonly type: 'item.decline' })
  /** They look into it before they answer: their offer stays open for `forMs`, and all others of the item are over. */
  | (OfferAnswer & { readonly type: 'item.consider'; readonly forMs: number })
  /** The service is over. With `agentId` only its holder may say so. */
  | (HolderCommand & { readonly type: 'item.end' })
  | (HolderCommand & { readonly type: 'item.wrapDone' })
  /** The holder will want time after the end, where the group gives it on request. */
  | (HolderCommand & { readonly type: 'item.wrapUp' })
  /** On hold, snoozed: the holder keeps the item, its capacity is free but for `parkedWeight`. Wakes by itself after `forMs`. */
  | (HolderCommand & { readonly type: 'item.park'; readonly forMs?: number })
  | (ItemCommand & { readonly type: 'item.wake' })
  /** Put off, while nobody has it or is being asked: nobody is, until `forMs` is over or it is woken. It keeps its place. */
  | (ItemCommand & { readonly type: 'item.defer'; readonly forMs?: number })
  /** An agent takes a waiting item: must be eligible and have room, but may be busy or away. */
  | (ItemCommand & { readonly type: 'item.pull'; readonly agentId: string })
  /** A supervisor gives an item, or takes it over for somebody. `override` allows more than the capacity, up to `hardMax`. */
  | (ItemCommand & { readonly type: 'item.assign'; readonly agentId: string; readonly override?: boolean })
  /** The holder hands on. To a group: at once into its queue. To an agent, or `warm` to a group: the holder keeps the item until another has accepted. */
  | (ItemCommand & {
      readonly type: 'item.transfer'
      readonly agentId?: string
      readonly to: { readonly groupId: string } | { readonly agentId: string }
      /** false: the wait begins anew. Default true. */
      readonly keepPlace?: boolean
      readonly warm?: boolean
      /** Whoever is to have it is asked also where they would be given it at once. */
      readonly asks?: boolean
    })
  /** The holder keeps what nobody has accepted yet. */
  | (HolderCommand & { readonly type: 'item.recall' })
  | (Stamp & {
      readonly type: 'agent.presence'
      readonly agentId: string
      readonly state: Presence
      readonly reason?: string
      /** Media in which the agent takes nothing although online. None */
      readonly closed?: readonly Medium[]
      /** Why, of those media. */
      readonly closedReasons?: MediumReasons
      /** The tenant's own word for the state. */
      readonly status?: string
    })
  /** `down` takes open offers back at once; the items stay for `graceMs` (30 000) until the link counts as lost. */
  | (Stamp & {
      readonly type: 'agent.link'
      readonly agentId: string
      readonly link: 'up' | 'down'
      readonly graceMs?: number
    })
  | (Stamp & { readonly type: 'config.group'; readonly group: GroupConfig })
  /** The group's items go to the fallback; without one they stay, to be pulled, assigned or moved by hand. */
  | (Stamp & { readonly type: 'config.group-removed'; readonly groupId: string; readonly fallbackGroupId?: string })
  | (Stamp & { readonly type: 'config.agent'; readonly agent: AgentConfig })
  | (Stamp & { readonly type: 'config.agent-removed'; readonly agentId: string })
  | (Stamp & { readonly type: 'tick' })

export type EventOf<T extends EngineEvent['type']> = Extract<EngineEvent, { type: T }>

/** Why this agent and this item. Tuples are in the strategy's order of fields, smaller first. */
export interface Why {
  readonly strategy: Strategy | 'preferred' | 'direct'
  /** The step of the item's plan that asked for this agent. */
  readonly step: number
  /** [tier, measure, second measure, sequence] */
  readonly winner: readonly number[]
  readonly runnerUp?: { readonly agentId: string; readonly tuple: readonly number[] }
  /** Agents who could have taken the item at that moment. */
  readonly eligible: number
  /** The item's place: see Order. */
  readonly key: number
  /** How many are asked at the same time who come before. */
  readonly beside?: number
}

export type RescindReason =
  | 'declined'
  | 'expired'
  | 'cancelled'
  | 'agent-unavailable'
  | 'not-responding'
  | 'link-down'
  | 'not-eligible'
  | 'taken'
  | 'ended'

export type ReleaseReason = 'woken' | 'ended' | 'transferred' | 'taken-over' | 'link-lost' | 'offline' | 'agent-removed'
export type RequeueReason = RescindReason | ReleaseReason | 'group-removed' | 'moved' | 'overflow' | 'due'
export type OverflowCause = 'nobody' | 'full' | 'slow' | 'late'
export type RejectReason = 'full' | 'unknown-group' | 'agent-unavailable'
export type IgnoreReason =
  | 'stale'
  | 'duplicate'
  | 'invalid'
  | 'unknown-agent'
  | 'not-eligible'
  | 'no-capacity'
  | 'unavailable'

export type Decision =
  | {
      readonly type: 'offer'
      readonly itemId: string
      readonly groupId: string
      readonly agentId: string
      readonly offerId: string
      readonly expiresAt: number
      readonly why: Why
    }
  /** An offer is over without having been accepted. Every offer ends in exactly one `rescind` or one `assign`. */
  | {
      readonly type: 'rescind'
      readonly itemId: string
      readonly agentId: string
      readonly offerId: string
      readonly reason: RescindReason
    }
  /** The offer stays open until then: whoever is asked looks into it. */
  | {
      readonly type: 'considered'
      readonly itemId: string
      readonly agentId: string
      readonly offerId: string
      readonly expiresAt: number
    }
  /** The agent holds the item from now on. */
  | {
      readonly type: 'assign'
      readonly itemId: string
      readonly groupId: string
      readonly agentId: string
      readonly cause: 'auto' | 'accepted' | 'pulled' | 'manual'
      readonly offerId?: string
      readonly why?: Why
    }
  /** The agent holds the item no longer. */
  | { readonly type: 'release'; readonly itemId: string; readonly agentId: string; readonly reason: ReleaseReason }
  /** A new item waits, nobody could take it at once. */
  | { readonly type: 'queued'; readonly itemId: string; readonly groupId: string; readonly key: number }
  /** An item waits again. An offer or assignment of it may follow in the same answer. */
  | {
      readonly type: 'requeue'
      readonly itemId: string
      readonly groupId: string
      readonly reason: RequeueReason
      readonly key: number
    }
  /** The group could not serve it. To another group: it waits there, or was taken at once. The pool: until somebody takes or gives it. */
  | {
      readonly type: 'overflow'
      readonly itemId: string
      readonly groupId: string
      readonly cause: OverflowCause
      readonly handler: Overflow
      readonly key: number
    }
  /** It has waited as long as the order's guard lets it. */
  | { readonly type: 'lifted'; readonly itemId: string; readonly key: number }
  | { readonly type: 'stepEntered'; readonly itemId: string; readonly step: number; readonly key: number }
  | { readonly type: 'parked'; readonly itemId: string; readonly agentId: string; readonly until?: number }
  | { readonly type: 'woken'; readonly itemId: string; readonly agentId: string }
  | { readonly type: 'deferred'; readonly itemId: string; readonly until?: number }
  | { readonly type: 'wrapUp'; readonly itemId: string; readonly agentId: string; readonly until?: number }
  | {
      readonly type: 'ended'
      readonly itemId: string
      readonly state: 'done' | 'abandoned' | 'expired'
      /** Who held it; of a consult, who took it. */
      readonly agentId?: string
      /** The word of the plan's last step, when expired. */
      readonly action?: string
    }
  /** Another item stands in a group's line for one that its holder keeps: the consult. Whoever takes it is assigned the other. */
  | {
      readonly type: 'consulting'
      readonly itemId: string
      readonly forItemId: string
      readonly agentId: string
      readonly groupId: string
      readonly key: number
    }
  /** Nobody took what was to be handed on: its holder keeps it. */
  | {
      readonly type: 'transferFailed'
      readonly itemId: string
      readonly agentId: string
      readonly reason: RescindReason
    }
  | { readonly type: 'setPresence'; readonly agentId: string; readonly state: Presence; readonly reason: string }
  /** The command was refused; nothing changed. */
  | {
      readonly type: 'reject'
      readonly itemId: string
      readonly reason: RejectReason
      readonly commandId?: string
    }
  /** The event had no effect: it came too late, twice, or made no sense. */
  | {
      readonly type: 'ignored'
      readonly reason: IgnoreReason
      readonly event: string
      readonly itemId?: string
      readonly commandId?: string
    }
  /** More timers are due than one tick fires: send another. */
  | { readonly type: 'more' }

/** `pooled`: waits for nobody in particular, to be pulled, given or moved by hand. `deferred`: until its time has come. */
export type ItemState =
  | 'waiting'
  | 'deferred'
  | 'offered'
  | 'pooled'
  | 'active'
  | 'parked'
  | 'wrapup'
  | 'done'
  | 'abandoned'
  | 'expired'

export interface ItemRecord {
  readonly id: string
  readonly groupId: string
  readonly medium: Medium
  readonly weight: number
  readonly priority: number
  readonly state: ItemState
  /** Since when it is in this state. */
  readonly since: number
  readonly key: number
  /** Before the key, lower first; only by the strict order other than 0. */
  readonly band?: number
  readonly enqueuedAt: number
  readonly seq: number
  /** The holder, while active, parked or wrapping up. */
  readonly agentId?: string
  /** Open offers: more than one only where the group asks several at once; while active it is a transfer in progress. */
  readonly offers: readonly { readonly id: string; readonly agentId: string; readonly expiresAt: number }[]
  readonly wrapUpUntil?: number
  readonly wrapUpWanted?: true
  /** Groups that passed it on, so that none gets it twice. */
  readonly passed?: readonly string[]
  /** While parked: what it still takes, and until when. */
  readonly parked?: { readonly units: number; readonly until?: number }
  /** While deferred, if it comes back by itself. */
  readonly deferredUntil?: number
  /** The plan, how far it has come, since when it runs (if not since it is in its state), and when the next step is due. */
  readonly steps?: readonly Step[]
  readonly step?: number
  readonly planAt?: number
  readonly nextStepAt?: number
  readonly preferredAgentId?: string
  readonly requirements: readonly SkillLevel[]
  readonly exclusions: readonly { readonly agentId: string; readonly until: number }[]
  readonly reofferAt?: number
  /** The item in service that it stands for in its group's line. */
  readonly consultFor?: string
  /** It is offered also where it would be given at once. */
  readonly asks?: true
  readonly rev: number
}

export interface AgentRecord {
  readonly id: string
  readonly seq: number
  readonly presence: Presence
  readonly reason?: string
  readonly presenceSince: number
  readonly status?: string
  readonly closed?: readonly Medium[]
  readonly closedReasons?: MediumReasons
  readonly link: 'up' | 'grace' | 'down'
  readonly graceUntil?: number
  /** Units in use: held, offered, parked and wrapping up. Follows from the items; restore() computes it anew. */
  readonly used: number
  readonly counts: { readonly [medium in Medium]: number }
  /** Items among them of which only the wrap-up is left. */
  readonly wrappingUp?: number
  readonly idleSince?: number
  /** The number of the last work given, in the tenant's order. */
  readonly turn: number
  /** Work given in weighted groups, in millionths for the weight. */
  readonly shares?: { readonly [groupId: string]: number }
  readonly missed: number
  readonly rev: number
  /** Set once, when the agent's configuration was removed. */
  readonly removed?: true
}

/** What belongs to the tenant as a whole: store it with every batch. */
export interface TenantRecord {
  readonly at: number
  readonly seq: number
  readonly turn: number
}

/** What changed since the last call of changes(). Ended items come once, in their last state. */
export interface Changes {
  readonly tenant: TenantRecord
  readonly items: readonly ItemRecord[]
  readonly agents: readonly AgentRecord[]
  /** Command ids remembered since the last call, oldest first. */
  readonly commands: readonly string[]
}

/** All that restore() needs: the newest record of each open item and agent, and the configuration in force. */
export interface Records {
  readonly tenant?: TenantRecord
  readonly items: readonly ItemRecord[]
  readonly agents: readonly AgentRecord[]
  /** The newest command ids (10 000 are enough), oldest first. */
  readonly commands?: readonly string[]
  readonly groups: readonly GroupConfig[]
  readonly members: readonly AgentConfig[]
}
