/** Good requests to what concerns opening hours. */
import type { Case } from './bad-input-cases.ts'

const weekly = {
  monday: [{ from: '09:00', to: '18:00' }],
  tuesday: [],
  wednesday: [],
  thursday: [],
  friday: [],
  saturday: [],
  sunday: [],
}
const holiday = { date: '2026-10-01', name: '国庆节', hours: [] }

export const hoursCases: Readonly<Record<string, Case>> = {
  'GET /v1/calendars': { as: 'agent' },
  'POST /v1/calendars': {
    as: 'admin',
    body: () => ({ name: 'x', weekly, exceptions: [holiday] }),
  },
  'GET /v1/calendars/{id}': { as: 'agent', params: { id: 'calendar' } },
  'PATCH /v1/calendars/{id}': {
    as: 'admin',
    params: { id: 'calendar' },
    body: () => ({ name: 'x', weekly, exceptions: [holiday] }),
  },
  'DELETE /v1/calendars/{id}': { as: 'admin', params: { id: 'calendar' } },
  'PUT /v1/calendars/{id}/years/{year}': {
    as: 'admin',
    params: { id: 'calendar' },
    words: { year: '2026' },
    body: () => ({ days: [holiday] }),
  },
  'GET /v1/calendars/{id}/state': { as: 'agent', params: { id: 'calendar' } },
  'GET /v1/hours': { as: 'agent' },
  'GET /v1/calendar-assignments': { as: 'agent' },
  'PUT /v1/calendar-assignments/{target}': {
    as: 'admin',
    params: { target: 'channel' },
    body: ({ calendar }) => ({ calendarId: calendar }),
    refers: ['calendarId'],
  },
  'DELETE /v1/calendar-assignments/{target}': { as: 'admin', params: { target: 'channel' } },

  'GET /v1/texts': { as: 'agent' },
  'GET /v1/texts/built-in': { as: 'agent' },
  'PUT /v1/texts/{scope}/{kind}/{language}': {
    as: 'admin',
    params: { scope: 'channel' },
    words: { kind: 'greeting', language: 'en' },
    body: () => ({ text: 'Hello' }),
  },
  'DELETE /v1/texts/{scope}/{kind}/{language}': {
    as: 'admin',
    params: { scope: 'channel' },
    words: { kind: 'greeting', language: 'en' },
  },
  'GET /v1/me/greetings': { as: 'agent' },
  'PUT /v1/me/greetings/{language}': { as: 'agent', words: { language: 'en' }, body: () => ({ text: 'Hello' }) },
  'DELETE /v1/me/greetings/{language}': { as: 'agent', words: { language: 'en' } },
  'GET /v1/reception-rules': { as: 'agent' },
  'PUT /v1/reception-rules/{scope}': {
    as: 'admin',
    params: { scope: 'channel' },
    body: () => ({
      waitingAfterSeconds: 5,
      customerSilence: { remindAfterSeconds: 60, closeAfterSeconds: 120 },
      agentSilence: { remindAfterSeconds: 60, requeueAfterSeconds: 120 },
      satisfaction: { ask: 'on-close', scale: 5, tags: ['快'], answerWithinDays: 7 },
    }),
  },
  'POST /v1/conversations/{id}/unpark': { as: 'supervisor', params: { id: 'conversation' } },

  'GET /v1/satisfaction': { as: 'supervisor' },
  'GET /v1/satisfaction/figures': { as: 'supervisor', query: '?by=member' },
  'GET /v1/satisfaction/{id}': { as: 'supervisor', params: { id: 'satisfaction' } },
  'POST /v1/conversations/{id}/satisfaction': { as: 'agent', params: { id: 'conversation' } },
  'GET /v1/visitor/reception': { as: 'visitor' },
  'POST /v1/visitor/satisfaction': {
    as: 'visitor',
    body: ({ satisfaction }) => ({ id: satisfaction, score: 5, comment: 'x', tags: ['x'] }),
  },
}
