/**
 * The ng control protocol of rtpengine over UDP: `<cookie> <bencoded dictionary>` there and back
 * (https://rtpengine.readthedocs.io/en/latest/ng_control_protocol.html). A command that is not answered is sent again under the same cookie,
 * which rtpengine answers from its memory, so nothing is done twice.
 */
import { randomBytes } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import { type Bencoded, bdecode, bencode } from './bencode.ts'

export type NgAnswer = Readonly<Record<string, Bencoded>>

const againMs = 300
/** With the wait after the last: gone after about two seconds. */
const attempts = 7

/** rtpengine did not answer, or said no. */
export class NgFailed extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'NgFailed'
  }
}

interface Waiting {
  resolve(answer: NgAnswer): void
  reject(error: Error): void
  timer: NodeJS.Timeout
}

export class NgClient {
  readonly #socket: Socket
  readonly #host: string
  readonly #port: number
  readonly #waiting = new Map<string, Waiting>()
  readonly #prefix = randomBytes(6).toString('hex')
  readonly #onSilent: () => void
  #count = 0
  /** Why nothing is asked any more. */
  #over: string | undefined

  /** `onSilent` is called once, when a command was not answered: nothing is asked any more then, so nobody waits for an rtpengine that is gone. */
  constructor(host: string, port: number, onSilent: () => void) {
    this.#host = host
    this.#port = port
    this.#onSilent = onSilent
    this.#socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
    this.#socket.on('message', (bytes) => this.#hear(bytes))
    // A port that nobody listens on: the command is not answered, which says it.
    this.#socket.on('error', () => {})
  }

  /** Resolves with its answer, whose `result` is not `error`. Rejects with NgFailed: at once where an earlier command was not answered. */
  ask(command: string, fields: Readonly<Record<string, Bencoded>> = {}): Promise<NgAnswer> {
    if (this.#over !== undefined) return Promise.reject(new NgFailed(this.#over))
    const cookie = `${this.#prefix}${(++this.#count).toString(36)}`
    const message = Buffer.concat([Buffer.from(`${cookie} `), bencode({ ...fields, command })])
    return new Promise((resolve, reject) => {
      let sent = 0
      const send = () => {
        if (sent === attempts) {
          this.#end(`rtpengine does not answer to ${command}.`)
          this.#onSilent()
          return
        }
        sent += 1
        this.#socket.send(message, this.#port, this.#host, () => {})
        waiting.timer = setTimeout(send, againMs)
      }
      const waiting: Waiting = { resolve, reject, timer: setTimeout(() => {}, 0) }
      this.#waiting.set(cookie, waiting)
      send()
    })
  }

  /** What is asked still is not answered any more. */
  close(): void {
    this.#end('The connection to rtpengine was closed.')
    this.#socket.close()
  }

  #end(why: string): void {
    this.#over ??= why
    for (const { timer, reject } of this.#waiting.values()) {
      clearTimeout(timer)
      reject(new NgFailed(why))
    }
    this.#waiting.clear()
  }

  #hear(bytes: Buffer): void {
    const space = bytes.indexOf(' ')
    const waiting = this.#waiting.get(bytes.toString('latin1', 0, Math.max(0, space)))
    if (waiting === undefined) return
    const answer = bdecode(bytes.subarray(space + 1))
    if (typeof answer !== 'object' || Array.isArray(answer)) return
    this.#waiting.delete(bytes.toString('latin1', 0, space))
    clearTimeout(waiting.timer)
    const said = answer as NgAnswer
    if (said.result === 'error') waiting.reject(new NgFailed(`rtpengine refuses: ${String(said['error-reason'])}`))
    else waiting.resolve(said)
  }
}
