/** Routing's decisions in the agent's language: the sentences are the hub's. */
import type { Explanation } from '../../api-monitor.ts'
import { monitorTexts } from '../../i18n/console-monitor.ts'
import { fill } from '../../i18n/locale.ts'
import { shortMoment } from '../../times.ts'
import { hub, hubNow, locale } from '../store.ts'

export const words = () => monitorTexts[locale.value]

export const nameOf = (memberId: string): string => {
  const member = hub.value.members[memberId]
  return member ? [member.name, member.number].filter(Boolean).join(' ') : memberId.slice(-6)
}

const instant = /\d{4}-\d\d-\d\dT[\d:.]+Z/g

/** The hub’s sentence, with its times as they are here. */
export const said = (sentence: string): string =>
  sentence.replaceAll(instant, (at) => shortMoment(locale.value, at, hubNow.value))

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
