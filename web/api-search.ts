/** What an agent's page asks of the hub about what was said. */
import type { Conversation, Message } from '../src/core/events/shapes.ts'
import type { Api, Page } from './api.ts'

export interface SearchFilter {
  q: string
  from?: string
  to?: string
  assigneeId?: string
  groupId?: string
  tag?: string
  category?: string
}

export interface Found {
  message: Message
  contactName: string
  status: Conversation['status']
  assigneeId: string | null
  groupId: string | null
  /** Where it stands first; marks in UTF-16 units. */
  snippet: { text: string; marks: { start: number; end: number }[] }
}

export const searchMessages = (api: Api, filter: SearchFilter, cursor?: string, limit = 30) =>
  api<Page<Found>>('GET', 'search/messages', { query: { ...filter, limit, cursor } })
