/** Voices: the port behind which they pass, and the engine of our own, a process apart (media-child.ts). */
import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import type { MediaAnswer, MediaAsk, MediaOrder } from './media-child.ts'
import type { Remote } from './relay.ts'
import type { Side } from './wav.ts'

/** The voice of one call. Orders are carried out one after the other; each rejects when the engine is gone. */
export interface CallMedia {
  /** Where each side's phone is to send to. */
  readonly ports: Readonly<Record<Side, number>>
  /** From now on that phone is on that side. */
  connect(side: Side, remote: Remote): Promise<void>
  /** The caller hears that they wait, and nobody is on the other side. */
  wait(): Promise<void>
  /** The two hear each other; recorded into that file, the caller left, the agent right. */
  talk(path: string): Promise<void>
  hold(): Promise<void>
  resume(): Promise<void>
  /** The talk is over: the file is whole. Resolves with its length in ms, 0 where there was no talk. */
  part(): Promise<number>
  close(): Promise<void>
}

export interface MediaEngine {
  /** Rejects when no port is free. */
  open(callId: string): Promise<CallMedia>
  /** Calls back when the engine is gone with all its voices. */
  onLost(listener: () => void): void
  close(): Promise<void>
}

export interface MediaOptions {
  readonly host: string
  /** UDP ports, both ends included. */
  readonly ports: readonly [number, number]
}

type Result = Extract<MediaAnswer, { result: unknown }>['result']

/** Starts the engine. */
export function openEmbeddedMedia({ host, ports }: MediaOptions): MediaEngine {
  // It needs nothing of our environment, which holds secrets.
  const child = fork(join(import.meta.dirname, 'media-child.ts'), { env: {}, execArgv: [], stdio: 'ignore' })
  const waiting = new Map<number, { resolve(result: Result): void; reject(error: Error): void }>()
  let count = 0
  let isClosing = false
  const lost = new Set<() => void>()
  child.on('message', (answer: MediaAnswer) => {
    const asked = waiting.get(answer.id)
    waiting.delete(answer.id)
    if ('failed' in answer) asked?.reject(new Error(answer.failed))
    else asked?.resolve(answer.result)
  })
  child.on('error', () => child.kill('SIGKILL'))
  child.on('exit', () => {
    for (const { reject } of waiting.values()) reject(new Error('The engine of voices is gone.'))
    waiting.clear()
    if (!isClosing) for (const listener of lost) listener()
  })
  const ask = (call: string, order: MediaOrder): Promise<Result> =>
    new Promise((resolve, reject) => {
      const id = ++count
      waiting.set(id, { resolve, reject })
      const fail = (error: Error | null) => {
        if (error !== null && waiting.delete(id)) reject(error)
      }
      if (child.connected) child.send({ id, call, order } satisfies MediaAsk, fail)
      else fail(new Error('The engine of voices is gone.'))
    })
  return {
    async open(callId) {
      const result = (await ask(callId, { do: 'open', host, ports })) as Readonly<Record<Side, number>>
      const simply = async (order: MediaOrder) => {
        await ask(callId, order)
      }
      return {
        ports: result,
        connect: (side, remote) => simply({ do: 'connect', side, remote }),
        wait: () => simply({ do: 'wait' }),
        talk: (path) => simply({ do: 'talk', path }),
        hold: () => simply({ do: 'hold' }),
        resume: () => simply({ do: 'resume' }),
        part: async () => Number(await ask(callId, { do: 'part' })),
        close: () => simply({ do: 'close' }),
      }
    },
    onLost: (listener) => void lost.add(listener),
    async close() {
      isClosing = true
      await ended(child)
    },
  }
}

/** Its recordings are whole when it ends by itself, which it does as soon as nobody listens to it. */
function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), 1000)
    child.once('exit', () => {
      clearTimeout(timer)
      resolve()
    })
    if (child.connected) child.disconnect()
  })
}
