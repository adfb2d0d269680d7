import { expect, test } from 'vitest'
import { openLog, withoutSecrets } from '../../../src/core/platform/log.ts'

/** What one call writes, as text. */
function lineOf(fields: object, level: 'debug' | 'info' | 'warn' | 'error' = 'info'): string {
  const lines: string[] = []
  openLog({ level: 'debug', destination: { write: (line) => lines.push(line) } })[level](fields, 'a sentence')
  return lines.join('')
}

const canary = 'canary-5f3a'
const secretNames = [
  'password',
  'secret',
  'token',
  'authorization',
  'cookie',
  'apiKey',
  'key',
  'url',
  'settings',
  'secrets',
  'parts',
  'text',
  'body',
]

test.for(secretNames)('%s is blotted out on the first three levels of a line, whatever it holds', (name) => {
  for (const value of [canary, { deep: { deeper: canary } }, [canary, { value: canary }], Buffer.from(canary)]) {
    const levels = [{ [name]: value }, { a: { [name]: value } }, { a: { b: { [name]: value } } }]
    const listed = [{ list: [{ [name]: value }] }]
    for (const fields of [...levels, ...listed]) {
      const line = lineOf(fields)
      expect(line).toContain('"****"')
      expect(line).not.toContain(canary)
      expect(line).not.toContain(JSON.stringify(Buffer.from(canary)).slice(20, 60))
    }
  }
})

test('a line is one JSON object: level by name, time, fields, sentence', () => {
  const line = lineOf({ channelId: 'chn_1', newline: 'a\nb' }, 'warn')
  expect(line.trimEnd()).not.toContain('\n')
  const parsed = JSON.parse(line)
  expect(parsed).toMatchObject({ level: 'warn', channelId: 'chn_1', newline: 'a\nb', msg: 'a sentence' })
  expect(parsed.time).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
  expect(Object.keys(parsed).sort()).toEqual(['channelId', 'level', 'msg', 'newline', 'time'])
})

test('what was logged is left as it was', () => {
  const fields = { a: { password: canary }, err: new Error('x') }
  lineOf(fields)
  expect(fields.a.password).toBe(canary)
})

test('of an error the name, code, first line of the message, frames and causes are kept', () => {
  const cause = Object.assign(new RangeError('too far'), { code: 'ERANGE', detail: canary })
  const error = new Error(`the first line\nthe second holds ${canary}\n    and ${canary}`, { cause })
  const { err } = JSON.parse(lineOf({ err: error }))
  expect(err).toMatchObject({
    type: 'Error',
    message: 'the first line',
    cause: { type: 'RangeError', code: 'ERANGE', message: 'too far' },
  })
  expect(err.stack).toContain('log.test.ts')
  expect(JSON.stringify(err)).not.toContain(canary)
})

test('an error under any of its names is reduced; what was thrown and is no error shows only its type', () => {
  const error = Object.assign(new Error('refused'), { detail: canary, query: canary })
  expect(lineOf({ error })).not.toContain(canary)
  expect(lineOf({ err: error })).not.toContain(canary)
  expect(JSON.parse(lineOf({ err: canary })).err).toEqual({ type: 'string' })
  expect(JSON.parse(lineOf({ err: { canary } })).err).toEqual({ type: 'object' })
})

test('a long message is cut, and an error that is its own cause still makes a line', () => {
  const error = new Error('x'.repeat(5000))
  error.cause = error
  const line = lineOf({ err: error })
  expect(line.length).toBeLessThan(20_000)
  expect(JSON.parse(line).err.message).toHaveLength(300)
})

test.for([
  { text: `postgres://hub:${canary}@db.example/hub`, left: 'postgres://hub:****@db.example/hub' },
  { text: `at postgres://:${canary}@db:5432/x and more`, left: 'at postgres://:****@db:5432/x and more' },
  { text: `https://user:p@${canary}@host/path?q=1`, left: 'https://user:****@host/path?q=1' },
  { text: `two: a://b:${canary}@c, d://e:${canary}@f`, left: 'two: a://b:****@c, d://e:****@f' },
  { text: `bad key tbk_abc_${canary}`, left: 'bad key tbk_****' },
  { text: `session tbs_${canary}, visitor tbv_${canary}.`, left: 'session tbs_****, visitor tbv_****.' },
])('in a message our tokens and passwords within URLs are blotted out: $left', ({ text, left }) => {
  expect(withoutSecrets(text)).toBe(left)
  const line = lineOf({ err: new Error('outer', { cause: new Error(text) }) })
  expect(line).not.toContain(canary)
})

test('a message as long as a book is looked through in no time', () => {
  for (const unit of ['x', 'a://', 'a:b', 'tbk_', 'x@', 'a://b:']) withoutSecrets(unit.repeat(50_000))
})

test('what is no secret stays: hosts with ports, times, addresses of people', () => {
  for (const text of [
    'http://127.0.0.1:8200/v1',
    'connect ECONNREFUSED 127.0.0.1:5432',
    'at 12:30 a@b.example wrote',
  ]) {
    expect(withoutSecrets(text)).toBe(text)
  }
})
