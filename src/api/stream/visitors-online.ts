/**
 * Which visitors are there, as far as this process knows: told to the agents who see their conversation when it changes, and
 * again when somebody new begins to see it.
 */

import type { Signals } from '../../core/conversations/signals.ts'
import type { Database } from '../../core/platform/database.ts'
import type { Logger } from '../../core/platform/log.ts'
import type { VisitorPrincipal } from '../../core/tenancy/principals.ts'
import { signalOnline, signalOnlineAgain } from './typing.ts'

interface Present {
  readonly principal: VisitorPrincipal
  streams: number
  /** Their open conversation, as last looked up. */
  conversationId?: string
}

/** How long those who come at about the same time are waited for: after a restart all agents come at once. */
const answerAfterMs = 250

export class VisitorsOnline {
  readonly #parts: { readonly db: Database; readonly signals: Signals; readonly log: Logger }
  readonly #present = new Map<string, Present>()
  readonly #answering = new Set<string>()

  constructor(parts: { readonly db: Database; readonly signals: Signals; readonly log: Logger }) {
    this.#parts = parts
    parts.signals.on((signal, local) => {
      if (signal.type === 'roll-call') return this.#answer(signal.tenantId)
      if (signal.type !== 'visitor.online' || signal.online || local) return
      for (const present of this.#present.values()) {
        // Gone from another process, but still here.
        if (present.conversationId === signal.conversationId) this.#tell(present.principal, true)
      }
    })
  }

  /** A visitor's stream began; call what is returned when it ends. */
  enter(principal: VisitorPrincipal): () => void {
    const key = keyOf(principal)
    const present = this.#present.get(key) ?? { principal, streams: 0 }
    this.#present.set(key, present)
    if (++present.streams === 1) this.#tell(principal, true)
    return () => {
      if (--present.streams > 0) return
      this.#present.delete(key)
      this.#tell(principal, false)
    }
  }

  /** Somebody new sees the visitor's conversation. */
  tellAgain(principal: VisitorPrincipal): void {
    if (this.#present.has(keyOf(principal))) this.#tell(principal, true)
  }

  /** Somebody begins to listen who cannot know who is there: every process tells of its visitors. */
  askAll(tenantId: string): void {
    this.#parts.signals.publish({ type: 'roll-call', tenantId })
  }

  /** Of all visitors at once, and for those who ask within the same moment together. */
  #answer(tenantId: string): void {
    if (this.#answering.has(tenantId)) return
    this.#answering.add(tenantId)
    setTimeout(() => {
      this.#answering.delete(tenantId)
      const present = [...this.#present.values()].filter(({ principal }) => principal.tenantId === tenantId)
      signalOnlineAgain(
        this.#parts,
        tenantId,
        present.flatMap(({ conversationId }) => conversationId ?? []),
      ).catch((err: unknown) => this.#parts.log.warn({ err }, 'who is online could not be told again'))
    }, answerAfterMs)
  }

  #tell(principal: VisitorPrincipal, online: boolean): void {
    signalOnline(this.#parts, principal, online)
      .then((conversationId) => {
        const present = this.#present.get(keyOf(principal))
        if (present !== undefined && conversationId !== undefined) present.conversationId = conversationId
      })
      .catch((err: unknown) => this.#parts.log.warn({ err }, 'who is online could not be told'))
  }
}

function keyOf({ tenantId, channelId, id, subject }: VisitorPrincipal): string {
  return `${tenantId} ${channelId} ${subject ?? id}`
}
