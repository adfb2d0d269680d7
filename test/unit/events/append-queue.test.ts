import { expect, test } from 'vitest'
import { AppendQueue } from '../../../src/core/events/append-queue.ts'
import type { LogRecord } from '../../../src/core/events/bus.ts'

const text = (value: string, bytes = 0): LogRecord => ({ key: 'k', value: Buffer.from(value.padEnd(bytes)) })

/** A queue whose appends are kept and end when the test says so. */
function held(limits: { maxRecords?: number; maxBytes?: number } = {}) {
  const appends: { texts: string[]; end: (error?: Error) => void }[] = []
  const queue = new AppendQueue({ maxRecords: 100, maxBytes: 10_000, ...limits }, (records) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const texts = records.map(({ value }) => value.toString().trim())
    appends.push({ texts, end: (error) => (error ? reject(error) : resolve()) })
    return promise
  })
  return { appends, queue }
}

/** Lets everything happen that needs no one else. */
const settle = () => new Promise((resolve) => setImmediate(resolve))

test('calls made together travel together, in their order', async () => {
  const { appends, queue } = held()
  const calls = ['a', 'b', 'c'].map((value) => queue.add([text(value)]))
  await settle()
  expect(appends.map(({ texts }) => texts)).toEqual([['a', 'b', 'c']])
  appends[0]?.end()
  await Promise.all(calls)
})

test('one append is under way at a time, and the next takes all that came meanwhile', async () => {
  const { appends, queue } = held()
  void queue.add([text('a')])
  await settle()
  void queue.add([text('b')])
  void queue.add([text('c')])
  await settle()
  expect(appends.length).toBe(1)
  appends[0]?.end()
  await settle()
  expect(appends.map(({ texts }) => texts)).toEqual([['a'], ['b', 'c']])
})

test('a call larger than an append is spread over several, and resolves with the last', async () => {
  const { appends, queue } = held({ maxRecords: 2 })
  let resolved = false
  const call = queue.add(['a', 'b', 'c'].map((value) => text(value))).then(() => {
    resolved = true
  })
  await settle()
  appends[0]?.end()
  await settle()
  expect(resolved).toBe(false)
  appends[1]?.end()
  await call
  expect(appends.map(({ texts }) => texts)).toEqual([['a', 'b'], ['c']])
})

test('an append stays below its bytes, but takes a single record of any size', async () => {
  const { appends, queue } = held({ maxBytes: 1000 })
  void queue.add([text('a', 500), text('b', 500), text('c', 5000), text('d')])
  for (let n = 0; n < 4; n++) {
    await settle()
    appends[n]?.end()
  }
  expect(appends.map(({ texts }) => texts)).toEqual([['a'], ['b'], ['c'], ['d']])
})

test('a failure rejects the calls of that append whole, and the next calls go on', async () => {
  const { appends, queue } = held({ maxRecords: 2 })
  const first = queue.add([text('a')])
  const second = queue.add([text('b'), text('never sent')])
  const third = queue.add([text('c')])
  await settle()
  appends[0]?.end(new Error('away'))
  await expect(first).rejects.toThrow('away')
  await expect(second).rejects.toThrow('away')
  await settle()
  appends[1]?.end()
  await third
  expect(appends.map(({ texts }) => texts)).toEqual([['a', 'b'], ['c']])
})

test('draining ends with the last append, or with the first that fails', async () => {
  const { appends, queue } = held({ maxRecords: 1 })
  const calls = ['a', 'b', 'c'].map((value) => queue.add([text(value)]))
  const outcomes = Promise.allSettled(calls)
  await settle()
  const drained = queue.drain()
  appends[0]?.end()
  await settle()
  appends[1]?.end(new Error('away'))
  await drained
  expect((await outcomes).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected'])
  expect(appends.length).toBe(2)
})

test('a call without records resolves and appends nothing', async () => {
  const { appends, queue } = held()
  await queue.add([])
  await queue.drain()
  expect(appends).toEqual([])
})
