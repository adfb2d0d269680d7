/** The words of satisfaction, and how a score is written. */
import type { Satisfaction } from '../../api-satisfaction.ts'
import { satisfactionTexts } from '../../i18n/console-satisfaction.ts'
import { hubNow, locale } from '../store.ts'

export const words = () => satisfactionTexts[locale.value]

/** `4 / 5`, or how it stands where nothing was answered. */
export function scoreText({ score, scale, expiresAt }: Pick<Satisfaction, 'score' | 'scale' | 'expiresAt'>): string {
  if (score !== null) return `${score} / ${scale}`
  return Date.parse(expiresAt) > hubNow.value ? words().invited : words().expired
}
