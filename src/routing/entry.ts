/**
 * Into which skill group a conversation comes, and who is asked first: decided once, when it becomes an item, by the tenant's
 * precedence. Pure over the engine's state.
 */
import type { EntrySource } from '../core/events/entry-shapes.ts'
import type { GroupRouting, SkillLevel } from '../core/events/routing-shapes.ts'
import { noRules, type RuleSet } from './entry-facts.ts'
import { type Duty, type EntryFacts, judge, type Passed, type Verdict } from './entry-match.ts'
import { isServed } from './look.ts'
import type { Step } from './model.ts'
import { stepOf } from './policies.ts'
import type { RoutedTenant } from './tenants.ts'

type LastAgent = NonNullable<GroupRouting['lastAgent']>

/** What entry goes by, of one conversation. */
export interface Arriving {
  readonly groupId: string | null
  /** Whom the customer, or the page they came from, asked for (指定客服). */
  readonly designatedId?: string | null
  readonly lastAgentId?: string | null
  readonly lastServedAt?: Date | null
}

/** How it came into its group: kept with the item, for the explanation. */
export interface EntryRecord {
  readonly source: EntrySource | 'default'
  readonly groupId: string
  /** What its rule adds to its priority. */
  readonly priority?: number
  readonly rule?: Omit<Verdict, 'groupId' | 'priority'>
  readonly passed: readonly Passed[]
  /** Who is asked first, and as what. */
  readonly agent?: { readonly memberId: string; readonly as: 'designated' | 'last-agent' }
  readonly language?: string
  readonly region?: string
}

export interface Entry {
  readonly groupId: string
  readonly priority: number
  readonly skills: readonly SkillLevel[]
  /** Instead of the group's plan, where somebody is asked before it. */
  readonly steps: readonly Step[] | undefined
  readonly record: EntryRecord
}

/** How long somebody whom the customer asked for is waited for, by how they are. */
const designatedWait = { full: 300, busy: 60, offline: 0 }

/** Undefined when the tenant has no group at all. `lastAgents`: what each group says of customers who come back. */
export function enter(
  tenant: RoutedTenant,
  arriving: Arriving,
  set: RuleSet = noRules,
  facts: EntryFacts | undefined,
  lastAgents: ReadonlyMap<string, LastAgent>,
  at: number,
): Entry | undefined {
  const named = arriving.groupId !== null && tenant.groups.has(arriving.groupId) ? arriving.groupId : undefined
  const ownId = named ?? tenant.groups.keys().next().value
  if (ownId === undefined) return undefined
  const rank = (source: EntrySource) => {
    const place = set.precedence.indexOf(source)
    return place < 0 ? Number.POSITIVE_INFINITY : place
  }
  const mayJudge = facts !== undefined && rank('rules') < rank('channel')
  const { verdict, passed } = mayJudge ? judge(set.rules, facts, dutyOf(tenant)) : { verdict: undefined, passed: [] }
  const groupId = verdict?.groupId ?? ownId
  const bar = verdict === undefined ? Number.POSITIVE_INFINITY : rank('rules')
  const first = (['designated', 'last-agent'] as const)
    .filter((source) => rank(source) < Number.POSITIVE_INFINITY)
    .sort((a, b) => rank(a) - rank(b))
    .map((source) => askFirst(tenant, arriving, source, groupId, rank(source) < bar, lastAgents, at))
    .find((found) => found !== undefined)
  const plan = tenant.groups.get(groupId)?.steps ?? []
  const own: EntryRecord['source'] = named === undefined ? 'default' : 'channel'
  const { groupId: _, priority = 0, ...rule } = verdict ?? { groupId, priority: 0, skills: [] }
  return {
    groupId,
    priority,
    skills: verdict?.skills ?? [],
    steps: first === undefined ? undefined : [first.step, ...(plan.length === 0 ? [{}] : plan)],
    record: {
      source: first?.outranks ? first.as : verdict === undefined ? own : 'rules',
      groupId,
      ...(priority !== 0 && { priority }),
      ...('ruleId' in rule && { rule }),
      passed,
      ...(first !== undefined && { agent: { memberId: first.memberId, as: first.as } }),
      ...(facts?.language !== undefined && { language: facts.language }),
      ...(facts?.region !== undefined && { region: facts.region }),
    },
  }
}

function dutyOf({ state, groups }: RoutedTenant): Duty {
  return {
    isGroup: (groupId) => groups.has(groupId),
    isServed: (groupId, skills) => isServed(state, groupId, skills),
  }
}

/**
 * The step that asks one person before all others; the place in line is kept meanwhile. Whoever outranks the rules is asked
 * in a group of their own if need be, and whatever the rule requires; others only as one who fits.
 */
function askFirst(
  tenant: RoutedTenant,
  arriving: Arriving,
  as: 'designated' | 'last-agent',
  groupId: string,
  outranks: boolean,
  lastAgents: ReadonlyMap<string, LastAgent>,
  at: number,
): { step: Step; memberId: string; as: 'designated' | 'last-agent'; outranks: boolean } | undefined {
  const memberId = as === 'designated' ? arriving.designatedId : arriving.lastAgentId
  const settings = lastAgents.get(groupId)
  const age = at - (arriving.lastServedAt?.getTime() ?? 0)
  const waitSeconds =
    as === 'designated'
      ? (settings?.waitSeconds ?? designatedWait)
      : settings !== undefined && age <= settings.withinDays * 86_400_000
        ? settings.waitSeconds
        : undefined
  const memberships = tenant.members.get(memberId ?? '')?.memberships ?? []
  const isMember = memberships.some((one) => one.groupId === groupId)
  const elsewhere = outranks
    ? [...tenant.groups.keys()].find((id) => memberships.some((one) => one.groupId === id))
    : undefined
  const place = isMember ? groupId : elsewhere
  if (!memberId || waitSeconds === undefined || place === undefined) return undefined
  const step = stepOf({
    memberIds: [memberId],
    waitSeconds,
    ...(place !== groupId && { groupId: place }),
    ...(outranks && { skills: [] }),
  })
  return { step, memberId, as, outranks }
}
