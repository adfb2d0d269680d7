/** Good requests to the routes by which a hub is run and joined to other systems; part of `bad-input-cases.ts`. */
import type { Case } from './bad-input-cases.ts'

export const operatingCases: Readonly<Record<string, Case>> = {
  'GET /v1/audit': { as: 'admin' },
  'GET /v1/verification-files': { as: 'agent' },
  'PUT /v1/verification-files/{name}': {
    as: 'admin',
    words: { name: 'WW_verify_x.txt' },
    body: () => ({ content: 'x' }),
  },
  'DELETE /v1/verification-files/{name}': { as: 'admin', params: { name: 'verificationFile' } },
  'GET /v1/set-aside': { as: 'admin' },
  'POST /v1/set-aside/{id}/replay': { as: 'admin', params: { id: 'record' } },
  'POST /v1/set-aside/{id}/discard': { as: 'admin', params: { id: 'record' } },
  'GET /v1/webhooks': { as: 'admin' },
  'POST /v1/webhooks': {
    as: 'admin',
    body: () => ({ url: 'https://crm.example/hook', description: 'x', events: ['message.*'], ordered: true }),
  },
  'GET /v1/webhooks/{id}': { as: 'admin', params: { id: 'endpoint' } },
  'PATCH /v1/webhooks/{id}': {
    as: 'admin',
    params: { id: 'endpoint' },
    body: () => ({ url: 'https://crm.example/hook', description: 'x', events: null, ordered: false }),
  },
  'DELETE /v1/webhooks/{id}': { as: 'admin', params: { id: 'endpoint' } },
  'POST /v1/webhooks/{id}/pause': { as: 'admin', params: { id: 'endpoint' } },
  'POST /v1/webhooks/{id}/resume': { as: 'admin', params: { id: 'endpoint' } },
  'POST /v1/webhooks/{id}/rotate-secret': { as: 'admin', params: { id: 'endpoint' } },
  'POST /v1/webhooks/{id}/test': { as: 'admin', params: { id: 'endpoint' } },
  'GET /v1/webhooks/{id}/attempts': { as: 'admin', params: { id: 'endpoint' } },
  'GET /v1/webhooks/{id}/waiting': { as: 'admin', params: { id: 'endpoint' } },
  'POST /v1/webhooks/{id}/events/{eventId}/resend': {
    as: 'admin',
    params: { id: 'endpoint', eventId: 'event' },
  },
  'POST /v1/webhooks/{id}/recover': {
    as: 'admin',
    params: { id: 'endpoint' },
    body: () => ({ since: '2026-01-01T00:00:00.000Z', all: false }),
  },
  'GET /v1/speech': { as: 'agent' },
  'PUT /v1/speech': {
    as: 'admin',
    body: () => ({
      url: 'https://speech.example/v1',
      key: 'x',
      speechModel: 'x',
      voice: 'x',
      transcriptionModel: 'x',
      language: 'zh',
      transcribeCalls: true,
      transcribeMessages: true,
    }),
  },
  'POST /v1/speech/test': { as: 'admin' },
  'POST /v1/speech/prompts': { as: 'admin', body: () => ({ text: '您好' }) },
  'POST /v1/files/{id}/transcript': { as: 'agent', params: { id: 'file' } },
}
