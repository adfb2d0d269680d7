/** What the console knows of the hub, and what is read out of it. Pure: reduce.ts changes it, store.ts keeps it. */
import type { Contact, Conversation, Member, Message, Offer, Part, Presence } from '../api-agent.ts'

/** Messages of one conversation that are here: ascending by number, without holes unless `holed`. */
export interface Window {
  messages: readonly Message[]
  reachedStart: boolean
  holed: boolean
}

/** A message on its way out, shown before the hub has it. */
export interface Outgoing {
  clientId: string
  conversationId: string
  parts: Part[]
  note: boolean
  /** Members to whom a note calls out. */
  mentions?: readonly string[]
  /** Where it goes, if that is not the conversation's own channel. */
  channelId?: string
  at: number
  state: 'sending' | 'failed'
  detail: string
  /** The stream has shown the message already, the answer to our request has not come: not to be shown twice. */
  shown: boolean
}

export interface ConsoleState {
  me: string
  conversations: Readonly<Record<string, Conversation>>
  windows: Readonly<Record<string, Window>>
  contacts: Readonly<Record<string, Contact>>
  offers: Readonly<Record<string, Offer>>
  presence: Readonly<Record<string, Presence>>
  members: Readonly<Record<string, Member>>
  groups: Readonly<Record<string, string>>
  online: Readonly<Record<string, boolean>>
  /** Until when the customer counts as writing, per conversation. */
  typing: Readonly<Record<string, number>>
  outbox: readonly Outgoing[]
  /** Conversations that something spoke of and that are not here: to be fetched. */
  missing: readonly string[]
  /** Conversations and members that changed since lists were last asked for: such an answer is older than what we have. */
  touched: readonly string[]
}

export const emptyState: ConsoleState = {
  me: '',
  conversations: {},
  windows: {},
  contacts: {},
  offers: {},
  presence: {},
  members: {},
  groups: {},
  online: {},
  typing: {},
  outbox: [],
  missing: [],
  touched: [],
}

export type ListName = 'mine' | 'unanswered' | 'snoozed' | 'waiting' | 'all' | 'resolved' | 'closed'

/** The entry of the rail under which a list is found. */
export const listFamilies: Readonly<Record<ListName, 'mine' | 'waiting' | 'all' | 'closed'>> = {
  mine: 'mine',
  unanswered: 'mine',
  snoozed: 'mine',
  waiting: 'waiting',
  all: 'all',
  resolved: 'closed',
  closed: 'closed',
}

/** The conversations of a list, in its order. */
export function listOf(state: ConsoleState, list: ListName): Conversation[] {
  return Object.values(state.conversations)
    .filter((conversation) => belongs[list](conversation, state.me))
    .sort(list === 'waiting' ? byWaiting : list === 'unanswered' ? byPatience : byNews)
}

type Belongs = (conversation: Conversation, me: string) => boolean

const isMine: Belongs = ({ assigneeId, participantIds }, me) => assigneeId === me || participantIds.includes(me)
const wasMine: Belongs = ({ assigneeId, closedBy, resolvedBy }, me) => [assigneeId, closedBy, resolvedBy].includes(me)

const belongs: Record<ListName, Belongs> = {
  mine: (one, me) => one.status === 'open' && isMine(one, me) && one.snoozed === null,
  unanswered: (one, me) => belongs.mine(one, me) && one.waitingSince !== null,
  snoozed: (one, me) => one.status === 'open' && isMine(one, me) && one.snoozed !== null,
  waiting: (one) => isWaiting(one),
  all: ({ status }) => status === 'open',
  resolved: (one, me) => one.status === 'resolved' && wasMine(one, me),
  closed: (one, me) => one.status === 'closed' && wasMine(one, me),
}

export const isWaiting = ({ status, heldBy }: Conversation): boolean => status === 'open' && heldBy === 'queue'

const newsAt = (conversation: Conversation): string => conversation.lastMessageAt ?? conversation.openedAt
const byNews = (a: Conversation, b: Conversation): number => newsAt(b).localeCompare(newsAt(a))
const byPatience = (a: Conversation, b: Conversation): number =>
  (a.waitingSince ?? a.openedAt).localeCompare(b.waitingSince ?? b.openedAt)
const byWaiting = (a: Conversation, b: Conversation): number => b.priority - a.priority || byPatience(a, b)

/** What its agent has not read: counted where the messages are here, by number where not. */
export function unreadOf(state: ConsoleState, { id, agentRead, lastNumber }: Conversation): number {
  const window = state.windows[id]
  if (!window || window.holed || (window.messages[0]?.number ?? Number.POSITIVE_INFINITY) > agentRead + 1) {
    return Math.max(0, lastNumber - agentRead)
  }
  return window.messages.filter(({ direction, number }) => direction === 'in' && number > agentRead).length
}

/** Unread messages of the open conversations that are mine: what is read counts for the holder alone. */
export function unreadTotal(state: ConsoleState): number {
  return listOf(state, 'mine')
    .filter(({ assigneeId }) => assigneeId === state.me)
    .reduce((sum, conversation) => sum + unreadOf(state, conversation), 0)
}

/** Offers to me that can still be accepted, the most urgent first. */
export function openOffers(state: ConsoleState, now: number): Offer[] {
  return Object.values(state.offers)
    .filter(
      ({ state: stage, memberId, expiresAt }) =>
        stage === 'open' && memberId === state.me && Date.parse(expiresAt) > now,
    )
    .sort((a, b) => a.expiresAt.localeCompare(b.expiresAt))
}

/** The offer of a conversation to me, if there is one. */
export const offerOf = (state: ConsoleState, conversationId: string, now: number): Offer | undefined =>
  openOffers(state, now).find((offer) => offer.conversationId === conversationId)

/** The conversation after (1) or before (-1) another in a list; the first when that one is not in it. */
export function neighbour(list: readonly Conversation[], id: string | undefined, step: 1 | -1): string | undefined {
  const at = list.findIndex((conversation) => conversation.id === id)
  const next = at < 0 ? 0 : Math.min(Math.max(at + step, 0), list.length - 1)
  return list[next]?.id
}
