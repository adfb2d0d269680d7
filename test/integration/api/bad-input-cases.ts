/** A good request to every route, from which the bad ones are made: `test/integration/api/bad-input.test.ts`. */
import type { FullShop, Thing } from '../../support/whole-api.ts'
import { callCases } from './bad-input-calls.ts'
import { conversationCases } from './bad-input-conversations.ts'
import { hoursCases } from './bad-input-hours.ts'
import { lookCases } from './bad-input-look-cases.ts'
import { operatingCases } from './bad-input-operating-cases.ts'
import { routingCases } from './bad-input-routing.ts'

export interface Case {
  /** Whose token is good here. */
  readonly as: 'nobody' | 'admin' | 'supervisor' | 'agent' | 'visitor'
  /** What stands in the address, by the parameter's name. */
  readonly params?: Readonly<Record<string, Thing>>
  /** What else stands in the address: words that are no ids. */
  readonly words?: Readonly<Record<string, string>>
  /** What a good request asks in its query. */
  readonly query?: string
  /** Parameters in which any word may stand. */
  readonly mayBeAnyWord?: readonly string[]
  /** Every member there is, so that each can be made wrong. */
  readonly body?: (ids: FullShop['ids']) => Record<string, unknown>
  /** Sent with every request beside the Idempotency-Key. */
  readonly headers?: Readonly<Record<string, string>>
  /** Members of the body that hold the id of something of the tenant. */
  readonly refers?: readonly string[]
  /** A form with a file is what it wants. */
  readonly takesFile?: true
  /** Parameters of which one that does not exist is no mistake: what is to be gone is gone. */
  readonly mayBeMissing?: readonly string[]
  /** Members of the body in which null is no mistake of form. */
  readonly mayBeNull?: readonly string[]
}

const ticketBody = {
  description: 'x',
  status: 'open',
  priority: 'high',
  category: 'returns',
  tags: ['x'],
  dueAt: '2099-01-01T00:00:00.000Z',
  fields: { 'order-no': '1' },
}

const facts = { name: 'x', province: '浙江', city: '杭州', company: 'x', attributes: { city: '上海' }, tags: ['x'] }
const text = [{ type: 'text', text: '您好' }]

export const cases: Readonly<Record<string, Case>> = {
  ...operatingCases,

  'GET /v1/health': { as: 'nobody' },
  'GET /metrics': { as: 'admin' },
  'POST /v1/sessions': {
    as: 'nobody',
    body: () => ({ login: 'nobody@shop.example', password: 'does not matter', tenant: 'none' }),
  },
  'DELETE /v1/sessions/current': { as: 'agent' },
  'GET /v1/me': { as: 'agent' },

  'GET /v1/members': { as: 'agent' },
  'POST /v1/members': {
    as: 'admin',
    body: () => ({
      name: 'x',
      email: 'new@shop.example',
      role: 'agent',
      number: '1',
      locale: 'zh-CN',
      capacity: 1,
      password: 'long enough',
    }),
  },
  'GET /v1/members/{id}': { as: 'agent', params: { id: 'member' } },
  'PATCH /v1/members/{id}': {
    as: 'admin',
    params: { id: 'member' },
    body: () => ({
      name: 'x',
      email: 'new@shop.example',
      role: 'agent',
      number: '1',
      locale: 'zh-CN',
      capacity: 1,
      disabled: false,
    }),
  },
  'PUT /v1/members/{id}/password': {
    as: 'admin',
    params: { id: 'member' },
    body: () => ({ password: 'long enough', currentPassword: 'x' }),
  },

  'GET /v1/api-keys': { as: 'admin' },
  'POST /v1/api-keys': { as: 'admin', body: () => ({ name: 'x', scopes: ['event:read'] }) },
  'DELETE /v1/api-keys/{id}': { as: 'admin', params: { id: 'key' } },

  'GET /v1/groups': { as: 'agent' },
  'POST /v1/groups': {
    as: 'admin',
    body: () => ({
      name: 'x',
      strategy: 'round-robin',
      acceptMode: 'auto',
      offerSeconds: 30,
      wrapUpSeconds: 0,
      maxWaiting: 1,
    }),
  },
  'GET /v1/groups/{id}': { as: 'agent', params: { id: 'group' } },
  'GET /v1/groups/{id}/reach': { as: 'agent', params: { id: 'group' } },
  'PATCH /v1/groups/{id}': {
    as: 'admin',
    params: { id: 'group' },
    body: () => ({
      name: 'x',
      strategy: 'round-robin',
      acceptMode: 'auto',
      offerSeconds: 30,
      wrapUpSeconds: 0,
      maxWaiting: 1,
    }),
  },
  'DELETE /v1/groups/{id}': { as: 'admin', params: { id: 'group' } },
  'PUT /v1/groups/{id}/members/{memberId}': {
    as: 'admin',
    params: { id: 'group', memberId: 'member' },
    body: () => ({ tier: 1, level: 1 }),
  },
  'DELETE /v1/groups/{id}/members/{memberId}': {
    as: 'admin',
    params: { id: 'group', memberId: 'member' },
    mayBeMissing: ['memberId'],
  },

  'GET /v1/presence': { as: 'agent' },
  'PUT /v1/presence/me': {
    as: 'agent',
    body: () => ({ state: 'away', reason: 'x', closed: ['call'], closedReasons: { call: 'x' } }),
  },
  'PUT /v1/presence/{memberId}': {
    as: 'admin',
    params: { memberId: 'member' },
    body: () => ({ state: 'away', reason: 'x' }),
  },
  'GET /v1/commands/{id}': { as: 'agent', params: { id: 'command' } },
  'GET /v1/offers': { as: 'agent' },
  'POST /v1/offers/{id}/accept': { as: 'agent', params: { id: 'offer' } },
  'POST /v1/offers/{id}/decline': { as: 'agent', params: { id: 'offer' }, body: () => ({ reason: 'x' }) },

  'GET /v1/channel-kinds': { as: 'agent' },
  'GET /v1/channels': { as: 'agent' },
  'POST /v1/channels': {
    as: 'admin',
    body: ({ group }) => ({ kind: 'webchat', name: 'x', settings: {}, groupId: group }),
    refers: ['groupId'],
  },
  'GET /v1/channels/{id}': { as: 'agent', params: { id: 'channel' } },
  'PATCH /v1/channels/{id}': {
    as: 'admin',
    params: { id: 'channel' },
    body: ({ group }) => ({ name: 'x', settings: {}, groupId: group, enabled: true }),
    refers: ['groupId'],
  },
  'DELETE /v1/channels/{id}': { as: 'admin', params: { id: 'channel' } },
  'POST /v1/channels/{id}/probe': { as: 'admin', params: { id: 'channel' } },

  'GET /v1/contacts': { as: 'agent' },
  'POST /v1/contacts': {
    as: 'agent',
    body: () => ({ ...facts, identities: [{ kind: 'email', address: 'a@b.example' }] }),
  },
  'GET /v1/contacts/{id}': { as: 'agent', params: { id: 'contact' } },
  'PATCH /v1/contacts/{id}': { as: 'agent', params: { id: 'contact' }, body: () => facts },
  'PUT /v1/contacts/{id}': {
    as: 'agent',
    params: { id: 'contactKey' },
    body: () => ({ ...facts, identities: [{ kind: 'email', address: 'a@b.example' }] }),
    mayBeMissing: ['id'],
  },
  'POST /v1/contacts/{id}/identities': {
    as: 'agent',
    params: { id: 'contact' },
    body: () => ({ kind: 'phone', scope: '', address: '13800138000', verified: true }),
  },
  'DELETE /v1/contacts/{id}/identities': {
    as: 'agent',
    params: { id: 'contact' },
    query: '?kind=phone&address=13800138000',
  },
  'GET /v1/contacts/{id}/notes': { as: 'agent', params: { id: 'contact' } },
  'POST /v1/contacts/{id}/notes': { as: 'agent', params: { id: 'contact' }, body: () => ({ text: 'x' }) },
  'PATCH /v1/contacts/{id}/notes/{note}': {
    as: 'agent',
    params: { id: 'contact', note: 'note' },
    body: () => ({ text: 'x' }),
  },
  'DELETE /v1/contacts/{id}/notes/{note}': { as: 'agent', params: { id: 'contact', note: 'note' } },
  'GET /v1/contact-tags': { as: 'agent' },
  'GET /v1/contact-fields': { as: 'agent' },
  'PUT /v1/contact-fields/{key}': {
    as: 'admin',
    params: { key: 'contactField' },
    body: () => ({ label: 'x', type: 'choice', options: ['a'] }),
    mayBeMissing: ['key'],
    mayBeAnyWord: ['key'],
  },
  'DELETE /v1/contact-fields/{key}': { as: 'admin', params: { key: 'contactField' } },
  'GET /v1/contact-groups': { as: 'agent' },
  'POST /v1/contact-groups': { as: 'agent', body: () => ({ name: 'x' }) },
  'GET /v1/contact-groups/{id}': { as: 'agent', params: { id: 'contactGroup' } },
  'PATCH /v1/contact-groups/{id}': { as: 'agent', params: { id: 'contactGroup' }, body: () => ({ name: 'x' }) },
  'DELETE /v1/contact-groups/{id}': { as: 'agent', params: { id: 'contactGroup' } },
  'PUT /v1/contact-groups/{id}/contacts/{contact}': {
    as: 'agent',
    params: { id: 'contactGroup', contact: 'contact' },
  },
  'DELETE /v1/contact-groups/{id}/contacts/{contact}': {
    as: 'agent',
    params: { id: 'contactGroup', contact: 'contact' },
  },
  'GET /v1/blocked-identities': { as: 'agent' },
  'POST /v1/blocked-identities': {
    as: 'supervisor',
    body: () => ({ kind: 'phone', scope: '', address: '13800138000', reason: 'x', until: '2099-01-01T00:00:00.000Z' }),
  },
  'GET /v1/blocked-identities/{id}': { as: 'agent', params: { id: 'blockedIdentity' } },
  'DELETE /v1/blocked-identities/{id}': { as: 'supervisor', params: { id: 'blockedIdentity' } },
  'PUT /v1/contacts/{id}/block': {
    as: 'admin',
    params: { id: 'contact' },
    body: () => ({ reason: 'x', until: '2099-01-01T00:00:00.000Z' }),
  },
  'DELETE /v1/contacts/{id}/block': { as: 'admin', params: { id: 'contact' } },
  'POST /v1/contact-imports': { as: 'admin', takesFile: true },
  'GET /v1/contact-imports': { as: 'admin' },
  'GET /v1/contact-imports/{id}': { as: 'admin', params: { id: 'contactImport' } },
  'GET /v1/contact-imports/{id}/errors': { as: 'admin', params: { id: 'contactImport' } },
  'POST /v1/contact-imports/{id}/preview': {
    as: 'admin',
    params: { id: 'contactImport' },
    body: ({ contactGroup }) => ({ mapping: ['name'], onMatch: 'skip', tags: ['x'], groupId: contactGroup }),
    refers: ['groupId'],
  },
  'POST /v1/contact-imports/{id}/start': {
    as: 'admin',
    params: { id: 'contactImport' },
    body: ({ contactGroup }) => ({
      mapping: ['name'],
      onMatch: 'skip',
      tags: ['x'],
      groupId: contactGroup,
      check: true,
    }),
    refers: ['groupId'],
  },
  'POST /v1/contact-imports/{id}/cancel': { as: 'admin', params: { id: 'contactImport' } },
  'GET /v1/contact-export': { as: 'admin' },
  'GET /v1/contacts/{id}/data': { as: 'admin', params: { id: 'contact' } },
  'DELETE /v1/contacts/{id}': { as: 'admin', params: { id: 'otherContact' } },
  'GET /v1/contacts/{id}/merges': { as: 'agent', params: { id: 'contact' } },
  'POST /v1/contacts/{id}/merges': {
    as: 'supervisor',
    params: { id: 'contact' },
    body: ({ otherContact }) => ({ contactId: otherContact }),
    refers: ['contactId'],
  },
  'POST /v1/contacts/{id}/merges/{merge}/undo': { as: 'supervisor', params: { id: 'contact', merge: 'merge' } },
  'GET /v1/contacts/{id}/thread': { as: 'agent', params: { id: 'contact' } },

  ...conversationCases,

  'GET /v1/tickets': { as: 'agent' },
  'POST /v1/tickets': {
    as: 'agent',
    body: ({ group, member, contact, conversation }) => ({
      subject: 'x',
      ...ticketBody,
      groupId: group,
      assigneeId: member,
      contactId: contact,
      conversationId: conversation,
      watcherIds: [member],
    }),
    refers: ['groupId', 'assigneeId', 'contactId', 'conversationId'],
  },
  'POST /v1/tickets/bulk': { as: 'agent', body: ({ ticket }) => ({ items: [{ id: ticket, version: 1 }] }) },
  'GET /v1/tickets/{id}': { as: 'supervisor', params: { id: 'ticket' } },
  'PATCH /v1/tickets/{id}': {
    as: 'supervisor',
    headers: { 'if-match': '*' },
    params: { id: 'ticket' },
    body: ({ group, member, contact }) => ({
      subject: 'x',
      ...ticketBody,
      groupId: group,
      assigneeId: member,
      contactId: contact,
      watcherIds: [member],
    }),
    refers: ['groupId', 'assigneeId', 'contactId'],
  },
  'POST /v1/tickets/{id}/take': { as: 'supervisor', params: { id: 'ticket' } },
  'GET /v1/tickets/{id}/comments': { as: 'supervisor', params: { id: 'ticket' } },
  'POST /v1/tickets/{id}/comments': {
    as: 'supervisor',
    params: { id: 'ticket' },
    body: () => ({ kind: 'internal', text: 'x' }),
  },
  'GET /v1/tickets/{id}/history': { as: 'supervisor', params: { id: 'ticket' } },
  'GET /v1/tickets/{id}/links': { as: 'supervisor', params: { id: 'ticket' } },
  'PUT /v1/tickets/{id}/links/{kind}/{otherId}': {
    as: 'supervisor',
    params: { id: 'ticket', otherId: 'otherTicket' },
    words: { kind: 'relates' },
  },
  'DELETE /v1/tickets/{id}/links/{kind}/{otherId}': {
    as: 'supervisor',
    params: { id: 'ticket', otherId: 'otherTicket' },
    words: { kind: 'relates' },
  },
  'GET /v1/ticket-statuses': { as: 'agent' },
  'PUT /v1/ticket-statuses/{key}': {
    as: 'admin',
    words: { key: 'waiting' },
    body: () => ({ name: 'x', category: 'pending', position: 1, retired: false }),
  },
  'GET /v1/ticket-categories': { as: 'agent' },
  'PUT /v1/ticket-categories/{key}': {
    as: 'admin',
    words: { key: 'refunds' },
    body: () => ({ name: 'x', parentKey: 'returns', position: 1, retired: false }),
  },
  'GET /v1/ticket-fields': { as: 'agent' },
  'PUT /v1/ticket-fields/{key}': {
    as: 'admin',
    words: { key: 'colour' },
    body: () => ({ name: 'x', type: 'choice', options: ['红'], required: true, position: 1, retired: false }),
  },

  'GET /v1/canned-replies': { as: 'agent' },
  'POST /v1/canned-replies': {
    as: 'agent',
    body: () => ({ title: 'x', text: 'x', folder: 'x', own: true }),
  },
  'PATCH /v1/canned-replies/{id}': {
    as: 'supervisor',
    params: { id: 'cannedReply' },
    body: () => ({ title: 'x', text: 'x', folder: 'x' }),
  },
  'DELETE /v1/canned-replies/{id}': { as: 'supervisor', params: { id: 'cannedReply' } },

  ...callCases,
  ...hoursCases,
  ...routingCases,
  ...lookCases,

  'GET /v1/events': { as: 'agent' },
  'GET /v1/stream': { as: 'agent' },

  'POST /v1/visitor/sessions': {
    as: 'nobody',
    body: ({ channel }) => ({ channelId: channel, token: 'x', identity: 'x.y.z', claims: { name: 'x' } }),
  },
  'GET /v1/visitor/messages': { as: 'visitor' },
  'POST /v1/visitor/messages': { as: 'visitor', body: () => ({ clientId: 'x', parts: text }) },
  'GET /v1/visitor/stream': { as: 'visitor' },

  'POST /v1/files': { as: 'agent', takesFile: true },
  'GET /v1/files': { as: 'agent' },
  'GET /v1/files/{id}': { as: 'agent', params: { id: 'file' } },
  'GET /v1/media/{tenant}/{id}/{as}': {
    as: 'nobody',
    words: { tenant: `ten_${'0'.repeat(26)}`, id: `fil_${'0'.repeat(26)}`, as: 'attachment' },
  },
  'POST /v1/visitor/files': { as: 'visitor', takesFile: true },
  'GET /v1/visitor/files': { as: 'visitor' },
}
