/** Where frames go: a WebSocket or a response of server-sent events. Neither blocks; the hub looks at what waits. */
import type { ServerResponse } from 'node:http'
import type { WebSocket } from 'ws'
import { type Position, writePosition } from './position.ts'

export interface Outlet {
  /** `position` of an event or of `stream.ready`; null for what has none. Dropped once it is closed. */
  send(frame: string, position: Position | null): void
  /** What has been sent but not taken by the wire. */
  readonly waitingBytes: number
  readonly waitingFrames: number
  /** A sign of life; false when the other side gave none since the last time. */
  beat(): boolean
  close(code: number, reason: string): void
}

export class SocketOutlet implements Outlet {
  readonly #socket: WebSocket
  #waiting = 0
  #alive = true

  constructor(socket: WebSocket) {
    this.#socket = socket
    socket.on('pong', () => this.heard())
  }

  /** Anything that comes from the other side is a sign of life. */
  heard(): void {
    this.#alive = true
  }

  send(frame: string): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return
    this.#waiting++
    this.#socket.send(frame, () => {
      this.#waiting--
    })
  }

  get waitingBytes(): number {
    return this.#socket.bufferedAmount
  }

  get waitingFrames(): number {
    return this.#waiting
  }

  beat(): boolean {
    const alive = this.#alive
    this.#alive = false
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.ping()
    return alive
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason)
    // One that does not take the close frame is cut off.
    setTimeout(() => this.#socket.terminate(), 2000).unref()
  }
}

/** https://html.spec.whatwg.org/multipage/server-sent-events.html */
export class EventSourceOutlet implements Outlet {
  readonly #response: ServerResponse
  #waiting = 0

  constructor(response: ServerResponse) {
    this.#response = response
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      'x-content-type-options': 'nosniff',
      connection: 'keep-alive',
    })
    response.write('retry: 3000\n\n')
  }

  send(frame: string, position: Position | null): void {
    // A frame is JSON on one line: it holds no line break.
    this.#write(`${position === null ? '' : `id: ${writePosition(position)}\n`}data: ${frame}\n\n`)
  }

  get waitingBytes(): number {
    return this.#response.writableLength
  }

  get waitingFrames(): number {
    return this.#waiting
  }

  /** Whether anybody reads cannot be asked; a closed connection ends the response by itself. */
  beat(): boolean {
    this.#write(':\n\n')
    return true
  }

  /** There are no close codes here: a refused credential is told when the client asks again. */
  close(): void {
    if (this.#response.writableEnded) return
    this.#response.end()
    setTimeout(() => this.#response.destroy(), 2000).unref()
  }

  #write(text: string): void {
    if (this.#response.writableEnded || this.#response.destroyed) return
    this.#waiting++
    this.#response.write(text, () => {
      this.#waiting--
    })
  }
}
