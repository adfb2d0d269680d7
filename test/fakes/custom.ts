/** Somebody's own program, speaking signed HTTP by its own reading of Standard Webhooks. */
import { createHmac, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ConnectorKind } from '../../src/connectors/contract.ts'
import { custom } from '../../src/connectors/custom/index.ts'
import type { Part } from '../../src/core/conversations/model.ts'
import { sampleBytes } from '../conformance/connector-samples.ts'
import type { ConnectorUnderTest, FarEnd, Manner, Place, Said, Taken } from './far-end.ts'

export const farEnd: ConnectorUnderTest = {
  kind: custom as unknown as ConnectorKind,
  manners: ['refuse-for-ever', 'refuse-for-now', 'limit-for-an-hour', 'take-and-cut', 'hang'],
  drops: false,
  signs: true,
  filesVanish: true,
  carriesIn: Object.keys(custom.capabilities.parts) as ConnectorUnderTest['carriesIn'],
  async open() {
    const program = new Program()
    await program.start()
    return program
  },
}

class Program implements FarEnd {
  readonly #key = randomBytes(32)
  readonly #server = createServer((request, response) => void this.#hear(request, response))
  readonly #taken: Taken[] = []
  readonly #manners: Manner[] = []
  readonly #recalled: string[] = []
  #place: Place | undefined
  #port = 0

  get settings() {
    return { outboundUrl: `http://127.0.0.1:${this.#port}/inbox`, secret: this.#secret }
  }

  get secrets() {
    return [this.#secret, this.#key.toString('base64')]
  }

  get #secret(): string {
    return `whsec_${this.#key.toString('base64')}`
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    this.#port = (this.#server.address() as AddressInfo).port
  }

  serve(place: Place): void {
    this.#place = place
  }

  async say(said: Said): Promise<void> {
    const status = await this.#post(this.#signed(this.#bodyOf(said)))
    if (status !== 202) throw new Error(`the hub answered ${status}`)
  }

  async taken(): Promise<readonly Taken[]> {
    return this.#taken
  }

  recalled(): readonly string[] {
    return this.#recalled
  }

  next(manner: Manner): void {
    this.#manners.push(manner)
  }

  async forge(said: Said) {
    const honest = () => this.#signed(this.#bodyOf(said))
    const now = Math.floor(Date.now() / 1000)
    const forgeries: Record<string, Call> = {
      'a bit of the body': { ...honest(), body: flip(honest().body) },
      'another id': withHeader(honest(), 'webhook-id', 'evt_other'),
      'another time': withHeader(honest(), 'webhook-timestamp', String(now + 1)),
      'an old time, well signed': this.#signed(this.#bodyOf(said), now - 400),
      'a time to come, well signed': this.#signed(this.#bodyOf(said), now + 400),
      'a bit of the signature': withHeader(
        honest(),
        'webhook-signature',
        flipLetter(honest().headers['webhook-signature']),
      ),
      'no signature': withHeader(honest(), 'webhook-signature', undefined),
      'an empty signature': withHeader(honest(), 'webhook-signature', 'v1,'),
      'another version': withHeader(
        honest(),
        'webhook-signature',
        honest().headers['webhook-signature']?.replace('v1,', 'v2,'),
      ),
      'no id': withHeader(honest(), 'webhook-id', undefined),
    }
    const answers: { forged: string; status: number }[] = []
    for (const [forged, call] of Object.entries(forgeries)) answers.push({ forged, status: await this.#post(call) })
    return answers
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  /** Files are named by an address of the program's own. */
  #bodyOf({ id, peer, parts }: Said): Buffer {
    const told = parts.map((part) =>
      'blob' in part
        ? { ...part, blob: { ...part.blob, url: `http://127.0.0.1:${this.#port}/files/${part.blob.name}` } }
        : part,
    )
    const from = { id: peer, name: 'Li Lei' }
    return Buffer.from(JSON.stringify({ type: 'message', id, peer, from, parts: told }))
  }

  async #hear(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const wanted = /^\/files\/(.+)$/.exec(request.url ?? '')?.[1]
    if (wanted === 'forgotten.pdf') return void response.writeHead(410).end()
    if (wanted !== undefined) return void response.writeHead(200).end(sampleBytes(wanted))
    const body = await bytesOf(request)
    const { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': given } = request.headers
    const signature = `v1,${createHmac('sha256', this.#key).update(`${id}.${at}.${body}`).digest('base64')}`
    if (typeof id !== 'string' || given !== signature) return void response.writeHead(401).end()
    const manner = this.#manners.shift()
    if (manner === 'refuse-for-ever') return void response.writeHead(422).end()
    if (manner === 'refuse-for-now') return void response.writeHead(503, { 'retry-after': '0' }).end()
    if (manner === 'limit-for-an-hour') return void response.writeHead(429, { 'retry-after': '3600' }).end()
    const told = JSON.parse(body.toString()) as { type: string; externalId: string }
    if (told.type === 'recall') {
      this.#recalled.push(told.externalId.replace('their-', ''))
      return void response.writeHead(204).end()
    }
    const said = told as unknown as Taken & { files?: readonly { fileId: string; sha256: string }[] }
    const parts = said.parts.map((part): Part => {
      const file = 'blob' in part ? said.files?.find(({ fileId }) => fileId === part.blob.fileId) : undefined
      return file === undefined || !('blob' in part) ? part : { ...part, blob: { locator: { sha256: file.sha256 } } }
    })
    this.#taken.push({ id, peer: said.peer, parts })
    if (manner === 'take-and-cut') return void request.socket.destroy()
    if (manner === 'hang') return
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ externalId: `their-${id}` }))
  }

  #signed(body: Buffer, at = Math.floor(Date.now() / 1000)): Call {
    const id = `evt_${randomBytes(8).toString('hex')}`
    const mac = createHmac('sha256', this.#key).update(`${id}.${at}.`).update(body).digest('base64')
    return {
      body,
      headers: { 'webhook-id': id, 'webhook-timestamp': String(at), 'webhook-signature': `v1,${mac}` },
    }
  }

  async #post({ body, headers }: Call): Promise<number> {
    const given = Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined)
    const response = await fetch(this.#place?.hookUrl ?? '', {
      method: 'POST',
      body: new Uint8Array(body),
      headers: { 'content-type': 'application/json', ...Object.fromEntries(given) },
    })
    await response.text()
    return response.status
  }
}

interface Call {
  readonly body: Buffer
  readonly headers: Readonly<Record<string, string | undefined>>
}

function withHeader(call: Call, name: string, value: string | undefined): Call {
  return { ...call, headers: { ...call.headers, [name]: value } }
}

/** Another text of the same length: a digit of the JSON, so that it stays well formed. */
function flip(body: Buffer): Buffer {
  const changed = Buffer.from(body)
  const at = changed.indexOf('"id":"') + 6
  changed.writeUInt8(changed.readUInt8(at) ^ 1, at)
  return changed
}

function flipLetter(signature = ''): string {
  return signature.replace(/^v1,(.)/, (_, letter: string) => `v1,${letter === 'A' ? 'B' : 'A'}`)
}

async function bytesOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
