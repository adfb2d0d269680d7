/** The settings' words of the moment, and refusals of the hub in them. */
import type { Problem } from '../../api.ts'
import { detailWords, problemWords } from '../../i18n/settings-problems.ts'
import { type Threefold, type Words, wordsIn } from '../../i18n/threefold.ts'
import { locale } from '../store.ts'
import { t } from '../texts.ts'

/** Called while drawing, it draws again when the language changes. */
export const words = <T extends Readonly<Record<string, Threefold>>>(all: T): Words<T> => wordsIn(all, locale.value)

export function explainProblem({ code, message }: Pick<Problem, 'code' | 'message'>): string {
  const own: Readonly<Record<string, string>> = words(problemWords)
  return own[code] ?? t().problems[code] ?? (message || code)
}

/** What a validator said of a member, in words; as it is, where we have none. */
export function explainDetail(detail: string): string {
  const own: Readonly<Record<string, string>> = words(detailWords)
  const known = Object.keys(own).find((beginning) => detail.startsWith(beginning))
  return known === undefined ? detail : (own[known] ?? detail)
}
