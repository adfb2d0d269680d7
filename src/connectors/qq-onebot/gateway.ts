/** Asking a OneBot gateway, over a socket or by HTTP. https://github.com/botuniverse/onebot-11/tree/master/communication */
import { type Hub, objectIn, type PlatformSocket, Undelivered, undelivered } from '../contract.ts'
import type { Event } from './translate.ts'

export interface Gateway {
  /**
   * Does an action and answers with its data. Rejects with `Refused` when the gateway says no, else with `Undelivered`: `retry` when it was never
   * asked, `unknown` when it was and did not answer.
   */
  call(action: string, params: object, signal: AbortSignal): Promise<unknown>
  close(): void
}

/** The gateway answered, and refused. */
export class Refused extends Error {
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.name = 'Refused'
    this.code = code
  }

  /** The gateway does not know the action: an extension that it has not got. */
  get isUnknownAction(): boolean {
    return this.code === 1404 || this.code === 404
  }
}

/** What an answer says: `ok` and `async` are yes. https://github.com/botuniverse/onebot-11/blob/master/api/README.md */
function dataOf(answer: Event): unknown {
  const { status, retcode, data, wording, message, msg } = answer
  if (status === 'ok' || status === 'async') return data ?? undefined
  const words = [wording, message, msg].find((one) => typeof one === 'string' && one !== '')
  throw new Refused(Number(retcode) || 0, String(words ?? 'The gateway gave no reason.').slice(0, 200))
}

interface Asked {
  resolve(answer: Event): void
  reject(error: Error): void
}

/** Both ways over one socket: answers find their question by `echo`. */
export class SocketGateway implements Gateway {
  readonly #socket: PlatformSocket
  readonly #asked = new Map<string, Asked>()
  #count = 0

  constructor(socket: PlatformSocket) {
    this.#socket = socket
  }

  /** Reads until the socket has closed. `onEvent` is waited for: while it takes its time, the gateway has to. */
  async read(onEvent: (event: Event) => Promise<void> | void, onNonsense: () => void): Promise<void> {
    for await (const frame of this.#socket.frames) {
      const said = objectIn(frame)
      if (said === undefined) onNonsense()
      else if ('post_type' in said) await onEvent(said)
      else this.#asked.get(String(said.echo))?.resolve(said)
    }
    for (const asked of this.#asked.values()) {
      asked.reject(new Undelivered('unknown', 'The connection broke before the gateway had answered.'))
    }
  }

  async call(action: string, params: object, signal: AbortSignal): Promise<unknown> {
    const echo = `tributary-${++this.#count}`
    const answered = new Promise<Event>((resolve, reject) => {
      this.#asked.set(echo, { resolve, reject })
      signal.addEventListener('abort', () => reject(new Undelivered('unknown', 'The gateway did not answer in time.')))
    })
    try {
      if (signal.aborted || !this.#socket.send(JSON.stringify({ action, params, echo }))) {
        throw new Undelivered('retry', 'The gateway is not connected.')
      }
      return dataOf(await answered)
    } finally {
      answered.catch(() => {})
      this.#asked.delete(echo)
    }
  }

  close(): void {
    this.#socket.close()
  }
}

/** https://github.com/botuniverse/onebot-11/blob/master/communication/http.md */
export class HttpGateway implements Gateway {
  readonly #address: string
  readonly #accessToken: string
  readonly #fetch: Hub['fetch']

  constructor(address: string, accessToken: string, fetch: Hub['fetch']) {
    this.#address = address.replace(/\/$/, '')
    this.#accessToken = accessToken
    this.#fetch = fetch
  }

  async call(action: string, params: object, signal: AbortSignal): Promise<unknown> {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${this.#accessToken}` }
    const body = JSON.stringify(params)
    const response = await this.#fetch(`${this.#address}/${action}`, { method: 'POST', headers, body, signal }).catch(
      (error: unknown) => {
        throw undelivered(error)
      },
    )
    const said = objectIn(await response.text().catch(() => ''))
    if (said !== undefined && 'status' in said) return dataOf(said)
    if (response.status >= 400 && response.status < 500) {
      throw new Refused(1000 + response.status, `The gateway answered ${response.status}.`)
    }
    throw new Undelivered('unknown', `The gateway answered ${response.status} in words of no meaning.`)
  }

  close(): void {}
}
