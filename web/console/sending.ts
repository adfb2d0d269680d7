/** Sends what agents write: at once on the page, in order to the hub, again after a failure, never twice. */
import { asProblem } from '../api.ts'
import { createMessage, type Part } from '../api-agent.ts'
import { newClientId } from '../ids.ts'
import { reconnectDelayMs } from '../stream-position.ts'
import { api } from './calls.ts'
import { addOutgoing, changeOutgoing, nextOutgoing, removeOutgoing } from './outbox.ts'
import { putMessages } from './reduce.ts'
import type { Outgoing } from './state.ts'
import { expired, hub, update } from './store.ts'
import { t } from './texts.ts'
import { chosenWay } from './way-choice.ts'

const maxAttempts = 6
/** Conversations with a request under way: the next message waits for its answer. */
const busy = new Set<string>()

export function sendMessage(
  conversationId: string,
  parts: Part[],
  note: boolean,
  mentions: readonly string[] = [],
): void {
  const channelId = note ? undefined : chosenWay(conversationId)
  const entry = {
    clientId: newClientId(),
    conversationId,
    parts,
    note,
    at: Date.now(),
    ...(mentions.length > 0 && { mentions }),
    ...(channelId && { channelId }),
  }
  update((state) => addOutgoing(state, entry))
  void flushOutbox()
}

/** Tries one that failed once more, under the same key. */
export function resend(clientId: string): void {
  update((state) => changeOutgoing(state, clientId, { state: 'sending', detail: '' }))
  void flushOutbox()
}

export function discard(clientId: string): void {
  update((state) => removeOutgoing(state, clientId))
}

/** Sends all that waits. May be called at any time and as often as one likes. */
export async function flushOutbox(): Promise<void> {
  await Promise.all(
    nextOutgoing(hub.peek().outbox)
      .filter(({ conversationId }) => !busy.has(conversationId))
      .map(async (entry) => {
        busy.add(entry.conversationId)
        const sent = await send(entry)
        busy.delete(entry.conversationId)
        if (sent) await flushOutbox()
      }),
  )
}

/** Sends one until it is decided; false when that must wait for a new log-in. */
async function send({ clientId, conversationId, parts, note, mentions, channelId }: Outgoing): Promise<boolean> {
  for (let attempt = 1; ; attempt++) {
    try {
      const message = await createMessage(api, conversationId, clientId, {
        parts,
        ...(note && { note }),
        ...(note && mentions && { mentions }),
        ...(channelId && { channelId }),
      })
      update((state) => removeOutgoing(putMessages(state, conversationId, [message], false), clientId))
      return true
    } catch (error) {
      const problem = asProblem(error)
      if (problem.status === 401 || expired.peek()) return false
      const passing = problem.passing || problem.code === 'idempotency-key-in-flight'
      if (!passing || attempt >= maxAttempts) {
        const detail = t().problems[problem.code] ?? (problem.message || problem.code)
        update((state) => changeOutgoing(state, clientId, { state: 'failed', detail }))
        return true
      }
      await new Promise((resolve) => setTimeout(resolve, 500 + reconnectDelayMs(attempt)))
    }
  }
}
