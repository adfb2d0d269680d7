/** Makes sound settings of whatever was configured, so that no configuration can make the engine throw or loop. */
import { expressionOf } from './expression.ts'
import type {
  AgentConfig,
  GroupConfig,
  Medium,
  MediumReasons,
  Membership,
  Order,
  Overflow,
  OverflowRules,
  SkillLevel,
  Step,
  Strategy,
  WrapUpMode,
} from './model.ts'
import { type GroupSettings, MEDIA, type MembershipSettings, type RequirementClass, type State } from './state.ts'

const STRATEGIES: readonly Strategy[] = [
  'longest-idle',
  'least-loaded',
  'least-loaded-count',
  'round-robin',
  'best-skill',
  'weighted',
  'priority-list',
  'random',
]
const WRAP_UPS: readonly WrapUpMode[] = ['timed', 'fixed', 'open', 'on-request']
const MAX_MS = 366 * 24 * 3600 * 1000
/** Exclusions are looked at in this rhythm, so it must not be nought. */
const LEAST_REOFFER_MS = 100
const MAX_UNITS = 1_000_000

/** A whole number within bounds; the default for anything that is not a number. */
export function whole(value: unknown, least: number, most: number, otherwise: number): number {
  if (typeof value !== 'number' || Number.isNaN(value)) return otherwise
  return Math.min(most, Math.max(least, Math.trunc(value)))
}

export function isId(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0
}

function list<T>(value: readonly T[] | undefined): readonly T[] {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === 'object' && entry !== null) : []
}

export function weightOf(value: unknown): number {
  return whole(value, 1, MAX_UNITS, 1)
}

export function priorityOf(value: unknown): number {
  return whole(value, -1000, 1000, 0)
}

/** How long an item is parked for; undefined: until it is woken. */
export function parkedFor(value: unknown): number | undefined {
  return value === undefined ? undefined : whole(value, 0, MAX_MS, 0)
}

export function graceOf(value: unknown): number {
  return whole(value, 0, MAX_MS, 30_000)
}

function orderOf(order: Order | undefined): Order {
  if (order?.by === 'aged') return { by: 'aged', creditMs: whole(order.creditMs, 0, MAX_MS, 60_000) }
  if (order?.by === 'strict' || order?.by === 'lifo')
    return { by: order.by, guardMs: whole(order.guardMs, 0, MAX_MS, 3_600_000) }
  if (order?.by !== 'deadline') return { by: 'fifo' }
  const creditMs = whole(order.creditMs, 0, MAX_MS, 0)
  return { by: 'deadline', targetMs: whole(order.targetMs, 0, MAX_MS, 0), creditMs }
}

function overflowOf(given: Overflow | undefined): Overflow | undefined {
  if (given?.to === 'pool') return { to: 'pool' }
  if (given?.to === 'group' && isId(given.groupId)) return { to: 'group', groupId: given.groupId }
  return given?.to === 'end' && isId(given.action) ? { to: 'end', action: given.action } : undefined
}

function overflowRulesOf(given: OverflowRules | undefined): OverflowRules {
  const [nobody, full] = [overflowOf(given?.nobody), overflowOf(given?.full)]
  const [slow, late] = [overflowOf(given?.slow?.handler), overflowOf(given?.late?.handler)]
  return {
    ...(nobody && { nobody }),
    ...(full && { full }),
    ...(slow && { slow: { estimateMs: whole(given?.slow?.estimateMs, 0, MAX_MS, MAX_MS), handler: slow } }),
    ...(late && { late: { afterMs: whole(given?.late?.afterMs, 0, MAX_MS, MAX_MS), handler: late } }),
  }
}

function reserveOf(reserve: GroupConfig['reserve']): GroupSettings['reserve'] {
  const agents = whole(reserve?.agents, 0, MAX_UNITS, 0)
  return agents === 0 ? undefined : { agents, priority: priorityOf(reserve?.priority) }
}

/** Places in MEDIA, each once. */
export function mediaOf(media: readonly Medium[] | undefined): readonly number[] {
  return Array.isArray(media) ? MEDIA.flatMap((medium, place) => (media.includes(medium) ? [place] : [])) : []
}

/** Reasons of those media only, in their order; undefined where there is none. */
export function reasonsOf(reasons: MediumReasons | undefined, media: readonly number[]): MediumReasons | undefined {
  const given: Readonly<Record<string, unknown>> = typeof reasons === 'object' && reasons !== null ? reasons : {}
  const entries = media.flatMap((place) => {
    const medium = MEDIA[place] ?? 'chat'
    return isId(given[medium]) ? [[medium, given[medium]]] : []
  })
  return entries.length === 0 ? undefined : Object.fromEntries(entries)
}

function bound(value: unknown): number {
  return value === undefined ? Number.POSITIVE_INFINITY : whole(value, 0, MAX_UNITS, 0)
}

/** Fills in every default of a group. */
export function groupSettings(config: GroupConfig): GroupSettings {
  return {
    strategy: STRATEGIES.find((strategy) => strategy === config.strategy) ?? 'longest-idle',
    acceptMode: config.acceptMode === 'manual' ? 'manual' : 'auto',
    offerTimeoutMs: whole(config.offerTimeoutMs, 1, MAX_MS, 30_000),
    offersAtOnce: whole(config.offersAtOnce, 1, 100, 1),
    steps: stepsOf(config.steps),
    order: orderOf(config.order),
    declineCooldownMs: whole(config.declineCooldownMs, 0, MAX_MS, 60_000),
    reofferDelayMs: whole(config.reofferDelayMs, LEAST_REOFFER_MS, MAX_MS, 10_000),
    maxMissed: whole(config.maxMissed, 0, MAX_UNITS, 3),
    wrapUpMs: whole(config.wrapUpMs, 0, MAX_MS, 0),
    wrapUp: WRAP_UPS.find((mode) => mode === config.wrapUp) ?? 'timed',
    maxWaiting: config.maxWaiting === undefined ? undefined : whole(config.maxWaiting, 0, Number.MAX_SAFE_INTEGER, 0),
    overflow: overflowRulesOf(config.overflow),
    reserve: reserveOf(config.reserve),
    weight: weightOf(config.weight),
    maxEach: bound(config.maxEach),
    notDuring: mediaOf(config.notDuring),
    interruptible: config.interruptible === true,
    onLinkLost: config.onLinkLost === 'keep' ? 'keep' : 'requeue',
    onOffline: config.onOffline === 'requeue' ? 'requeue' : 'keep',
    parkedWeight: whole(config.parkedWeight, 0, MAX_UNITS, 0),
    onWakeFull: config.onWakeFull === 'requeue' ? 'requeue' : 'keep',
  }
}

const STEPS_AT_MOST = 20

/** A plan as it is kept: only what was said, in bounds, in the order given. */
export function stepsOf(steps: readonly Step[] | undefined): readonly Step[] {
  return list<Step>(steps).slice(0, STEPS_AT_MOST).map(stepOf)
}

function stepOf(step: Step): Step {
  const { groupId, agents, requirements, waitMs, expire, maxTier } = step
  const where = expressionOf(step.where)
  const ms = (value: unknown) => whole(value, 0, MAX_MS, 0)
  return {
    afterMs: ms(step.afterMs),
    mode: step.mode === 'replace' ? 'replace' : 'widen',
    ...(isId(groupId) ? { groupId } : {}),
    ...(Array.isArray(agents) ? { agents: [...new Set(agents.filter(isId))] } : {}),
    ...(Array.isArray(requirements) ? { requirements: list<SkillLevel>(requirements).map(skillLevel) } : {}),
    ...(where ? { where } : {}),
    ...(maxTier === undefined ? {} : { maxTier: whole(maxTier, 0, 1000, 0) }),
    priority: priorityOf(step.priority),
    skipIfNobody: step.skipIfNobody === true,
    ...(waitMs ? { waitMs: { full: ms(waitMs.full), busy: ms(waitMs.busy), offline: ms(waitMs.offline) } } : {}),
    ...(isId(expire) ? { expire } : {}),
  }
}

function skillLevel({ skill, level }: SkillLevel): SkillLevel {
  return { skill: isId(skill) ? skill : '', level: whole(level, 0, 1000, 0) }
}

/** What an agent's configuration comes to. Maps are in the order of their keys. */
export interface AgentSettings {
  readonly capacity: number
  readonly hardMax: number
  readonly limits: readonly number[]
  readonly memberships: ReadonlyMap<string, MembershipSettings>
  readonly skills: ReadonlyMap<string, number>
  readonly acceptMode: 'auto' | 'manual' | undefined
}

function membershipSettings({ tier, level, weight, creditMs, maxItems }: Membership): MembershipSettings {
  return {
    tier: whole(tier, 0, 1000, 0),
    level: whole(level, 0, 1000, 0),
    weight: whole(weight, 1, 1000, 1),
    creditMs: whole(creditMs, 0, MAX_MS, 0),
    maxItems: maxItems === undefined ? undefined : bound(maxItems),
  }
}

/** The same object for memberships that are alike: an agent of many groups has few kinds of them. */
function sharedWith(
  known: ReadonlyMap<string, MembershipSettings>,
  { tier, level, weight, creditMs, maxItems }: MembershipSettings,
): MembershipSettings {
  for (const one of known.values()) {
    const isAlike = one.tier === tier && one.level === level && one.weight === weight && one.creditMs === creditMs
    if (isAlike && one.maxItems === maxItems) return one
  }
  return { tier, level, weight, creditMs, maxItems }
}

function byKey<T>(entries: Map<string, T>): Map<string, T> {
  return new Map([...entries].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Fills in every default of an agent. */
export function agentSettings(config: AgentConfig): AgentSettings {
  const capacity = whole(config.capacity, 0, MAX_UNITS, 5)
  const memberships = new Map<string, MembershipSettings>()
  for (const membership of list<Membership>(config.memberships)) {
    if (isId(membership.groupId))
      memberships.set(membership.groupId, sharedWith(memberships, membershipSettings(membership)))
  }
  const skills = new Map<string, number>()
  for (const { skill, level } of list<SkillLevel>(config.skills))
    if (isId(skill)) skills.set(skill, whole(level, 0, 1000, 0))
  return {
    capacity,
    hardMax: Math.max(capacity, whole(config.hardMax, 0, MAX_UNITS, capacity * 2)),
    limits: MEDIA.map((medium) => bound(config.limits?.[medium])),
    memberships: byKey(memberships),
    skills: byKey(skills),
    acceptMode: config.acceptMode === 'auto' || config.acceptMode === 'manual' ? config.acceptMode : undefined,
  }
}

/** Interned sets are only saved memory: beyond this many the table begins anew. */
const CLASSES_KEPT = 10_000

/** What a step of a plan requires besides skills. */
type Narrowing = Pick<Step, 'agents' | 'where' | 'maxTier'>

/** The object for this set of requirements, whatever the order they were given in. */
export function requirementClass(
  state: State,
  requirements: readonly SkillLevel[] | undefined,
  { agents, where, maxTier }: Narrowing = {},
): RequirementClass {
  const levels = new Map<string, number>()
  for (const { skill, level } of list<SkillLevel>(requirements)) {
    if (isId(skill)) levels.set(skill, Math.max(levels.get(skill) ?? 0, whole(level, 0, 1000, 0)))
  }
  const all = [...byKey(levels)].map(([skill, level]) => ({ skill, level }))
  const isAnybody = all.length === 0 && !agents && !where && maxTier === undefined
  const key = isAnybody ? '' : JSON.stringify([all.map(({ skill, level }) => [skill, level]), agents, where, maxTier])
  const known = state.requirementClasses.get(key)
  if (known) return known
  if (state.requirementClasses.size >= CLASSES_KEPT) state.requirementClasses.clear()
  const made = { key, all, agents, where, maxTier }
  state.requirementClasses.set(key, made)
  return made
}
