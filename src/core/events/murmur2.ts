/**
 * The partitioner of both logs: MurmurHash2 (32 bits, seed 0x9747b28c) of the key's UTF-8 bytes, as Kafka's own clients
 * use it, so that a program in any language puts a key where the hub does.
 *
 * Source: Austin Appleby's MurmurHash2 (public domain); Kafka's DefaultPartitioner takes the hash with its sign bit cleared,
 * modulo the number of partitions.
 */

const SEED = 0x9747b28c
const M = 0x5bd1e995

/** MurmurHash2 of some bytes, as a signed 32-bit integer like Java's. */
export function murmur2(bytes: Uint8Array): number {
  const { length } = bytes
  const at = (index: number) => bytes[index] ?? 0
  let h = SEED ^ length
  let i = 0
  for (; i + 4 <= length; i += 4) {
    let k = at(i) | (at(i + 1) << 8) | (at(i + 2) << 16) | (at(i + 3) << 24)
    k = Math.imul(k, M)
    k ^= k >>> 24
    h = Math.imul(h, M) ^ Math.imul(k, M)
  }
  const rest = length - i
  if (rest === 3) h ^= at(i + 2) << 16
  if (rest >= 2) h ^= at(i + 1) << 8
  if (rest >= 1) h = Math.imul(h ^ at(i), M)
  h = Math.imul(h ^ (h >>> 13), M)
  return (h ^ (h >>> 15)) | 0
}

/** The partition of a key: 0 to `partitions` - 1, the same for ever as long as the number of partitions stays. */
export function partitionOf(key: string, partitions: number): number {
  return (murmur2(Buffer.from(key)) & 0x7fffffff) % partitions
}
