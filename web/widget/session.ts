/**
 * The visitor's side of a conversation with the hub: who they are, the stream, and the queue of what they wrote. Everything
 * ends in a new state, which `onChange` is told of.
 */
import type { Part } from '../../src/core/events/shapes.ts'
import { asProblem, openApi } from '../api.ts'
import { createVisitorSession, listVisitorMessages, sendVisitorMessage, type VisitorSession } from '../api-visitor.ts'
import { newClientId } from '../ids.ts'
import type { Store } from '../storage.ts'
import { openStream, type Stream } from '../stream.ts'
import { type Frame, reconnectDelayMs } from '../stream-position.ts'
import { enqueue, restore, settle, unsent } from './queue.ts'
import { addMessages, applyFrame, emptyState, typingMs, unreadCount, unseen, type WidgetState } from './state.ts'

export interface SessionOptions {
  base: string
  channelId: string
  claims: Record<string, string>
  store: Store
  onChange: () => void
  /** An answer came in that the visitor does not have before their eyes. */
  onUnseen: () => void
}

export interface WidgetSession {
  readonly state: WidgetState
  readonly channel: VisitorSession['channel'] | undefined
  /** Whether this browser has talked on this channel before. */
  readonly isKnown: boolean
  token(): string | undefined
  /** Begins or resumes the session; may be repeated. Resolves with it, or undefined when the hub refused. */
  start(identity?: string): Promise<VisitorSession | undefined>
  /** The visitor is nobody any more: the next word starts from nothing. */
  reset(): void
  /** Puts a message into the queue; false when the queue is full. */
  send(parts: Part[]): boolean
  retry(clientId: string): void
  /** To be called with each keystroke: tells the other side now and then. */
  typing(): void
  setOpen(open: boolean): void
  /** Marks the answers as read, if the visitor has them before their eyes. */
  see(): void
}

type Who = VisitorSession | undefined

const typingEveryMs = 3000

export function openSession({ base, channelId, claims, store, onChange, onUnseen }: SessionOptions): WidgetSession {
  const key = (name: string) => `${channelId}.${name}`
  let token = store.read<string>(key('token'))
  let state: WidgetState = {
    ...emptyState,
    queue: restore(store.read(key('queue')), Date.now()),
    seen: store.read(key('seen')) ?? emptyState.seen,
  }
  let channel: VisitorSession['channel'] | undefined
  let stream: Stream | undefined
  let starting: Promise<Who> | undefined
  let failures = 0
  let loaded = false
  let typedAt = 0
  let flushing = false
  let again: ReturnType<typeof setTimeout> | undefined
  /** Counts resets: an answer that comes after one belongs to somebody else. */
  let life = 0
  const api = openApi({ base, token: () => token })
  // Who has no valid token asks without one.
  const strangersApi = openApi({ base })

  const change = (changes: Partial<WidgetState>) => {
    const { queue } = state
    state = { ...state, ...changes }
    if (state.queue !== queue) store.write(key('queue'), state.queue)
    onChange()
  }

  const start = (identity?: string): Promise<Who> =>
    identity || !stream ? renew(identity) : Promise.resolve(undefined)

  /** Asks the hub who we are, once those who asked before have their answer. */
  const renew = (identity?: string): Promise<Who> => {
    if (starting && !identity) return starting
    const asking: Promise<Who> = Promise.resolve(starting)
      .then(() => begin(identity))
      .finally(() => {
        if (starting === asking) starting = undefined
      })
    starting = asking
    return asking
  }

  const begin = async (identity?: string): Promise<Who> => {
    const mine = life
    while (mine === life) {
      try {
        const session = await createVisitorSession(strangersApi, {
          channelId,
          claims,
          ...(token && { token }),
          ...(identity && { identity }),
        })
        if (mine !== life) break
        const changed = session.token !== token
        token = session.token
        channel = session.channel
        store.write(key('token'), token)
        failures = 0
        change({ line: 'working' })
        if (changed || !stream) connect()
        void flush()
        return session
      } catch (error) {
        const problem = asProblem(error)
        if (problem.passing) {
          change({ line: 'broken' })
          await new Promise((resolve) => setTimeout(resolve, reconnectDelayMs(++failures)))
        } else if (token && problem.status === 401 && !identity) {
          // The session is over and cannot be renewed: begin another one.
          token = undefined
          store.remove(key('token'))
        } else {
          if (!identity) change({ line: 'refused' })
          break
        }
      }
    }
    return undefined
  }

  const connect = () => {
    stream?.close()
    loaded = false
    stream = openStream({
      url: new URL('v1/visitor/stream', base),
      protocols: () => ['tributary.v1', `bearer.${token}`],
      onFrame: receive,
      onLost(times, code) {
        // A browser does not say why a socket was refused: ask again who we are, which renews what has run out.
        if (code === 4401 || times % 3 === 0) void renew()
        if (times < 2) return
        change({ line: 'broken' })
        // Where sockets do not get through at all, plain requests may.
        void load()
      },
    })
  }

  const receive = (frame: Frame) => {
    if (frame.type === 'stream.ready') {
      change({ line: 'working' })
      if (frame.recovered !== true || !loaded) void load()
      void flush()
      return
    }
    const before = unreadCount(state)
    change(applyFrame(state, frame, Date.now()))
    if (frame.type === 'typing') setTimeout(onChange, typingMs + 100)
    see()
    if (unreadCount(state) > before) onUnseen()
  }

  /** Reads the visitor's messages from the beginning: the stream did not bring everything, or there is none. */
  const load = async () => {
    const mine = life
    try {
      let after: string | undefined
      do {
        const page = await listVisitorMessages(api, after)
        if (mine !== life) return
        change(addMessages(state, page.data))
        after = page.nextCursor ?? undefined
      } while (after)
      loaded = true
      change({ line: 'working' })
      see()
    } catch (error) {
      // Whenever the line is ready or fails again we come by here; what only this request met is tried sooner.
      if (asProblem(error).status > 0) setTimeout(() => loaded || load(), 5000)
    }
  }

  /** Sends what waits, in order, each until the hub has it. One at a time: two runs would mix the order. */
  const flush = async () => {
    if (flushing || !token) return
    flushing = true
    clearTimeout(again)
    for (let [next] = unsent(state.queue); next; [next] = unsent(state.queue)) {
      const problem = await sendVisitorMessage(api, next.clientId, next.parts).then(() => undefined, asProblem)
      if (problem?.status === 401) void renew()
      if (problem && (problem.passing || problem.status === 401)) {
        again = setTimeout(flush, 1000 + reconnectDelayMs(++failures))
        break
      }
      failures = 0
      change({ queue: settle(state.queue, next.clientId, problem ? 'failed' : 'sent') })
    }
    flushing = false
  }

  const see = () => {
    const newest = unseen(state)
    if (!newest || !state.open || document.hidden) return
    const { conversationId, number } = newest
    store.write(key('seen'), { conversationId, number })
    stream?.send({ type: 'read', conversationId, number })
    change({ seen: { conversationId, number } })
  }

  return {
    get state() {
      return state
    },
    get channel() {
      return channel
    },
    get isKnown() {
      return token !== undefined
    },
    token: () => token,
    start,
    see,
    reset() {
      life++
      starting = undefined
      stream?.close()
      stream = undefined
      token = undefined
      for (const name of ['token', 'queue', 'seen']) store.remove(key(name))
      change({ ...emptyState, open: state.open })
      if (state.open) void start()
    },
    send(parts) {
      const queue = enqueue(state.queue, newClientId(), parts, Date.now())
      if (queue === state.queue) return false
      change({ queue })
      void start()
      void flush()
      return true
    },
    retry(clientId) {
      change({ queue: settle(state.queue, clientId, 'sending') })
      void flush()
    },
    typing() {
      if (Date.now() - typedAt < typingEveryMs) return
      typedAt = Date.now()
      stream?.send({ type: 'typing' })
    },
    setOpen(open) {
      change({ open })
      if (open) void start()
      see()
    },
  }
}
