import { expect, test } from 'vitest'
import type { Member } from '../../../src/core/events/shapes.ts'
import { colleaguesFor, mentionAt, mentionedIn } from '../../../web/console/mentions.ts'

const member = (id: string, name: string, more: Partial<Member> = {}) =>
  ({ id, name, number: null, disabled: false, ...more }) as Member
const members = [
  member('usr_1', '李雷', { number: '8001' }),
  member('usr_2', '李雷雷'),
  member('usr_3', 'Ana Lee'),
  member('usr_4', '走了', { disabled: true }),
]

test('what follows an @ is searched for while the caret stands behind it', () => {
  expect(mentionAt('请 @李', 4)).toEqual({ from: 2, search: '李' })
  expect(mentionAt('@', 1)).toEqual({ from: 0, search: '' })
  expect(mentionAt('看看，@8001', 8)).toEqual({ from: 3, search: '8001' })
  expect(mentionAt('a@b.example', 11)).toBeUndefined()
  expect(mentionAt('@李雷 你看', 5)).toBeUndefined()
})

test('colleagues are found by name or number, without oneself and those who left', () => {
  expect(colleaguesFor(members, 'usr_3', '李').map(({ id }) => id)).toEqual(['usr_1', 'usr_2'])
  expect(colleaguesFor(members, 'usr_1', 'lee').map(({ id }) => id)).toEqual(['usr_3'])
  expect(colleaguesFor(members, 'usr_3', '80').map(({ id }) => id)).toEqual(['usr_1'])
  expect(colleaguesFor(members, 'usr_3', '走')).toEqual([])
})

test('whoever is named after an @ is mentioned, once, and of names that begin alike the longest', () => {
  expect(mentionedIn('@李雷雷 请和 @Ana Lee 看一下，@李雷雷', members)).toEqual(['usr_2', 'usr_3'])
  expect(mentionedIn('@李雷，帮忙', members)).toEqual(['usr_1'])
  expect(mentionedIn('李雷 a@b.example @走了', members)).toEqual([])
})
