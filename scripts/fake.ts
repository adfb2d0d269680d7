/**
 * `npm run fake -- KIND`: a platform to try a channel without an account: the far end that the conformance suite speaks to, with a page on which
 * one types as the customer and sees what arrives. Options: `--port 8300`; `--hub http://127.0.0.1:8200 --key tbk_…` makes the channel, too.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { parseArgs } from 'node:util'
import type { Part } from '../src/core/conversations/model.ts'
import { samples } from '../test/conformance/connector-samples.ts'
import type { ConnectorUnderTest, FarEnd } from '../test/fakes/far-end.ts'

const fakes = join(import.meta.dirname, '../test/fakes')

/** A far end with its page. */
export interface FakePage {
  readonly url: string
  readonly far: FarEnd
  close(): Promise<void>
}

/** Serves the page of a far end on this machine alone. */
export async function openFakePage(under: ConnectorUnderTest, port = 0): Promise<FakePage> {
  const far = await under.open()
  const desk = new Desk(under, far)
  const server = createServer((request, response) => void desk.answer(request, response))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    far,
    async close() {
      await closed(server)
      await far.close()
    },
  }
}

interface SaidHere {
  readonly peer: string
  readonly parts: readonly Part[]
  failure?: string
}

class Desk {
  readonly #under: ConnectorUnderTest
  readonly #far: FarEnd
  readonly #said: SaidHere[] = []
  #hookUrl = ''

  constructor(under: ConnectorUnderTest, far: FarEnd) {
    this.#under = under
    this.#far = far
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const { status, body, type = 'application/json' } = await this.#do(`${request.method} ${request.url}`, request)
      response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body)
    } catch (error) {
      response.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify({ error: String(error) }))
    }
  }

  async #do(asked: string, request: IncomingMessage): Promise<{ status: number; body: string; type?: string }> {
    switch (asked) {
      case 'GET /': {
        const page = readFileSync(join(import.meta.dirname, 'fake-page.html'), 'utf8')
        return { status: 200, body: page, type: 'text/html; charset=utf-8' }
      }
      case 'GET /state':
        return { status: 200, body: JSON.stringify(await this.#state()) }
      case 'POST /place': {
        const { hookUrl } = (await json(request)) as { hookUrl: string }
        this.#place(hookUrl)
        return { status: 204, body: '' }
      }
      case 'POST /say': {
        const { peer, text, type } = (await json(request)) as { peer: string; text?: string; type?: Part['type'] }
        const part = type === undefined ? ({ type: 'text', text: text ?? '' } as const) : samples[type]
        await this.#say(peer, part)
        return { status: 204, body: '' }
      }
      default:
        return { status: 404, body: '{}' }
    }
  }

  #place(hookUrl: string): void {
    this.#hookUrl = hookUrl
    const none = async () => {
      throw new Error('This platform is not on a socket.')
    }
    this.#far.serve({
      hookUrl,
      channelId: new URL(hookUrl).pathname.split('/').at(-1) ?? '',
      receive: none,
      accepted: none,
    })
  }

  async #say(peer: string, part: Part): Promise<void> {
    const entry: SaidHere = { peer, parts: [part] }
    this.#said.push(entry)
    // The page shows what became of it: a platform that is asked, not called, may wait long for its hub.
    const said = this.#far.say({ id: crypto.randomUUID(), peer, parts: [part] })
    await said.catch((error: unknown) => {
      entry.failure = String(error)
    })
  }

  async #state(): Promise<object> {
    const { kind, title } = this.#under.kind
    const takes = this.#under.carriesIn.filter((type) => type !== 'text')
    const { settings } = this.#far
    return { kind, title, settings, hookUrl: this.#hookUrl, takes, said: this.#said, taken: await this.#far.taken() }
  }
}

async function closed(server: Server): Promise<void> {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { port: { type: 'string', default: '8300' }, hub: { type: 'string' }, key: { type: 'string' } },
  })
  const [kind = ''] = positionals
  const isFake = (name: string) => existsSync(join(fakes, `${name}.ts`)) && name !== 'webchat'
  if (!/^[a-z0-9-]+$/.test(kind) || !isFake(kind)) {
    const names = readdirSync(fakes).map((name) => name.replace(/\.ts$/, ''))
    const kinds = names.filter(
      (name) => isFake(name) && /farEnd: ConnectorUnderTest/.test(readFileSync(join(fakes, `${name}.ts`), 'utf8')),
    )
    console.error(
      `npm run fake -- KIND, one of: ${kinds.join(', ')}. (Web chat needs none: open /demo/ of the hub. For the telephone take two softphones: docs/channels/sip.md.)`,
    )
    process.exit(2)
  }
  const { farEnd } = (await import(join(fakes, `${kind}.ts`))) as { farEnd: ConnectorUnderTest }
  const page = await openFakePage(farEnd, Number(values.port))
  console.log(`${farEnd.kind.title}, played: ${page.url}`)
  if (values.hub !== undefined && values.key !== undefined) {
    console.log(`The channel is ${await makeChannel(page, farEnd, values.hub, values.key)}.`)
  } else {
    console.log('Settings for the channel:', JSON.stringify(page.far.settings, null, 2))
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => void page.close().then(() => process.exit(0)))
}

async function makeChannel(page: FakePage, { kind }: ConnectorUnderTest, hub: string, key: string): Promise<string> {
  const response = await fetch(new URL('/v1/channels', hub), {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ kind: kind.kind, name: `${kind.title} (played)`, settings: page.far.settings }),
  })
  const answer = (await response.json()) as { id?: string; detail?: string }
  if (answer.id === undefined) throw new Error(`The hub refused: ${answer.detail ?? response.status}`)
  const hookUrl = new URL(`/hooks/${kind.kind}/${answer.id}`, hub).href
  await fetch(new URL('place', page.url), { method: 'POST', body: JSON.stringify({ hookUrl }) })
  return answer.id
}

if (import.meta.main) await main()
