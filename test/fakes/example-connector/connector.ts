/** One account: a POST for each message. */

import { type Connector, type Hub, type Receipt, Undelivered, undelivered } from '../../../src/connectors/contract.ts'
import type { Outbound } from '../../../src/core/conversations/model.ts'
import { toNative } from './translate.ts'

export interface ExampleSettings {
  readonly apiRoot: string
  readonly accessToken: string
  readonly signingSecret: string
}

/** Within the hub's own limit on a send, so that it is us who say what a silence means. */
const answerMs = 12_000

export class ExampleConnector implements Connector {
  readonly #settings: ExampleSettings
  readonly #hub: Hub

  constructor(settings: ExampleSettings, hub: Hub) {
    this.#settings = settings
    this.#hub = hub
  }

  async send(message: Outbound): Promise<Receipt> {
    const { apiRoot, accessToken } = this.#settings
    const response = await this.#hub
      .fetch(`${apiRoot}/messages`, {
        method: 'POST',
        headers: { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' },
        body: JSON.stringify(toNative(message)),
        signal: AbortSignal.any([AbortSignal.timeout(answerMs), this.#hub.signal]),
      })
      .catch((error: unknown) => {
        throw undelivered(error)
      })
    if (!response.ok) throw await verdict(response)
    const { id } = (await response.json().catch(() => ({}))) as { id?: string }
    return { externalId: id ?? message.id }
  }

  async close(): Promise<void> {}
}

/** What a refusal means. TODO by the platform's own numbers, with the address of its list of them. */
async function verdict(response: Response): Promise<Undelivered> {
  await response.body?.cancel().catch(() => {})
  const sentence = `The platform answered ${response.status}.`
  if (response.status === 429) {
    const seconds = Number(response.headers.get('retry-after') ?? Number.NaN)
    return new Undelivered('rate-limited', sentence, Number.isFinite(seconds) ? { afterMs: seconds * 1000 } : {})
  }
  if (response.status === 401 || response.status === 403) return new Undelivered('auth', sentence)
  if (response.status === 404) return new Undelivered('recipient-gone', sentence)
  // TODO retry, where the platform promises that it has not taken it; else nobody knows.
  if (response.status === 503) return new Undelivered('retry', sentence)
  return new Undelivered(response.status >= 500 ? 'unknown' : 'rejected', sentence)
}
