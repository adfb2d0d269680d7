/** The package of a puppet that is logged in, logged out by the phone, beats its heart and shows a code, each once and in this order. */
import { EventEmitter } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'

export class PuppetMock extends EventEmitter {
  readonly currentUserId = 'bot-self'

  async start(): Promise<void> {
    void this.#play()
  }

  async stop(): Promise<void> {}

  async contactPayload(): Promise<{ name: string }> {
    return { name: 'Shop' }
  }

  async #play(): Promise<void> {
    const events = [
      ['login', { contactId: this.currentUserId }],
      ['logout', { contactId: this.currentUserId, data: 'by the phone' }],
      ['heartbeat', { data: 'alive' }],
      ['scan', { qrcode: 'https://login.weixin.example/l/3', status: 2 }],
    ] as const
    // Each in a millisecond of its own.
    for (const [event, payload] of events) {
      await pause(20)
      this.emit(event, payload)
    }
  }
}
