/** Good requests to the routes of conversations; see bad-input-cases.ts. */
import type { Case } from './bad-input-cases.ts'

const text = [{ type: 'text', text: '您好' }]

export const conversationCases: Readonly<Record<string, Case>> = {
  'GET /v1/conversations': { as: 'agent' },
  'GET /v1/conversations/{id}/export': { as: 'agent', params: { id: 'conversation' } },
  'GET /v1/visitor/conversations': { as: 'visitor' },
  'GET /v1/canned-replies/export': { as: 'agent' },
  'POST /v1/canned-replies/import': {
    as: 'agent',
    body: () => ({ csv: 'title,text\nx,y', own: true, dryRun: true }),
  },
  'GET /v1/search/messages': { as: 'agent', query: '?q=在吗' },
  'GET /v1/conversations/{id}': { as: 'agent', params: { id: 'conversation' } },
  'PATCH /v1/conversations/{id}': {
    as: 'agent',
    params: { id: 'conversation' },
    body: () => ({ tags: ['x'], summary: 'x', category: 'returns', priority: 1 }),
  },
  'GET /v1/conversation-tags': { as: 'agent' },
  'GET /v1/mentions': { as: 'agent' },
  'PUT /v1/conversations/{id}/participants/{memberId}': {
    as: 'agent',
    params: { id: 'conversation', memberId: 'member' },
  },
  'DELETE /v1/conversations/{id}/participants/{memberId}': {
    as: 'agent',
    params: { id: 'conversation', memberId: 'member' },
    mayBeMissing: ['memberId'],
  },
  'POST /v1/conversations/{id}/transfer': {
    as: 'supervisor',
    params: { id: 'conversation' },
    body: ({ member }) => ({ memberId: member }),
    refers: ['memberId'],
  },
  'DELETE /v1/conversations/{id}/transfer': { as: 'supervisor', params: { id: 'conversation' } },
  'GET /v1/conversations/{id}/ways': { as: 'agent', params: { id: 'conversation' } },
  'GET /v1/conversations/{id}/routing': { as: 'supervisor', params: { id: 'conversation' } },
  'GET /v1/monitor/queues': { as: 'supervisor' },
  'GET /v1/monitor/agents': { as: 'supervisor' },
  'GET /v1/conversations/{id}/messages': { as: 'agent', params: { id: 'conversation' } },
  'POST /v1/conversations/{id}/messages': {
    as: 'agent',
    params: { id: 'conversation' },
    body: ({ message, channel }) => ({ parts: text, replyTo: message, channelId: channel, clientId: 'x' }),
    refers: ['replyTo', 'channelId'],
  },
  'POST /v1/conversations/{id}/messages/{messageId}/resend': {
    as: 'agent',
    params: { id: 'conversation', messageId: 'message' },
  },
  'POST /v1/conversations/{id}/messages/{messageId}/recall': {
    as: 'agent',
    params: { id: 'conversation', messageId: 'message' },
  },
  'POST /v1/conversations/{id}/close': {
    as: 'agent',
    params: { id: 'conversation' },
    body: () => ({ summary: 'x', category: 'returns' }),
  },
  'POST /v1/conversations/{id}/resolve': {
    as: 'agent',
    params: { id: 'conversation' },
    body: () => ({ summary: 'x', category: 'returns' }),
  },
  'POST /v1/conversations/{id}/reopen': { as: 'agent', params: { id: 'conversation' }, body: () => ({ mine: true }) },
  'POST /v1/conversations/{id}/take-over': {
    as: 'supervisor',
    params: { id: 'conversation' },
    body: () => ({ keepHolder: true }),
  },
  'POST /v1/conversations/{id}/snooze': {
    as: 'agent',
    params: { id: 'conversation' },
    body: () => ({ until: new Date(Date.now() + 86_400_000).toISOString() }),
  },
  'POST /v1/conversations/{id}/wake': { as: 'agent', params: { id: 'conversation' } },
  'GET /v1/conversation-categories': { as: 'agent' },
  'PUT /v1/conversation-categories/{key}': {
    as: 'admin',
    words: { key: 'returns' },
    body: () => ({ name: 'x', parentKey: 'returns', position: 1, retired: false }),
  },
  'GET /v1/closing-rules': { as: 'agent' },
  'PUT /v1/closing-rules/{scope}': {
    as: 'admin',
    params: { scope: 'group' },
    body: () => ({ summary: 'required', category: 'off', closeResolvedAfterSeconds: 3600 }),
  },
  'DELETE /v1/closing-rules/{scope}': { as: 'admin', params: { scope: 'group' } },
  'POST /v1/conversations/{id}/read': { as: 'agent', params: { id: 'conversation' }, body: () => ({ number: 1 }) },
  'POST /v1/conversations/{id}/typing': { as: 'agent', params: { id: 'conversation' } },
  'POST /v1/conversations/{id}/pull': { as: 'agent', params: { id: 'conversation' } },
  'POST /v1/conversations/{id}/assign': {
    as: 'admin',
    params: { id: 'conversation' },
    body: ({ member }) => ({ memberId: member }),
    refers: ['memberId'],
  },
}
