/** How frames of the stream and answers of the API change what the console knows. Pure, and indifferent to repetition. */
import type { Contact, Conversation, Message, Offer, Presence } from '../api-agent.ts'
import type { Frame } from '../stream-position.ts'
import type { ConsoleState, Window } from './state.ts'

const typingMs = 6000

/** What a frame says; whoever calls drops frames that came before (stream.ts does). */
export function applyFrame(state: ConsoleState, frame: Frame, now: number): ConsoleState {
  const data = (frame.data ?? {}) as Record<string, unknown>
  if (data.conversation) {
    const conversation = data.conversation as Conversation
    return touch(putConversations(state, [conversation]), conversation.id)
  }
  if (frame.type === 'contact.unmerged') return contactsParted(state, data as unknown as Parted)
  if (data.contact) {
    const contact = data.contact as Contact
    return isKnown(state, contact) ? putContact(state, contact) : state
  }
  if (data.offer) return putOffer(state, data.offer as Offer)
  switch (frame.type) {
    case 'message.created':
      return messageCreated(state, data.message as Message)
    case 'message.updated':
      return withoutPreview(messageUpdated(state, data.message as Message), data.message as Message)
    case 'message.status':
      return messageStatus(state, data as unknown as Pick<Message, 'conversationId' | 'number' | 'status' | 'failure'>)
    case 'member.presence':
      return presenceChanged(state, data as unknown as Presence)
    case 'visitor.online':
      return { ...state, online: { ...state.online, [String(frame.contactId)]: frame.online === true } }
    case 'typing':
      if ((frame.by as { kind?: string } | undefined)?.kind !== 'contact') return state
      return { ...state, typing: { ...state.typing, [String(frame.conversationId)]: now + typingMs } }
    default:
      return state
  }
}

/** Takes conversations in; of two versions the newer stays. */
export function putConversations(state: ConsoleState, conversations: readonly Conversation[]): ConsoleState {
  const known = { ...state.conversations }
  for (const conversation of conversations) {
    const before = known[conversation.id]
    if (before && before.version > conversation.version) continue
    // Reading is told by frames of its own and may run ahead of the version.
    const agentRead = Math.max(conversation.agentRead, before?.agentRead ?? 0)
    const lastNumber = Math.max(conversation.lastNumber, before?.lastNumber ?? 0)
    known[conversation.id] = { ...conversation, agentRead, lastNumber }
  }
  return { ...state, conversations: known, missing: state.missing.filter((id) => !known[id]) }
}

/**
 * The hub's lists of open conversations, complete. What we had and they do not have is gone, except what events changed while
 * they were on their way.
 */
export function replaceOpen(state: ConsoleState, lists: readonly Conversation[]): ConsoleState {
  const listed = new Set(lists.map(({ id }) => id))
  const kept = Object.values(state.conversations).filter(
    ({ id, status }) => status !== 'open' || listed.has(id) || state.touched.includes(id),
  )
  return putConversations({ ...state, conversations: Object.fromEntries(kept.map((one) => [one.id, one])) }, lists)
}

/** Takes messages of one conversation in, from a list; `reachedStart` when nothing stands before them. */
export function putMessages(
  state: ConsoleState,
  conversationId: string,
  messages: readonly Message[],
  reachedStart: boolean,
): ConsoleState {
  const before = state.windows[conversationId]
  const window = merge(before?.messages ?? [], messages, (before?.reachedStart ?? false) || reachedStart)
  return { ...state, windows: { ...state.windows, [conversationId]: window } }
}

/** Says that messages of a conversation are known to be missing here. */
export function markHoled(state: ConsoleState, conversationId: string): ConsoleState {
  const window = state.windows[conversationId]
  return window ? { ...state, windows: { ...state.windows, [conversationId]: { ...window, holed: true } } } : state
}

/** Forgets messages that may have gone on without us, except those of one conversation, which are marked for reloading. */
export function forgetMessages(state: ConsoleState, except: string | undefined): ConsoleState {
  const kept = except === undefined ? undefined : state.windows[except]
  return { ...state, windows: except !== undefined && kept ? { [except]: { ...kept, holed: true } } : {} }
}

/** Whether the page shows the contact, or a conversation of theirs: an import tells of a hundred thousand that it does not. */
function isKnown({ contacts, conversations }: ConsoleState, { id, mergedIds }: Contact): boolean {
  const ids = [id, ...mergedIds]
  return ids.some((one) => contacts[one]) || Object.values(conversations).some((one) => ids.includes(one.contactId))
}

export function putContact(state: ConsoleState, contact: Contact): ConsoleState {
  const before = state.contacts[contact.id]
  // A contact that was merged into another and is one of its own again begins anew.
  if (before?.id === contact.id && before.version > contact.version) return state
  const ids = [contact.id, ...contact.mergedIds]
  const conversations = { ...state.conversations }
  for (const one of Object.values(conversations)) {
    if (ids.includes(one.contactId) && one.contactName !== contact.name)
      conversations[one.id] = { ...one, contactName: contact.name }
  }
  const contacts = { ...state.contacts, ...Object.fromEntries(ids.map((id) => [id, contact])) }
  return { ...state, conversations, contacts }
}

export interface Parted {
  contact: Contact
  restored: Contact
  conversationIds: readonly string[]
}

/** A merge was undone: two contacts again, each with its own conversations. */
export function contactsParted(state: ConsoleState, { contact, restored, conversationIds }: Parted): ConsoleState {
  const conversations = { ...state.conversations }
  for (const id of conversationIds) {
    const one = conversations[id]
    if (one) conversations[id] = { ...one, contactId: restored.id, contactName: restored.name }
  }
  return putContact(putContact({ ...state, conversations }, contact), restored)
}

/** Takes an offer in. One that has ended stays ended, whatever an older list says. */
export function putOffer(state: ConsoleState, offer: Offer): ConsoleState {
  const before = state.offers[offer.id]
  if (before && before.state !== 'open') return state
  const next = { ...state, offers: { ...state.offers, [offer.id]: offer } }
  const { conversationId, state: answer, memberId } = offer
  return answer === 'open' && memberId === state.me && conversationId !== null ? want(next, conversationId) : next
}

/** The hub's list of presences. Whose presence changed while it was on its way is known better here. */
export function putPresences(state: ConsoleState, presences: readonly Presence[]): ConsoleState {
  const entries = presences
    .filter(({ memberId }) => !state.touched.includes(memberId))
    .map((presence) => [presence.memberId, presence] as const)
  return { ...state, presence: { ...state.presence, ...Object.fromEntries(entries) } }
}

/** Somebody's presence or load changed just now. */
export function presenceChanged(state: ConsoleState, presence: Presence): ConsoleState {
  return touch({ ...state, presence: { ...state.presence, [presence.memberId]: presence } }, presence.memberId)
}

/** A message of ours is sent once more: it begins anew, so that what was told before does not count. */
export function putMessageAgain(state: ConsoleState, message: Message): ConsoleState {
  const window = state.windows[message.conversationId]
  if (!window) return state
  const messages = window.messages.map((one) => (one.number === message.number ? message : one))
  return { ...state, windows: { ...state.windows, [message.conversationId]: { ...window, messages } } }
}

/** The hub's answer to a recall of the message as it was shown; what the stream has told of it meanwhile is newer. */
export function putRecall(state: ConsoleState, shown: Message, asked: Message): ConsoleState {
  const now = state.windows[shown.conversationId]?.messages.find(({ number }) => number === shown.number)
  return now?.recall === shown.recall ? putMessageAgain(state, asked) : state
}

/** This page has read that far. */
export function markRead(state: ConsoleState, conversationId: string, number: number): ConsoleState {
  const conversation = state.conversations[conversationId]
  if (!conversation || conversation.agentRead >= number) return state
  return {
    ...state,
    conversations: { ...state.conversations, [conversationId]: { ...conversation, agentRead: number } },
  }
}

function messageCreated(state: ConsoleState, message: Message): ConsoleState {
  const conversation = state.conversations[message.conversationId]
  let next = touch(claimOutgoing(state, message), message.conversationId)
  if (!conversation) next = want(next, message.conversationId)
  else if (message.number > conversation.lastNumber) {
    const waitingSince = waitingAfter(conversation, message)
    const changed = {
      ...conversation,
      lastNumber: message.number,
      lastMessageAt: message.createdAt,
      waitingSince,
      overdue: conversation.overdue && waitingSince !== null,
      preview: message.direction === 'note' ? conversation.preview : (firstText(message) ?? conversation.preview),
    }
    next = { ...next, conversations: { ...next.conversations, [changed.id]: changed } }
  }
  if (message.direction === 'in') next = { ...next, typing: { ...next.typing, [message.conversationId]: 0 } }
  const window = next.windows[message.conversationId]
  if (!window) return next
  const merged = merge(window.messages, [message], window.reachedStart)
  return {
    ...next,
    windows: { ...next.windows, [message.conversationId]: { ...merged, holed: window.holed || merged.holed } },
  }
}

/** Since when the customer waits once that was said: answers end it, and the hub tells of it by the message alone. */
function waitingAfter({ waitingSince }: Conversation, { direction, author, createdAt }: Message): string | null {
  if (direction === 'in') return waitingSince ?? createdAt
  return direction === 'out' && author.kind !== 'system' ? null : waitingSince
}

/** Our own message came back on the stream before the answer to our request: it takes the place of the one shown so far. */
function claimOutgoing(state: ConsoleState, message: Message): ConsoleState {
  if (message.author.id !== state.me) return state
  const parts = JSON.stringify(message.parts)
  const index = state.outbox.findIndex(
    (entry) =>
      entry.conversationId === message.conversationId &&
      !entry.shown &&
      (entry.clientId === message.clientId || (message.clientId === null && JSON.stringify(entry.parts) === parts)),
  )
  if (index < 0) return state
  return { ...state, outbox: state.outbox.map((entry, at) => (at === index ? { ...entry, shown: true } : entry)) }
}

/** Only what is shown already: an older one is read as it is when it is shown. */
function messageUpdated(state: ConsoleState, message: Message): ConsoleState {
  const window = state.windows[message.conversationId]
  if (!window) return state
  const { parts, editedAt, reactions, recall } = message
  const messages = window.messages.map((one) =>
    one.id === message.id ? { ...one, parts, editedAt, reactions, ...(recall && { recall }) } : one,
  )
  return { ...state, windows: { ...state.windows, [message.conversationId]: { ...window, messages } } }
}

/** What is gone is not shown in lists either. */
function withoutPreview(state: ConsoleState, { conversationId, number, recall }: Message): ConsoleState {
  const conversation = state.conversations[conversationId]
  if (recall?.state !== 'done' || conversation?.lastNumber !== number) return state
  return { ...state, conversations: { ...state.conversations, [conversationId]: { ...conversation, preview: null } } }
}

function messageStatus(
  state: ConsoleState,
  { conversationId, number, status, failure }: Pick<Message, 'conversationId' | 'number' | 'status' | 'failure'>,
): ConsoleState {
  const window = state.windows[conversationId]
  if (!window) return state
  const messages = window.messages.map((message) =>
    message.number === number && rank(message) <= rank({ status }) ? { ...message, status, failure } : message,
  )
  return { ...state, windows: { ...state.windows, [conversationId]: { ...window, messages } } }
}

/** How far a message has come: what was told later never takes it back. */
const ranks: Record<string, number> = { queued: 0, unknown: 1, failed: 1, accepted: 2, delivered: 3, read: 4 }
const rank = ({ status }: Pick<Message, 'status'>): number => ranks[status] ?? 0

function merge(before: readonly Message[], added: readonly Message[], reachedStart: boolean): Window {
  const byNumber = new Map(before.map((message) => [message.number, message]))
  for (const message of added) {
    const known = byNumber.get(message.number)
    byNumber.set(message.number, known && rank(known) > rank(message) ? known : message)
  }
  const messages = [...byNumber.values()].sort((a, b) => a.number - b.number)
  const holed = messages.some(
    (message, index) => index > 0 && message.number !== (messages[index - 1]?.number ?? 0) + 1,
  )
  return { messages, reachedStart: reachedStart || messages[0]?.number === 1, holed }
}

function touch(state: ConsoleState, id: string): ConsoleState {
  return state.touched.includes(id) ? state : { ...state, touched: [...state.touched, id] }
}

function want(state: ConsoleState, id: string): ConsoleState {
  return state.conversations[id] || state.missing.includes(id) ? state : { ...state, missing: [...state.missing, id] }
}

function firstText(message: Message): string | undefined {
  for (const part of message.parts) if (part.type === 'text') return part.text.slice(0, 200)
  return undefined
}
