/** Which entry rule takes a conversation, and why the others do not. Pure: facts in, verdict out. */
import { RE2JS } from 're2js'
import type { EntryRule } from '../core/events/entry-shapes.ts'
import type { SkillLevel } from '../core/events/routing-shapes.ts'
import type { IsOpen } from './entry-hours.ts'
import { isWithin, placesOf } from './regions.ts'

/** What is known of a conversation when it begins to wait. */
export interface EntryFacts {
  readonly channelId: string | null
  readonly channelKind: string | null
  /** What the customer wrote, of the messages that wait for an answer. */
  readonly text: string
  readonly language: string | undefined
  /** The same in words that people read: `广东 深圳`; and whence it is known. */
  readonly region: string | undefined
  readonly tags: readonly string[]
  readonly vip: boolean
  readonly isOpen: IsOpen
}

/** A rule made ready: its expression compiled, its words normal. */
export interface ReadyRule {
  readonly rule: EntryRule
  readonly pattern: RE2JS | undefined
  readonly keywords: readonly string[]
}

/** The condition that does not hold, or why the rule counts for nothing. */
export type RuleHindrance =
  | ('channel' | 'keywords' | 'pattern' | 'languages' | 'regions' | 'tags' | 'hours' | 'vip')
  | ('nobody-on-duty' | 'group-gone' | 'disabled')

/** Why a rule did not take the conversation. */
export interface Passed {
  readonly ruleId: string
  readonly name: string
  readonly reason: RuleHindrance
}

export interface Verdict {
  readonly ruleId: string
  readonly name: string
  readonly groupId: string
  readonly priority: number
  readonly skills: readonly SkillLevel[]
  /** What of the rule's conditions held, in words. */
  readonly because: readonly string[]
  /** Set when nobody of the target was on duty. */
  readonly fallback?: 'wait' | 'group'
}

/** What the judge may ask of people and groups at this moment. */
export interface Duty {
  isGroup(groupId: string): boolean
  /** Whether somebody with these skills is on duty there. */
  isServed(groupId: string, skills: readonly SkillLevel[]): boolean
}

/** The most a compiled expression may hold: what is matched is bounded, so the time of a match is too. */
export const largestPattern = 2000

/** Compiles an expression. Throws what RE2JS throws. Its matching takes time linear in the text, whatever the expression. */
export function compilePattern(pattern: string): RE2JS {
  return RE2JS.compile(pattern, RE2JS.CASE_INSENSITIVE)
}

export function normalText(text: string): string {
  return text.normalize('NFKC').toLowerCase()
}

/** A rule as it is kept is a rule that compiles: it was checked when it was written. */
export function ready(rule: EntryRule): ReadyRule {
  return {
    rule,
    pattern: rule.when.pattern === undefined ? undefined : compilePattern(rule.when.pattern),
    keywords: (rule.when.keywords ?? []).map(normalText),
  }
}

/** The first rule that takes it, and those passed over before it. Rules come in their order. */
export function judge(
  rules: readonly ReadyRule[],
  facts: EntryFacts,
  duty: Duty,
): { readonly verdict: Verdict | undefined; readonly passed: readonly Passed[] } {
  const text = normalText(facts.text)
  const places = new Set(placesOf(facts.region ?? ''))
  const passed: Passed[] = []
  for (const one of rules) {
    const { id: ruleId, name, target, otherwise } = one.rule
    const pass = (reason: RuleHindrance) => passed.push({ ruleId, name, reason })
    const because: string[] = []
    const hindrance = one.rule.enabled ? unmet(one, facts, text, places, because) : 'disabled'
    if (hindrance !== undefined) {
      pass(hindrance)
      continue
    }
    if (!duty.isGroup(target.groupId)) {
      pass('group-gone')
      continue
    }
    const { groupId, priority = 0, skills = [] } = target
    const found = { ruleId, name, groupId, priority, skills, because }
    if (duty.isServed(groupId, skills)) return { verdict: found, passed }
    if (otherwise.to === 'wait') return { verdict: { ...found, fallback: 'wait' }, passed }
    if (otherwise.to === 'group' && duty.isGroup(otherwise.groupId)) {
      return { verdict: { ...found, groupId: otherwise.groupId, skills: [], fallback: 'group' }, passed }
    }
    pass('nobody-on-duty')
  }
  return { verdict: undefined, passed }
}

/** The first condition that does not hold; notes those that do. */
function unmet(
  { rule: { when }, pattern, keywords }: ReadyRule,
  facts: EntryFacts,
  text: string,
  places: ReadonlySet<string>,
  because: string[],
): RuleHindrance | undefined {
  const { channelIds, channelKinds, languages, regions, tags, vip } = when
  if (channelIds !== undefined || channelKinds !== undefined) {
    const isOne = channelIds?.includes(facts.channelId ?? '') || channelKinds?.includes(facts.channelKind ?? '')
    if (!isOne) return 'channel'
    because.push(`channel ${facts.channelKind ?? ''}`.trim())
  }
  if (when.keywords !== undefined) {
    const found = keywords.findIndex((keyword) => text.includes(keyword))
    if (found < 0) return 'keywords'
    because.push(`keyword ${when.keywords[found]}`)
  }
  if (pattern !== undefined) {
    if (!pattern.matcher(text).find()) return 'pattern'
    because.push(`pattern ${when.pattern}`)
  }
  if (languages !== undefined) {
    if (!languages.includes(facts.language ?? '')) return 'languages'
    because.push(`language ${facts.language}`)
  }
  if (regions !== undefined) {
    const found = regions.find((region) => isWithin(places, region))
    if (found === undefined) return 'regions'
    because.push(`region ${found}`)
  }
  if (tags !== undefined) {
    const carried = new Set(facts.tags.map(normalText))
    const found = tags.find((tag) => carried.has(normalText(tag)))
    if (found === undefined) return 'tags'
    because.push(`tag ${found}`)
  }
  if (when.hours !== undefined) {
    const { open, calendarId } = when.hours
    if (facts.isOpen(calendarId) !== open) return 'hours'
    because.push(open ? 'it is open' : 'it is closed')
  }
  if (vip !== undefined) {
    if (vip !== facts.vip) return 'vip'
    because.push(vip ? 'VIP' : 'no VIP')
  }
  return undefined
}
