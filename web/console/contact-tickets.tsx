/** Tickets of a customer, where one talks with them. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { Contact, Conversation } from '../api-agent.ts'
import { listTickets, type Ticket } from '../api-tickets.ts'
import { ticketTexts } from '../i18n/console-tickets.ts'
import { api } from './calls.ts'
import { onFrames } from './connection.ts'
import { NewTicketDialog } from './conversation-menu.tsx'
import { formatArea } from './route.ts'
import { SectionHead } from './section-head.tsx'
import { locale, may } from './store.ts'

const words = () => ticketTexts[locale.value]

export function ContactTickets({
  contact,
  conversation,
}: {
  contact: Contact
  conversation: Conversation | undefined
}) {
  const contactId = contact.id
  const page = useSignal<{ tickets: readonly Ticket[]; next: string | null } | undefined>(undefined)
  const isMaking = useSignal(false)
  useEffect(() => {
    const load = () =>
      listTickets(api, { contactId }, undefined, 20).then(
        ({ data, nextCursor }) => (page.value = { tickets: data, next: nextCursor }),
        () => undefined,
      )
    void load()
    return onFrames((frame) => {
      const { ticket } = (frame.data ?? {}) as { ticket?: Ticket }
      const isOurs = ticket?.contactId === contactId || page.peek()?.tickets.some(({ id }) => id === ticket?.id)
      if (isOurs || (frame.type === 'stream.ready' && frame.recovered !== true)) void load()
    })
  }, [])
  return (
    <section>
      <SectionHead
        title={words().tickets}
        add={may('ticket:write') ? words().newTicket : undefined}
        onAdd={() => (isMaking.value = true)}
      />
      {page.value?.tickets.length === 0 && <p class="soft">{words().noTickets}</p>}
      <ul class="plain">
        {page.value?.tickets.map((ticket) => (
          <li key={ticket.id}>
            <TicketLine ticket={ticket} />
          </li>
        ))}
      </ul>
      {page.value?.next && <p class="soft">…</p>}
      {isMaking.value && (
        <NewTicketDialog conversation={conversation} contact={contact} onClose={() => (isMaking.value = false)} />
      )}
    </section>
  )
}

/** A ticket in one line that leads to it. */
export function TicketLine({ ticket: { id, number, subject, statusCategory } }: { ticket: Ticket }) {
  return (
    <>
      <a href={formatArea('tickets', [id], { view: 'all', status: 'any' })}>
        #{number} {subject}
      </a>{' '}
      <span class={`state is-${statusCategory}`}>{words()[statusCategory]}</span>
    </>
  )
}
