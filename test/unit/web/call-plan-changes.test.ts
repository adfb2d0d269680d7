import { expect, test } from 'vitest'
import type { CallPlan } from '../../../src/core/events/call-plan-shapes.ts'
import { addMenu, freeKey, orderOfMenus, renameMenu, withKey } from '../../../web/console/settings/call-plan-changes.ts'

const plan: CallPlan = {
  begin: { to: 'menu', menu: 'main' },
  closed: { to: 'voicemail' },
  menus: {
    main: { keys: { 1: { to: 'queue' }, 2: { to: 'menu', menu: 'more' } }, otherwise: { to: 'queue' } },
    more: { keys: { 9: { to: 'menu', menu: 'main' } }, otherwise: { to: 'menu', menu: 'main' } },
  },
  voicemail: {},
}

test('a menu that is renamed keeps its place and everything that leads to it', () => {
  const renamed = renameMenu(plan, 'main', '主菜单')
  expect(Object.keys(renamed.menus ?? {})).toEqual(['主菜单', 'more'])
  expect(renamed.begin).toEqual({ to: 'menu', menu: '主菜单' })
  expect(renamed.menus?.more).toEqual({
    keys: { 9: { to: 'menu', menu: '主菜单' } },
    otherwise: { to: 'menu', menu: '主菜单' },
  })
  expect(renameMenu(renamed, '主菜单', 'main')).toEqual(plan)
})

test('a name that is taken or empty changes nothing', () => {
  expect(renameMenu(plan, 'main', 'more')).toBe(plan)
  expect(renameMenu(plan, 'main', '')).toBe(plan)
})

test('a new menu gets a name that is free', () => {
  const first = addMenu({}, (number) => `菜单 ${number}`)
  const second = addMenu(first, (number) => `菜单 ${number}`)
  const { '菜单 1': _, ...left } = second.menus ?? {}
  expect(Object.keys(second.menus ?? {})).toEqual(['菜单 1', '菜单 2'])
  expect(Object.keys(addMenu({ menus: left }, (number) => `菜单 ${number}`).menus ?? {})).toEqual(['菜单 2', '菜单 1'])
})

test('menus stand as callers come to them, those that no call comes to last, also if they lead to each other', () => {
  const { main, more } = plan.menus ?? {}
  expect(orderOfMenus({ ...plan, menus: { more, main } as CallPlan['menus'] & object })).toEqual({
    reached: ['main', 'more'],
    unreached: [],
  })
  expect(orderOfMenus({ ...plan, begin: { to: 'queue' } })).toEqual({ reached: [], unreached: ['main', 'more'] })
})

test('a key is put in the place of another, and the first free one is found', () => {
  const keys = { 1: { to: 'queue' }, 2: { to: 'voicemail' } } as const
  expect(withKey(keys, '1', '5')).toEqual({ 2: { to: 'voicemail' }, 5: { to: 'queue' } })
  expect(withKey(keys, '1', '1')).toEqual(keys)
  expect(freeKey(keys)).toBe('3')
})
