/** The pages beside the conversations: their names, who may go there, and where their code is. */
import type { FunctionComponent } from 'preact'
import { ticketTexts } from '../i18n/console-tickets.ts'
import type { IconName } from './icon.tsx'
import { lazy } from './lazy.tsx'
import type { Area } from './route.ts'
import { locale, may } from './store.ts'

interface AreaEntry {
  name: Area
  icon: IconName
  title: () => string
  permission: string
}

/** Those that the rail shows, in its order. */
const entries: readonly AreaEntry[] = [
  { name: 'tickets', icon: 'ticket', title: () => ticketTexts[locale.value].tickets, permission: 'ticket:read' },
]

export const areasOfMine = (): AreaEntry[] => entries.filter(({ permission }) => may(permission))

const pages: Record<Area, FunctionComponent> = {
  tickets: lazy(async () => (await import('./tickets/page.tsx')).TicketsPage),
}

export function AreaPage({ area }: { area: Area }) {
  const Page = pages[area]
  return <Page />
}
