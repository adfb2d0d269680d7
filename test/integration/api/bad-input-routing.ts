/** Good requests to what routing does and is told. */
import type { Case } from './bad-input-cases.ts'

export const routingCases: Readonly<Record<string, Case>> = {
  'GET /v1/entry-rules': { as: 'agent' },
  'POST /v1/entry-rules': {
    as: 'admin',
    body: ({ group, channel, calendar }) => ({
      name: 'x',
      when: {
        channelIds: [channel],
        channelKinds: ['webchat'],
        keywords: ['退款'],
        pattern: 'x',
        languages: ['zh'],
        regions: ['广东'],
        tags: ['VIP'],
        vip: true,
        hours: { open: true, calendarId: calendar },
      },
      target: { groupId: group, priority: 1, skills: [{ skill: 'lang.en', level: 3 }] },
      otherwise: { to: 'group', groupId: group },
      position: 1,
      enabled: true,
    }),
  },
  'POST /v1/entry-rules/try': {
    as: 'agent',
    body: ({ channel, contact }) => ({ text: 'x', channelId: channel, contactId: contact, claims: { region: '广东' } }),
  },
  'GET /v1/entry-rules/{id}': { as: 'agent', params: { id: 'entryRule' } },
  'PATCH /v1/entry-rules/{id}': {
    as: 'admin',
    params: { id: 'entryRule' },
    body: ({ group }) => ({ name: 'x', when: {}, target: { groupId: group }, otherwise: { to: 'next' }, position: 1 }),
  },
  'DELETE /v1/entry-rules/{id}': { as: 'admin', params: { id: 'entryRule' } },
  'GET /v1/entry-precedence': { as: 'agent' },
  'PUT /v1/entry-precedence': { as: 'admin', body: () => ({ precedence: ['rules', 'channel'] }) },

  'GET /v1/conversations/{id}/place': { as: 'agent', params: { id: 'conversation' } },
  'GET /v1/tickets/{id}/routing': { as: 'supervisor', params: { id: 'ticket' } },
  'GET /v1/visitor/place': { as: 'visitor' },
  'POST /v1/visitor/callback': { as: 'visitor', body: () => ({ at: new Date(Date.now() + 3_600_000).toISOString() }) },
  'GET /v1/conversations/{id}/routing': { as: 'supervisor', params: { id: 'conversation' } },
  'GET /v1/routing/journal': { as: 'supervisor' },
  'POST /v1/routing/simulations': {
    as: 'supervisor',
    body: ({ group, member }) => ({
      from: '2026-01-05T00:00:00.000Z',
      to: '2026-01-05T08:00:00.000Z',
      targetSeconds: 60,
      groups: [
        { id: group, strategy: 'round-robin', acceptMode: 'auto', offerSeconds: 30, wrapUpSeconds: 0, maxWaiting: 10 },
      ],
      members: [{ id: member, capacity: 5, limits: { chat: 3 }, skills: [{ skill: 'lang.en', level: 3 }] }],
    }),
  },
  'GET /v1/agent-statuses': { as: 'agent' },
  'PUT /v1/agent-statuses/{key}': {
    as: 'admin',
    words: { key: 'lunch' },
    body: () => ({ name: '午餐', state: 'away', closed: ['call'], position: 1, retired: false }),
  },
  'GET /v1/wrap-ups': { as: 'agent' },
  'POST /v1/conversations/{id}/wrap-up': { as: 'agent', params: { id: 'conversation' } },
  'POST /v1/conversations/{id}/wrap-up/done': { as: 'agent', params: { id: 'conversation' } },
  'GET /v1/monitor/queues': { as: 'supervisor' },
  'GET /v1/monitor/agents': { as: 'supervisor' },
}
