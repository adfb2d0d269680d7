/**
 * What was said while nobody was connected: asked for where the gateway has it, told as a gap where not. The actions are extensions:
 * NapCat and LLBot have all of them. https://napneko.github.io/onebot/api
 */
import type { Inbound } from '../../core/conversations/model.ts'
import { textIn } from '../contract.ts'
import { type Gateway, Refused } from './gateway.ts'
import { type Event, saidAt } from './translate.ts'

/** Clocks differ, and what was taken in last is taken in again: its key says that it is there. */
const overlapMs = 60_000
const chats = 50
/** Few enough that an answer is no longer than a frame may be. */
const messagesOfOne = 20
const asksMs = 20_000

export interface Missed {
  readonly events: readonly Event[]
  /** Why there may be more than these. */
  readonly gap?: string
}

/** The messages of every chat since then, in the order of their time. Never rejects. */
export async function missedSince(since: number, gateway: Gateway, signal: AbortSignal): Promise<Missed> {
  const within = AbortSignal.any([signal, AbortSignal.timeout(asksMs)])
  try {
    const recent = listIn(await gateway.call('get_recent_contact', { count: chats }, within))
    const events: Event[] = []
    let full = recent.length >= chats
    for (const chat of recent) {
      const last = saidAt({ time: chat.msgTime })
      if (last !== undefined && last < since - overlapMs) continue
      const found = await messagesOf(chat, gateway, within)
      const missed = found.filter((event) => (saidAt(event) ?? 0) >= since - overlapMs)
      full ||= missed.length >= messagesOfOne
      events.push(...missed)
    }
    events.sort((a, b) => (saidAt(a) ?? 0) - (saidAt(b) ?? 0))
    return { events, ...(full && { gap: 'More was said meanwhile than the gateway tells of at once.' }) }
  } catch (error) {
    const isMissing = error instanceof Refused && error.isUnknownAction
    const gap = isMissing ? 'The gateway keeps no history.' : 'The gateway did not tell what was said meanwhile.'
    return { events: [], gap }
  }
}

async function messagesOf(chat: Event, gateway: Gateway, signal: AbortSignal): Promise<Event[]> {
  const id = textIn(chat.peerUin, 64)
  const isGroup = Number(chat.chatType) === 2
  if (!/^\d+$/.test(id) || (!isGroup && Number(chat.chatType) !== 1)) return []
  const asked = { ...(isGroup ? { group_id: Number(id) } : { user_id: Number(id) }), count: messagesOfOne }
  const action = isGroup ? 'get_group_msg_history' : 'get_friend_msg_history'
  const answer = (await gateway.call(action, asked, signal)) as { messages?: unknown } | undefined
  // Told like events, but for what they are.
  return listIn(answer?.messages).map((message) => ({ ...message, post_type: 'message' }))
}

function listIn(value: unknown): Event[] {
  return Array.isArray(value) ? value.filter((one) => one !== null && typeof one === 'object') : []
}

/** The latest moment of what is durable, for the next time. */
export function latestOf(events: readonly Inbound[], known: number): number {
  return events.reduce((latest, { at }) => Math.max(latest, Date.parse(at)), known)
}
