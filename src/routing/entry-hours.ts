/** Whether it is open at a moment, by calendars: for entry rules that go by the hour. Reading only. */
import type { Tx } from '../core/platform/database.ts'
import { hoursOf, type Place } from '../core/tenancy/calendars.ts'
import { type Hours, stateAt } from '../core/tenancy/hours.ts'

/** By the calendar of that id, or, without one, by that which holds at the place. Where there is none it is always open. */
export type IsOpen = (calendarId: string | undefined) => boolean

/** One for each of these places, in their order, as of `at` in ms. Calendars are read once, and asked only when a rule asks. */
export async function readOpening(tx: Tx, places: readonly Place[], at: number): Promise<IsOpen[]> {
  if (places.length === 0) return []
  const rows = await tx.query<Hours & { id: string }>(
    `select c.id, coalesce(c.time_zone, t.time_zone) as time_zone, c.weekly, c.exceptions
       from calendars c join tenants t on t.id = c.tenant_id where c.tenant_id = any($1)`,
    [...new Set(places.map(({ tenantId }) => tenantId))],
  )
  const calendars = new Map(rows.map((row) => [row.id, row]))
  const known = new Map<string, boolean>()
  const isOpen = (id: string): boolean => {
    const hours = calendars.get(id)
    const found = known.get(id) ?? (hours === undefined || stateAt(hours, at).open)
    known.set(id, found)
    return found
  }
  return (await hoursOf(tx, places)).map((own) => (calendarId) => {
    const id = calendarId ?? own?.calendarId
    return id === undefined || isOpen(id)
  })
}
