/** WebSockets as connectors get them (socket-contract.ts): those that platforms open, and those that we open. */
import type { WebSocket as DialledSocket, Dispatcher } from 'undici'
import { WebSocket as Dialling } from 'undici'
import type { WebSocket } from 'ws'
import type { PlatformSocket } from '../contract.ts'

/** How much may wait to be read before the other side has to. */
const maxWaitingBytes = 4 * 1024 * 1024
const lowWaitingBytes = maxWaitingBytes / 4
/** What is not closed by then is cut. */
const closeMs = 2000
const dialMs = 15_000

/** Frames that have come and are not read yet. */
class Waiting {
  readonly #frames: string[] = []
  #bytes = 0
  #ended = false
  #wake: (() => void) | undefined
  readonly #full: () => void
  readonly #low: () => void

  constructor(full: () => void, low: () => void) {
    this.#full = full
    this.#low = low
  }

  add(frame: string): void {
    this.#frames.push(frame)
    this.#bytes += frame.length
    if (this.#bytes > maxWaitingBytes) this.#full()
    this.#wake?.()
  }

  end(): void {
    this.#ended = true
    this.#wake?.()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string> {
    for (;;) {
      const frame = this.#frames.shift()
      if (frame !== undefined) {
        this.#bytes -= frame.length
        if (this.#bytes <= lowWaitingBytes) this.#low()
        yield frame
        continue
      }
      if (this.#ended) return
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      this.#wake = undefined
    }
  }
}

/** One that was opened to us. */
export function acceptedSocket(socket: WebSocket): PlatformSocket {
  const waiting = new Waiting(
    () => socket.pause(),
    () => {
      if (socket.isPaused) socket.resume()
    },
  )
  socket.on('message', (data, isBinary) => {
    if (!isBinary) waiting.add(String(data))
  })
  // A frame that is too large or broken ends the socket by itself; unheard, the error would end the process.
  socket.on('error', () => {})
  socket.on('close', () => waiting.end())
  return {
    frames: waiting,
    send(frame) {
      if (socket.readyState !== socket.OPEN) return false
      socket.send(frame)
      return true
    },
    close(code = 1000, reason = '') {
      // A paused socket would not hear that the other side closes, too.
      socket.resume()
      socket.close(code, reason)
      setTimeout(() => socket.terminate(), closeMs).unref()
    },
  }
}

/** Opens one by that dispatcher. Rejects with what stood in the way, within 15 s. */
export async function dialSocket(
  url: string,
  headers: Readonly<Record<string, string>>,
  dispatcher: Dispatcher,
): Promise<PlatformSocket> {
  const socket: DialledSocket = new Dialling(url, { headers: { ...headers }, dispatcher })
  const close = (code: number, reason: string) => {
    if (socket.readyState < Dialling.CLOSING) socket.close(code, reason)
  }
  // There is no way to let the other side wait here: what is not read ends the socket, and is missed.
  const waiting = new Waiting(
    () => close(4009, 'too much waits'),
    () => {},
  )
  socket.addEventListener('message', ({ data }) => {
    if (typeof data === 'string') waiting.add(data)
  })
  socket.addEventListener('close', () => waiting.end())
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      close(1000, '')
      reject(new Error('The other side did not answer in time.'))
    }, dialMs)
    const settled = (done: () => void) => () => {
      clearTimeout(timer)
      done()
    }
    socket.addEventListener('open', settled(resolve))
    const refused = settled(() => reject(new Error('The other side cannot be reached, or refuses the connection.')))
    socket.addEventListener('error', refused)
    socket.addEventListener('close', refused)
  })
  return {
    frames: waiting,
    send(frame) {
      if (socket.readyState !== Dialling.OPEN) return false
      socket.send(frame)
      return true
    },
    close: (code = 1000, reason = '') => close(code, reason),
  }
}
