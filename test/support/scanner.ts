/** Somebody who looks for open telephone exchanges: asks to be registered, under one name after the other, and gives no password. At an address that is no trunk's. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'

const host = '127.0.0.2'

export interface Scanner {
  /** The first lines of what it was answered. */
  readonly heard: string[]
  knock(): void
  /** Knocks, and waits for an answer. */
  ask(): Promise<void>
  close(): void
}

export async function openScanner(target: number): Promise<Scanner> {
  const socket = createSocket('udp4')
  await new Promise<void>((resolve) => socket.bind(0, host, resolve))
  const heard: string[] = []
  socket.on('message', (bytes) => heard.push(bytes.toString().slice(0, 11)))
  let count = 0
  const knock = () => {
    const n = ++count
    const via = `Via: SIP/2.0/UDP ${host}:${socket.address().port};branch=z9hG4bK${n}`
    const who = `From: <sip:${n}@x>;tag=1\r\nTo: <sip:${n}@x>\r\nCall-ID: scan${n}\r\nCSeq: 1 REGISTER`
    socket.send(`REGISTER sip:x SIP/2.0\r\n${via}\r\n${who}\r\nContent-Length: 0\r\n\r\n`, target, '127.0.0.1')
  }
  return {
    heard,
    knock,
    async ask() {
      const answered = once(socket, 'message')
      knock()
      await answered
    },
    close: () => void socket.close(),
  }
}
