/** A program that hears by signed HTTP: one POST for each message. */
import type { Outbound } from '../../core/conversations/model.ts'
import {
  type Connector,
  type Fetching,
  FileGone,
  type Hub,
  type IncomingFile,
  type Receipt,
  type SentMessage,
  Undelivered,
  undelivered,
  within,
} from '../contract.ts'
import { signed } from './signature.ts'
import { type FileTold, toBody, toRecall } from './translate.ts'

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
    const response = await this.#post(message.id, toBody(message, await this.#filesOf(message)))
    return { externalId: (await externalIdOf(response)) ?? message.id }
  }

  /** A program that has nothing to take back answers 404 or 410. */
  async recall(message: SentMessage): Promise<void> {
    const response = await this.#post(`recall_${message.externalId}`, toRecall(message), [404, 410])
    await response.body?.cancel().catch(() => {})
  }

  /** Resolves with an answer that is well; rejects with what another means. */
  async #post(id: string, body: string, alsoWell: readonly number[] = []): Promise<Response> {
    const { outboundUrl } = this.#settings
    if (outboundUrl === undefined) throw new Undelivered('rejected', 'The channel has no address to send to.')
    const headers = signed(secretsOf(this.#settings), id, Math.floor(Date.now() / 1000), body)
    let response: Response
    try {
      response = await this.#hub.fetch(outboundUrl, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body,
        signal: within(answerMs, this.#hub.signal),
      })
    } catch (error) {
      throw undelivered(error)
    }
    if (response.ok || alsoWell.includes(response.status)) return response
    await response.body?.cancel().catch(() => {})
    throw verdict(response)
  }

  /** Fetches what the program named by an address; a redirect is not followed. */
  async media(locator: unknown, { fetch, signal }: Fetching): Promise<IncomingFile> {
    const { url } = (locator ?? {}) as { url?: unknown }
    if (typeof url !== 'string') throw new FileGone('The program named no address of the file.')
    const response = await fetch(url, { signal })
    if (response.ok && response.body !== null) {
      const mediaType = response.headers.get('content-type')
      return { body: response.body, ...(mediaType !== null && { mediaType }) }
    }
    await response.body?.cancel().catch(() => {})
    const sentence = `The program answered ${response.status} where the file should be.`
    if (response.status === 429 || response.status === 408 || response.status >= 500) throw new Error(sentence)
    throw new FileGone(sentence)
  }

  async close(): Promise<void> {}

  async #filesOf({ parts }: Outbound): Promise<FileTold[]> {
    const blobs = parts.flatMap((part) => ('blob' in part && part.blob.fileId !== undefined ? [part.blob] : []))
    return Promise.all(
      blobs.map(async (blob) => {
        const { name, mediaType, size, sha256, link } = await this.#hub.file(blob)
        return { fileId: blob.fileId ?? '', name, mediaType, size, sha256, url: link }
      }),
    )
  }
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
