/** Decisions in plain words, for people who ask why. Programs go by the codes. Pure. */
import type { EntryRecord } from './entry.ts'
import type { AgentView, Obstacle } from './explain.ts'

const utc = (ms: number): string => new Date(ms).toISOString()

/** One sentence of an agent, said of them: "Is away since … (午餐); lacks lang.en 4 (has 2)." */
export function sentenceOf({ role, obstacles }: AgentView): string {
  if (role === 'holder') return 'Holds it.'
  if (role === 'asked') return 'Is being asked at this moment.'
  if (role === 'free') return 'Could take it now.'
  const text = obstacles.map(obstacleText).join('; ')
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}

function obstacleText(obstacle: Obstacle): string {
  switch (obstacle.code) {
    case 'offline':
    case 'busy':
    case 'away':
      return `is ${obstacle.code} since ${utc(obstacle.since)}${obstacle.reason === undefined ? '' : ` (${obstacle.reason})`}`
    case 'disconnected':
      return 'has lost the connection'
    case 'later':
      return `is looked for by step ${obstacle.step}${obstacle.at === undefined ? '' : `, from ${utc(obstacle.at)}`}`
    case 'unskilled':
      return `lacks ${obstacle.lacks.map(({ skill, level, has }) => `${skill} ${level} (has ${has})`).join(' and ')}`
    case 'not-asked-for':
      return 'is not among those whom the plan looks for'
    case 'full':
      return `has ${obstacle.used} of ${obstacle.capacity} units in use, and it takes ${obstacle.weight}`
    case 'medium-full':
      return `has ${obstacle.count} of at most ${obstacle.limit} in the medium ${obstacle.medium}`
    case 'medium-closed':
      return `takes nothing in the medium ${obstacle.medium} at present`
    case 'group-full':
      return `has ${obstacle.count} of at most ${obstacle.limit} of this group`
    case 'not-during':
      return `has something in the medium ${obstacle.medium} in hand, beside which it is not given`
    case 'reserved':
      return `is kept free for priority ${obstacle.priority} and more`
    case 'excluded':
      return `declined or missed it, and is asked again at ${utc(obstacle.until)} at the latest`
  }
}

const ofStrategy: Readonly<Record<string, string>> = {
  'longest-idle': 'idle for the longest time',
  'least-loaded': 'the smallest share of the capacity in use',
  'least-loaded-count': 'the fewest items in hand',
  'round-robin': 'given work longest ago',
  'best-skill': 'the highest level in what it needs',
  weighted: 'given least for their weight',
  'priority-list': 'first in the list',
  random: 'drawn by lot',
  preferred: 'asked for by name',
  direct: 'handed over to them',
}

const ofCause: Readonly<Record<string, string>> = {
  pulled: 'Took it from the queue.',
  manual: 'Was given it by hand.',
}

/** Why an offer or assignment went to its agent, from what was written with it. */
export function reasonOf(why: Readonly<Record<string, unknown>> | null): string | null {
  if (why === null) return null
  const byHand = ofCause[String(why.cause)]
  if (byHand !== undefined) return byHand
  const measure = ofStrategy[String(why.strategy)]
  if (measure === undefined) return null
  const count = Number(why.eligible)
  const among = count > 1 ? `Of ${count} who could take it: ${measure}` : 'The only one who could take it'
  return `${among}${Number(why.step) > 0 ? `, by step ${why.step} of the plan` : ''}.`
}

/** How a conversation came into its skill group. */
export function entrySentence({ source, rule, agent }: EntryRecord): string {
  const asked =
    agent === undefined
      ? ''
      : agent.as === 'designated'
        ? ' Whom they asked for comes first.'
        : ' Who served them last comes first.'
  if (rule === undefined) {
    const group = source === 'default' ? 'the oldest group, since the channel has none' : 'the group of its channel'
    return `No entry rule took it: it came into ${group}.${asked}`
  }
  const because = rule.because.length === 0 ? 'it takes everybody' : rule.because.join(', ')
  const fallback =
    rule.fallback === undefined
      ? ''
      : rule.fallback === 'wait'
        ? ' Nobody of its target was on duty, so it waits there.'
        : ' Nobody of its target was on duty, so it came into the other group that the rule names.'
  return `The rule “${rule.name}” took it: ${because}.${fallback}${asked}`
}
