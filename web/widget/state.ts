/** What the widget knows, and what happens to it. Pure: session.ts brings the world in, view.tsx draws. */
import type { VisitorMessage } from '../api-visitor.ts'
import type { Frame } from '../stream-position.ts'
import { type Queue, withoutShown } from './queue.ts'

/** A place in the visitor's messages: conversations follow each other in order of their ids. */
export interface Place {
  conversationId: string
  number: number
}

/** Whom the visitor talks with; `number` is the 工号. */
export interface Agent {
  name: string | null
  number: string | null
}

/** 1 is next; how long it will be, where that is known. */
export interface Standing {
  readonly position: number
  readonly estimate: { readonly lowSeconds: number; readonly highSeconds: number } | null
}

export interface WidgetState {
  /** Whether the panel is on the visitor's screen. */
  open: boolean
  messages: readonly VisitorMessage[]
  queue: Queue
  agent: Agent | null
  /** Where the visitor stands in line, while they wait. */
  standing: Standing | null
  /** What last asked how the visitor was served, by the id of its event. */
  asked?: string | undefined
  /** The conversation that ended last, until somebody speaks again. */
  ended: boolean
  agentRead: Place
  /** Up to where the visitor has seen the answers. */
  seen: Place
  /** The agent is writing, as far as is known until then (milliseconds since 1970). */
  typingUntil: number
  line: 'idle' | 'working' | 'broken' | 'refused'
}

const nowhere: Place = { conversationId: '', number: 0 }
export const typingMs = 6000

export const emptyState: WidgetState = {
  open: false,
  messages: [],
  queue: [],
  agent: null,
  standing: null,
  ended: false,
  agentRead: nowhere,
  seen: nowhere,
  typingUntil: 0,
  line: 'idle',
}

export function isAfter(a: Place, b: Place): boolean {
  return a.conversationId === b.conversationId ? a.number > b.number : a.conversationId > b.conversationId
}

/** Takes messages in, from a list or the stream, in any order and repeatedly. */
export function addMessages(state: WidgetState, added: readonly VisitorMessage[]): WidgetState {
  if (added.length === 0) return state
  const byId = new Map(state.messages.map((message) => [message.id, message]))
  for (const message of added) byId.set(message.id, message)
  const messages = [...byId.values()].sort((a, b) => (isAfter(a, b) ? 1 : -1))
  const newest = messages.at(-1)
  const agent = messages.findLast((message) => message.direction === 'out' && message.author.kind === 'member')?.author
  return {
    ...state,
    messages,
    queue: withoutShown(state.queue, added),
    agent: state.agent ?? agent ?? null,
    // One that is only changed begins nothing.
    ended: messages.length === state.messages.length && state.ended,
    typingUntil: newest?.direction === 'out' ? 0 : state.typingUntil,
  }
}

/** What a frame of the visitor's stream changes. */
export function applyFrame(state: WidgetState, frame: Frame, now: number): WidgetState {
  const data = (frame.data ?? {}) as Record<string, unknown>
  // Said, or changed.
  if (data.message) return addMessages(state, [data.message as VisitorMessage])
  switch (frame.type) {
    case 'conversation.assigned':
      return { ...state, agent: data.agent as Agent, standing: null, ended: false }
    case 'queue.place':
      return { ...state, standing: (frame.place as Standing | null | undefined) ?? null }
    case 'conversation.closed':
      return { ...state, agent: null, standing: null, ended: true, typingUntil: 0 }
    case 'satisfaction.requested':
      return { ...state, asked: frame.id }
    case 'conversation.read': {
      const conversationId = frame.subject ?? state.messages.at(-1)?.conversationId ?? ''
      const read = { conversationId, number: Number(data.agentRead) || 0 }
      return isAfter(read, state.agentRead) ? { ...state, agentRead: read } : state
    }
    case 'typing':
      return (frame.by as { kind?: string } | undefined)?.kind === 'contact'
        ? state
        : { ...state, typingUntil: now + typingMs }
    default:
      return state
  }
}

/** Answers that the visitor has not seen. */
export function unreadCount(state: WidgetState): number {
  return state.messages.filter((message) => message.direction === 'out' && isAfter(message, state.seen)).length
}

/** The newest answer, if it has not been seen. */
export function unseen(state: WidgetState): VisitorMessage | undefined {
  const newest = state.messages.findLast((message) => message.direction === 'out')
  return newest && isAfter(newest, state.seen) ? newest : undefined
}
