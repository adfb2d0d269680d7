/** The process of a puppet, held by its channel: started, asked, ended. */
import { type ChildProcess, fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FromChild, PuppetOptions, ToChild } from './protocol.ts'

type Question = Exclude<ToChild, { kind: 'start' }>
/** A question without its number. */
export type Ask = Question extends infer One ? (One extends { id: number } ? Omit<One, 'id'> : never) : never

/** The puppet answered, and refused. `code` is that of gRPC, where it was a gateway. */
export class PuppetRefusal extends Error {
  readonly code: number | undefined

  constructor(reason: string, code?: number) {
    super(reason)
    this.name = 'PuppetRefusal'
    this.code = code
  }
}

const stopMs = 1500

export class PuppetProcess {
  readonly #child: ChildProcess
  readonly #home: string
  readonly #waiting = new Map<
    number,
    { resolve(value: string | Uint8Array | undefined): void; reject(error: Error): void }
  >()
  #last = 0

  /** `onEnd` hears that the process is gone and why, once, also after `stop`. */
  constructor(options: PuppetOptions, onMessage: (message: FromChild) => void, onEnd: (reason: Error) => void) {
    // Nothing of ours: what it caches lies in a folder of its own, gone with it.
    this.#home = mkdtempSync(join(tmpdir(), 'tributary-wechaty-'))
    this.#child = fork(join(import.meta.dirname, 'puppet-child.ts'), {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      execArgv: [],
      env: { HOME: this.#home, WECHATY_LOG: 'silent' },
    })
    let reason = ''
    this.#child.on('message', (message: FromChild) => {
      if (message.kind === 'done') this.#settle(message.id)?.resolve(message.value)
      else if (message.kind === 'refused')
        this.#settle(message.id)?.reject(new PuppetRefusal(message.reason, message.code))
      else {
        if (message.kind === 'failed') reason = message.reason
        onMessage(message)
      }
    })
    this.#child.on('error', () => {})
    this.#child.once('exit', () => {
      const error = new Error(
        reason === '' ? 'The process of the puppet has ended.' : `The puppet has ended: ${reason}`,
      )
      for (const { reject } of this.#waiting.values()) reject(error)
      this.#waiting.clear()
      rmSync(this.#home, { recursive: true, force: true })
      onEnd(error)
    })
    this.#tell({ kind: 'start', options })
  }

  /** The puppet's answer. Rejects with `PuppetRefusal`, or with anything else when nobody knows whether it was done. */
  ask(question: Ask): Promise<string | Uint8Array | undefined> {
    const id = ++this.#last
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#tell({ ...question, id } as Question)
    })
  }

  /** Resolves when the process is gone. Never rejects. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const gone = new Promise((resolve) => this.#child.once('exit', resolve))
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), stopMs)
    await this.ask({ kind: 'stop' }).catch(() => {})
    this.#child.kill('SIGTERM')
    await gone
    clearTimeout(timer)
  }

  #tell(message: ToChild): void {
    if (this.#child.connected) this.#child.send(message)
  }

  #settle(id: number) {
    const found = this.#waiting.get(id)
    this.#waiting.delete(id)
    return found
  }
}
