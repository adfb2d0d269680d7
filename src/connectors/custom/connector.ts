/** A program that hears by signed HTTP: one POST for each message. */
import type { Outbound } from '../../core/conversations/model.ts'
import { type Connector, type Hub, type Receipt, Undelivered, undelivered } from '../contract.ts'
import { signed } from './signature.ts'
import { toBody } from './translate.ts'

/** Within the hub's own limit on a send, so that it is us who say what a silence means. */
const answerMs = 12_000

export interface CustomSettings {
  readonly outboundUrl?: string
  readonly secret: string
  readonly previousSecret?: string
}

export class CustomConnector implements Connector {
  readonly #settings: CustomSettings
  readonly #hub: Hub

  constructor(settings: CustomSettings, hub: Hub) {
    this.#settings = settings
    this.#hub = hub
  }

  async send(message: Outbound): Promise<Receipt> {
    const { outboundUrl } = this.#settings
    if (outboundUrl === undefined) throw new Undelivered('rejected', 'The channel has no address to send to.')
    const body = toBody(message)
    const headers = signed(secretsOf(this.#settings), message.id, Math.floor(Date.now() / 1000), body)
    let response: Response
    try {
      response = await this.#hub.fetch(outboundUrl, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body,
        signal: AbortSignal.any([AbortSignal.timeout(answerMs), this.#hub.signal]),
      })
    } catch (error) {
      throw undelivered(error)
    }
    if (response.ok) return { externalId: (await externalIdOf(response)) ?? message.id }
    await response.body?.cancel().catch(() => {})
    throw verdict(response)
  }

  async close(): Promise<void> {}
}

/** The newest first: requests are signed with each, and believed if any fits. */
export function secretsOf({ secret, previousSecret }: CustomSettings): string[] {
  return previousSecret === undefined ? [secret] : [secret, previousSecret]
}

/** What a refusal means. The receiver knows messages by their webhook-id, so what may have arrived can be sent again. */
function verdict({ status, headers }: Response): Undelivered {
  const sentence = `The program answered ${status}.`
  const afterMs = retryAfterMs(headers.get('retry-after'))
  const after = afterMs === undefined ? {} : { afterMs }
  if (status === 410) return new Undelivered('recipient-gone', sentence)
  if (status === 429) return new Undelivered('rate-limited', sentence, after)
  if (status === 401 || status === 403) return new Undelivered('auth', sentence)
  if (status === 408 || status === 425 || status >= 500) return new Undelivered('retry', sentence, after)
  // A redirect is never followed: the address was not the one that somebody wrote down.
  return new Undelivered('rejected', sentence)
}

/** Seconds or a date, RFC 9110 10.2.3. */
function retryAfterMs(value: string | null): number | undefined {
  if (value === null) return undefined
  if (/^\d{1,9}$/.test(value.trim())) return Number(value) * 1000
  const at = Date.parse(value)
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now())
}

/** The program's own id of the message, if it says one; the answer was 2xx whatever its body is. */
async function externalIdOf(response: Response): Promise<string | undefined> {
  try {
    const answer: unknown = JSON.parse(await response.text())
    const given =
      answer !== null && typeof answer === 'object' ? (answer as { externalId?: unknown }).externalId : undefined
    return typeof given === 'string' && given !== '' && given.length <= 180 ? given : undefined
  } catch {
    return undefined
  }
}
