/** Tickets (工单): the list with its filters, the one that is looked at, and what there is to know of it. */
import { useEffect } from 'preact/hooks'
import { onFrames } from '../connection.ts'
import { route } from '../store.ts'
import { applyTicketFrame, loadComments, loadKinds, loadList, loadTicket } from './data.ts'
import { filterOf, TicketList } from './list.tsx'
import { TicketPane } from './ticket.tsx'

/** How long to gather what the stream tells before a list is read again. */
const gatherMs = 400

export function TicketsPage() {
  useEffect(() => {
    let reading: ReturnType<typeof setTimeout> | undefined
    const forget = onFrames((frame) => {
      if (!applyTicketFrame(frame)) return
      const [id] = route.peek().path
      if (frame.type === 'stream.ready' && id) {
        loadTicket(id).catch(() => undefined)
        loadComments(id).catch(() => undefined)
      }
      clearTimeout(reading)
      reading = setTimeout(() => void loadList(filterOf(route.peek().query)).catch(() => undefined), gatherMs)
    })
    loadKinds().catch(() => undefined)
    return () => {
      forget()
      clearTimeout(reading)
    }
  }, [])
  return (
    <>
      <TicketList />
      <TicketPane key={route.value.path[0]} />
    </>
  )
}
