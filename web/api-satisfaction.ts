/** What pages ask of the hub about how customers were served. */
import type { Satisfaction } from '../src/core/events/satisfaction-shapes.ts'
import type { Api, Page } from './api.ts'

export type { Satisfaction } from '../src/core/events/satisfaction-shapes.ts'

export interface SatisfactionFilter {
  memberId?: string
  groupId?: string
  channelId?: string
  conversationId?: string
  answered?: boolean
  /** This score, or worse. */
  maxScore?: number
  from?: string
  to?: string
}

export interface SatisfactionFigures {
  /** Of the member, group or channel; null where there was none. */
  id: string | null
  /** Null for nobody's, and for what is not there any more. */
  name: string | null
  requested: number
  answered: number
  /** Of those answered, from 0, the worst score of its scale, to 1, the best. */
  average: number | null
  scores: { scale: number; score: number; count: number }[]
}

export type ListedSatisfaction = Satisfaction & { contactName: string }

export const listSatisfaction = (api: Api, filter: SatisfactionFilter, cursor?: string, limit = 50) =>
  api<Page<ListedSatisfaction>>('GET', 'satisfaction', { query: { ...filter, limit, cursor } })
export const readSatisfactionFigures = (
  api: Api,
  by: 'member' | 'group' | 'channel',
  { from, to, memberId, groupId }: SatisfactionFilter,
) => api<{ data: SatisfactionFigures[] }>('GET', 'satisfaction/figures', { query: { by, from, to, memberId, groupId } })
/** Asks the customer, once for each conversation: again, it answers with what there is. */
export const askForSatisfaction = (api: Api, conversationId: string) =>
  api<Satisfaction & { link: string }>('POST', `conversations/${conversationId}/satisfaction`)
