/**
 * The package of a puppet that is logged in, logged out by the phone, beats its heart and shows a code, each once and in this order. With a token
 * such as `says 3` it is logged in, says so many messages at once, and shows a code when all of them have been told on.
 */
import { EventEmitter } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'

export class PuppetMock extends EventEmitter {
  readonly currentUserId = 'bot-self'
  readonly #says: number

  constructor({ token }: { readonly token: string }) {
    super()
    this.#says = Number(/^says (\d+)$/.exec(token)?.[1] ?? 0)
  }

  async start(): Promise<void> {
    void (this.#says > 0 ? this.#say() : this.#play())
  }

  async stop(): Promise<void> {}

  async contactPayload(): Promise<{ name: string }> {
    return { name: 'Shop' }
  }

  async messagePayload(id: string): Promise<object> {
    // They are told on one after the other: whoever is asked for the end has been asked for all before.
    if (id === 'end') this.#showCode()
    return { talkerId: id === 'end' ? this.currentUserId : 'li', type: 7, text: id, timestamp: Date.now() }
  }

  #showCode(): void {
    this.emit('scan', { qrcode: 'https://login.weixin.example/l/3', status: 2 })
  }

  async #say(): Promise<void> {
    await pause(20)
    this.emit('login', { contactId: this.currentUserId })
    for (let index = 0; index < this.#says; index += 1) this.emit('message', { messageId: `said-${index}` })
    this.emit('message', { messageId: 'end' })
  }

  async #play(): Promise<void> {
    const events = [
      ['login', { contactId: this.currentUserId }],
      ['logout', { contactId: this.currentUserId, data: 'by the phone' }],
      ['heartbeat', { data: 'alive' }],
    ] as const
    // Each in a millisecond of its own.
    for (const [event, payload] of events) {
      await pause(20)
      this.emit(event, payload)
    }
    await pause(20)
    this.#showCode()
  }
}
