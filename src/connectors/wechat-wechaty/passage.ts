/**
 * The way to a gateway through the channel's proxy. A puppet's process knows no proxies: it is given an address of this machine, and what it says
 * there goes on over the hub's own way out.
 */
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import type { Hub } from '../contract.ts'

export class Passage {
  readonly #server: Server
  readonly #open = new Set<Socket>()

  private constructor(hub: Pick<Hub, 'connect'>, host: string, port: number) {
    this.#server = createServer((socket) => void this.#lead(socket, hub.connect(host, port)))
  }

  /** Resolves when it can be gone through. */
  static async open(hub: Pick<Hub, 'connect'>, host: string, port: number): Promise<Passage> {
    const passage = new Passage(hub, host, port)
    await new Promise<void>((resolve, reject) => {
      passage.#server.once('error', reject)
      passage.#server.listen(0, '127.0.0.1', resolve)
    })
    return passage
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Lets go of whoever is within. Never rejects. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    for (const socket of this.#open) socket.destroy()
    await closed
  }

  async #lead(near: Socket, connecting: Promise<Socket>): Promise<void> {
    this.#hold(near)
    const far = await connecting.catch(() => undefined)
    if (far === undefined || near.destroyed || !this.#server.listening) {
      far?.destroy()
      near.destroy()
      return
    }
    this.#hold(far)
    near.once('close', () => far.destroy())
    far.once('close', () => near.destroy())
    near.pipe(far).pipe(near)
  }

  #hold(socket: Socket): void {
    this.#open.add(socket)
    socket.on('error', () => {}).once('close', () => this.#open.delete(socket))
  }
}
