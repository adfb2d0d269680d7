import { expect, test } from 'vitest'
import { listCode, readSource } from './source-files.ts'

/** Matches of a pattern in the tests, by file. */
const found = (pattern: RegExp) =>
  listCode('test').flatMap((file) => [...readSource(file).matchAll(pattern)].map(([text]) => `${file}: ${text}`))

test('no test is left out by hand, and none runs alone', () => {
  const marks = /\b(?:it|test|describe|suite|bench)(?:\.\w+)*\.(?:only|skip|todo|fails|skipIf|runIf)\b/g
  // One place may skip: it names the server that is missing, and refuses where skipping is forbidden. What does not apply
  // everywhere is registered by test/support/applying.ts or not at all.
  expect(found(marks).filter((mark) => !mark.startsWith('test/support/services.ts:'))).toEqual([])
})

test('titles are unique in their file', () => {
  const doubled = listCode('test').flatMap((file) => {
    const titles = [...readSource(file).matchAll(/^\s*(?:it|test)\(\s*'((?:[^'\\]|\\.)*)'/gm)].map(([, title]) => title)
    return titles.filter((title, index) => titles.indexOf(title) !== index).map((title) => `${file}: ${title}`)
  })
  expect(doubled).toEqual([])
})

test('no test waits for a length of time, only for what it expects', () => {
  const pauses = /\bawait (?:new Promise\(\(?\w+\)? => setTimeout\(|sleep\(|delay\()/g
  expect(found(pauses).filter((pause) => !pause.startsWith('test/support/eventually.ts:'))).toEqual([])
})
