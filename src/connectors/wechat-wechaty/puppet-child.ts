/**
 * A puppet of wechaty's, in a process of its own: it may die without harm, and its packages are loaded by nobody else. Says over the channel to
 * its parent what happens, and does what it is told, one answer for each question.
 */
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import type { FromChild, PuppetOptions, Said, ToChild } from './protocol.ts'

/** The part of a puppet that is used here. https://wechaty.js.org/docs/api/puppet */
interface Puppet {
  readonly currentUserId: string
  on(event: string, listener: (payload: Record<string, unknown>) => void): void
  start(): Promise<void>
  stop(): Promise<void>
  messagePayload(id: string): Promise<Record<string, unknown>>
  contactPayload(id: string): Promise<{ readonly name?: string }>
  roomPayload(id: string): Promise<{ readonly topic?: string }>
  messageFile(id: string): Promise<FileBox>
  messageUrl(id: string): Promise<{ readonly url?: string; readonly title?: string; readonly description?: string }>
  messageMiniProgram(id: string): Promise<{ readonly title?: string }>
  messageContact(id: string): Promise<string>
  messageLocation(id: string): Promise<Record<string, unknown>>
  messageRecall(id: string): Promise<boolean>
  messageSendText(to: string, text: string): Promise<string | undefined>
  messageSendFile(to: string, file: unknown): Promise<string | undefined>
  messageSendUrl(to: string, link: object): Promise<string | undefined>
}

interface FileBox {
  readonly name: string
  toStream(): Promise<AsyncIterable<Buffer>>
}

/** Longer files stay where they are. */
const longestFile = 100_000_000
const [contact, location, miniProgram, link] = [3, 8, 9, 14]
/** FAILED_PRECONDITION: https://grpc.io/docs/guides/status-codes/ */
const notNow = 9

const say = (message: FromChild) => void process.send?.(message)
let puppet: Puppet | undefined
let boxes: { FileBox: { fromBase64(base64: string, name: string): unknown } } | undefined

process.on('message', (message: ToChild) => void hear(message))
process.on('disconnect', () => process.exit(0))
// A puppet's own listeners may throw anywhere: the parent hears of it, and this process ends.
process.on('uncaughtException', (error) => end(error))
process.on('unhandledRejection', (error) => end(error))

function end(error: unknown): void {
  say({ kind: 'failed', reason: reasonOf(error) })
  setTimeout(() => process.exit(1), 100)
}

async function hear(message: ToChild): Promise<void> {
  if (message.kind === 'start') return void start(message.options).catch(end)
  try {
    const value = await act(message)
    say({ kind: 'done', id: message.id, ...(value !== undefined && { value }) })
  } catch (error) {
    const code = (error as { code?: unknown }).code
    say({ kind: 'refused', id: message.id, reason: reasonOf(error), ...(typeof code === 'number' && { code }) })
  }
}

/** Finds a package where it was installed for this, or beside the hub. */
async function load(name: string, directory: string): Promise<Record<string, unknown>> {
  for (const from of [`${directory}/package.json`, import.meta.url]) {
    try {
      const path = createRequire(from).resolve(name)
      return (await import(pathToFileURL(path).href)) as Record<string, unknown>
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'MODULE_NOT_FOUND') throw error
    }
  }
  throw new Error(`${name} is not installed: npm ci --prefix ${directory}`)
}

async function start({ module, directory, settings }: PuppetOptions): Promise<void> {
  const loaded = await load(module, directory)
  boxes = (await load('file-box', directory)) as unknown as typeof boxes
  const Puppet = constructorIn(loaded)
  const made = new Puppet(settings) as Puppet
  puppet = made
  made.on('scan', ({ qrcode }) => say({ kind: 'scan', qrcode: String(qrcode ?? '') }))
  made.on(
    'login',
    ({ contactId }) =>
      void made.contactPayload(String(contactId)).then(
        ({ name }) => say({ kind: 'login', name: name ?? '' }),
        () => say({ kind: 'login', name: '' }),
      ),
  )
  made.on('logout', () => say({ kind: 'logout' }))
  made.on('error', (payload) => say({ kind: 'failed', reason: reasonOf(payload) }))
  made.on('reset', ({ data }) => say({ kind: 'failed', reason: `The puppet starts anew: ${String(data ?? '')}` }))
  made.on('heartbeat', () => say({ kind: 'alive' }))
  let before: Promise<void> = Promise.resolve()
  made.on('message', ({ messageId }) => {
    // One after the other, so that they stay in order.
    before = before
      .then(() => tell(made, String(messageId)))
      .catch((error: unknown) => {
        say({ kind: 'missed', messageId: String(messageId), reason: reasonOf(error) })
      })
  })
  await made.start()
  say({ kind: 'started' })
}

function constructorIn(loaded: Record<string, unknown>): new (settings: object) => unknown {
  const inner = loaded.default as Record<string, unknown> | undefined
  const found = [inner, inner?.default, loaded.PuppetService, loaded.PuppetMock].find(
    (one) => typeof one === 'function',
  )
  if (found === undefined) throw new Error('The package is no puppet.')
  return found as new (
    settings: object,
  ) => unknown
}

async function tell(of: Puppet, messageId: string): Promise<void> {
  const payload = await of.messagePayload(messageId)
  const talkerId = String(payload.talkerId ?? payload.fromId ?? '')
  if (talkerId === '') return
  const roomId = typeof payload.roomId === 'string' ? payload.roomId : ''
  const type = Number(payload.type ?? 0)
  const text = typeof payload.text === 'string' ? payload.text : ''
  if (talkerId === of.currentUserId) {
    const peer = roomId || String(payload.listenerId ?? payload.toId ?? '')
    return say({ kind: 'own', message: { id: messageId, peer, type, text } })
  }
  const [talker, room, detail] = await Promise.all([
    of.contactPayload(talkerId).catch(() => ({ name: '' })),
    roomId === '' ? { topic: '' } : of.roomPayload(roomId).catch(() => ({ topic: '' })),
    detailOf(of, messageId, type).catch(() => ({})),
  ])
  const message: Said = {
    id: messageId,
    selfId: of.currentUserId,
    talkerId,
    talker: talker.name ?? '',
    roomId,
    room: room.topic ?? '',
    type,
    text,
    filename: typeof payload.filename === 'string' ? payload.filename : '',
    timestamp: Number(payload.timestamp),
    detail,
  }
  say({ kind: 'message', message })
}

async function detailOf(of: Puppet, id: string, type: number): Promise<Record<string, unknown>> {
  if (type === contact) return { ...(await of.contactPayload(await of.messageContact(id))) }
  if (type === link) return { ...(await of.messageUrl(id)) }
  if (type === miniProgram) return { ...(await of.messageMiniProgram(id)) }
  return type === location ? placeIn(await of.messageLocation(id)) : {}
}

/**
 * The client of wechaty's service (1.19.9) spreads what came over the wire instead of reading it: beside made-up fields stands an array of the
 * real ones, by their numbers. https://github.com/wechaty/grpc/blob/main/proto/wechaty/puppet/location.proto
 */
function placeIn(payload: Record<string, unknown>): Record<string, unknown> {
  const wire: unknown[] | undefined = Object.values(payload).find(Array.isArray)
  if (wire === undefined) return payload
  const [, address, latitude, longitude, name] = wire
  // What is zero is left out on the wire; a place without either is none.
  return latitude == null && longitude == null
    ? {}
    : { address, latitude: latitude ?? 0, longitude: longitude ?? 0, name }
}

async function act(message: Exclude<ToChild, { kind: 'start' }>): Promise<string | Uint8Array | undefined> {
  const of = puppet
  if (of === undefined) throw new Error('The puppet has not been started.')
  switch (message.kind) {
    case 'text':
      return (await of.messageSendText(message.to, message.text)) || undefined
    case 'file': {
      const box = boxes?.FileBox.fromBase64(Buffer.from(message.bytes).toString('base64'), message.name)
      return (await of.messageSendFile(message.to, box)) || undefined
    }
    case 'link':
      return (await of.messageSendUrl(message.to, message.link)) || undefined
    case 'fetch':
      return bytesOf(await of.messageFile(message.messageId))
    case 'recall':
      if (await of.messageRecall(message.messageId)) return undefined
      throw Object.assign(new Error('It is too late for that, or the puppet cannot take back.'), { code: notNow })
    case 'stop':
      await of.stop()
      return undefined
  }
}

async function bytesOf(box: FileBox): Promise<Uint8Array> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of await box.toStream()) {
    length += chunk.length
    if (length > longestFile) throw new Error('The file is too large.')
    chunks.push(Buffer.from(chunk))
  }
  return Buffer.concat(chunks)
}

function reasonOf(error: unknown): string {
  const { message, data, details } = (error ?? {}) as { message?: unknown; data?: unknown; details?: unknown }
  const said = [details, message, data].find((one) => typeof one === 'string' && one !== '')
  return String(said ?? error).slice(0, 300)
}
