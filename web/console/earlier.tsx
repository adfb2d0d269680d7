/** Other conversations of a customer, as far as the agent may see them. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { type Conversation, listConversations } from '../api-agent.ts'
import { shortTime } from '../times.ts'
import { api } from './calls.ts'
import { words } from './contact-changes.ts'
import { More } from './more.tsx'
import { formatRoute } from './route.ts'
import { hub, locale, now } from './store.ts'
import { previewText } from './texts.ts'

export function Earlier({ contactId, current }: { contactId: string; current: string | undefined }) {
  const page = useSignal<{ all: readonly Conversation[]; next: string | null } | undefined>(undefined)
  const load = (cursor?: string) =>
    listConversations(api, { contactId }, cursor).then(
      ({ data, nextCursor }) => {
        page.value = { all: [...(page.peek()?.all ?? []), ...data], next: nextCursor }
      },
      () => undefined,
    )
  useEffect(() => void load(), [])
  const others = page.value?.all.filter(({ id }) => id !== current) ?? []
  return (
    <section>
      <h3>{words().earlier}</h3>
      {page.value && others.length === 0 && <p class="soft">{words().noEarlier}</p>}
      <ul class="plain">
        {others.map(({ id, openedAt, preview, status, assigneeId }) => (
          <li key={id}>
            <a
              class="past-link"
              href={formatRoute({ list: status === 'open' ? 'mine' : 'closed', conversationId: id })}
            >
              <time>{shortTime(locale.value, openedAt, now.value)}</time> {previewText(preview) || '…'}
            </a>
            <span class="soft">{assigneeId && hub.value.members[assigneeId]?.name}</span>
          </li>
        ))}
      </ul>
      <More next={page.value?.next} load={load} />
    </section>
  )
}
