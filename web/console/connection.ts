/** How the console stays in step with the hub: the session, the stream, and lists when the stream cannot tell everything. */
import { asProblem } from '../api.ts'
import {
  type Conversation,
  deleteSession,
  getConversation,
  getMe,
  listConversations,
  listGroups,
  listMembers,
  listMessages,
  listOffers,
  listPresence,
  type Me,
} from '../api-agent.ts'
import { episodeTexts } from '../i18n/console-episodes.ts'
import { fill } from '../i18n/locale.ts'
import { play } from '../sound.ts'
import { openStream, type Stream } from '../stream.ts'
import type { Frame } from '../stream-position.ts'
import { api, base, plainApi } from './calls.ts'
import { loadEndings } from './ending.ts'
import { restoreOutbox } from './outbox.ts'
import {
  applyFrame,
  forgetMessages,
  markHoled,
  putConversations,
  putMessages,
  putOffer,
  putPresences,
  replaceOpen,
} from './reduce.ts'
import { flushOutbox } from './sending.ts'
import { drafts, expired, hub, line, locale, may, me, muted, notice, route, skewMs, stage, update } from './store.ts'
import { customerName } from './texts.ts'

let stream: Stream | undefined
/** False while the stream repeats what was missed: nobody wants to hear that again. */
let live = false

const listeners = new Set<(frame: Frame) => void>()

/**
 * Hands every frame that is news to a part of the page, and `stream.ready` with `recovered: false` when what was missed has to
 * be read anew. Returns what ends it.
 */
export function onFrames(listener: (frame: Frame) => void): () => void {
  listeners.add(listener)
  return () => void listeners.delete(listener)
}

/** Says something to the hub over the stream; false when there is no line. */
export const say = (frame: Record<string, unknown>): boolean => stream?.send(frame) ?? false

/** Looks who is logged in, and opens the page for them or the log-in for nobody. */
export async function begin(): Promise<void> {
  try {
    enter(await getMe(plainApi))
  } catch (error) {
    stage.value = asProblem(error).status === 401 ? 'signed-out' : 'broken'
  }
}

/** Somebody is logged in. The same person again goes on where they were; another one begins anew. */
export function enter(who: Me): void {
  const before = me.peek()
  if (before && before.principal.id !== who.principal.id) {
    location.reload()
    return
  }
  me.value = who
  expired.value = false
  stage.value = 'ready'
  if (before) {
    stream?.reconnect()
    void flushOutbox()
    return
  }
  update((state) => ({ ...state, me: who.principal.id, outbox: restoreOutbox(drafts.read('outbox')) }))
  stream = openStream({
    url: new URL('v1/stream', base),
    protocols: () => ['tributary.v1'],
    onFrame: receive,
    onLost(failures, code) {
      live = false
      line.value = failures > 1 ? 'broken' : 'connecting'
      // A browser does not say why a socket was refused: ask whether we are still somebody.
      if (code === 4401 || failures % 3 === 0) getMe(api).catch(() => undefined)
    },
  })
  // What others do to conversations that leave my sight may never reach me: look now and then.
  setInterval(() => !document.hidden && live && void loadLists().catch(() => undefined), 60_000)
}

/** Ends the session. What was being written goes with it. */
export async function leave(): Promise<void> {
  await deleteSession(plainApi).catch(() => undefined)
  sessionStorage.clear()
  location.reload()
}

function receive(frame: Frame): void {
  if (frame.type === 'stream.ready') {
    live = true
    line.value = 'working'
    if (frame.recovered !== true || !loaded) void reload()
    void flushOutbox()
    for (const listener of listeners) listener(frame)
    return
  }
  if (frame.at && live) skewMs.value = Date.parse(frame.at) - Date.now()
  const before = hub.peek()
  update((state) => applyFrame(state, frame, Date.now()))
  if (live) {
    sound(frame, before.me)
    warnOfOverdue(frame, before.me)
  }
  for (const listener of listeners) listener(frame)
  void fetchMissing()
}

function sound({ type, data }: Frame, mine: string): void {
  if (muted.peek()) return
  const { message, offer } = (data ?? {}) as Record<string, { [member: string]: unknown } | undefined>
  if (type === 'offer.made' && offer?.memberId === mine) void play(660, 880, 660, 880)
  if (type !== 'message.created' || message?.direction !== 'in') return
  const conversation = hub.peek().conversations[String(message.conversationId)]
  const isBeforeMe = !document.hidden && route.peek().conversationId === conversation?.id
  if (conversation?.assigneeId === mine && !isBeforeMe) void play(880, 1175)
}

/** Says that a customer of mine waits too long (超时提示). */
function warnOfOverdue({ type, data }: Frame, mine: string): void {
  if (type !== 'conversation.overdue') return
  const { conversation } = data as { conversation: Conversation }
  if (conversation.assigneeId !== mine) return
  if (!muted.peek()) void play(440, 440)
  const name = customerName(conversation.contactName, conversation.contactId)
  notice.value = { kind: 'error', text: fill(episodeTexts[locale.peek()].overdue, { name }) }
}

let loaded = false

/** Reads everything again: the stream could not bring what was missed. */
async function reload(): Promise<void> {
  const { conversationId } = route.peek()
  update((state) => forgetMessages(state, conversationId))
  try {
    await loadLists()
    loaded = true
    if (conversationId) await loadMessages(conversationId)
  } catch (error) {
    if (asProblem(error).status !== 401) setTimeout(() => loaded || reload(), 3000)
  }
  await Promise.all([loadMembers(), loadGroups(), loadEndings()].map((loading) => loading.catch(() => undefined)))
}

let lists: Promise<void> = Promise.resolve()

/** One at a time: what changes while one is on its way must not be forgotten by the next. */
function loadLists(): Promise<void> {
  lists = lists.catch(() => undefined).then(readLists)
  return lists
}

async function readLists(): Promise<void> {
  update((state) => ({ ...state, touched: [] }))
  const [mine, shared, waiting, all, offered, presence] = await Promise.all([
    everyPage((cursor) => listConversations(api, { status: 'open', assigneeId: 'me' }, cursor)),
    everyPage((cursor) => listConversations(api, { status: 'open', participantId: 'me' }, cursor)),
    everyPage((cursor) => listConversations(api, { status: 'open', heldBy: 'queue' }, cursor)),
    may('conversation:read-all') ? everyPage((cursor) => listConversations(api, { status: 'open' }, cursor)) : [],
    listOffers(api),
    listPresence(api).catch(() => ({ data: [] })),
  ])
  update((state) => replaceOpen(state, [...mine, ...shared, ...waiting, ...all]))
  update((state) => offered.data.reduce(putOffer, state))
  update((state) => putPresences(state, presence.data))
  const { conversationId } = route.peek()
  if (conversationId && !hub.peek().conversations[conversationId]) want(conversationId)
  void fetchMissing()
}

export async function loadEnded(status: 'resolved' | 'closed', cursor?: string): Promise<string | null> {
  const page = await listConversations(api, { status, assigneeId: 'me' }, cursor)
  update((state) => putConversations(state, page.data))
  return page.nextCursor
}

/** Reads the newest messages of a conversation, or those that are missing of it; repeat at will. */
export async function loadMessages(id: string): Promise<void> {
  for (;;) {
    const window = hub.peek().windows[id]
    if (!window) {
      const last = hub.peek().conversations[id]?.lastNumber ?? 0
      const page = await listMessages(api, id, { before: last + 1, limit: 50 })
      return update((state) => putMessages(state, id, page.data, page.data.length < 50))
    }
    if (!window.holed) return
    const after = lastWithoutHole(window.messages.map(({ number }) => number))
    const page = await listMessages(api, id, { after, limit: 100 })
    update((state) => putMessages(state, id, page.data, false))
    if (page.data.length < 100) return
    update((state) => markHoled(state, id))
  }
}

/** Reads what stands before the messages that are here. */
export async function loadEarlier(id: string): Promise<void> {
  const before = hub.peek().windows[id]?.messages[0]?.number
  if (before === undefined) return
  const page = await listMessages(api, id, { before, limit: 50 })
  update((state) => putMessages(state, id, page.data, page.data.length < 50))
}

export function want(id: string): void {
  update((state) => (state.missing.includes(id) ? state : { ...state, missing: [...state.missing, id] }))
  void fetchMissing()
}

const fetching = new Set<string>()

async function fetchMissing(): Promise<void> {
  for (const id of hub.peek().missing.filter((one) => !fetching.has(one))) {
    fetching.add(id)
    try {
      const conversation = await getConversation(api, id)
      update((state) => putConversations(state, [conversation]))
    } catch (error) {
      // What we may not see, or what is gone, is not missed.
      if (!asProblem(error).passing)
        update((state) => ({ ...state, missing: state.missing.filter((one) => one !== id) }))
    }
    fetching.delete(id)
  }
}

async function loadMembers(): Promise<void> {
  const members = await everyPage((cursor) => listMembers(api, cursor))
  update((state) => ({ ...state, members: Object.fromEntries(members.map((member) => [member.id, member])) }))
}

async function loadGroups(): Promise<void> {
  const groups = await everyPage((cursor) => listGroups(api, cursor))
  update((state) => ({ ...state, groups: Object.fromEntries(groups.map(({ id, name }) => [id, name])) }))
}

/** All pages of a list, a thousand entries at most. */
export async function everyPage<T>(
  ask: (cursor?: string) => Promise<{ data: T[]; nextCursor: string | null }>,
): Promise<T[]> {
  const all: T[] = []
  let cursor: string | undefined
  do {
    const page = await ask(cursor)
    all.push(...page.data)
    cursor = page.nextCursor ?? undefined
    // A list that nobody can read need not be complete.
  } while (cursor && all.length < 1000)
  return all
}

function lastWithoutHole(numbers: readonly number[]): number {
  const hole = numbers.findIndex((number, index) => index > 0 && number !== (numbers[index - 1] ?? 0) + 1)
  return numbers[hole < 0 ? numbers.length - 1 : hole - 1] ?? 0
}
