/** Changing a ticket, by the version that is on the page. */
import { asProblem } from '../../api.ts'
import { patchTicket, type Ticket, type TicketPatch } from '../../api-tickets.ts'
import { api } from '../calls.ts'
import { changeRecord } from '../changes.ts'
import type { Keep } from '../editable.tsx'
import { refusalOf } from '../texts.ts'
import { known, loadTicket, putTicket } from './data.ts'
import { words } from './words.ts'

/** Changes it; resolves with why not. Where somebody changed the same thing, theirs is shown and the change waits for another word. */
export async function patch(
  ticketId: string,
  change: TicketPatch | ((ticket: Ticket) => TicketPatch),
): Promise<string | undefined> {
  try {
    await changeRecord({
      id: ticketId,
      change,
      seen: () => known.peek()[ticketId],
      reload: () => loadTicket(ticketId),
      send: async (ticket, said) => putTicket(await patchTicket(api, ticket, said)),
    })
    return undefined
  } catch (error) {
    return asProblem(error).code === 'version-stale' ? words().stale : refusalOf(error, words().problems)
  }
}

/** For a field that changes one thing. */
export const keepPatch =
  (ticketId: string, of: (value: string) => TicketPatch): Keep =>
  (value) =>
    patch(ticketId, of(value))
