/** What the settings ask of the hub. */
import type { ContactField, ContactGroup, ContactTag } from '../src/core/events/contact-shapes.ts'
import type { ClosingRule } from '../src/core/events/conversation-shapes.ts'
import type { CannedReply } from '../src/core/events/desk-shapes.ts'
import type { Calendar, CalendarAssignment } from '../src/core/events/hours-shapes.ts'
import type { OwnGreeting, ReceptionRules, ReceptionText, ScopedRules } from '../src/core/events/reception-shapes.ts'
import type { Channel, Member, SkillGroup } from '../src/core/events/shapes.ts'
import type { WebhookAttempt, WebhookEndpoint } from '../src/core/events/webhook-shapes.ts'
import type { Api, Page } from './api.ts'

export type { ContactField, ContactGroup, ContactTag } from '../src/core/events/contact-shapes.ts'
export type { CannedReply } from '../src/core/events/desk-shapes.ts'
export type { Calendar, CalendarAssignment } from '../src/core/events/hours-shapes.ts'
export type { ReceptionRules, ReceptionText, ScopedRules } from '../src/core/events/reception-shapes.ts'
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
  /** The id of a file of that kind. */
  file?: string
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

const seen = (version: number | undefined) => (version === undefined ? {} : { headers: ifMatch(version) })

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

export type { WebhookAttempt, WebhookEndpoint } from '../src/core/events/webhook-shapes.ts'

export type GroupChange = Partial<Omit<SkillGroup, 'id' | 'members' | 'createdAt' | 'version'>>

export const createGroup = (api: Api, body: GroupChange) => api<SkillGroup>('POST', 'groups', { body })
export const updateGroup = (api: Api, { id, version }: SkillGroup, body: GroupChange) =>
  api<SkillGroup>('PATCH', `groups/${id}`, { body, headers: ifMatch(version) })
export const removeGroup = (api: Api, { id, version }: SkillGroup) =>
  api<void>('DELETE', `groups/${id}`, { headers: ifMatch(version) })
export const getGroupReach = (api: Api, id: string) =>
  api<{ steps: { step: number; memberIds: string[] }[] }>('GET', `groups/${id}/reach`)
export const putGroupMember = (
  api: Api,
  id: string,
  memberId: string,
  body: Omit<SkillGroup['members'][number], 'memberId'>,
) => api<SkillGroup>('PUT', `groups/${id}/members/${memberId}`, { body })
export const removeGroupMember = (api: Api, id: string, memberId: string) =>
  api<SkillGroup>('DELETE', `groups/${id}/members/${memberId}`)

export type MemberChange = Partial<Omit<Member, 'id' | 'createdAt' | 'version'>>
export const createMember = (api: Api, body: MemberChange & { password: string }) =>
  api<Member>('POST', 'members', { body })
export const updateMember = (api: Api, { id, version }: Member, body: MemberChange) =>
  api<Member>('PATCH', `members/${id}`, { body, headers: ifMatch(version) })
export const setPassword = (api: Api, id: string, body: { password: string; currentPassword?: string }) =>
  api<void>('PUT', `members/${id}/password`, { body })

export interface ApiKey {
  id: string
  name: string
  prefix: string
  scopes: string[]
  createdBy: string
  createdAt: string
  usedAt: string | null
}
export const listApiKeys = (api: Api, cursor?: string) =>
  api<Page<ApiKey>>('GET', 'api-keys', { query: { limit: 100, cursor } })
export const createApiKey = (api: Api, body: { name: string; scopes: string[] }) =>
  api<{ key: ApiKey; secret: string }>('POST', 'api-keys', { body })
export const revokeApiKey = (api: Api, id: string) => api<void>('DELETE', `api-keys/${id}`)

export interface WebhookDraft {
  url: string
  description: string
  events: string[] | null
  ordered: boolean
}
export type Tried = Omit<WebhookAttempt, 'id' | 'number'>
type WithSecret = { endpoint: WebhookEndpoint; secret: string }
export const listWebhooks = (api: Api, cursor?: string) =>
  api<Page<WebhookEndpoint>>('GET', 'webhooks', { query: { limit: 100, cursor } })
export const createWebhook = (api: Api, body: WebhookDraft) => api<WithSecret>('POST', 'webhooks', { body })
export const updateWebhook = (api: Api, { id, version }: WebhookEndpoint, body: WebhookDraft) =>
  api<WebhookEndpoint>('PATCH', `webhooks/${id}`, { body, headers: ifMatch(version) })
export const removeWebhook = (api: Api, { id, version }: WebhookEndpoint) =>
  api<void>('DELETE', `webhooks/${id}`, { headers: ifMatch(version) })
export const setWebhookActive = (api: Api, id: string, active: boolean) =>
  api<WebhookEndpoint>('POST', `webhooks/${id}/${active ? 'resume' : 'pause'}`)
export const rotateWebhookSecret = (api: Api, id: string) => api<WithSecret>('POST', `webhooks/${id}/rotate-secret`)
export const testWebhook = (api: Api, id: string) => api<Tried>('POST', `webhooks/${id}/test`)
export const getWebhookWaiting = (api: Api, id: string) =>
  api<{ pending: number; exhausted: number; behind: number }>('GET', `webhooks/${id}/waiting`)
export const listWebhookAttempts = (api: Api, id: string, query: { succeeded?: boolean; cursor?: string }) =>
  api<Page<WebhookAttempt>>('GET', `webhooks/${id}/attempts`, { query: { limit: 25, ...query } })
export const resendWebhookEvent = (api: Api, id: string, eventId: string) =>
  api<void>('POST', `webhooks/${id}/events/${eventId}/resend`)
export const recoverWebhook = (api: Api, id: string, body: { since: string; all: boolean }) =>
  api<{ events: number }>('POST', `webhooks/${id}/recover`, { body })

export interface CannedDraft {
  title: string
  folder: string
  text: string
}
export const createCannedReply = (api: Api, body: CannedDraft & { own: boolean }) =>
  api<CannedReply>('POST', 'canned-replies', { body })
export const updateCannedReply = (api: Api, { id, version }: CannedReply, body: CannedDraft) =>
  api<CannedReply>('PATCH', `canned-replies/${id}`, { body, headers: ifMatch(version) })
export const removeCannedReply = (api: Api, { id, version }: CannedReply) =>
  api<void>('DELETE', `canned-replies/${id}`, { headers: ifMatch(version) })

export interface CannedImport {
  created: number
  changed: number
  unchanged: number
}
/** All of a table or nothing; with `dryRun` it only says what would be. */
export const importCannedReplies = (api: Api, body: { csv: string; own: boolean; dryRun: boolean }) =>
  api<CannedImport>('POST', 'canned-replies/import', { body })

/** What is said in one's own name when a conversation comes to one. */
export const listOwnGreetings = (api: Api) => api<{ data: OwnGreeting[] }>('GET', 'me/greetings')
export const putOwnGreeting = (api: Api, language: string, text: string, version?: number) =>
  api<OwnGreeting>('PUT', `me/greetings/${language}`, { body: { text }, ...seen(version) })
export const removeOwnGreeting = (api: Api, language: string, version: number) =>
  api<void>('DELETE', `me/greetings/${language}`, seen(version))

export const listContactTags = (api: Api, cursor?: string) =>
  api<Page<ContactTag>>('GET', 'contact-tags', { query: { limit: 100, cursor } })
export const listContactFields = (api: Api) => api<{ data: ContactField[] }>('GET', 'contact-fields')
export const putContactField = (
  api: Api,
  key: string,
  body: { label: string; type: ContactField['type']; options?: string[] },
) => api<ContactField>('PUT', `contact-fields/${encodeURIComponent(key)}`, { body })
export const removeContactField = (api: Api, key: string) =>
  api<void>('DELETE', `contact-fields/${encodeURIComponent(key)}`)
export const listContactGroups = (api: Api, cursor?: string) =>
  api<Page<ContactGroup>>('GET', 'contact-groups', { query: { limit: 100, cursor } })
export const createContactGroup = (api: Api, name: string) =>
  api<ContactGroup>('POST', 'contact-groups', { body: { name } })
export const renameContactGroup = (api: Api, { id, version }: ContactGroup, name: string) =>
  api<ContactGroup>('PATCH', `contact-groups/${id}`, { body: { name }, headers: ifMatch(version) })
export const removeContactGroup = (api: Api, { id, version }: ContactGroup) =>
  api<void>('DELETE', `contact-groups/${id}`, { headers: ifMatch(version) })

/** What a business defines by keys, at `ticket-categories` and the like: put by its key, and retired rather than removed. */
export const listDefined = <T>(api: Api, path: string) => api<{ data: T[] }>('GET', path)
export const putDefined = (api: Api, path: string, key: string, body: object) =>
  api<unknown>('PUT', `${path}/${key}`, { body })
/** The scope is `all`, or a skill group. */
export const putClosingRule = (api: Api, scope: string, body: Partial<Omit<ClosingRule, 'groupId'>>) =>
  api<ClosingRule>('PUT', `closing-rules/${scope}`, { body })
export const removeClosingRule = (api: Api, scope: string) => api<void>('DELETE', `closing-rules/${scope}`)

export interface VerificationFile {
  name: string
  content: string
  createdAt: string
}
export const listVerificationFiles = (api: Api) => api<{ data: VerificationFile[] }>('GET', 'verification-files')
export const putVerificationFile = (api: Api, name: string, content: string) =>
  api<VerificationFile>('PUT', `verification-files/${name}`, { body: { content } })
export const removeVerificationFile = (api: Api, name: string) => api<void>('DELETE', `verification-files/${name}`)

export type CalendarDraft = Pick<Calendar, 'name' | 'timeZone' | 'weekly' | 'exceptions'>
export const listCalendars = (api: Api) => api<{ data: Calendar[] }>('GET', 'calendars')
export const createCalendar = (api: Api, body: CalendarDraft) => api<Calendar>('POST', 'calendars', { body })
export const updateCalendar = (api: Api, { id, version }: Calendar, body: CalendarDraft) =>
  api<Calendar>('PATCH', `calendars/${id}`, { body, headers: ifMatch(version) })
export const removeCalendar = (api: Api, { id, version }: Calendar) =>
  api<void>('DELETE', `calendars/${id}`, { headers: ifMatch(version) })
export const putCalendarYear = (api: Api, { id, version }: Calendar, year: number, csv: string) =>
  api<Calendar>('PUT', `calendars/${id}/years/${year}`, { body: { csv }, headers: ifMatch(version) })
export const listAssignments = (api: Api) => api<{ data: CalendarAssignment[] }>('GET', 'calendar-assignments')
/** Null takes the calendar away. */
export const assignCalendar = (api: Api, target: string, calendarId: string | null) =>
  calendarId === null
    ? api<void>('DELETE', `calendar-assignments/${target}`)
    : api<void>('PUT', `calendar-assignments/${target}`, { body: { calendarId } })
export const getHours = (api: Api) => api<{ open: boolean }>('GET', 'hours')

export interface BuiltInText {
  kind: ReceptionText['kind']
  language: string
  text: string
}
type TextPlace = Pick<ReceptionText, 'scope' | 'kind' | 'language'>
const textPath = ({ scope, kind, language }: TextPlace) => `texts/${scope}/${kind}/${language}`
export const listTexts = (api: Api) => api<{ data: ReceptionText[] }>('GET', 'texts')
export const listBuiltInTexts = (api: Api) => api<{ data: BuiltInText[] }>('GET', 'texts/built-in')
export const putText = (api: Api, place: TextPlace, text: string, version?: number) =>
  api<ReceptionText>('PUT', textPath(place), { body: { text }, ...seen(version) })
export const removeText = (api: Api, place: TextPlace, version: number) =>
  api<void>('DELETE', textPath(place), seen(version))
export const listReceptionRules = (api: Api) => api<{ data: ScopedRules[] }>('GET', 'reception-rules')
export const putReceptionRules = (api: Api, scope: string, rules: ReceptionRules, version?: number) =>
  api<ScopedRules>('PUT', `reception-rules/${scope}`, { body: rules, ...seen(version) })

export interface AuditEntry {
  id: string
  at: string
  action: string
  subject: string | null
  actorId: string
  address: string | null
  changes: { field: string; before?: unknown; after?: unknown }[]
}
export const listAudit = (api: Api, query: { action?: string; actorId?: string; cursor?: string }) =>
  api<Page<AuditEntry>>('GET', 'audit', { query: { limit: 50, ...query } })
