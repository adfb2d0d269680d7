/** Good requests to the routes of the telephone; part of `bad-input-cases.ts`. */
import type { Case } from './bad-input-cases.ts'

const ofCall = (as: Case['as'], ...acts: string[]) =>
  acts.map((act): [string, Case] => [`POST /v1/calls/{id}/${act}`, { as, params: { id: 'call' } }])
const prompt = { fileId: `fil_${'0'.repeat(26)}`, text: 'x' }

export const callCases: Readonly<Record<string, Case>> = {
  'GET /v1/phones': { as: 'agent' },
  'POST /v1/phones': {
    as: 'admin',
    refers: ['channelId', 'memberId'],
    // A phone of nobody is one that can only call.
    mayBeNull: ['memberId'],
    body: ({ channel, member }) => ({
      channelId: channel,
      extension: '8002',
      memberId: member,
      number: '+8613900000001',
    }),
  },
  'DELETE /v1/phones/{id}': { as: 'admin', params: { id: 'phone' } },

  'GET /v1/channels/{id}/call-plan': { as: 'agent', params: { id: 'channel' } },
  'PUT /v1/channels/{id}/call-plan': {
    as: 'admin',
    params: { id: 'channel' },
    body: () => ({
      begin: { to: 'menu', menu: 'main' },
      closed: { to: 'voicemail' },
      menus: { main: { say: prompt, keys: { '1': { to: 'queue' } }, otherwise: { to: 'hang-up' } } },
      waiting: { keys: { '*': { to: 'callback' } } },
      voicemail: { say: prompt, maxSeconds: 30, makes: 'ticket' },
      survey: { say: prompt, waitSeconds: 5, tries: 1 },
      outbound: { prefixes: ['+86'], maxAtOnce: 1, maxPerHour: 1, onlyInHours: true },
    }),
  },

  'GET /v1/do-not-call': { as: 'agent' },
  'POST /v1/do-not-call': { as: 'supervisor', body: () => ({ numbers: ['13900000001'], reason: 'x' }) },
  'PUT /v1/do-not-call/{number}': {
    as: 'supervisor',
    words: { number: '13900000001' },
    body: () => ({ reason: 'x' }),
  },
  'DELETE /v1/do-not-call/{number}': { as: 'supervisor', words: { number: '13900000001' } },

  'GET /v1/calls': { as: 'agent' },
  'POST /v1/calls': {
    as: 'agent',
    body: ({ channel, member }) => ({ channelId: channel, number: '13900000001', memberId: member }),
  },
  'GET /v1/calls/{id}': { as: 'agent', params: { id: 'call' } },
  'GET /v1/calls/{id}/recordings/{segment}': { as: 'agent', params: { id: 'call' }, words: { segment: '1' } },
  'POST /v1/calls/{id}/transfer': { as: 'agent', params: { id: 'call' }, body: () => ({ number: '13900000001' }) },
  'POST /v1/calls/{id}/consult': {
    as: 'agent',
    params: { id: 'call' },
    body: ({ member, group }) => ({ memberId: member, groupId: group, number: '13900000001' }),
  },
  'POST /v1/calls/{id}/digits': { as: 'agent', params: { id: 'call' }, body: () => ({ digits: '12#' }) },
  ...Object.fromEntries([
    ...ofCall('agent', 'hang-up', 'hold', 'resume', 'hand-over', 'conference', 'return', 'mute', 'unmute'),
    ...ofCall('agent', 'pause-recording', 'resume-recording'),
    ...ofCall('supervisor', 'listen', 'unlisten'),
  ]),
}
