/** What an agent's page asks of the hub. */

import type { ClosingRule, ConversationCategory } from '../src/core/events/conversation-shapes.ts'
import type { CannedReply } from '../src/core/events/desk-shapes.ts'
import type {
  AgentStatus,
  Conversation,
  Member,
  Message,
  Offer,
  Part,
  Presence,
  SkillGroup,
  Way,
} from '../src/core/events/shapes.ts'
import type { Api, Page } from './api.ts'

export type { ClosingRule, ConversationCategory } from '../src/core/events/conversation-shapes.ts'
export type { CannedReply } from '../src/core/events/desk-shapes.ts'

export type {
  AgentStatus,
  Channel,
  Contact,
  Conversation,
  Member,
  Message,
  Offer,
  Part,
  Presence,
  Way,
} from '../src/core/events/shapes.ts'

export interface Tenant {
  id: string
  slug: string
  name: string
  timeZone: string
  locale: string
}

export interface Me {
  principal: { kind: string; id: string }
  member: Member | null
  tenant: Tenant
  permissions: string[]
}

/** A command to routing: its outcome, or only its id when routing takes longer; then the stream tells. */
export interface Commanded {
  commandId: string
  outcome?: { result: 'done' | 'refused'; code?: string; detail?: string; assigneeId?: string }
}

export interface ConversationFilter {
  status?: 'open' | 'resolved' | 'closed'
  heldBy?: 'queue' | 'agent' | 'bot'
  assigneeId?: string
  participantId?: string
  groupId?: string
  contactId?: string
}

/** What is written down when a conversation ends. */
export interface Ending {
  summary?: string | null
  category?: string | null
}

export const createSession = (api: Api, body: { login: string; password: string; tenant?: string }) =>
  api<{ member: Member; tenant: Tenant }>('POST', 'sessions', { body })
export const deleteSession = (api: Api) => api<void>('DELETE', 'sessions/current')
export const getMe = (api: Api) => api<Me>('GET', 'me')

export const listConversations = (api: Api, filter: ConversationFilter, cursor?: string) =>
  api<Page<Conversation>>('GET', 'conversations', { query: { ...filter, limit: 100, cursor } })
export const getConversation = (api: Api, id: string) => api<Conversation>('GET', `conversations/${id}`)
export const listMessages = (api: Api, id: string, range: { before?: number; after?: number; limit: number }) =>
  api<{ data: Message[] }>('GET', `conversations/${id}/messages`, { query: range })
/** The same key never makes a second message. */
export const createMessage = (
  api: Api,
  id: string,
  key: string,
  /** `channelId` names another channel than the conversation's own. */
  body: { parts: Part[]; note?: true; mentions?: readonly string[]; channelId?: string },
) =>
  api<Message>('POST', `conversations/${id}/messages`, {
    body: { ...body, clientId: key },
    headers: { 'Idempotency-Key': key },
  })
export const listWays = (api: Api, id: string) => api<{ data: Way[] }>('GET', `conversations/${id}/ways`)
/** Sends again what failed. Of an `unknown` one the customer may get a second copy. */
export const resendMessage = (api: Api, { conversationId, id }: Message) =>
  api<Message>('POST', `conversations/${conversationId}/messages/${id}/resend`)
/** Takes back what was said to a customer; what comes of it, the message says later. */
export const recallMessage = (api: Api, { conversationId, id }: Message) =>
  api<Message>('POST', `conversations/${conversationId}/messages/${id}/recall`)
export const closeConversation = (api: Api, id: string, ending: Ending) =>
  api<Conversation>('POST', `conversations/${id}/close`, { body: ending })
/** What the customer wanted is done: nobody holds it until they write again. */
export const resolveConversation = (api: Api, id: string, ending: Ending) =>
  api<Conversation>('POST', `conversations/${id}/resolve`, { body: ending })
/** `mine` asks for it to come to me. */
export const reopenConversation = (api: Api, id: string, mine: boolean) =>
  api<Commanded>('POST', `conversations/${id}/reopen`, { body: { mine } })
/** Without `until` it wakes when the customer writes. */
export const snoozeConversation = (api: Api, id: string, until?: string) =>
  api<Commanded>('POST', `conversations/${id}/snooze`, { body: until ? { until } : {} })
export const wakeConversation = (api: Api, id: string) => api<Commanded>('POST', `conversations/${id}/wake`)
/** Has one that waits for the opening hours routed now. */
export const unparkConversation = (api: Api, id: string) => api<Conversation>('POST', `conversations/${id}/unpark`)
export const takeOverConversation = (api: Api, id: string, keepHolder: boolean) =>
  api<Commanded>('POST', `conversations/${id}/take-over`, { body: { keepHolder } })
export const listConversationCategories = (api: Api) =>
  api<{ data: ConversationCategory[] }>('GET', 'conversation-categories')
export const listClosingRules = (api: Api) => api<{ data: ClosingRule[] }>('GET', 'closing-rules')
export const markRead = (api: Api, id: string, number: number) =>
  api<unknown>('POST', `conversations/${id}/read`, { body: { number } })
/** To a group `warm`: its holder keeps it until somebody there takes it. */
export type TransferTarget = { groupId: string; warm?: boolean } | { memberId: string }
export const transferConversation = (api: Api, id: string, to: TransferTarget) =>
  api<Commanded>('POST', `conversations/${id}/transfer`, { body: to })
export const keepConversation = (api: Api, id: string) => api<Commanded>('DELETE', `conversations/${id}/transfer`)
export const assignConversation = (api: Api, id: string, memberId: string) =>
  api<Commanded>('POST', `conversations/${id}/assign`, { body: { memberId } })
/** Refused with 412 `version-stale` when somebody changed the conversation since. */
export const editConversation = (api: Api, { id, version }: Conversation, body: Ending & { tags?: string[] }) =>
  api<Conversation>('PATCH', `conversations/${id}`, { body, headers: { 'If-Match': `"v${version}"` } })
export const inviteParticipant = (api: Api, id: string, memberId: string) =>
  api<Conversation>('PUT', `conversations/${id}/participants/${memberId}`)
export const removeParticipant = (api: Api, id: string, memberId: string) =>
  api<Conversation>('DELETE', `conversations/${id}/participants/${memberId}`)
export const listConversationTags = (api: Api) =>
  api<Page<{ tag: string; count: number }>>('GET', 'conversation-tags', { query: { limit: 100 } })
export const listMentions = (api: Api, cursor?: string) =>
  api<Page<Message>>('GET', 'mentions', { query: { limit: 50, cursor } })
export const pullConversation = (api: Api, id: string) => api<Commanded>('POST', `conversations/${id}/pull`)

export const listOffers = (api: Api) => api<{ data: Offer[] }>('GET', 'offers')
export const acceptOffer = (api: Api, id: string) => api<Commanded>('POST', `offers/${id}/accept`)
export const declineOffer = (api: Api, id: string) => api<Commanded>('POST', `offers/${id}/decline`, { body: {} })

export const listPresence = (api: Api) => api<{ data: Presence[] }>('GET', 'presence')
/** A state, or the key of one of the business's own; `closed` are media of which nothing is taken meanwhile. */
export type PresenceChange = ({ state: Presence['state'] } | { status: string }) & {
  reason?: string
  closed?: readonly Medium[]
}
export type Medium = NonNullable<Presence['closed']>[number]
export const putPresence = (api: Api, change: PresenceChange, memberId = 'me') =>
  api<Commanded>('PUT', `presence/${memberId}`, { body: change })
export const listAgentStatuses = (api: Api) => api<{ data: AgentStatus[] }>('GET', 'agent-statuses')

export const listMembers = (api: Api, cursor?: string) =>
  api<Page<Member>>('GET', 'members', { query: { limit: 100, cursor } })
export const listCannedReplies = (api: Api) => api<{ data: CannedReply[] }>('GET', 'canned-replies')
export const listGroups = (api: Api, cursor?: string) =>
  api<Page<SkillGroup>>('GET', 'groups', { query: { limit: 100, cursor } })
