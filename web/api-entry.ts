/** What the settings ask of the hub about the way into skill groups (智能分流). */
import type { EntryRule, EntrySource } from '../src/core/events/entry-shapes.ts'
import type { Api } from './api.ts'
import { ifMatch } from './api-settings.ts'

export type {
  EntryConditions,
  EntryFallback,
  EntryRule,
  EntrySource,
  EntryTarget,
} from '../src/core/events/entry-shapes.ts'

export type EntryDraft = Pick<EntryRule, 'name' | 'enabled' | 'when' | 'target' | 'otherwise'>
/** What is allowed, and yet can serve nobody as things are. */
export type Warned = EntryRule & { warnings: string[] }

export interface EntryTrial {
  verdict: {
    ruleId: string
    name: string
    groupId: string
    priority: number
    because: string[]
    fallback?: 'wait' | 'group'
  } | null
  passed: { ruleId: string; name: string; reason: string }[]
  language: string | null
  region: string | null
  vip: boolean
}

export const listEntryRules = (api: Api) => api<{ data: EntryRule[] }>('GET', 'entry-rules')
export const createEntryRule = (api: Api, body: EntryDraft) => api<Warned>('POST', 'entry-rules', { body })
export const updateEntryRule = (
  api: Api,
  { id, version }: EntryRule,
  body: Partial<EntryDraft> & { position?: number },
) => api<Warned>('PATCH', `entry-rules/${id}`, { body, headers: ifMatch(version) })
export const removeEntryRule = (api: Api, { id, version }: EntryRule) =>
  api<void>('DELETE', `entry-rules/${id}`, { headers: ifMatch(version) })
export const tryEntryRules = (api: Api, body: { text?: string; channelId?: string; conversationId?: string }) =>
  api<EntryTrial>('POST', 'entry-rules/try', { body })
export const getEntryPrecedence = (api: Api) => api<{ precedence: EntrySource[] }>('GET', 'entry-precedence')
export const setEntryPrecedence = (api: Api, precedence: readonly EntrySource[]) =>
  api<{ precedence: EntrySource[] }>('PUT', 'entry-precedence', { body: { precedence } })
