/** What an agent does with a click or a key. Refusals become a notice; nothing here throws. */
import { asProblem } from '../api.ts'
import {
  acceptOffer,
  type Commanded,
  type Conversation,
  declineOffer,
  keepConversation,
  type Message,
  markRead as markReadCall,
  type Offer,
  type PresenceChange,
  pullConversation,
  putPresence as putPresenceCall,
  recallMessage,
  resendMessage,
  type TransferTarget,
  transferConversation,
} from '../api-agent.ts'
import { getContact } from '../api-contacts.ts'
import { fill } from '../i18n/locale.ts'
import { api } from './calls.ts'
import { say } from './connection.ts'
import { markRead, presenceChanged, putContact, putMessageAgain, putRecall } from './reduce.ts'
import { listOf, neighbour } from './state.ts'
import { go, hub, notice, route, update } from './store.ts'
import { refusalOf, t } from './texts.ts'

/** Tells the agent in words; it goes away by itself. */
export function tell(text: string, kind: 'error' | 'info' = 'info'): void {
  const shown = { text, kind }
  notice.value = shown
  setTimeout(() => {
    if (notice.peek() === shown) notice.value = undefined
  }, 6000)
}

/** Runs what may be refused, and tells of a refusal; false when it was. */
export async function attempt(act: () => Promise<unknown>, own?: Readonly<Record<string, string>>): Promise<boolean> {
  try {
    await act()
    return true
  } catch (error) {
    if (asProblem(error).status !== 401) tell(refusalOf(error, own), 'error')
    return false
  }
}

/** Runs a command to routing. A late outcome comes by the stream. */
export async function command(
  act: () => Promise<Commanded>,
  own: Readonly<Record<string, string>> = {},
): Promise<boolean> {
  let refused = false
  const ran = await attempt(async () => {
    const { outcome } = await act()
    if (outcome?.result !== 'refused') return
    refused = true
    tell(
      own[outcome.code ?? ''] ??
        t().problems[outcome.code ?? ''] ??
        fill(t().refused, { why: outcome.detail ?? outcome.code ?? '' }),
      'error',
    )
  }, own)
  return ran && !refused
}

export async function accept(offer: Offer): Promise<void> {
  const accepted = await command(() => acceptOffer(api, offer.id))
  endOffer(offer, accepted ? 'accepted' : 'rescinded')
  if (accepted && offer.conversationId !== null) go({ list: 'mine', conversationId: offer.conversationId })
}

export async function decline(offer: Offer): Promise<void> {
  if (await command(() => declineOffer(api, offer.id))) endOffer(offer, 'declined')
}

export async function pull(conversation: Conversation): Promise<void> {
  if (await command(() => pullConversation(api, conversation.id))) go({ list: 'mine', conversationId: conversation.id })
}

/** Hands a conversation on; resolves with whether routing did so. */
export function transfer(conversation: Conversation, to: TransferTarget): Promise<boolean> {
  return command(() => transferConversation(api, conversation.id, to))
}

/** Takes back what is being handed on. */
export function keep(conversation: Conversation): Promise<boolean> {
  return command(() => keepConversation(api, conversation.id))
}

/** Sends once more what did not arrive, or may not have. */
export async function sendAgain(message: Message): Promise<void> {
  await attempt(async () => {
    const sent = await resendMessage(api, message)
    update((state) => putMessageAgain(state, sent))
  })
}

/** 撤回 */
export async function takeBack(message: Message): Promise<void> {
  await attempt(async () => {
    const asked = await recallMessage(api, message)
    update((state) => putRecall(state, message, asked))
  })
}

/** Mine, or somebody else's, for whoever may set it. */
export async function setPresence(change: PresenceChange, whose?: string): Promise<void> {
  await command(async () => {
    const answer = await putPresenceCall(api, change, whose)
    const { me, presence } = hub.peek()
    const memberId = whose ?? me
    const { used, capacity } = presence[memberId] ?? { used: 0, capacity: 0 }
    // What a state of the business's own stands for, the stream tells.
    if (answer.outcome?.result === 'done' && 'state' in change) {
      const { state, reason = null, closed = [] } = change
      update((all) => presenceChanged(all, { memberId, used, capacity, state, reason, closed: [...closed] }))
    }
    return answer
  })
}

/** The agent has the newest message before their eyes. */
export function readUpTo({ id, agentRead, lastNumber }: Conversation): void {
  if (lastNumber <= agentRead) return
  update((state) => markRead(state, id, lastNumber))
  if (!say({ type: 'read', conversationId: id, number: lastNumber })) {
    markReadCall(api, id, lastNumber).catch(() => undefined)
  }
}

let typedAt = 0

/** To be called with each keystroke: tells the customer now and then. */
export function typing(conversationId: string): void {
  if (Date.now() - typedAt < 3000) return
  typedAt = Date.now()
  say({ type: 'typing', conversationId })
}

export async function loadContact(id: string): Promise<void> {
  await attempt(async () => {
    const contact = await getContact(api, id)
    update((state) => putContact(state, contact))
  })
}

/** Goes to the next or the one before in the list on the page. */
export function step(by: 1 | -1): void {
  const { list, conversationId } = route.peek()
  const id = neighbour(listOf(hub.peek(), list), conversationId, by)
  if (id) go({ conversationId: id })
}

function endOffer(offer: Offer, state: Offer['state']): void {
  update((all) => ({ ...all, offers: { ...all.offers, [offer.id]: { ...offer, state } } }))
}
