/**
 * A stream of the hub over WebSocket that mends itself: it reconnects with full jitter, resumes after the last frame it
 * handed over, drops repetitions, and notices a dead line by an unanswered ping.
 */
import { advance, type Frame, type Position, parseFrame, reconnectDelayMs } from './stream-position.ts'

export interface StreamOptions {
  /** Where the stream is, without `since`; http(s) is turned into ws(s). */
  url: URL
  protocols: () => string[]
  /** Every frame that is news; the first of a working line is `stream.ready`. */
  onFrame: (frame: Frame) => void
  /** The line is gone and will be tried again: for the how-manieth time in a row, and what the socket closed with. */
  onLost: (failures: number, code: number) => void
}

export interface Stream {
  /** Connects at once, unless it is connected: to be called when the network or the credentials came back. */
  reconnect(): void
  /** Hands a frame to the line; false when there is none. That it went out is not that it arrived. */
  send(frame: Record<string, unknown>): boolean
  /** Ends it for good; nothing is told any more. */
  close(): void
}

const pingMs = 25_000
const answerMs = 10_000

export function openStream({ url, protocols, onFrame, onLost }: StreamOptions): Stream {
  let socket: WebSocket | undefined
  let position: Position | undefined
  let failures = 0
  let retry: ReturnType<typeof setTimeout> | undefined
  let heart: ReturnType<typeof setTimeout> | undefined
  let closed = false

  const reconnect = () => {
    if (closed || socket) return
    clearTimeout(retry)
    const to = new URL(url)
    to.protocol = to.protocol.replace('http', 'ws')
    if (position) to.searchParams.set('since', `${position.epoch}:${position.seq}`)
    const line = new WebSocket(to, protocols())
    socket = line
    listen(answerMs)
    line.onmessage = ({ data }) => {
      const frame = parseFrame(data)
      if (line !== socket || !frame) return
      listen(pingMs)
      const next = advance(position, frame)
      position = next.position
      if (frame.type === 'stream.ready') failures = 0
      if (next.fresh) onFrame(frame)
    }
    line.onclose = ({ code }) => line === socket && lose(code)
  }

  const lose = (code: number) => {
    const line = socket
    socket = undefined
    clearTimeout(heart)
    // A line that does not answer does not close politely either: it is let go of here and now.
    line?.close()
    if (closed) return
    retry = setTimeout(reconnect, reconnectDelayMs(failures++))
    onLost(failures, code)
  }

  /** After a silence of that long: asks for a sign of life, and gives the line up when none comes. */
  const listen = (silenceMs: number) => {
    clearTimeout(heart)
    heart = setTimeout(() => {
      if (silenceMs === pingMs && send({ type: 'ping' })) listen(answerMs)
      else lose(1006)
    }, silenceMs)
  }

  const send = (frame: Record<string, unknown>) => {
    if (socket?.readyState !== WebSocket.OPEN) return false
    socket.send(JSON.stringify(frame))
    return true
  }

  addEventListener('online', reconnect)
  reconnect()
  return {
    reconnect,
    send,
    close() {
      closed = true
      removeEventListener('online', reconnect)
      clearTimeout(retry)
      lose(1000)
    },
  }
}
