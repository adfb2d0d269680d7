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
}
