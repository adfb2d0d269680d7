/** The pages beside the conversations: their names, who may go there, and where their code is. */
import type { FunctionComponent } from 'preact'
import type { IconName } from './icon.tsx'
import { lazy } from './lazy.tsx'
import { unseenMentions } from './mentioned.ts'
import type { Area } from './route.ts'
import { may } from './store.ts'
import { t } from './texts.ts'

interface AreaEntry {
  name: Area
  icon: IconName
  title: () => string
  /** Everybody may go there where it says nothing. */
  permission?: string
  /** What waits there to be looked at. */
  count?: () => number
}

/** Those that the rail shows, in its order. */
const entries: readonly AreaEntry[] = [
  {
    name: 'mentions',
    icon: 'at',
    title: () => t().mentions,
    permission: 'conversation:read',
    count: () => unseenMentions.value,
  },
  { name: 'search', icon: 'search', title: () => t().searchMessages, permission: 'conversation:read' },
  { name: 'customers', icon: 'person', title: () => t().customers, permission: 'contact:read' },
  { name: 'tickets', icon: 'ticket', title: () => t().tickets, permission: 'ticket:read' },
  { name: 'calls', icon: 'phone', title: () => t().calls, permission: 'conversation:read' },
  { name: 'satisfaction', icon: 'star', title: () => t().satisfaction, permission: 'satisfaction:read' },
  { name: 'monitor', icon: 'gauge', title: () => t().monitor, permission: 'routing:read' },
  { name: 'settings', icon: 'settings', title: () => t().settings },
]

export const areasOfMine = (): AreaEntry[] =>
  entries.filter(({ permission }) => permission === undefined || may(permission))

const pages: Record<Area, FunctionComponent> = {
  mentions: lazy(async () => (await import('./mentions-page.tsx')).MentionsPage),
  search: lazy(async () => (await import('./search/page.tsx')).SearchPage),
  customers: lazy(async () => {
    const { CustomersPage, styled } = await import('./customers/page.tsx')
    await styled
    return CustomersPage
  }),
  calls: lazy(async () => (await import('./telephone/page.tsx')).CallsPage),
  satisfaction: lazy(async () => (await import('./satisfaction/page.tsx')).SatisfactionPage),
  monitor: lazy(async () => (await import('./monitor/page.tsx')).MonitorPage),
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
