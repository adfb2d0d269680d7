/** What the fake hub remembers and does; hub-api.ts puts it on a socket. */
import type { Contact, Conversation, Member, Message, Offer, Presence, Way } from '../../src/core/events/shapes.ts'

export class Refusal extends Error {
  readonly status: number
  readonly code: string

  constructor(status: number, code: string) {
    super(code)
    this.status = status
    this.code = code
  }
}

export type Frame = Record<string, unknown>
type Send = (frame: Frame) => void

const epoch = 'e1'
let lastId = 0
export const newId = (prefix: string) => `${prefix}_${String(++lastId).padStart(26, '0')}`
export const time = () => new Date().toISOString()

export const channelId = 'chn_00000000000000000000000001'
export const password = 'correct horse'

export class HubState {
  /** Whether conversations are offered, to accept by hand, or given at once to whoever is online. */
  acceptMode: 'auto' | 'manual' | 'queue' = 'auto'
  offerSeconds = 30
  readonly members: Member[] = [member('小李', '8001'), member('小王', '8002')]
  readonly contacts: Contact[] = []
  readonly conversations: Conversation[] = []
  readonly messages: Message[] = []
  readonly offers: Offer[] = []
  readonly presence = new Map<string, Presence>()
  readonly sessions = new Map<string, string>()
  readonly visitors = new Map<string, string>()
  /** How things stand for visitors, and what they said of how they were served. */
  reception: Record<string, unknown> = { open: true, opensAt: null, onDuty: true, place: null, satisfaction: null }
  readonly scores: Record<string, unknown>[] = []
  /** Channels beside the one there is on which everybody can be answered. */
  readonly otherWays: Way[] = []
  readonly keys = new Map<string, Message>()
  readonly #frames: (Frame & { seq: number })[] = []
  readonly #listeners = new Set<{ who: string; visitor: boolean; send: Send }>()

  memberOf = (cookie: string | undefined): string | undefined => this.sessions.get(cookie ?? '')
  visitorOf = (token: string | undefined): string | undefined => this.visitors.get(token ?? '')

  /** Ends every agent's session, as an expiry does. */
  endSessions(): void {
    this.sessions.clear()
  }

  connect(who: string, visitor: boolean, since: string | null, send: Send): () => void {
    const seq = Number(since?.split(':')[1] ?? Number.NaN)
    for (const frame of this.#frames) if (frame.seq > seq) this.#show(frame, { who, visitor, send })
    send({ v: 1, type: 'stream.ready', epoch, seq: this.#frames.length, recovered: since !== null })
    const listener = { who, visitor, send }
    this.#listeners.add(listener)
    if (visitor) this.#control({ type: 'visitor.online', contactId: who, online: true }, false)
    return () => {
      this.#listeners.delete(listener)
      if (visitor) this.#control({ type: 'visitor.online', contactId: who, online: false }, false)
    }
  }

  /** Tells every visitor where they stand in line. */
  stand(place: { position: number; estimate: object | null } | null): void {
    this.#control({ type: 'queue.place', place }, true)
  }

  /** Tells every visitor that they are asked how they were served. */
  askForScore(): void {
    this.#control({ type: 'satisfaction.requested', id: newId('evt') }, true)
  }

  hear(who: string, visitor: boolean, frame: Frame, reply: Send): void {
    if (frame.type === 'ping') reply({ v: 1, type: 'pong' })
    const conversation = visitor
      ? this.conversations.findLast((one) => one.contactId === who)
      : this.conversations.find((one) => one.id === frame.conversationId)
    if (!conversation) return
    if (frame.type === 'typing') {
      const by = { kind: visitor ? 'contact' : 'member', id: who }
      this.#control({ type: 'typing', conversationId: conversation.id, by }, !visitor)
    }
    if (frame.type === 'read') this.read(conversation, Number(frame.number), visitor)
  }

  /** Makes a message of a conversation, with its events. */
  say(
    conversation: Conversation,
    direction: Message['direction'],
    author: Message['author'],
    parts: Message['parts'],
    clientId: string | null,
    on: string = channelId,
  ): Message {
    const at = time()
    const message: Message = {
      id: newId('msg'),
      conversationId: conversation.id,
      contactId: conversation.contactId,
      number: conversation.lastNumber + 1,
      direction,
      author,
      channelId: on,
      parts,
      replyTo: null,
      clientId,
      mentions: [],
      status: direction === 'in' ? 'received' : direction === 'note' ? 'noted' : 'queued',
      failure: null,
      editedAt: null,
      reactions: [],
      sentAt: at,
      createdAt: at,
    }
    this.messages.push(message)
    const [part] = parts
    const preview = part?.type === 'text' ? part.text : conversation.preview
    Object.assign(conversation, {
      lastNumber: message.number,
      lastMessageAt: at,
      preview,
      version: conversation.version + 1,
    })
    this.emit('message.created', conversation.id, { message: { ...message }, contactId: message.contactId })
    return message
  }

  setStatus(message: Message, status: Message['status'], failure: Message['failure'] = null): void {
    Object.assign(message, { status, failure })
    const { id, conversationId, number } = message
    this.emit('message.status', conversationId, { messageId: id, conversationId, number, status, failure })
  }

  assign(conversation: Conversation, memberId: string): void {
    const changes = { heldBy: 'agent', assigneeId: memberId, waitingSince: null } as const
    this.change(conversation, changes, 'conversation.assigned')
  }

  /** A visitor writes: by hand, or as their page asks. */
  visitorSays(contactId: string, clientId: string, parts: Message['parts']): void {
    if (this.messages.some((one) => one.clientId === clientId)) return
    let conversation = this.conversations.find((one) => one.contactId === contactId && one.status === 'open')
    const isNew = !conversation
    conversation ??= this.#open(contactId)
    this.say(conversation, 'in', { kind: 'contact', id: contactId, name: conversation.contactName }, parts, clientId)
    if (isNew) this.#route(conversation)
  }

  #route(conversation: Conversation): void {
    const online = this.members.find((one) => this.presence.get(one.id)?.state === 'online')
    if (!online || this.acceptMode === 'queue') return
    if (this.acceptMode === 'auto') {
      this.assign(conversation, online.id)
      return
    }
    const offer: Offer = {
      id: newId('ofr'),
      conversationId: conversation.id,
      ticketId: null,
      memberId: online.id,
      groupId,
      state: 'open',
      reason: null,
      why: {},
      expiresAt: new Date(Date.now() + this.offerSeconds * 1000).toISOString(),
      createdAt: time(),
    }
    this.offers.push(offer)
    this.emit('offer.made', offer.id, { offer: { ...offer } })
  }

  #open(contactId: string): Conversation {
    const at = time()
    const conversation: Conversation = {
      id: newId('cnv'),
      contactId,
      contactName: this.contacts.find((one) => one.id === contactId)?.name ?? '',
      status: 'open',
      heldBy: 'queue',
      groupId,
      assigneeId: null,
      channelId,
      priority: 0,
      tags: [],
      participantIds: [],
      lastNumber: 0,
      lastMessageAt: null,
      preview: null,
      waitingSince: at,
      firstAnswerAt: null,
      agentRead: 0,
      customerRead: 0,
      reopened: 0,
      summary: null,
      category: null,
      snoozed: null,
      resolvedAt: null,
      resolvedBy: null,
      openedAt: at,
      closedAt: null,
      closedBy: null,
      parkedAt: null,
      parkedUntil: null,
      overdue: false,
      replyWindow: null,
      updatedAt: at,
      version: 1,
    }
    this.conversations.push(conversation)
    this.emit('conversation.opened', conversation.id, { conversation: { ...conversation } })
    return conversation
  }

  makeContact(name: string, claims: Contact['claims'] = {}): Contact {
    const at = time()
    const id = newId('ctc')
    const identities = [{ kind: 'visitor', scope: channelId, address: `vis_${lastId}`, verified: false }]
    const contact = {
      id,
      name,
      province: null,
      city: null,
      company: null,
      attributes: {},
      claims,
      identities,
      tags: [],
      groupIds: [],
      mergedIds: [],
      blocked: null,
      lastSeenAt: at,
      createdAt: at,
      updatedAt: at,
      version: 1,
    }
    this.contacts.push(contact)
    return contact
  }

  setPresence(memberId: string, state: Presence['state']): void {
    const presence = { memberId, state, reason: null, used: 0, capacity: 5 }
    this.presence.set(memberId, presence)
    this.emit('member.presence', memberId, presence)
  }

  read(conversation: Conversation, number: number, byCustomer: boolean): void {
    this.change(conversation, byCustomer ? { customerRead: number } : { agentRead: number }, 'conversation.read')
  }

  change(conversation: Conversation, changes: Partial<Conversation>, type: string): void {
    const previousAssigneeId = conversation.assigneeId
    Object.assign(conversation, changes, { version: conversation.version + 1, updatedAt: time() })
    this.emit(type, conversation.id, { conversation: { ...conversation }, previousAssigneeId })
  }

  nameOf = (id: string): string | null => this.members.find((one) => one.id === id)?.name ?? null

  emit(type: string, subject: string, data: Frame): void {
    const seq = this.#frames.length + 1
    const frame = { v: 1, id: newId('evt'), seq, epoch, type, at: time(), subject, actor: null, data }
    this.#frames.push(frame)
    for (const listener of this.#listeners) this.#show(frame, listener)
  }

  #control(frame: Frame, forVisitors: boolean): void {
    for (const { visitor, send } of this.#listeners) if (visitor === forVisitors) send({ v: 1, ...frame })
  }

  /** Shows a frame to those whom it concerns, visitors in their own form. */
  #show(frame: Frame & { seq: number }, { who, visitor, send }: { who: string; visitor: boolean; send: Send }): void {
    const { message, conversation } = frame.data as { message?: Message; conversation?: Conversation }
    if (!visitor) send(frame)
    else if ((message ?? conversation)?.contactId !== who || message?.direction === 'note') return
    else if (message) send({ ...frame, data: { message: this.forVisitor(message) } })
    else {
      const agent = this.members.find((one) => one.id === conversation?.assigneeId)
      const data = { agent: agent && { name: agent.name, number: agent.number }, agentRead: conversation?.agentRead }
      send({ ...frame, data })
    }
  }

  forVisitor({ id, conversationId, number, direction, author, parts, clientId, sentAt, status }: Message): Frame {
    const agent = this.members.find((one) => one.id === author.id)
    const shown = { kind: author.kind, name: author.name, number: agent?.number ?? null }
    return { id, conversationId, number, direction, author: shown, parts, clientId, sentAt, status }
  }
}

export const groupId = 'grp_00000000000000000000000001'
export const tenant = { id: 'ten_1', slug: 'camellia', name: '山茶杂货', timeZone: 'Asia/Shanghai', locale: 'zh-CN' }

function member(name: string, number: string): Member {
  const id = newId('usr')
  const email = `${number}@camellia.example`
  return {
    id,
    name,
    email,
    number,
    role: 'agent',
    locale: null,
    capacity: 5,
    limits: {},
    skills: [],
    acceptMode: null,
    disabled: false,
    createdAt: time(),
    version: 1,
  }
}
