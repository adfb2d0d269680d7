import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type CloudEvent, decodeEvent, encodeEvent, envelope } from '../../../src/core/events/envelope.ts'

const event = envelope({
  id: 'evt_1',
  source: '/tenants/ten_1',
  type: 'message.created',
  subject: 'cnv_1',
  time: '2026-01-02T03:04:05.678Z',
  tenantid: 'ten_1',
  actorid: 'usr_1',
  data: { text: '汇流 😀' },
})

const malformed = expect.objectContaining({ kind: 'invalid', code: 'event-malformed' })
const decoded = (value: unknown) => () => decodeEvent(Buffer.from(JSON.stringify(value)))

test('an event is a CloudEvent 1.0 in JSON, and frozen', () => {
  expect(event).toMatchObject({ specversion: '1.0', datacontenttype: 'application/json' })
  expect(Object.isFrozen(event)).toBe(true)
})

test('an event comes back from the log as it was', () => {
  const text = fc.string({ unit: 'binary' })
  const made = fc.record(
    {
      id: text,
      source: text,
      type: text,
      subject: text,
      time: text,
      tenantid: text,
      actorid: text,
      causationid: text,
      position: fc.maxSafeNat(),
      data: fc.oneof(fc.dictionary(text, fc.jsonValue()), fc.array(fc.jsonValue())),
    },
    { requiredKeys: ['id', 'source', 'type', 'subject', 'time', 'tenantid', 'actorid', 'data'] },
  )
  fc.assert(
    fc.property(made, (fields) => {
      // As JSON keeps it: without what it cannot say (minus zero).
      const written = JSON.parse(JSON.stringify(envelope(fields)))
      expect(decodeEvent(encodeEvent(envelope(fields)))).toEqual(written)
    }),
  )
})

test('what others add to an event is kept', () => {
  const extended = { ...event, traceparent: '00-1', dataschema: 'https://schema.example' } as CloudEvent
  expect(decodeEvent(encodeEvent(extended))).toEqual(extended)
})

test.for(['specversion', 'id', 'source', 'type', 'subject', 'time', 'tenantid', 'actorid', 'data'])(
  'without %s, or with something else in its place, it is no event of ours',
  (name) => {
    const { [name]: _, ...rest } = event as unknown as Record<string, unknown>
    for (const value of [rest, { ...rest, [name]: null }, { ...rest, [name]: 7 }, { ...rest, [name]: true }]) {
      expect(decoded(value)).toThrow(malformed)
    }
  },
)

test.for([0.5, -0.5, 2 ** 53, '7', null, {}])('a position of %j is refused', (position) => {
  expect(decoded({ ...event, position })).toThrow(malformed)
})

test('whatever the log holds, it is an event or refused as malformed', () => {
  const bytes = fc.oneof(
    fc.uint8Array().map((array) => Buffer.from(array)),
    fc.jsonValue().map((value) => Buffer.from(JSON.stringify(value))),
    fc.constantFrom('', '{', 'null', '[]', '"text"', '{"specversion":"0.3"}').map((text) => Buffer.from(text)),
  )
  fc.assert(
    fc.property(bytes, (value) => {
      expect(() => decodeEvent(value)).toThrow(malformed)
    }),
  )
})
