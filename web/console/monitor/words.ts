/** Routing's decisions in the agent's language; what has no word here is told in the hub's own. */
import type { AgentStanding, Explanation, Obstacle } from '../../api-monitor.ts'
import { monitorTexts } from '../../i18n/console-monitor.ts'
import { fill } from '../../i18n/locale.ts'
import { shortTime } from '../../times.ts'
import { lasting } from '../lasting.ts'
import { hub, hubNow, locale } from '../store.ts'

export const words = () => monitorTexts[locale.value]

export const nameOf = (memberId: string): string => {
  const member = hub.value.members[memberId]
  return member ? [member.name, member.number].filter(Boolean).join(' ') : memberId.slice(-6)
}

const ago = (at: string | undefined): string => (at ? lasting(Math.max(0, hubNow.value - Date.parse(at))) : '')
const clock = (at: string | undefined): string => (at ? shortTime(locale.value, at, hubNow.value) : '')

/** How one agent stands to a conversation. */
export function standingOf({ role, obstacles, sentence }: AgentStanding): string {
  if (role === 'holder') return words().holder
  if (role === 'asked') return words().asked
  if (role === 'free') return words().couldTake
  const said = obstacles.map(obstacleText)
  return said.includes(undefined) || said.length === 0 ? sentence : said.join('；')
}

function obstacleText({ code, since, until, reason, step, lacks, ...rest }: Obstacle): string | undefined {
  switch (code) {
    case 'offline':
    case 'busy':
    case 'away':
      return fill(words()[code], { time: ago(since) }) + (reason ? ` (${reason})` : '')
    case 'disconnected':
    case 'not-asked-for':
      return words()[code]
    case 'later':
      return fill(words().later, { step: (step ?? 0) + 1 })
    case 'unskilled':
      return lacks?.map((lack) => fill(words().lacks, lack)).join('、')
    case 'full':
      return fill(words().full, { used: rest.used ?? '', capacity: rest.capacity ?? '' })
    case 'medium-full':
      return fill(words()['medium-full'], {
        medium: rest.medium ?? '',
        count: rest.count ?? '',
        limit: rest.limit ?? '',
      })
    case 'excluded':
      return fill(words().excluded, { time: clock(until) })
    default:
      return undefined
  }
}

const acts = {
  offered: 'didOffer',
  accepted: 'didAccept',
  declined: 'didDecline',
  expired: 'didExpire',
  rescinded: 'didRescind',
  assigned: 'didAssign',
  released: 'didRelease',
} as const

type Step = Explanation['history'][number]

export const actOf = ({ type, memberId }: Step): string => fill(words()[acts[type]], { name: nameOf(memberId) })

/** Why it went to that agent. */
export function reasonOf({ why, sentence }: Step): string {
  const { cause, strategy, eligible, step } = why ?? {}
  if (cause === 'pulled' || cause === 'manual') return words()[cause]
  const measures: Record<string, string> = words()
  const measure = typeof strategy === 'string' && Object.hasOwn(measures, strategy) ? measures[strategy] : undefined
  if (measure === undefined) return sentence ?? ''
  const count = Number(eligible)
  const among = count > 1 ? fill(words().among, { count, measure }) : words().only
  return Number(step) > 0 ? `${among} · ${fill(words().later, { step: Number(step) + 1 })}` : among
}
