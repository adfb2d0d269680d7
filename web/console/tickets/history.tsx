/** Who changed what of a ticket: read when it is opened, and again when the ticket changes. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { listTicketHistory, type Ticket, type TicketHistoryEntry } from '../../api-tickets.ts'
import { dateTime } from '../../times.ts'
import { api } from '../calls.ts'
import { More } from '../more.tsx'
import { locale } from '../store.ts'
import { changeText, memberName, words } from './words.ts'

export function TicketHistory({ ticket }: { ticket: Ticket }) {
  const isOpen = useSignal(false)
  const page = useSignal<{ entries: readonly TicketHistoryEntry[]; next: string | null }>({ entries: [], next: null })
  const load = (cursor?: string) =>
    listTicketHistory(api, ticket.id, cursor).then(
      ({ data, nextCursor }) => {
        page.value = { entries: cursor ? [...page.peek().entries, ...data] : data, next: nextCursor }
      },
      () => undefined,
    )
  useEffect(() => {
    if (isOpen.value) void load()
  }, [isOpen.value, ticket.version])
  const { entries, next } = page.value
  return (
    <details onToggle={({ currentTarget }) => (isOpen.value = currentTarget.open)}>
      <summary>{words().history}</summary>
      <ol class="plain history-list">
        {entries.map(({ version, actorId, at, changes }) => (
          <li key={version}>
            <p class="soft">
              {memberName(actorId)} · <time>{dateTime(locale.value, at)}</time>
            </p>
            {version === 1 && <p>{words().created}</p>}
            {version > 1 && changes.map((change) => <p key={change.field}>{changeText(change)}</p>)}
          </li>
        ))}
      </ol>
      <More next={next} load={load} />
    </details>
  )
}
