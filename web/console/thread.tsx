/** The contact's thread (往来记录): everything that was ever said over all channels, and the tickets that were made meanwhile. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { Message } from '../api-agent.ts'
import { listThread } from '../api-contacts.ts'
import type { Ticket } from '../api-tickets.ts'
import { dateTime } from '../times.ts'
import { tell } from './actions.ts'
import { api } from './calls.ts'
import { TicketLine } from './contact-tickets.tsx'
import { Parts } from './message.tsx'
import { formatRoute } from './route.ts'
import { hub, locale } from './store.ts'
import { refusalOf, t } from './texts.ts'

type Entry = { at: string; message: Message } | { at: string; ticket: Ticket }

/** The hub answers the newest first; it is shown the oldest first. */
export function History({ contactId, current }: { contactId: string; current?: string }) {
  const entries = useSignal<readonly Entry[]>([])
  const cursor = useSignal<string | null | undefined>(undefined)
  const load = async () => {
    try {
      const { data, tickets = [], nextCursor } = await listThread(api, contactId, cursor.peek() ?? undefined)
      const had = new Set(entries.peek().map((entry) => ('ticket' in entry ? entry.ticket.id : entry.message.id)))
      const added: Entry[] = [
        ...data.toReversed().map((message) => ({ at: message.sentAt, message })),
        ...tickets.filter(({ id }) => !had.has(id)).map((ticket) => ({ at: ticket.createdAt, ticket })),
      ]
      entries.value = [...added.sort((a, b) => a.at.localeCompare(b.at)), ...entries.peek()]
      cursor.value = nextCursor
    } catch (error) {
      tell(refusalOf(error), 'error')
      cursor.value ??= null
    }
  }
  useEffect(() => void load(), [])
  let conversationId = ''
  return (
    <div class="history">
      {cursor.value && (
        <button type="button" class="more" onClick={() => void load()}>
          {t().earlier}
        </button>
      )}
      {cursor.value === null && entries.value.length === 0 && <p class="empty">{t().noHistory}</p>}
      {entries.value.map((entry) => {
        if ('ticket' in entry) {
          return (
            <p key={entry.ticket.id} class="past is-ticket">
              <TicketLine ticket={entry.ticket} /> <time>{dateTime(locale.value, entry.at)}</time>
            </p>
          )
        }
        const { message } = entry
        const isNew = message.conversationId !== conversationId
        conversationId = message.conversationId
        return (
          <div key={message.id}>
            {isNew && <ConversationMark message={message} current={current} />}
            <div class={`past is-${message.direction}`}>
              {message.direction !== 'in' && <p class="speaker">{writerOf(message)}</p>}
              <Parts parts={message.parts} />
              <time>{dateTime(locale.value, message.sentAt)}</time>
            </div>
          </div>
        )
      })}
    </div>
  )
}

/** Where another conversation begins; it leads there. */
function ConversationMark({ message, current }: { message: Message; current: string | undefined }) {
  const { conversationId, sentAt } = message
  return (
    <p class="day">
      {conversationId === current ? (
        t().thisConversation
      ) : (
        <a href={formatRoute({ list: 'mine', conversationId })}>{dateTime(locale.value, sentAt)}</a>
      )}
    </p>
  )
}

function writerOf({ author, direction }: Message): string {
  const name = author.name ?? (author.id && hub.value.members[author.id]?.name) ?? ''
  return [direction === 'note' && t().note, author.kind === 'bot' ? t().bot : name].filter(Boolean).join(' · ')
}
