/** Decisions in plain words, for people who ask why, in their language: they count steps from one. Programs go by the codes. Pure. */
import type { PlanStep, SkillLevel } from '../core/events/routing-shapes.ts'
import type { EntryRecord } from './entry.ts'
import type { Passed, Verdict } from './entry-match.ts'
import type { AgentView, ItemView, Lack, Obstacle } from './explain.ts'
import type { Pass } from './ledger.ts'
import type { Expression, Strategy } from './model.ts'
import type { Absence, SentenceLanguage, SentenceWords } from './sentence-words.ts'
import { en } from './sentences-en.ts'
import { zhCn } from './sentences-zh-cn.ts'
import { zhTw } from './sentences-zh-tw.ts'

const sentenceWords: Readonly<Record<SentenceLanguage, SentenceWords>> = { en, 'zh-CN': zhCn, 'zh-TW': zhTw }

const utc = (ms: number): string => new Date(ms).toISOString()

/** One sentence of an agent, said of them: "Is away since … (午餐); lacks lang.en 4 (has 2)." */
export function sentenceOf({ role, obstacles }: AgentView, language: SentenceLanguage, isAside = false): string {
  const words = sentenceWords[language]
  if (role === 'holder') return words.holder
  if (role === 'asked') return words.asked
  if (role === 'free') return isAside ? words.mayTake : words.free
  const text = obstacles.map((obstacle) => obstacleText(words, obstacle)).join(words.between)
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${words.end}`
}

function obstacleText(words: SentenceWords, obstacle: Obstacle): string {
  switch (obstacle.code) {
    case 'offline':
    case 'busy':
    case 'away':
      return words.presence(obstacle.code, utc(obstacle.since), reasonText(words, obstacle.reason ?? ''))
    case 'disconnected':
      return words.disconnected
    case 'later':
      return words.later(
        obstacle.step + 1,
        obstacle.at === undefined ? '' : utc(obstacle.at),
        (obstacle.short ?? []).map((one) => obstacleText(words, one)).join(words.and),
      )
    case 'unskilled':
      return lacking(words, obstacle.lacks)
    case 'unmet':
      return words.unmet(conditionIn(words, obstacle.where))
    case 'tier':
      return words.tier(obstacle.tier, obstacle.most)
    case 'not-asked-for':
      return words.notAskedFor
    case 'full':
      return words.full(obstacle.used, obstacle.capacity, obstacle.weight)
    case 'medium-full':
      return words.mediumFull(mediumIn(words, obstacle.medium), obstacle.count, obstacle.limit)
    case 'medium-closed':
      return words.mediumClosed(mediumIn(words, obstacle.medium), obstacle.reason ?? '')
    case 'group-full':
      return words.groupFull(obstacle.count, obstacle.limit)
    case 'not-during':
      return words.notDuring(mediumIn(words, obstacle.medium))
    case 'reserved':
      return words.reserved(obstacle.priority)
    case 'excluded':
      return words.excluded(utc(obstacle.until))
  }
}

/** People's own words stay as they are. */
const reasonText = ({ imposed }: SentenceWords, reason: string): string =>
  Object.hasOwn(imposed, reason) ? (imposed[reason] ?? reason) : reason

const lacking = (words: SentenceWords, lacks: readonly Lack[]): string =>
  lacks.map(({ skill, level, has }) => words.lacks(skill, level, has)).join(words.and)

/** As one would write it down: 退款 ≥ 2 and (vip ≥ 1 or not trainee 1–3). */
function conditionIn(words: SentenceWords, condition: Expression, isInner = false): string {
  if ('skill' in condition) {
    const { skill, level = 1, atMost } = condition
    return `${skill} ${atMost === undefined ? `≥ ${level}` : `${level}–${atMost}`}`
  }
  if ('not' in condition) return `${words.conditions.not}${conditionIn(words, condition.not, true)}`
  const [parts, joint] =
    'all' in condition ? [condition.all, words.conditions.all] : [condition.any, words.conditions.any]
  const text = parts.map((part) => conditionIn(words, part, true)).join(joint)
  return isInner && parts.length > 1 ? `(${text})` : text
}

const mediumIn = (words: SentenceWords, medium: string): string => words.media[medium] ?? medium

/** How it stands at this moment. */
export function standingSentence(view: ItemView, language: SentenceLanguage): string {
  const words = sentenceWords[language]
  if (view.state === 'done' || view.state === 'abandoned' || view.state === 'expired') return ''
  if (view.state === 'deferred') return words.deferred(view.deferredUntil === undefined ? '' : utc(view.deferredUntil))
  const kept = view.keptBy === undefined ? '' : words.kept
  if (view.state !== 'waiting') return kept + words.states[view.state]
  const next = view.nextStepAt === undefined ? '' : words.nextStep(view.step + 2, utc(view.nextStepAt))
  return kept + words.waiting((view.ahead ?? 0) + 1, view.waiting ?? 0) + next
}

/** Why routing has nothing open of a conversation; `until` when the hours begin for which it waits, if that is known. */
export function absenceSentence(absence: Absence, until: string | null, language: SentenceLanguage): string {
  const words = sentenceWords[language]
  return absence === 'hours' ? words.outsideHours(until ?? '') : words.absences[absence]
}

/** Why a skill group could not serve it, and what became of it. */
export function passSentence({ cause, to }: Pass, language: SentenceLanguage): string {
  const words = sentenceWords[language]
  return words.causes[cause] + words.went[to]
}

/** Why an offer or assignment went to its agent, from what was written with it. */
export function reasonOf(why: Readonly<Record<string, unknown>> | null, language: SentenceLanguage): string | null {
  if (why === null) return null
  const words = sentenceWords[language]
  const isOf = <T extends object>(all: T, key: unknown): key is keyof T => typeof key === 'string' && key in all
  const isDirect = why.strategy === 'direct'
  if (!isDirect && (why.cause === 'pulled' || why.cause === 'manual' || why.cause === 'repaired'))
    return words[why.cause]
  if (!isOf(words.measures, why.strategy)) return null
  const { strategy } = why
  if (strategy === 'direct') return `${capital(words.measures.direct)}${words.end}`
  if (Number(why.beside) > 0) return `${words.beside}${words.end}`
  const count = Number(why.eligible)
  const isAmong = strategy !== 'preferred' && count > 1
  const among = isAmong ? words.among(count, advantage(words, strategy, why)) : words.only
  const chosen = strategy === 'preferred' ? capital(words.measures.preferred) : among
  return `${chosen}${Number(why.step) > 0 ? words.byStep(Number(why.step) + 1) : ''}${words.end}`
}

/** What the winner had before the next: a tier, the group's measure, or where that was the same what stands behind it. */
function advantage(words: SentenceWords, strategy: Strategy, why: Readonly<Record<string, unknown>>): string {
  const { measures } = words
  const [tier = 0, first = 0, second = 0] = Array.isArray(why.winner) ? (why.winner as number[]) : []
  const next = (why.runnerUp as { tuple?: number[] } | undefined)?.tuple ?? []
  if (next[0] !== undefined && tier < next[0]) return words.tierFirst(tier)
  const byTurn = measures['round-robin']
  if (strategy === 'longest-idle') return first === 0 ? measures[strategy] : byTurn
  if (first !== next[1] || second === next[2]) return measures[strategy]
  if (strategy === 'best-skill') return words.alike(measures[strategy], second < 0 ? measures['longest-idle'] : byTurn)
  const hasMore = strategy === 'least-loaded' || strategy === 'least-loaded-count' || strategy === 'weighted'
  return hasMore ? words.alike(measures[strategy], words.longestSinceEnd) : measures[strategy]
}

/** Why an offer was taken back, or whoever held it holds it no longer; null where they said it themselves, or it is not known. */
export function endSentence(type: string, reason: string | null, language: SentenceLanguage): string | null {
  const { ends } = sentenceWords[language]
  const isSaid = (type === 'rescinded' || type === 'released') && reason !== null && Object.hasOwn(ends, reason)
  return isSaid ? ends[reason as keyof typeof ends] : null
}

/** That a step of a plan, counted from 0, reaches nobody as things are, with what it asks for. */
export function unreachedSentence(
  step: number,
  { skills = [], where, memberIds, maxTier }: PlanStep,
  language: SentenceLanguage,
): string {
  const words = sentenceWords[language]
  const asked = [
    ...skills.map(skillText),
    ...(where === undefined ? [] : [conditionIn(words, where, skills.length > 0)]),
    ...(memberIds === undefined ? [] : [memberIds.join(words.conditions.any)]),
    ...(maxTier === undefined ? [] : [words.upToTier(maxTier)]),
  ]
  return words.unreached(step + 1, asked.join(words.conditions.all))
}

/** That an entry rule's group has nobody, or nobody with these skills. */
export function unservedSentence(skills: readonly SkillLevel[], language: SentenceLanguage): string {
  const words = sentenceWords[language]
  return skills.length === 0 ? words.emptyGroup : words.nobodyHas(skills.map(skillText).join(words.conditions.all))
}

const skillText = ({ skill, level }: SkillLevel): string => `${skill} ${level}`

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

/** What held of a rule, as it was written down: `keyword hello`, `it is closed`. */
function conditionText({ because }: SentenceWords, text: string): string {
  const [kind = '', ...rest] = text.split(' ')
  return because[text] ?? (because[kind] === undefined ? text : `${because[kind]} ${rest.join(' ')}`)
}

/** How a conversation came into its skill group. */
export function entrySentence({ source, rule, agent }: EntryRecord, language: SentenceLanguage): string {
  const words = sentenceWords[language]
  const first = agent === undefined ? '' : agent.as === 'designated' ? words.designatedFirst : words.lastAgentFirst
  if (rule === undefined) return words.noRule(source === 'default' ? 'default' : 'channel') + first
  return ruleSentence(rule, language) + first
}

/** Which entry rule took it, and by what. */
export function ruleSentence(rule: Pick<Verdict, 'name' | 'because' | 'fallback'>, language: SentenceLanguage): string {
  const words = sentenceWords[language]
  const fallback =
    rule.fallback === undefined ? '' : rule.fallback === 'wait' ? words.fallbackWait : words.fallbackGroup
  const because = rule.because.map((text) => conditionText(words, text))
  return words.rule(rule.name, because) + fallback
}

/** Why an entry rule did not take it. */
export function passedSentence({ name, reason }: Passed, language: SentenceLanguage): string {
  const { passedOver, unmetOfRules } = sentenceWords[language]
  return passedOver(name, unmetOfRules[reason])
}
