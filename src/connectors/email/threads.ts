/** What an answer must know of the mails of one customer: kept for each peer, the last few. */
import { randomBytes } from 'node:crypto'
import { type Hub, peerNote } from '../contract.ts'
import type { Answerable } from './translate.ts'

const kept = 10

export class Threads {
  readonly #memory: Hub['memory']

  constructor(memory: Hub['memory']) {
    this.#memory = memory
  }

  /** The secret with which tokens of this channel are made, for ever the same. */
  async key(): Promise<Buffer> {
    const known = await this.#memory.get('thread-key')
    if (typeof known === 'string') return Buffer.from(known, 'base64url')
    const made = randomBytes(32)
    await this.#memory.set('thread-key', made.toString('base64url'))
    return made
  }

  /** Notes a mail that may be answered. The same one again changes nothing. */
  async remember(peer: string, mail: Answerable): Promise<void> {
    const known = await this.#of(peer)
    if (known.some(({ messageId }) => messageId !== '' && messageId === mail.messageId)) return
    await this.#memory.set(peerNote(peer), [...known, mail].slice(-kept))
  }

  /** The mail of that Message-ID, else the peer's last one; undefined where they never wrote. */
  async answered(peer: string, messageId: string | undefined): Promise<Answerable | undefined> {
    const known = await this.#of(peer)
    return known.find((mail) => messageId !== undefined && mail.messageId === messageId) ?? known.at(-1)
  }

  async #of(peer: string): Promise<Answerable[]> {
    return ((await this.#memory.get(peerNote(peer))) as Answerable[] | undefined) ?? []
  }
}
