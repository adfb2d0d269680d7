/** The pages beside the conversations: their names, who may go there, and where their code is. */
import type { FunctionComponent } from 'preact'
import { ticketTexts } from '../i18n/console-tickets.ts'
import type { IconName } from './icon.tsx'
import { lazy } from './lazy.tsx'
import type { Area } from './route.ts'
import { locale, may } from './store.ts'
import { t } from './texts.ts'

interface AreaEntry {
  name: Area
  icon: IconName
  title: () => string
  /** Everybody may go there where it says nothing. */
  permission?: string
}

/** Those that the rail shows, in its order. */
const entries: readonly AreaEntry[] = [
  { name: 'tickets', icon: 'ticket', title: () => ticketTexts[locale.value].tickets, permission: 'ticket:read' },
  { name: 'settings', icon: 'settings', title: () => t().settings },
]

export const areasOfMine = (): AreaEntry[] =>
  entries.filter(({ permission }) => permission === undefined || may(permission))

const pages: Record<Area, FunctionComponent> = {
  tickets: lazy(async () => (await import('./tickets/page.tsx')).TicketsPage),
  settings: lazy(async () => {
    const { Settings, styled } = await import('./settings/settings.tsx')
    await styled
    return Settings
  }),
}

export function AreaPage({ area }: { area: Area }) {
  const Page = pages[area]
  return <Page />
}
