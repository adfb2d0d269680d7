/** What every blob store promises. */
import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { BlobStore } from '../../src/core/platform/blobs.ts'

const newKey = () => `conformance/${randomBytes(16).toString('hex')}`
const factsOf = (bytes: Buffer) => ({
  bytes: bytes.byteLength,
  sha256: createHash('sha256').update(bytes).digest('hex'),
})
/** In small pieces, as the network brings it. */
const pieces = (bytes: Buffer, size = 10_000) =>
  Readable.from(
    Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size)),
    { objectMode: false },
  )

export function blobConformance(name: string, open: () => Promise<BlobStore>): void {
  describe(`the blob store ${name}`, () => {
    let store: BlobStore
    beforeAll(async () => {
      store = await open()
    })
    afterAll(() => store?.close())

    const put = async (bytes: Buffer) => {
      const key = newKey()
      await store.put(key, pieces(bytes), factsOf(bytes))
      return key
    }
    const read = async (key: string, range?: { first: number; last: number }) => {
      const body = await store.get(key, range)
      return body === undefined ? undefined : buffer(body)
    }

    test('gives back what it was given, of any size', async () => {
      for (const size of [1, 9_999, 10_000, 3_000_001]) {
        const bytes = randomBytes(size)
        const key = await put(bytes)
        expect(await store.size(key)).toBe(size)
        expect(factsOf((await read(key)) ?? Buffer.alloc(0))).toEqual(factsOf(bytes))
      }
    })

    test('gives a stretch, both ends included', async () => {
      const bytes = randomBytes(100_000)
      const key = await put(bytes)
      for (const [first, last] of [
        [0, 0],
        [99_999, 99_999],
        [10, 50_009],
        [0, 99_999],
      ] as const) {
        expect((await read(key, { first, last }))?.equals(bytes.subarray(first, last + 1))).toBe(true)
      }
    })

    test('knows nothing of a key that was never written, and removes it without complaint', async () => {
      const key = newKey()
      expect([await read(key), await store.size(key)]).toEqual([undefined, undefined])
      await store.remove(key)
    })

    test('removes a blob, and that again', async () => {
      const key = await put(randomBytes(100))
      await store.remove(key)
      await store.remove(key)
      expect([await read(key), await store.size(key)]).toEqual([undefined, undefined])
    })

    test('replaces a blob that is written again', async () => {
      const [first, second] = [randomBytes(5000), randomBytes(70)]
      const key = await put(first)
      await store.put(key, pieces(second), factsOf(second))
      expect((await read(key))?.equals(second)).toBe(true)
    })

    test('keeps nothing of a stream that is shorter, longer, other than promised, or breaks off', async () => {
      const bytes = randomBytes(40_000)
      const facts = factsOf(bytes)
      async function* broken() {
        yield bytes.subarray(0, 20_000)
        throw new Error('the line is dead')
      }
      const streams = [
        pieces(bytes.subarray(0, 30_000)),
        pieces(Buffer.concat([bytes, Buffer.from('x')])),
        pieces(randomBytes(40_000)),
        Readable.from(broken(), { objectMode: false }),
      ]
      for (const stream of streams) {
        const key = newKey()
        await expect(store.put(key, stream, facts)).rejects.toThrow()
        expect(await read(key)).toBeUndefined()
      }
    })

    test('refuses a key that is none of ours', async () => {
      for (const key of ['', '../x', '/x', 'a//b', 'a/../b', 'A', 'a.b', `${'a/'.repeat(9)}b`]) {
        await expect(store.put(key, pieces(Buffer.from('x')), factsOf(Buffer.from('x')))).rejects.toThrow(TypeError)
        await expect(store.get(key)).rejects.toThrow(TypeError)
      }
    })
  })
}
