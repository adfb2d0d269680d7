/** The engine of our own: a process apart (media-child.ts) through which voices pass, or which hears and plays for another engine. */
import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import type { CallMedia, MediaEngine, Part, Place } from './media.ts'
import type { MediaAsk, MediaOrder, MediaResult, MediaWord } from './media-child.ts'
import type { Side } from './wav.ts'

export interface MediaOptions {
  readonly host: string
  /** What phones are told of where `host` is. */
  readonly address: string
  /** UDP ports, both ends included. */
  readonly ports: readonly [number, number]
}

/** A call whose talk may pass elsewhere: then both sides are only heard here. */
export interface EmbeddedCall extends CallMedia {
  overhear(path: string | null): Promise<void>
}

export interface EmbeddedEngine extends MediaEngine {
  open(callId: string): Promise<EmbeddedCall>
}

/** Starts the engine. */
export function openEmbeddedMedia({ host, address, ports }: MediaOptions): EmbeddedEngine {
  // It needs nothing of our environment, which holds secrets.
  const child = fork(join(import.meta.dirname, 'media-child.ts'), { env: {}, execArgv: [], stdio: 'ignore' })
  const waiting = new Map<number, { resolve(result: MediaResult): void; reject(error: Error): void }>()
  const keyListeners = new Map<string, (side: Side, key: string) => void>()
  let count = 0
  let isClosing = false
  const lost = new Set<() => void>()
  child.on('message', (word: MediaWord) => {
    if ('key' in word) {
      keyListeners.get(word.call)?.(word.side, word.key)
      return
    }
    const asked = waiting.get(word.id)
    waiting.delete(word.id)
    if ('failed' in word) asked?.reject(new Error(word.failed))
    else asked?.resolve(word.result)
  })
  child.on('error', () => child.kill('SIGKILL'))
  child.on('exit', () => {
    for (const { reject } of waiting.values()) reject(new Error('The engine of voices is gone.'))
    waiting.clear()
    if (!isClosing) for (const listener of lost) listener()
  })
  const ask = (call: string, order: MediaOrder): Promise<MediaResult> =>
    new Promise((resolve, reject) => {
      const id = ++count
      waiting.set(id, { resolve, reject })
      const fail = (error: Error | null) => {
        if (error !== null && waiting.delete(id)) reject(error)
      }
      if (child.connected) child.send({ id, call, order } satisfies MediaAsk, fail)
      else fail(new Error('The engine of voices is gone.'))
    })
  const at = (port: number): Place => ({ address, port })
  return {
    async open(callId) {
      const opened = (await ask(callId, { do: 'open', host, ports })) as Readonly<Record<Side, number>>
      const simply = async (order: MediaOrder) => {
        await ask(callId, order)
      }
      return {
        at: { caller: at(opened.caller), agent: at(opened.agent) },
        connect: (side, remote) => simply({ do: 'connect', side, remote }),
        wait: (files = []) => simply({ do: 'wait', files }),
        play: async (files) => (await ask(callId, { do: 'play', files })) === true,
        stop: () => simply({ do: 'stop' }),
        attend: () => simply({ do: 'attend' }),
        talk: (path) => simply({ do: 'talk', path, passes: true }),
        overhear: (path) => simply({ do: 'talk', path, passes: false }),
        record: (path) => simply({ do: 'record', path }),
        meet: (room, path) => simply({ do: 'meet', room, path }),
        mute: (side, isMuted) => simply({ do: 'mute', side, isMuted }),
        press: async (digits) => (await ask(callId, { do: 'press', digits })) === true,
        hold: (files = []) => simply({ do: 'hold', files }),
        resume: () => simply({ do: 'resume' }),
        pause: (isPaused) => simply({ do: 'pause', isPaused }),
        part: async () => (await ask(callId, { do: 'part' })) as Part,
        onKey: (listener) => void keyListeners.set(callId, listener),
        listen: async () => at((await ask(callId, { do: 'listen' })) as number),
        hearAs: (remote) => simply({ do: 'hear-as', remote }),
        unlisten: () => simply({ do: 'unlisten' }),
        close: async () => {
          keyListeners.delete(callId)
          await ask(callId, { do: 'close' })
        },
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
