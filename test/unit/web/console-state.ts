/** Things of the hub for tests of the console's state; each test states only what matters to it. */
import type { Contact, Conversation, Message, Offer } from '../../../web/api-agent.ts'
import { type ConsoleState, emptyState } from '../../../web/console/state.ts'
import type { Frame } from '../../../web/stream-position.ts'

export const me = 'usr_me'
const at = '2026-01-01T00:00:00.000Z'

export const start: ConsoleState = { ...emptyState, me }

export const conversation = (facts: Partial<Conversation> = {}): Conversation => ({
  id: 'cnv_1',
  contactId: 'ctc_1',
  contactName: '王女士',
  status: 'open',
  heldBy: 'agent',
  groupId: null,
  assigneeId: me,
  channelId: 'chn_1',
  priority: 0,
  tags: [],
  participantIds: [],
  lastNumber: 0,
  lastMessageAt: null,
  preview: null,
  waitingSince: null,
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
  ...facts,
})

export const message = (number: number, facts: Partial<Message> = {}): Message => ({
  id: `msg_${number}`,
  conversationId: 'cnv_1',
  contactId: 'ctc_1',
  number,
  direction: 'in',
  author: { kind: 'contact', id: 'ctc_1', name: '王女士' },
  channelId: 'chn_1',
  parts: [{ type: 'text', text: `words ${number}` }],
  replyTo: null,
  clientId: null,
  mentions: [],
  status: 'received',
  failure: null,
  editedAt: null,
  reactions: [],
  sentAt: at,
  createdAt: `2026-01-01T00:00:${String(number).padStart(2, '0')}.000Z`,
  ...facts,
})

export const offer = (facts: Partial<Offer> = {}): Offer => ({
  id: 'ofr_1',
  conversationId: 'cnv_1',
  ticketId: null,
  memberId: me,
  groupId: 'grp_1',
  state: 'open',
  reason: null,
  why: {},
  expiresAt: '2026-01-01T00:00:30.000Z',
  createdAt: at,
  ...facts,
})

export const contact = (facts: Partial<Contact> = {}): Contact => ({
  id: 'ctc_1',
  name: '王女士',
  province: null,
  city: null,
  company: null,
  attributes: {},
  claims: {},
  identities: [],
  tags: [],
  groupIds: [],
  mergedIds: [],
  blocked: null,
  lastSeenAt: null,
  createdAt: at,
  updatedAt: at,
  version: 1,
  ...facts,
})

export const frame = (type: string, data: unknown): Frame => ({ v: 1, type, data })
export const created = (one: Message): Frame => frame('message.created', { message: one })
