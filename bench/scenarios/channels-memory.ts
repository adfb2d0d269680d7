/**
 * What channels cost that ask their platform: a thousand Telegram bots in one process, each with a question that is held open, as it is when nobody
 * writes. What the hub holds then, beside what it holds without any; the ratio is one over the other.
 */
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { openApi } from '../hub-api.ts'
import { startHubProcess } from '../hub-process.ts'
import { median, round } from '../measure.ts'
import type { Scenario } from '../scenario.ts'
import { startServer } from '../server.ts'

const channels = 1000
/** Made at once, so that making them does not take the time. */
const atOnce = 4
const patienceMs = 300_000

interface Turn {
  readonly before: { readonly heldMb: number; readonly residentMb: number }
  readonly after: { readonly heldMb: number; readonly residentMb: number }
}

export const scenario: Scenario = {
  name: 'channels-memory',
  async run(options) {
    const { rounds, say } = options
    const server = await startServer()
    const platform = new HoldingPlatform()
    await platform.start()
    try {
      const turns: Turn[] = []
      for (let turn = 1; turn <= rounds; turn += 1) {
        const hub = await startHubProcess(await server.createDatabase(`hub${turn}`), options)
        const api = openApi(hub)
        const measured = async () => ({ heldMb: await hub.heldMb(), residentMb: await hub.residentMb() })
        const before = await measured()
        platform.forget()
        const left = Array.from({ length: channels }, (_, index) => index)
        const make = async () => {
          for (let index = left.pop(); index !== undefined; index = left.pop()) {
            const token = `${1_000_000 + index}:${'x'.repeat(35)}`
            const settings = { token, apiRoot: platform.address }
            await api('/v1/channels', { kind: 'telegram', name: `Bot ${index}`, settings })
          }
        }
        await Promise.all(Array.from({ length: atOnce }, make))
        await platform.holding(channels)
        const after = await measured()
        turns.push({ before, after })
        const grown = ((after.heldMb - before.heldMb) * 1000) / channels
        say(
          `round ${turn}: ${round(before.heldMb)} MB without, ${round(after.heldMb)} MB with: ${round(grown)} KB each`,
        )
        await hub.stop()
      }
      const of = (pick: (turn: Turn) => number, digits = 0) => round(median(turns.map(pick)), digits)
      return {
        figures: {
          channels,
          heldMb: of(({ after }) => after.heldMb),
          residentMb: of(({ after }) => after.residentMb),
          heldKbEach: of(({ before, after }) => ((after.heldMb - before.heldMb) * 1000) / channels, 1),
          residentKbEach: of(({ before, after }) => ((after.residentMb - before.residentMb) * 1000) / channels, 1),
        },
        baseline: { heldMb: of(({ before }) => before.heldMb), residentMb: of(({ before }) => before.residentMb) },
        ratio: of(({ before, after }) => after.heldMb / before.heldMb, 2),
      }
    } finally {
      await platform.close()
      await server.stop()
    }
  },
}

/** As much of Telegram as a bot asks to whom nobody writes, for any number of bots. */
class HoldingPlatform {
  readonly #server = createServer((request, response) => this.#hear(request.url ?? '', response))
  readonly #held = new Map<string, ServerResponse>()

  get address(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', 4096, resolve))
  }

  /** What was held was of a hub that has gone. */
  forget(): void {
    this.#held.clear()
  }

  /** Resolves once so many bots wait for an answer. */
  async holding(count: number): Promise<void> {
    const until = performance.now() + patienceMs
    while (this.#held.size < count) {
      if (performance.now() > until) throw new Error(`Only ${this.#held.size} channels are open.`)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #hear(url: string, response: ServerResponse): void {
    const [, token = '', method = ''] = /^\/bot([^/]+)\/(\w+)$/.exec(url) ?? []
    const answer = (result: unknown) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ ok: true, result }))
    if (method === 'getMe') answer({ id: 1, is_bot: true, first_name: 'Shop', username: 'shop_bot' })
    else if (method === 'getWebhookInfo') answer({ url: '', pending_update_count: 0 })
    else if (method === 'getUpdates') {
      this.#held.set(token, response)
      const timer = setTimeout(() => answer([]), 25_000)
      response.once('close', () => clearTimeout(timer))
    } else answer(true)
  }
}
