/** Files over the API: who may send, see and fetch them, what they may pass for, and how they go. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { conversations } from '../../../src/api/routes/conversations.ts'
import { files } from '../../../src/api/routes/files.ts'
import { visitor } from '../../../src/api/routes/visitor.ts'
import { visitorFiles } from '../../../src/api/routes/visitor-files.ts'
import type { ServerParts } from '../../../src/api/server.ts'
import { Streams } from '../../../src/api/stream/streams.ts'
import { openRegistry } from '../../../src/connectors/registry.ts'
import { removeFilesOfContact, sweepFiles } from '../../../src/core/conversations/attachments.ts'
import { addressKey, linkPath } from '../../../src/core/conversations/file-addresses.ts'
import { ingest } from '../../../src/core/conversations/ingest.ts'
import type { Inbound } from '../../../src/core/conversations/model.ts'
import { envelope } from '../../../src/core/events/envelope.ts'
import type { StoredFile } from '../../../src/core/events/file-shapes.ts'
import { newId } from '../../../src/core/platform/ids.ts'
import { type Business, startTestApi, type TestApi } from '../../support/api.ts'
import { formWith, openTestFiles, picture, type TestFiles } from '../../support/files.ts'

let api: TestApi
let store: TestFiles
let shop: Business
let channelId: string
let said: Inbound[] = []

beforeAll(async () => {
  store = openTestFiles()
  const registry = await openRegistry()
  let streams: Streams | undefined
  const streamsOf = (parts: ServerParts) => {
    streams ??= new Streams({ ...parts, sessionIdleHours: 12 })
    return streams
  }
  const receive = async (_channel: object, events: readonly Inbound[]) => {
    said.push(...events)
  }
  api = await startTestApi([
    (parts) => files({ ...parts, files: store }),
    (parts) => visitorFiles({ ...parts, files: store }),
    (parts) => visitor({ ...parts, registry, receive, streams: streamsOf(parts) }),
    (parts) => conversations({ ...parts, registry, signals: streamsOf(parts).signals }),
  ])
  shop = await api.business()
  channelId = newId('chn')
  await api.read(shop.tenant.id, (tx) =>
    tx.run(
      `insert into channels (tenant_id, id, kind, name) values ($1, $2, 'webchat', '网站')`,
      tx.tenantId,
      channelId,
    ),
  )
})
afterAll(async () => {
  await api?.close()
  store?.close()
})

const newVisitor = async () =>
  (await api.ask('POST', '/v1/visitor/sessions', { body: { channelId } })).json() as {
    token: string
    visitorId: string
  }

async function upload(token: string, name: string, bytes: Buffer, path = '/v1/files') {
  const form = formWith(name, bytes)
  return api.ask('POST', path, { token, ...form })
}
const uploaded = async (...given: Parameters<typeof upload>) => {
  const answer = await upload(...given)
  expect(answer.statusCode, answer.body).toBe(201)
  return answer.json() as StoredFile
}
const fetchAt = (address: string, headers: Record<string, string> = {}) =>
  api.ask('GET', address.replace('https://hub.example', ''), { headers })

/** What a visitor said, taken in: as the reader of the log does it. */
async function takeIn(): Promise<void> {
  const records = said.map((event) => ({
    event: envelope({
      id: newId('evt'),
      source: `/channels/${channelId}`,
      type: `inbound.${event.kind}`,
      subject: channelId,
      time: event.at,
      tenantid: shop.tenant.id,
      actorid: channelId,
      data: event,
    }),
  }))
  said = []
  await api.db.work('ingest', [shop.tenant.id], (tx) => ingest(tx, api.parts.wake, records as never))
}

const say = (token: string, clientId: string, fileId: string) =>
  api.ask('POST', '/v1/visitor/messages', {
    token,
    body: { clientId, parts: [{ type: 'image', blob: { fileId } }] },
  })

async function sentByVisitor(name = '照片.png') {
  const who = await newVisitor()
  const file = await uploaded(who.token, name, await picture(), '/v1/visitor/files')
  expect((await say(who.token, file.id, file.id)).statusCode).toBe(202)
  await takeIn()
  const row = await api.read(shop.tenant.id, (tx) =>
    tx.one<{ conversationId: string; contactId: string; parts: { type: string; blob: object }[] }>(
      `select m.conversation_id, m.contact_id, m.parts from files f
         join messages m on m.tenant_id = f.tenant_id and m.id = f.message_id where f.id = $1`,
      file.id,
    ),
  )
  return { ...who, file, ...row }
}

test('a picture is kept as it came and shown as our own, smaller and re-encoded', async () => {
  const bytes = await picture(3000, 1500)
  const file = await uploaded(shop.agent.token, '大图.png', bytes)
  expect(file).toMatchObject({ name: '大图.png', mediaType: 'image/png', kind: 'image', width: 3000, height: 1500 })
  const whole = await fetchAt(file.addresses.download)
  expect(whole.rawPayload.equals(bytes)).toBe(true)
  expect(whole.headers['content-disposition']).toContain('attachment')
  const own = await fetchAt(file.addresses.thumbnail ?? '')
  expect(own.headers).toMatchObject({
    'content-type': 'image/webp',
    'x-content-type-options': 'nosniff',
    'content-security-policy': "sandbox; default-src 'none'",
    'cross-origin-resource-policy': 'cross-origin',
  })
  expect(await sharp(own.rawPayload).metadata()).toMatchObject({ width: 1280, height: 640 })
})

test('a visitor’s picture reaches its message, with what we know of it, and those who see the conversation', async () => {
  const { token, file, conversationId, parts } = await sentByVisitor()
  expect(parts).toEqual([
    {
      type: 'image',
      blob: { fileId: file.id, name: '照片.png', mediaType: 'image/png', size: file.bytes, width: 40, height: 30 },
    },
  ])
  const seen = (who: string) => api.ask('GET', `/v1/files?id=${file.id}`, { token: who })
  expect((await seen(shop.supervisor.token)).json().data).toHaveLength(1)
  expect((await seen(shop.agent.token)).json().data).toEqual([])
  expect((await api.ask('GET', `/v1/files/${file.id}`, { token: shop.agent.token })).statusCode).toBe(404)
  await api.read(shop.tenant.id, (tx) =>
    tx.run(
      `update conversations set held_by = 'agent', assignee_id = $2 where id = $1`,
      conversationId,
      shop.agent.member.id,
    ),
  )
  expect((await api.ask('GET', `/v1/files/${file.id}`, { token: shop.agent.token })).statusCode).toBe(200)
  expect((await api.ask('GET', `/v1/visitor/files?id=${file.id}`, { token })).json().data).toHaveLength(1)
  const other = await newVisitor()
  expect((await api.ask('GET', `/v1/visitor/files?id=${file.id}`, { token: other.token })).json().data).toEqual([])
  const foreign = await api.business()
  expect((await api.ask('GET', `/v1/files/${file.id}`, { token: foreign.admin.token })).statusCode).toBe(404)
})

test('an agent’s file is sent once, and seen by the visitor but not when it stands in a note', async () => {
  const { token, conversationId } = await sentByVisitor()
  const answer = async (fileId: string, note = false) =>
    api.ask('POST', `/v1/conversations/${conversationId}/messages`, {
      token: shop.supervisor.token,
      headers: { 'idempotency-key': newId('job') },
      body: { parts: [{ type: 'image', blob: { fileId } }], ...(note && { note: true }) },
    })
  const sent = await uploaded(shop.supervisor.token, '报价.pdf', Buffer.from('%PDF-1.7\n%âãÏÓ\n1 0 obj'))
  const shown = await answer(sent.id)
  expect(shown.json().parts).toEqual([
    { type: 'file', blob: { fileId: sent.id, name: '报价.pdf', mediaType: 'application/pdf', size: sent.bytes } },
  ])
  expect((await answer(sent.id)).json().code).toBe('file-used')
  const noted = await uploaded(shop.supervisor.token, 'note.png', await picture())
  expect((await answer(noted.id, true)).statusCode).toBe(201)
  const visible = await api.ask('GET', `/v1/visitor/files?id=${sent.id}&id=${noted.id}`, { token })
  expect(visible.json().data.map(({ id }: StoredFile) => id)).toEqual([sent.id])
  const others = await uploaded(shop.admin.token, 'x.png', await picture())
  expect((await answer(others.id)).json().code).toBe('file-unknown')
})

test('a visitor sends nobody else’s file, and the same message again is no other', async () => {
  const { token, file } = await sentByVisitor()
  expect((await say(token, file.id, file.id)).statusCode).toBe(202)
  said = []
  expect((await say(token, 'another', file.id)).json().code).toBe('file-used')
  const [own, members] = [await newVisitor(), await uploaded(shop.agent.token, 'x.png', await picture())]
  const fresh = await uploaded(token, 'y.png', await picture(), '/v1/visitor/files')
  for (const id of [fresh.id, members.id, file.id]) {
    expect((await say(own.token, 'mine', id)).json().code).toBe('file-unknown')
  }
  expect(said).toEqual([])
})

test('what only looks like a picture is a bag of bytes, and what cannot be decoded is refused', async () => {
  const svg = Buffer.from(
    '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
  )
  const html = Buffer.from('<!doctype html><script>alert(1)</script>')
  const polyglot = Buffer.concat([Buffer.from('GIF89a/*'), Buffer.from('*/=1;alert(1)')])
  const zipBomb = gzipSync(Buffer.alloc(5_000_000))
  const bags: [string, Buffer][] = [
    ['x.svg', svg],
    ['x.png', svg],
    ['x.html', html],
    ['x.jpg', html],
    ['x.js', polyglot],
    ['x.gif.html', await picture()],
    ['x.pdf', await picture()],
    ['x.gz', zipBomb],
    ['.htaccess\u200b', Buffer.from('AddType')],
  ]
  for (const [name, bytes] of bags) {
    const file = await uploaded(shop.agent.token, name, bytes)
    expect([name, file.mediaType, file.kind]).toEqual([name, 'application/octet-stream', 'file'])
    expect(file.addresses).toMatchObject({ inline: null, thumbnail: null })
    const forged = await fetchAt(file.addresses.download)
    expect(forged.headers['content-disposition']).toMatch(/^attachment; /)
  }
  const refused = [polyglot, (await picture()).subarray(0, 60)]
  for (const bytes of refused) {
    const name = bytes === polyglot ? 'x.gif' : 'x.png'
    expect((await upload(shop.agent.token, name, bytes)).json().code).toBe('picture-refused')
  }
  expect(readdirSync(store.spool)).toEqual([])
})

test('a picture of more than 40 megapixels is refused before it is unpacked', async () => {
  const bomb = await sharp({ create: { width: 8000, height: 5001, channels: 3, background: '#000' } })
    .png({ compressionLevel: 9 })
    .toBuffer()
  expect((await upload(shop.agent.token, 'bomb.png', bomb)).json().code).toBe('picture-refused')
})

test('too large, empty, missing, or cut off: refused, and nothing is kept', async () => {
  const before = await api.read(shop.tenant.id, (tx) => tx.one(`select count(*) from files`))
  expect((await upload(shop.agent.token, 'x.bin', Buffer.alloc(2_000_001))).json().code).toBe('file-too-large')
  expect((await upload(shop.agent.token, 'x.bin', Buffer.alloc(0))).json().code).toBe('file-empty')
  const field = '--b\r\ncontent-disposition: form-data; name="a"\r\n\r\n1\r\n--b--\r\n'
  const headers = { 'content-type': 'multipart/form-data; boundary=b' }
  for (const body of [Buffer.from(field), Buffer.from('--b--\r\n')]) {
    const answer = await api.ask('POST', '/v1/files', { token: shop.agent.token, body, headers })
    expect(answer.json().code).toBe('file-missing')
  }
  const whole = formWith('x.bin', Buffer.alloc(1000))
  const cut = { body: whole.body.subarray(0, 500), headers: whole.headers }
  const answer = await api.ask('POST', '/v1/files', { token: shop.agent.token, ...cut })
  expect(answer.json().code).toBe('file-broken')
  expect(await api.read(shop.tenant.id, (tx) => tx.one(`select count(*) from files`))).toEqual(before)
  expect(readdirSync(store.spool)).toEqual([])
})

test('an address is good for its file, its way and its hour, and for nothing else', async () => {
  const file = await uploaded(shop.agent.token, 'x.png', await picture())
  const address = file.addresses.download
  const other = await uploaded(shop.agent.token, 'y.png', await picture())
  const wrong = [
    address.replace(file.id, other.id),
    address.replace('/attachment', '/inline'),
    address.replace(/expires=(\d+)/, (_, at) => `expires=${Number(at) + 60}`),
    address.replace(/signature=./, (start) => (start.endsWith('A') ? 'signature=B' : 'signature=A')),
    address.replace(/ten_\w{26}/, newId('ten')),
  ]
  for (const one of wrong) expect((await fetchAt(one)).json().code).toBe('address-expired')
  expect((await fetchAt(address)).statusCode).toBe(200)
  expect(address).not.toContain(shop.agent.token)
  api.pass(3_600_000)
  expect((await fetchAt(address)).json().code).toBe('address-expired')
})

test('a stretch of a file is fetched by Range, and one beyond its end refused', async () => {
  const bytes = Buffer.from('0123456789'.repeat(100))
  const { addresses } = await uploaded(shop.agent.token, 'x.bin', bytes)
  const part = await fetchAt(addresses.download, { range: 'bytes=10-14' })
  expect([part.statusCode, part.body, part.headers['content-range']]).toEqual([206, '01234', 'bytes 10-14/1000'])
  const tail = await fetchAt(addresses.download, { range: 'bytes=-3' })
  expect([tail.statusCode, tail.body]).toEqual([206, '789'])
  const beyond = await fetchAt(addresses.download, { range: 'bytes=1000-' })
  expect([beyond.statusCode, beyond.headers['content-range']]).toEqual([416, 'bytes */1000'])
  const changed = await fetchAt(addresses.download, { range: 'bytes=0-1', 'if-range': '"other"' })
  expect([changed.statusCode, changed.body.length]).toEqual([200, 1000])
})

test('a visitor sends so many files a day and no more', async () => {
  const { token, visitorId } = await newVisitor()
  await uploaded(token, 'x.bin', Buffer.from('x'), '/v1/visitor/files')
  await api.read(shop.tenant.id, (tx) =>
    tx.run(
      `insert into files (tenant_id, id, state, uploader_kind, uploader_id, name, media_type, bytes, sha256, blob_key)
       select tenant_id, 'n' || n, 'removing', 'visitor', $1, 'x', 'x', 1, 'x', 'none/' || n
         from files, generate_series(1, 49) n where uploader_id = $1`,
      visitorId,
    ),
  )
  const answer = await upload(token, 'y.bin', Buffer.from('y'), '/v1/visitor/files')
  expect([answer.statusCode, answer.json().code]).toEqual([429, 'files-exceeded'])
})

const blobsOn = () =>
  readdirSync(join(store.directory, 'blobs'), { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  ).length
const sweep = () => sweepFiles(api.db, store.blobs, [shop.tenant.id])

test('files that no message used in time go, with their bytes; those in messages stay', async () => {
  await sweep()
  const kept = await sentByVisitor()
  const before = blobsOn()
  const unused = await uploaded(shop.agent.token, 'x.png', await picture())
  await sweep()
  expect(blobsOn()).toBe(before + 2)
  await api.read(shop.tenant.id, (tx) => tx.run(`update files set expires_at = now() where id = $1`, unused.id))
  expect(await sweep()).toBe(1)
  expect(blobsOn()).toBe(before)
  expect((await fetchAt(unused.addresses.download)).statusCode).toBe(404)
  expect((await fetchAt(kept.file.addresses.download)).statusCode).toBe(200)
})

test('an upload that dies between its bytes and its confirmation is never seen, and the sweep takes its bytes', async () => {
  await sweep()
  const before = blobsOn()
  const { put } = store.blobs
  // As a power cut would: the bytes are there, nothing after.
  store.blobs.put = async (...given) => {
    await put(...given)
    throw new Error('power cut')
  }
  try {
    expect((await upload(shop.agent.token, 'x.png', await picture())).statusCode).toBe(500)
  } finally {
    store.blobs.put = put
  }
  const [row] = await api.read(shop.tenant.id, (tx) =>
    tx.query<{ id: string }>(`select id from files where state = 'pending'`),
  )
  expect((await api.ask('GET', `/v1/files/${row?.id}`, { token: shop.agent.token })).statusCode).toBe(404)
  expect([await sweep(), blobsOn()]).toEqual([0, before + 1])
  await api.read(shop.tenant.id, (tx) =>
    tx.run(`update files set created_at = now() - interval '2 hours' where id = $1`, row?.id),
  )
  expect([await sweep(), blobsOn()]).toEqual([1, before])
})

test('a sweep that dies after the bytes are gone goes on where it was', async () => {
  await sweep()
  const before = blobsOn()
  const file = await uploaded(shop.agent.token, 'x.bin', Buffer.from('x'))
  await api.read(shop.tenant.id, (tx) => tx.run(`update files set expires_at = now() where id = $1`, file.id))
  const { remove } = store.blobs
  store.blobs.remove = async (key) => {
    await remove(key)
    throw new Error('power cut')
  }
  try {
    await expect(sweep()).rejects.toThrow('power cut')
  } finally {
    store.blobs.remove = remove
  }
  expect([await sweep(), blobsOn()]).toEqual([1, before])
})

test('an address for a customer serves the file to be saved, and says so of one that did not come', async () => {
  const file = await uploaded(shop.agent.token, 'offer.pdf', Buffer.from('%PDF-1.4'))
  const ticket = { tenantId: shop.tenant.id, fileId: file.id }
  const link = linkPath(addressKey(api.parts.vault), ticket, Date.parse(file.createdAt), Date.now())
  const answer = await api.ask('GET', link)
  expect(answer).toMatchObject({ statusCode: 200, body: '%PDF-1.4' })
  expect(answer.headers['content-disposition']).toMatch(/^attachment/)
  await api.read(shop.tenant.id, (tx) =>
    tx.run(`update files set state = 'failed', failure = '{"code": "file-gone", "detail": ""}' where id = $1`, file.id),
  )
  expect((await api.ask('GET', link)).json()).toMatchObject({ status: 404, code: 'file-failed' })
  const shown = await api.ask('GET', `/v1/files/${file.id}`, { token: shop.agent.token })
  expect(shown.json()).toMatchObject({ state: 'failed', failure: { code: 'file-gone' } })
})

test('the files of a contact are removed at once and their bytes with the next sweep', async () => {
  await sweep()
  const { token, file, contactId, conversationId } = await sentByVisitor()
  const answer = await uploaded(shop.supervisor.token, 'x.pdf', Buffer.from('%PDF-1.7\n'))
  await api.ask('POST', `/v1/conversations/${conversationId}/messages`, {
    token: shop.supervisor.token,
    headers: { 'idempotency-key': newId('job') },
    body: { parts: [{ type: 'file', blob: { fileId: answer.id } }] },
  })
  const unsent = await uploaded(token, 'y.png', await picture(), '/v1/visitor/files')
  const others = await sentByVisitor()
  expect(await api.read(shop.tenant.id, (tx) => removeFilesOfContact(tx, contactId))).toBe(3)
  for (const { addresses } of [file, answer, unsent]) expect((await fetchAt(addresses.download)).statusCode).toBe(404)
  expect(await sweep()).toBe(3)
  expect((await fetchAt(others.file.addresses.download)).statusCode).toBe(200)
})
