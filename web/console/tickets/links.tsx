/** What a ticket has to do with others. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import {
  listTicketLinks,
  listTickets,
  putTicketLink,
  removeTicketLink,
  type Ticket,
  type TicketLink,
  type TicketLinkKind,
} from '../../api-tickets.ts'
import { api } from '../calls.ts'
import { Icon } from '../icon.tsx'
import { formatArea } from '../route.ts'
import { route } from '../store.ts'
import { refusalOf, t } from '../texts.ts'
import { words } from './words.ts'

const linkKinds = ['relates', 'duplicates', 'blocks', 'blocked-by', 'parent', 'child'] as const

export function TicketLinks({ ticket: { id: ticketId, version }, readOnly }: { ticket: Ticket; readOnly: boolean }) {
  const links = useSignal<readonly TicketLink[]>([])
  const refused = useSignal('')
  /** Changes the links by what is asked of the hub; true when it was done. */
  const change = async (ask: () => Promise<{ data: TicketLink[] } | undefined>) => {
    try {
      const answer = await ask()
      refused.value = answer ? '' : words().linkUnknown
      if (answer) links.value = answer.data
      return answer !== undefined
    } catch (error) {
      refused.value = refusalOf(error, words().problems)
      return false
    }
  }
  useEffect(() => void change(() => listTicketLinks(api, ticketId)), [version])
  const add = async (event: SubmitEvent) => {
    event.preventDefault()
    const form = event.currentTarget as HTMLFormElement
    const data = new FormData(form)
    const number = String(data.get('number')).replace('#', '').trim()
    const added = await change(async () => {
      const found = await listTickets(api, { text: number })
      const other = found.data.find((one) => String(one.number) === number)
      return other && putTicketLink(api, ticketId, data.get('kind') as TicketLinkKind, other.id)
    })
    if (added) form.reset()
  }
  return (
    <section>
      <h3>{words().links}</h3>
      <ul class="plain">
        {links.value.map(({ kind, ticketId: other, number, subject, statusCategory }) => (
          <li key={kind + other}>
            <span class="soft">{words()[kind]}</span>{' '}
            <a href={formatArea('tickets', [other], route.value.query)}>
              #{number} {subject ?? words().hidden}
            </a>{' '}
            <span class={`state is-${statusCategory}`}>{words()[statusCategory]}</span>
            {!readOnly && (
              <button
                type="button"
                class="square small"
                aria-label={`${t().takeAway} #${number}`}
                onClick={() => void change(() => removeTicketLink(api, ticketId, kind, other))}
              >
                <Icon name="cross" />
              </button>
            )}
          </li>
        ))}
      </ul>
      {!readOnly && (
        <form class="inline-form" onSubmit={add}>
          <select name="kind" aria-label={words().links}>
            {linkKinds.map((kind) => (
              <option key={kind} value={kind}>
                {words()[kind]}
              </option>
            ))}
          </select>
          <input
            name="number"
            required
            size={7}
            inputMode="numeric"
            pattern="#?[0-9]+"
            aria-label={words().linkNumber}
            placeholder="#1001"
          />
          <button type="submit">{t().add}</button>
        </form>
      )}
      {refused.value && (
        <p class="failure" role="alert">
          {refused.value}
        </p>
      )}
    </section>
  )
}
