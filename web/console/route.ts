/**
 * What the page shows, as its address's fragment says: `#/mine/cnv_…` among the conversations, `#/tickets/tkt_…?view=mine` in
 * an area beside them. Pure.
 */
import { type ListName, listFamilies } from './state.ts'

export interface Route {
  list: ListName
  conversationId: string | undefined
  /** A page beside the conversations. */
  area: Area | undefined
  /** The area's own address: what stands after its name. */
  path: readonly string[]
  query: Readonly<Record<string, string>>
}

const lists: readonly string[] = Object.keys(listFamilies)

/** Pages beside the conversations: each is loaded when it is first shown (areas.tsx). */
const areas = ['mentions', 'search', 'customers', 'tickets', 'calls', 'satisfaction', 'monitor', 'settings'] as const
export type Area = (typeof areas)[number]

const isArea = (word: string): word is Area => (areas as readonly string[]).includes(word)

export function parseRoute(hash: string): Route {
  const [address = '', query = ''] = hash.split('?')
  const [, first = '', ...path] = address.split('/')
  const [id = ''] = path
  const area = isArea(first) ? first : undefined
  return {
    list: lists.includes(first) ? (first as ListName) : 'mine',
    conversationId: !area && /^cnv_\w+$/.test(id) ? id : undefined,
    area,
    path: area ? path.filter(Boolean) : [],
    query: area ? Object.fromEntries(new URLSearchParams(query)) : {},
  }
}

export const formatRoute = ({ list, conversationId }: Pick<Route, 'list' | 'conversationId'>): string =>
  conversationId ? `#/${list}/${conversationId}` : `#/${list}`

/** The address of an area; members of the query that are empty are left out. */
export function formatArea(
  area: Area,
  path: readonly string[] = [],
  query: Readonly<Record<string, string>> = {},
): string {
  const said = Object.entries(query).filter(([, value]) => value !== '')
  const search = said.length > 0 ? `?${new URLSearchParams(said)}` : ''
  return `#/${[area, ...path].join('/')}${search}`
}
