/** What the page shows, as its address's fragment says: `#/mine/cnv_…`. Pure. */
import type { ListName } from './state.ts'

export interface Route {
  list: ListName
  conversationId: string | undefined
}

const lists: readonly string[] = ['mine', 'waiting', 'all', 'closed'] satisfies ListName[]

export function parseRoute(hash: string): Route {
  const [, list = '', id = ''] = hash.split('/')
  return {
    list: lists.includes(list) ? (list as ListName) : 'mine',
    conversationId: /^cnv_\w+$/.test(id) ? id : undefined,
  }
}

export const formatRoute = ({ list, conversationId }: Route): string =>
  conversationId ? `#/${list}/${conversationId}` : `#/${list}`
