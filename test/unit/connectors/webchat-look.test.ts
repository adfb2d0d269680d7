import fc from 'fast-check'
import { expect, test } from 'vitest'
import { launcherSheet, windowSheet } from '../../../src/connectors/webchat/look.ts'

const nowhere = () => 'https://hub.example/picture'

test('a look that says nothing changes nothing that visitors see', () => {
  expect(launcherSheet({}, nowhere)).not.toMatch(/--c|left|right|content/)
  expect(windowSheet({}, nowhere)).toBe('')
})

test('side, distances, shape, words, icon and pictures of a look stand in its sheets', () => {
  const sheet = launcherSheet(
    { colour: '#8a1c7c', side: 'left', sidePx: 8, bottomPx: 100, style: 'pill', label: '找客服', icon: 'headset' },
    nowhere,
  )
  expect(sheet).toContain(':host{--c:#8a1c7c}')
  expect(sheet).toContain('right:auto;left:max(8px')
  expect(sheet).toContain('bottom:max(100px')
  expect(sheet).toContain('content:"找客服"')
  expect(sheet).toContain('mask:url("data:image/svg+xml,')
  expect(launcherSheet({ style: 'tab', label: 'x' }, nowhere)).toContain('writing-mode')
  const ownIcon = launcherSheet({ iconFile: 'fil_00000000000000000000000000' }, nowhere)
  expect(ownIcon).toContain('url("https://hub.example/picture")')
  expect(windowSheet({ logo: 'fil_00000000000000000000000000', colour: '#000000' }, nowhere)).toContain(
    ':root{--accent:#000000}',
  )
})

test('words of the business never become rules of the sheet', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 20 }), (label) => {
      const sheet = launcherSheet({ style: 'pill', label }, nowhere)
      const [, content] = /content:"((?:[^"\\\n]|\\[0-9a-f]+ )*)";/.exec(sheet) ?? []
      if (label.trim() === '') expect(content).toBeUndefined()
      else
        expect(content?.replace(/\\([0-9a-f]+) /g, (_, code) => String.fromCodePoint(Number.parseInt(code, 16)))).toBe(
          label,
        )
    }),
  )
})
