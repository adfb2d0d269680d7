import { expect, test } from 'vitest'
import type { Colleague } from '../../../src/api/colleagues.ts'
import { permissionsOfRole, permissionsOfScopes } from '../../../src/api/permissions.ts'
import { ColleagueAudience } from '../../../src/api/stream/audience.ts'
import { viewerOf } from '../../../src/core/conversations/visibility.ts'
import { catalogue } from '../../../src/core/events/catalogue.ts'

const member = (role: 'agent' | 'supervisor' | 'admin', groupIds: string[] = []): Colleague => ({
  kind: 'member',
  id: 'usr_me',
  tenantId: 'ten_1',
  credential: 'ses_1',
  role,
  permissions: permissionsOfRole(role),
  groupIds,
})
const key = (...scopes: string[]): Colleague => ({
  kind: 'key',
  id: 'key_1',
  tenantId: 'ten_1',
  credential: 'key_1',
  permissions: permissionsOfScopes(scopes),
})
const audience = (of: Colleague, offers: [string, string][] = []) =>
  new ColleagueAudience(of, viewerOf(of), new Map(offers))

const conversation = (fields: object) => ({ heldBy: 'agent', groupId: null, assigneeId: null, ...fields })
const said = (fields: object, subject = 'cnv_1') => ({
  type: 'message.created',
  subject,
  data: { message: {}, contactId: 'ctc_1', ...conversation(fields) },
})
const offer = (type: string, state: string, memberId = 'usr_me') => ({
  type,
  subject: 'cnv_1',
  data: { offer: { id: 'ofr_1', conversationId: 'cnv_1', memberId, state } },
})

test('what is offered is seen from the offer to its end', () => {
  const me = audience(member('agent'))
  const elsewhere = said({ heldBy: 'queue', groupId: 'grp_other' })
  expect(me.admits(elsewhere)).toBe(false)
  expect(me.admits(offer('offer.made', 'open'))).toBe(true)
  expect(me.admits(elsewhere)).toBe(true)
  expect(me.admits(offer('offer.ended', 'expired'))).toBe(true)
  expect(me.admits(elsewhere)).toBe(false)
})

test('offers to others are for supervisors', () => {
  expect(audience(member('agent')).admits(offer('offer.made', 'open', 'usr_other'))).toBe(false)
  expect(audience(member('supervisor')).admits(offer('offer.made', 'open', 'usr_other'))).toBe(true)
})

test('offers that were open where reading begins count', () => {
  expect(audience(member('agent'), [['ofr_1', 'cnv_1']]).admits(said({ heldBy: 'queue' }))).toBe(true)
})

test('joining and leaving a group changes what is seen from then on', () => {
  const me = audience(member('agent'))
  const waiting = said({ heldBy: 'queue', groupId: 'grp_1' })
  const group = (type: string, members: string[]) => ({
    type,
    subject: 'grp_1',
    data: { group: { id: 'grp_1', members: members.map((memberId) => ({ memberId, tier: 1, level: 1 })) } },
  })
  expect(me.admits(waiting)).toBe(false)
  me.admits(group('group.updated', ['usr_me', 'usr_other']))
  expect(me.admits(waiting)).toBe(true)
  me.admits(group('group.updated', ['usr_other']))
  expect(me.admits(waiting)).toBe(false)
  me.admits(group('group.updated', ['usr_me']))
  me.admits(group('group.removed', ['usr_me']))
  expect(me.admits(waiting)).toBe(false)
})

test.each(Object.keys(catalogue))('a key without scopes receives nothing: %s', (type) => {
  const data = {
    ...conversation({}),
    conversation: conversation({}),
    offer: { memberId: 'usr_x' },
    group: { id: 'grp_1', members: [] },
  }
  expect(audience(key('stream:read')).admits({ type, subject: 'x', data })).toBe(false)
})

test('an event that nobody wrote a rule for is shown to nobody', () => {
  expect(audience(member('admin')).admits({ type: 'secret.made', subject: 'x', data: {} })).toBe(false)
  expect(audience(member('admin')).admits({ type: '__proto__.made', subject: 'x', data: {} })).toBe(false)
  expect(audience(member('admin')).admits({ type: 'constructor', subject: 'x', data: {} })).toBe(false)
})

test('a key reads the conversations that its scopes name, and nothing beside them', () => {
  const reader = audience(key('conversation:read', 'conversation:read-all'))
  expect(reader.admits(said({}))).toBe(true)
  expect(reader.admits({ type: 'contact.created', subject: 'ctc_1', data: { contact: {} } })).toBe(false)
  expect(audience(key('conversation:read')).admits(said({}))).toBe(false)
})

test('nobody hears themselves type, and nobody a conversation that they do not see', () => {
  const typing = (id: string, fields: object = { assigneeId: 'usr_me' }) => ({
    type: 'typing' as const,
    tenantId: 'ten_1',
    conversationId: 'cnv_1',
    by: { kind: 'member' as const, id },
    audience: { contactId: 'ctc_1', ...conversation(fields) } as never,
  })
  const me = audience(member('agent'))
  expect(me.hears(typing('usr_me'))).toBe(false)
  expect(me.hears(typing('usr_other'))).toBe(true)
  expect(me.hears(typing('usr_other', { assigneeId: 'usr_other' }))).toBe(false)
})
