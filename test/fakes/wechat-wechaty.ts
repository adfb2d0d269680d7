/**
 * A gateway of wechaty's over real gRPC, with its own server and its mock puppet behind it. Both are installed in packages/wechaty only where
 * somebody wants them.
 */
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { ConnectorKind } from '../../src/connectors/contract.ts'
import { wechatWechaty } from '../../src/connectors/wechat-wechaty/index.ts'
import type { Part } from '../../src/core/conversations/model.ts'
import { digestOf, sampleBytes } from '../conformance/connector-samples.ts'
import { eventually } from '../support/eventually.ts'
import type { ConnectorUnderTest, FarEnd, Manner, Place, Said, Taken } from './far-end.ts'

const packages = join(import.meta.dirname, '../../packages/wechaty')
const isInstalled = existsSync(join(packages, 'node_modules/wechaty-puppet-mock'))

export const farEnd: ConnectorUnderTest = {
  kind: wechatWechaty as unknown as ConnectorKind,
  manners: ['take-and-cut', 'hang'],
  drops: true,
  signs: false,
  isToldNothing: true,
  carriesIn: ['text', 'image', 'audio', 'video', 'file', 'sticker', 'link', 'location'],
  ...(!isInstalled && { needs: 'wechaty (npm ci --prefix packages/wechaty)' }),
  async open() {
    const gateway = new Gateway()
    await gateway.start()
    return gateway
  },
}

interface Mock {
  start(): Promise<void>
  stop(): Promise<void>
  login(id: string): void
  logout(reason?: string): Promise<void>
  emit(event: string, payload: object): void
  readonly isLoggedIn: boolean
}
interface Box {
  readonly name: string
  toBuffer(): Promise<Buffer>
}
interface Server {
  start(): Promise<void>
  stop(): Promise<void>
}
interface Libraries {
  readonly PuppetMock: new () => Mock
  readonly PuppetServer: new (options: object) => Server
  readonly FileBox: { fromBase64(base64: string, name: string): unknown }
}

async function load(name: string): Promise<Libraries> {
  const path = createRequire(join(packages, 'package.json')).resolve(name)
  return (await import(pathToFileURL(path).href)) as Libraries
}

export class Gateway implements FarEnd {
  readonly #token = `insecure_${randomUUID()}`
  readonly #taken: Taken[] = []
  readonly #manners: Manner[] = []
  readonly #recalled: string[] = []
  readonly #said = new Map<string, { peer: string; part: Part | undefined; at: number; roomId: string; isOwn?: true }>()
  /** Whether it tells of what the account itself says, as most puppets do. */
  tellsOwn = false
  #port = 0
  #mock: Mock | undefined
  #server: Server | undefined
  #place: Place | undefined

  get settings() {
    return { token: this.#token, endpoint: `127.0.0.1:${this.#port}` }
  }

  get secrets() {
    return [this.#token]
  }

  async start(): Promise<void> {
    this.#port = await freePort()
    this.#mock = await this.#puppet()
    await this.#listen()
    this.login()
  }

  /** Somebody scans the code. */
  login(): void {
    this.#mock?.login('bot-self')
  }

  async logout(): Promise<void> {
    await this.#mock?.logout('by the phone')
  }

  /** A code is shown. */
  scan(qrcode: string): void {
    this.#mock?.emit('scan', { qrcode, status: 2 })
  }

  serve(place: Place): void {
    this.#place = place
  }

  async say({ id, peer, parts }: Said, roomId = ''): Promise<void> {
    const known = this.#said.get(id) ?? { peer, part: parts[0], at: Date.now(), roomId }
    this.#said.set(id, known)
    const count = async () => this.#place?.received?.(roomId === '' ? peer : roomId)
    const before = await count()
    this.#mock?.emit('message', { messageId: id })
    if (before !== undefined) await eventually(async () => ((await count()) ?? 0) > before, 10_000, 2)
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

  drop(): void {
    this.#mock?.emit('error', { data: 'connection lost', gerror: 'connection lost' })
  }

  /** Ends, and is there again. */
  async restart(): Promise<void> {
    await this.#server?.stop()
    await this.#listen()
  }

  async close(): Promise<void> {
    await this.#server?.stop().catch(() => {})
    await this.#mock?.stop().catch(() => {})
  }

  async #listen(): Promise<void> {
    const { PuppetServer } = await load('wechaty-puppet-service')
    this.#server = new PuppetServer({ endpoint: `127.0.0.1:${this.#port}`, puppet: this.#mock, token: this.#token })
    await this.#server.start()
  }

  /** The mock, with messages and people of ours. */
  async #puppet(): Promise<Mock> {
    const { PuppetMock } = await load('wechaty-puppet-mock')
    const { FileBox } = await load('file-box')
    const gateway = this
    class Played extends PuppetMock {
      async messageRawPayload(id: string): Promise<object> {
        const { peer, part, at, roomId, isOwn } = gateway.#of(id)
        if (isOwn)
          return { id, talkerId: 'bot-self', listenerId: peer, timestamp: at, type: typeOf(part), ...wordsOf(part) }
        const text = part?.type === 'text' ? part.text.replaceAll('\u0000', '\ufffd').toWellFormed() : ''
        const filename = part !== undefined && 'blob' in part ? part.blob.name : undefined
        const where = roomId === '' ? { listenerId: 'bot-self' } : { roomId }
        return { id, talkerId: peer, ...where, timestamp: at, type: typeOf(part), text, filename }
      }
      async contactRawPayload(id: string): Promise<object> {
        return { id, name: id === 'bot-self' ? 'Shop' : `Name of ${id}`, gender: 0, type: 1, avatar: '', phone: [] }
      }
      async roomRawPayload(id: string): Promise<object> {
        return { id, topic: 'The group', memberIdList: [], adminIdList: [] }
      }
      async messageFile(id: string): Promise<unknown> {
        const { part } = gateway.#of(id)
        const name = part !== undefined && 'blob' in part ? (part.blob.name ?? '') : ''
        return FileBox.fromBase64(sampleBytes(name).toString('base64'), name)
      }
      async messageContact(id: string): Promise<string> {
        return `card of ${id}`
      }
      async messageMiniProgram(id: string): Promise<object> {
        const { part } = gateway.#of(id)
        return part?.type === 'card' ? { title: part.title } : {}
      }
      async messageUrl(id: string): Promise<object> {
        const { part } = gateway.#of(id)
        return part?.type === 'link' ? { url: part.url, title: part.title } : {}
      }
      async messageLocation(id: string): Promise<object> {
        const { part } = gateway.#of(id)
        if (part?.type !== 'location') return {}
        const { lat: latitude, lon: longitude, name, address } = part
        return { latitude, longitude, name, address, accuracy: 1 }
      }
      async messageRecall(id: string): Promise<boolean> {
        const isThere = !gateway.#recalled.includes(id)
        if (isThere) gateway.#recalled.push(id)
        return isThere
      }
      async messageSendText(to: string, text: string): Promise<string> {
        return gateway.#take(to, { type: 'text', text })
      }
      async messageSendUrl(to: string, { url, title }: { url: string; title: string }): Promise<string> {
        return gateway.#take(to, { type: 'link', url, title })
      }
      async messageSendFile(to: string, box: Box): Promise<string> {
        return gateway.#take(to, { type: 'file', blob: { locator: { sha256: digestOf(await box.toBuffer()) } } })
      }
    }
    return new Played()
  }

  #of(id: string) {
    const found = this.#said.get(id)
    if (found === undefined) throw new Error(`There is no message ${id}.`)
    return found
  }

  async #take(peer: string, part: Part): Promise<string> {
    const manner = this.#manners.shift()
    const id = `sent-${this.#taken.length + 1}`
    this.#taken.push({ id, peer, parts: [part] })
    if (this.tellsOwn) {
      this.#said.set(id, { peer, part, at: Date.now(), roomId: '', isOwn: true })
      this.#mock?.emit('message', { messageId: id })
    }
    if (manner === 'take-and-cut') throw new Error('connection lost')
    if (manner === 'hang') await new Promise(() => {})
    return id
  }
}

const types: Partial<Record<Part['type'], number>> = {
  file: 1,
  audio: 2,
  contact: 3,
  sticker: 5,
  image: 6,
  text: 7,
  location: 8,
  card: 9,
  link: 14,
  video: 15,
}

function wordsOf(part: Part | undefined): { text: string } {
  return { text: part?.type === 'text' ? part.text : '' }
}

function typeOf(part: Part | undefined): number {
  return types[part?.type ?? 'text'] ?? 0
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer()
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}
