/**
 * Where platforms that dial us are let in, within one process: the accounts that are held here and wait for their platform, by channel.
 * A platform that dials another process is sent away, and dials again.
 */
import type { HookRequest, PlatformSocket } from '../contract.ts'

/** A platform that has shown who it is. */
export interface Caller {
  readonly socket: PlatformSocket
  readonly request: HookRequest
}

type Take = (caller: Caller) => void

export class Doors {
  readonly #open = new Map<string, Take>()

  /** From now on callers of that channel are taken, until the returned function is called. */
  open(channelId: string, take: Take): () => void {
    this.#open.set(channelId, take)
    return () => {
      if (this.#open.get(channelId) === take) this.#open.delete(channelId)
    }
  }

  isOpen(channelId: string): boolean {
    return this.#open.has(channelId)
  }

  /** Hands the caller to the account. One whose account has just gone is told to come again. */
  enter(channelId: string, caller: Caller): void {
    const take = this.#open.get(channelId)
    if (take === undefined) caller.socket.close(1013, 'not served here now')
    else take(caller)
  }
}
