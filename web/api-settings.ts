/** What the settings ask of the hub. */
import type { Channel, SkillGroup } from '../src/core/events/shapes.ts'
import type { Api, Page } from './api.ts'

export type { Channel, Member, SkillGroup } from '../src/core/events/shapes.ts'

/** A JSON Schema as kinds of channel describe their settings with. */
export interface Schema {
  type?: string | string[]
  title?: string
  description?: string
  /** Title and description in other languages. */
  words?: Record<string, { title?: string; description?: string }>
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  enum?: string[]
  anyOf?: Schema[]
  const?: unknown
  default?: unknown
  format?: string
  pattern?: string
  minLength?: number
  maxLength?: number
  minimum?: number
  maximum?: number
  secret?: boolean
}

export interface ChannelKind {
  kind: string
  title: string
  titles?: Record<string, string>
  schema: Schema
  capabilities: unknown
}

export interface Check {
  name: string
  ok: boolean
  detail: string
  mend?: string
}

/** Refuses to overwrite what the caller has not seen. */
export const ifMatch = (version: number) => ({ 'If-Match': `"v${version}"` })

export const listChannelKinds = (api: Api) => api<{ data: ChannelKind[] }>('GET', 'channel-kinds')
export const listChannels = (api: Api, cursor?: string) =>
  api<Page<Channel>>('GET', 'channels', { query: { limit: 100, cursor } })
export const getChannel = (api: Api, id: string) => api<Channel>('GET', `channels/${id}`)
export const createChannel = (
  api: Api,
  body: { kind: string; name: string; settings: Record<string, unknown>; groupId: string | null },
) => api<Channel>('POST', 'channels', { body })
export const updateChannel = (
  api: Api,
  { id, version }: Channel,
  body: { name?: string; settings?: Record<string, unknown>; groupId?: string | null; enabled?: boolean },
) => api<Channel>('PATCH', `channels/${id}`, { body, headers: ifMatch(version) })
export const removeChannel = (api: Api, { id, version }: Channel) =>
  api<void>('DELETE', `channels/${id}`, { headers: ifMatch(version) })
export const probeChannel = (api: Api, id: string) => api<{ checks: Check[] }>('POST', `channels/${id}/probe`)

export type GroupChange = Partial<Omit<SkillGroup, 'id' | 'members' | 'createdAt' | 'version'>>
