/** Token buckets: how fast an account, and each peer of it, may be written to. Of this process alone. */
import type { Clock } from '../../core/platform/clock.ts'
import type { Capabilities } from '../contract.ts'

type Limit = NonNullable<Capabilities['pace']>[number]

interface Bucket {
  tokens: number
  at: number
}

/** Peers remembered at most; those that have not been written to for longest are forgotten, which can only be too generous. */
const maxPeers = 10_000

/** The pace of one account. */
export class Pace {
  readonly #account: readonly (Limit & { bucket: Bucket })[]
  readonly #peer: readonly Limit[]
  readonly #peers = new Map<string, Bucket[]>()
  readonly #clock: Clock

  constructor(limits: readonly Limit[], clock: Clock) {
    this.#clock = clock
    this.#account = limits
      .filter(({ scope }) => scope === 'account')
      .map((limit) => ({ ...limit, bucket: { tokens: limit.max, at: clock() } }))
    this.#peer = limits.filter(({ scope }) => scope === 'peer')
  }

  /** How many sends the account allows now; Infinity where it is not limited. */
  available(): number {
    return Math.min(
      Infinity,
      ...this.#account.map(({ bucket, ...limit }) => Math.floor(this.#fill(bucket, limit).tokens)),
    )
  }

  /**
   * For how many ms to wait before one send to that peer; 0: now. The right to it is taken if that is at most `patienceMs`,
   * else nothing is.
   */
  take(peer: string, patienceMs: number): number {
    const peers = this.#bucketsOf(peer)
    const buckets = [
      ...this.#account,
      ...this.#peer.flatMap((limit, index) => {
        const bucket = peers[index]
        return bucket === undefined ? [] : [{ ...limit, bucket }]
      }),
    ]
    const waits = buckets.map(({ bucket, max, perMs, scope }) => {
      const { tokens } = this.#fill(bucket, { max, perMs, scope })
      return tokens >= 1 ? 0 : ((1 - tokens) * perMs) / max
    })
    const wait = Math.ceil(Math.max(0, ...waits))
    // May go below zero: what is owed is waited for.
    if (wait <= patienceMs) for (const { bucket } of buckets) bucket.tokens -= 1
    return wait
  }

  #bucketsOf(peer: string): Bucket[] {
    if (this.#peer.length === 0) return []
    const known = this.#peers.get(peer) ?? this.#peer.map(({ max }) => ({ tokens: max, at: this.#clock() }))
    this.#peers.delete(peer)
    this.#peers.set(peer, known)
    if (this.#peers.size > maxPeers) {
      const [oldest] = this.#peers.keys()
      if (oldest !== undefined) this.#peers.delete(oldest)
    }
    return known
  }

  #fill(bucket: Bucket, { max, perMs }: Limit): Bucket {
    const now = this.#clock()
    bucket.tokens = Math.min(max, bucket.tokens + (Math.max(0, now - bucket.at) * max) / perMs)
    bucket.at = now
    return bucket
  }
}
