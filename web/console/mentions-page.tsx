/** Notes in which colleagues call out to me (提到我的), the newest first. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { listMentions, type Message } from '../api-agent.ts'
import { partText } from '../parts.ts'
import { dateTime } from '../times.ts'
import { api } from './calls.ts'
import { onFrames } from './connection.ts'
import { unseenMentions } from './mentioned.ts'
import { More } from './more.tsx'
import { formatRoute } from './route.ts'
import { hub, locale } from './store.ts'
import { words } from './team.ts'
import { customerName, refusalOf, t } from './texts.ts'

export function MentionsPage() {
  const page = useSignal<{ notes: readonly Message[]; next: string | null } | undefined>(undefined)
  const refused = useSignal('')
  const load = (cursor?: string) =>
    listMentions(api, cursor).then(
      ({ data, nextCursor }) => {
        page.value = { notes: cursor ? [...(page.peek()?.notes ?? []), ...data] : data, next: nextCursor }
        unseenMentions.value = 0
      },
      (error: unknown) => (refused.value = refusalOf(error)),
    )
  useEffect(() => {
    void load()
    return onFrames(({ type }) => void (type === 'member.mentioned' && load()))
  }, [])
  return (
    <main class="wide-pane">
      <h2>{words().mentions}</h2>
      {refused.value && <p class="warning">{refused.value}</p>}
      {page.value?.notes.length === 0 && <p class="empty">{words().noMentions}</p>}
      {page.value?.notes.map((note) => {
        const conversation = hub.value.conversations[note.conversationId]
        return (
          <a key={note.id} class="note found" href={formatRoute({ list: 'mine', conversationId: note.conversationId })}>
            <span class="item-line">
              <strong>{note.author.name}</strong>
              <time>{dateTime(locale.value, note.sentAt)}</time>
            </span>
            <span>{note.parts.map((part) => partText(part, t())).join(' ')}</span>
            {conversation && <small>{customerName(conversation.contactName, conversation.contactId)}</small>}
          </a>
        )
      })}
      <More next={page.value?.next} load={load} />
    </main>
  )
}
