/**
 * Who is not heard any more: addresses that ask and ask without a password, and extensions whose password is being guessed. Counts are of this
 * process and forgotten in time; trunks are never counted. Pure, but for what it remembers.
 */

/** What is forgiven, and how long. A whole office that comes back behind one router asks once for each phone, and then gives the right words. */
const limits = { windowMs: 600_000, blockMs: 600_000, points: 200, challenge: 1, wrong: 20, guesses: 10 }
/** More than this are not remembered: the oldest goes. */
const maxRemembered = 10_000

interface Score {
  points: number
  since: number
  blockedUntil: number
}

export class Lockout {
  readonly #addresses = new Map<string, Score>()
  readonly #extensions = new Map<string, Score>()
  /** Where an extension gave the right password last: guesses from elsewhere never shut it out. */
  readonly #homes = new Map<string, string>()

  /** Whether that address may be answered at all at `now` (ms). */
  hears(address: string, now: number): boolean {
    return (this.#addresses.get(address)?.blockedUntil ?? 0) <= now
  }

  /** Whether a password for the extension is looked at, from there. */
  mayTry(extension: string, address: string, now: number): boolean {
    return this.#homes.get(extension) === address || (this.#extensions.get(extension)?.blockedUntil ?? 0) <= now
  }

  /** It was asked for a password. True where that shuts the address out. */
  challenged(address: string, now: number): boolean {
    return count(this.#addresses, address, limits.challenge, limits.points, now)
  }

  /** It gave a wrong name or password. True where that shuts the address out. */
  wrong(address: string, extension: string, now: number): boolean {
    count(this.#extensions, extension, 1, limits.guesses, now)
    return count(this.#addresses, address, limits.wrong, limits.points, now)
  }

  right(address: string, extension: string): void {
    this.#addresses.delete(address)
    remember(this.#homes, extension, address)
  }
}

function count(scores: Map<string, Score>, name: string, points: number, limit: number, now: number): boolean {
  const known = scores.get(name)
  const score = known !== undefined && now - known.since < limits.windowMs ? known : newScore(now)
  score.points += points
  remember(scores, name, score)
  if (score.points < limit || score.blockedUntil > now) return false
  score.blockedUntil = now + limits.blockMs
  return true
}

function newScore(now: number): Score {
  return { points: 0, since: now, blockedUntil: 0 }
}

function remember<Value>(map: Map<string, Value>, name: string, value: Value): void {
  map.delete(name)
  map.set(name, value)
  if (map.size <= maxRemembered) return
  const [oldest] = map.keys()
  if (oldest !== undefined) map.delete(oldest)
}
