/** What the account itself says, as the puppet tells it too: so it is known what became of a send that nobody answered for. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Outbound } from '../../core/conversations/model.ts'
import type { Own } from './protocol.ts'

/** How many are remembered. */
const kept = 50
/** How long a puppet is given to tell of what we said. */
const waitMs = 2000
/** Of wechaty's list of types. */
const textType = 7

export class OwnMessages {
  #told: (Own & { readonly at: number })[] = []
  /** Those of ours that sends have been told of. */
  #known: string[] = []

  /** The puppet tells of one. */
  hear(message: Own): void {
    this.#told = [...this.#told, { ...message, at: performance.now() }].slice(-kept)
  }

  /** A send has been told that this is its message. */
  know(id: string): void {
    this.#known = [...this.#known, id].slice(-kept)
  }

  /** How the puppet calls what was sent since then, where it tells of it soon, or before `signal` is aborted. Files of one chat are told apart by nothing. */
  async idOf({ peer, parts: [part] }: Outbound, since: number, signal: AbortSignal): Promise<string | undefined> {
    const words = part?.type === 'text' ? part.text : undefined
    const isIt = (one: Own & { readonly at: number }) =>
      one.peer === peer &&
      one.at >= since &&
      (words === undefined ? one.type !== textType : one.text === words) &&
      !this.#known.includes(one.id)
    for (const until = performance.now() + waitMs; ; await pause(50)) {
      const found = this.#told.find(isIt)
      if (found !== undefined || performance.now() > until || signal.aborted) return found?.id
    }
  }
}
