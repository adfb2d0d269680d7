/** Asking the customer how they were served. */
import { askForSatisfaction } from '../../api-satisfaction.ts'
import { fill } from '../../i18n/locale.ts'
import { attempt, tell } from '../actions.ts'
import { api } from '../calls.ts'
import { scoreText, words } from './words.ts'

/** Asks once for each conversation, and tells how it stands. */
export function askForScore(conversationId: string): Promise<boolean> {
  return attempt(async () => {
    const asked = await askForSatisfaction(api, conversationId)
    tell(asked.score === null ? words().invited : fill(words().answeredBefore, { score: scoreText(asked) }))
  })
}
