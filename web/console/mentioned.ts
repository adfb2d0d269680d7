/** Being called out to, wherever on the page one is: a notice, a sound, a count that stays until the list is looked at. */
import { signal } from '@preact/signals'
import type { Message } from '../api-agent.ts'
import { teamTexts } from '../i18n/console-team.ts'
import { fill } from '../i18n/locale.ts'
import { play } from '../sound.ts'
import { tell } from './actions.ts'
import { onFrames } from './connection.ts'
import { choices, hub, locale, muted } from './store.ts'

const kept = 'console.mentions'

export const unseenMentions = signal(choices.read<number>(kept) ?? 0)
unseenMentions.subscribe((count) => choices.write(kept, count))

export function listenForMentions(): void {
  onFrames(({ type, data }) => {
    if (type !== 'member.mentioned') return
    const { memberId, message } = data as { memberId: string; message: Message }
    if (memberId !== hub.peek().me) return
    unseenMentions.value += 1
    tell(fill(teamTexts[locale.peek()].mentioned, { name: message.author.name ?? '' }))
    if (!muted.peek()) void play(660, 990)
  })
}
