/** The words of routing's explanations, in each language that people read them in. */
import type { RuleHindrance } from './entry-match.ts'
import type { AssignmentEnd } from './ledger.ts'
import type { OverflowCause, RescindReason, Strategy } from './model.ts'

export type SentenceLanguage = 'en' | 'zh-CN' | 'zh-TW'

/** `member`: somebody wrote first. `coming`: its event is on its way, or there is no skill group yet. */
export type Absence = 'hours' | 'bot' | 'member' | 'coming' | 'nobody' | 'over'

type Measure = Strategy | 'preferred' | 'direct'

export interface SentenceWords {
  readonly end: string
  readonly between: string
  readonly and: string
  readonly holder: string
  readonly asked: string
  readonly free: string
  /** Nobody is asked for what lies in the pool or is put off, but it may be taken. */
  readonly mayTake: string
  /** Reasons that routing itself gives. */
  readonly imposed: Readonly<Record<string, string>>
  presence(state: 'offline' | 'busy' | 'away', since: string, reason: string): string
  readonly disconnected: string
  later(step: number, at: string, lacks: string): string
  lacks(skill: string, level: number, has: number): string
  unmet(condition: string): string
  readonly conditions: Readonly<Record<'all' | 'any' | 'not', string>>
  tier(tier: number, most: number): string
  readonly notAskedFor: string
  full(used: number, capacity: number, weight: number): string
  mediumFull(medium: string, count: number, limit: number): string
  mediumClosed(medium: string, reason: string): string
  groupFull(count: number, limit: number): string
  notDuring(medium: string): string
  reserved(priority: number): string
  excluded(until: string): string
  readonly media: Readonly<Record<string, string>>
  readonly measures: Readonly<Record<Measure, string>>
  readonly pulled: string
  readonly manual: string
  readonly repaired: string
  among(count: number, measure: string): string
  /** What decided before any measure, or where the next one's was the same. */
  tierFirst(tier: number): string
  alike(measure: string, second: string): string
  readonly longestSinceEnd: string
  readonly only: string
  /** Several are asked at once, and somebody else comes first. */
  readonly beside: string
  byStep(step: number): string
  /** Why an offer was taken back, or whoever held it holds it no longer. What they did themselves needs no word. */
  readonly ends: Readonly<Record<Exclude<RescindReason, 'declined' | 'expired'> | AssignmentEnd, string>>
  noRule(group: 'default' | 'channel'): string
  /** By the word in which a condition was written down; what is not here stays as it is. */
  readonly because: Readonly<Record<string, string>>
  rule(name: string, because: readonly string[]): string
  passedOver(name: string, why: string): string
  /** By the reason why an entry rule does not take a conversation. */
  readonly unmetOfRules: Readonly<Record<RuleHindrance, string>>
  readonly fallbackWait: string
  readonly fallbackGroup: string
  readonly designatedFirst: string
  readonly lastAgentFirst: string
  readonly states: Readonly<Record<'offered' | 'pooled' | 'active' | 'parked' | 'wrapup', string>>
  /** Before how what is handed on stands in its new group. */
  readonly kept: string
  deferred(until: string): string
  /** Why routing has nothing open of a conversation. */
  readonly absences: Readonly<Record<Exclude<Absence, 'hours'>, string>>
  outsideHours(until: string): string
  /** 1 is next. */
  waiting(place: number, of: number): string
  nextStep(step: number, at: string): string
  readonly causes: Readonly<Record<OverflowCause, string>>
  readonly went: Readonly<Record<'group' | 'pool' | 'end', string>>
  /** A step of a plan reaches nobody, who asks for that. */
  unreached(step: number, asked: string): string
  upToTier(tier: number): string
  readonly emptyGroup: string
  nobodyHas(skills: string): string
}
