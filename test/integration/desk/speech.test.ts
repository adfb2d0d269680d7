/** Speech: prompts made of text, recordings and voice messages written down, by a service on a real socket. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { files } from '../../../src/api/routes/files.ts'
import { speechRoutes } from '../../../src/api/routes/speech.ts'
import { openEgress } from '../../../src/connectors/runtime/egress.ts'
import { keepFile } from '../../../src/connectors/runtime/files.ts'
import { receiveInbound } from '../../../src/connectors/runtime/receive.ts'
import { pausesMs, transcriptionHandler } from '../../../src/connectors/runtime/transcription.ts'
import { bindFiles } from '../../../src/core/conversations/attachments.ts'
import { lockConversation } from '../../../src/core/conversations/conversations.ts'
import { noteByHub } from '../../../src/core/conversations/saying.ts'
import { indexNext } from '../../../src/core/conversations/search-index.ts'
import { orderTranscripts } from '../../../src/core/desk/transcripts.ts'
import { Consumer } from '../../../src/core/events/consumer.ts'
import type { Message, Part } from '../../../src/core/events/shapes.ts'
import type { SpeechSettings } from '../../../src/core/events/speech-shapes.ts'
import { newId } from '../../../src/core/platform/ids.ts'
import { JobRunner } from '../../../src/core/platform/job-runner.ts'
import { silentLog } from '../../../src/core/platform/log.ts'
import { SpeechFarEnd, spokenSound } from '../../fakes/speech.ts'
import { eventually } from '../../support/eventually.ts'
import { openTestFiles, type TestFiles } from '../../support/files.ts'
import { startTalk, type Talk, type TalkingShop } from '../../support/talk.ts'

let talk: Talk
let store: TestFiles
let service: SpeechFarEnd
let url: string
let orders: Consumer
let runner: JobRunner
let shop: TalkingShop
/** How far the clock of the jobs is ahead. */
let aheadMs = 0
/** Messages that were looked at. */
const attended = new Set<string>()

const hub = { url: '', key: '', speechModel: 'tts', voice: 'alloy', transcriptionModel: 'whisper', language: '' }
const egress = openEgress({
  allow: ['127.0.0.0/8'],
  maxResponseBytes: 100_000,
  maxFileBytes: 1_000_000,
  timeoutMs: 5000,
})

beforeAll(async () => {
  store = openTestFiles()
  const speech = { egress, hub }
  service = new SpeechFarEnd()
  url = await service.start()
  talk = await startTalk({}, [
    (parts) => files({ ...parts, files: store }),
    (parts) => speechRoutes({ ...parts, files: store, speech }),
  ])
  const { db, vault, wake } = talk.parts
  orders = new Consumer({
    db,
    bus: talk.bus,
    owner: 'orders',
    log: silentLog,
    group: 'reception',
    topic: 'domain',
    maxRecords: 200,
    async apply(tx, records) {
      await orderTranscripts(tx, records)
      for (const { event } of records) attended.add((event.data as { message?: Message }).message?.id ?? '')
    },
  })
  await orders.start()
  runner = new JobRunner({
    db,
    wake,
    owner: 'runner',
    log: silentLog,
    handlers: [transcriptionHandler({ db, vault, blobs: store.blobs, speech, log: silentLog })],
    clock: () => new Date(Date.now() + aheadMs),
  })
  shop = await talk.shop()
})
afterEach(() => {
  service.next.length = 0
  service.asked.length = 0
})
afterAll(async () => {
  await runner?.stop()
  await orders?.stop()
  await talk?.close()
  await service?.close()
  await egress.close()
  store?.close()
})

const ask = (method: 'GET' | 'POST' | 'PUT', path: string, body?: unknown, token = shop.admin.token) =>
  talk.ask(method, `/v1/${path}`, { token, body, headers: { 'idempotency-key': newId('job') } })
const set = async (change: Partial<SpeechSettings>) => {
  const answer = await ask('PUT', 'speech', change)
  expect(answer.statusCode).toBe(200)
  return answer.json() as SpeechSettings
}
const settings = async (): Promise<SpeechSettings> => (await ask('GET', 'speech')).json()

/** A voice message of a customer; answers with what its part says as soon as `look` likes it. */
async function speakUp(
  person: string,
): Promise<{ conversationId: string; fileId: string; message(): Promise<Message> }> {
  const { db, vault, settings } = talk.parts
  const parts = { db, vault, files: store, publicUrl: settings.publicUrl }
  const { id: conversationId } = await talk.hear(shop, person, '您好')
  const channel = { tenantId: shop.tenant.id, channelId: shop.channelId }
  const blob = await keepFile(parts, channel, { body: spokenSound, name: 'voice.wav' })
  const said = {
    kind: 'message',
    key: newId('job'),
    peer: person,
    at: new Date().toISOString(),
    from: { kind: 'visitor', scope: shop.channelId, address: person },
    parts: [{ type: 'audio', blob }],
  } as const
  await receiveInbound(talk.bus, channel, [said])
  const message = async () => {
    const { data } = (await ask('GET', `conversations/${conversationId}/messages?limit=50`)).json() as {
      data: Message[]
    }
    const found = data.find(({ parts }) => parts.some((part) => part.type === 'audio'))
    if (found === undefined) throw new Error('The message is not there yet.')
    return found
  }
  await eventually(() => message().catch(() => undefined))
  return { conversationId, fileId: blob.fileId ?? '', message }
}

const audioOf = ({ parts }: Message) => parts.find((part) => part.type === 'audio') as Extract<Part, { type: 'audio' }>
/** Turns the clock of the jobs, and runs what is due then, until what is looked for is there. */
const after = <T>(ms: number, look: () => Promise<T | undefined | false>) => {
  aheadMs += ms
  return eventually(async () => {
    await runner.runDue()
    talk.parts.wake.hint('outbox')
    return (await look()) || undefined
  })
}

test('without a service nothing is spoken, and that is said', async () => {
  expect(await settings()).toMatchObject({ isAvailable: false, version: 0, key: '' })
  const answer = await ask('POST', 'speech/prompts', { text: '您好' })
  expect([answer.statusCode, answer.json().code]).toEqual([409, 'speech-missing'])
})

test('the key is sealed and shown to nobody, and goes with its address', async () => {
  expect(await set({ url: `${url}/`, key: 'sk-secret', language: 'zh' })).toMatchObject({
    url,
    key: '****',
    version: 1,
  })
  const kept = await talk.read(shop.tenant.id, (tx) =>
    tx.query('select speech_settings::text as row from speech_settings where tenant_id = $1', tx.tenantId),
  )
  expect(JSON.stringify(kept)).not.toContain('sk-secret')
  expect(await set({ key: '****', voice: 'xiaoxiao' })).toMatchObject({ key: '****', voice: 'xiaoxiao' })
  expect(await set({ url: 'https://other.example/v1' })).toMatchObject({ key: '' })
  expect(await set({ url, key: 'sk-secret' })).toMatchObject({ key: '****' })
  const stale = await talk.ask('PUT', '/v1/speech', {
    token: shop.admin.token,
    body: { voice: 'x' },
    headers: { 'if-match': '"v1"' },
  })
  expect(stale.statusCode).toBe(412)
})

test.each(['http://10.0.0.1/v1', 'http://[::ffff:192.168.0.1]/v1', 'http://0xa9fea9fe/v1'])(
  'the address %s is not called',
  async (address) => {
    const answer = await ask('PUT', 'speech', { url: address })
    expect([answer.statusCode, answer.json().code]).toEqual([400, 'speech-url-refused'])
    expect((await settings()).url).toBe(url)
  },
)

test('a prompt is made of text with the key, model and voice that were set, and is a file like one that was uploaded', async () => {
  const made = await ask('POST', 'speech/prompts', { text: '您好，售后请按 1。' })
  expect(made.statusCode).toBe(201)
  expect(made.json()).toMatchObject({ mediaType: 'audio/wav', bytes: spokenSound.length, kind: 'audio' })
  expect(service.asked).toEqual([
    {
      path: '/v1/audio/speech',
      authorization: 'Bearer sk-secret',
      fields: { model: 'tts', voice: 'xiaoxiao', input: '您好，售后请按 1。', response_format: 'wav' },
    },
  ])
  const { inline } = made.json().addresses
  const sound = await talk.app.inject({ url: new URL(inline).pathname + new URL(inline).search })
  expect(sound.rawPayload.equals(spokenSound)).toBe(true)
})

test('a prompt that cannot be made says why, without the key, and leaves nothing', async () => {
  const count = () => talk.read(shop.tenant.id, (tx) => tx.one('select count(*)::int as files from files'))
  const before = await count()
  service.next.push({ status: 401, body: { error: { message: 'Incorrect API key provided: sk-secret' } } })
  const refused = await ask('POST', 'speech/prompts', { text: '您好' })
  expect([refused.statusCode, refused.json().detail]).toEqual([
    503,
    'The service answered 401: Incorrect API key provided: ****',
  ])
  service.next.push({ status: 200, body: Buffer.from('<html>not a sound</html>') })
  expect((await ask('POST', 'speech/prompts', { text: '您好' })).json().detail).toContain('no sound')
  service.next.push({ status: 307, body: {}, headers: { location: 'http://10.0.0.1/' } })
  expect((await ask('POST', 'speech/prompts', { text: '您好' })).json().code).toBe('speech-failed')
  expect(await count()).toEqual(before)
})

test('trying the service says both ways how it went', async () => {
  service.hears = '欢迎致电'
  const { checks } = (await ask('POST', 'speech/test')).json()
  expect(checks).toEqual([
    { name: 'Text to sound', ok: true, detail: `audio/wav, ${spokenSound.length} bytes.` },
    { name: 'Sound to text', ok: true, detail: '欢迎致电' },
  ])
})

test('nothing is sent to the service by itself until somebody turns that on', async () => {
  const { message } = await speakUp('silent')
  await eventually(async () => attended.has((await message()).id))
  await runner.runDue()
  expect(service.asked).toEqual([])
  expect(audioOf(await message())).not.toHaveProperty('transcript')
})

test('a voice message is written down, told of, and found by its words', async () => {
  await set({ transcribeMessages: true })
  service.hears = '我想退掉那个青花瓷杯'
  const { message, fileId, conversationId } = await speakUp('wang')
  const written = await after(
    0,
    async () => ((await message()) as Message).parts.some((part) => 'transcript' in part) && message(),
  )
  expect(audioOf(written)).toMatchObject({ transcript: '我想退掉那个青花瓷杯' })
  const [asked] = service.asked
  expect(asked).toMatchObject({
    path: '/v1/audio/transcriptions',
    authorization: 'Bearer sk-secret',
    fields: { model: 'whisper', language: 'zh', response_format: 'json' },
    file: { name: 'voice.wav', type: 'audio/wav' },
  })
  expect(asked?.file?.bytes.equals(spokenSound)).toBe(true)
  expect(service.asked).toHaveLength(1)
  const found = await eventually(async () => {
    await indexNext(talk.db, 500)
    const { data } = (await ask('GET', `search/messages?q=${encodeURIComponent('青花瓷')}`)).json()
    return data.length > 0 && data
  })
  expect(found[0].message?.conversationId ?? found[0].conversationId).toBe(conversationId)
  expect(fileId).toMatch(/^fil_/)
})

test('a recording is written down only where calls are to be', async () => {
  await set({ transcribeMessages: false, transcribeCalls: true })
  service.hears = '客服您好'
  const conversation = await talk.hear(shop, 'caller', '喂')
  const { db, vault, settings } = talk.parts
  const channel = { tenantId: shop.tenant.id, channelId: shop.channelId }
  const ground = { db, vault, files: store, publicUrl: settings.publicUrl }
  const blob = await keepFile(ground, channel, { body: spokenSound, name: 'talk.wav' })
  const parts: Part[] = [{ type: 'audio', blob }]
  await talk.read(shop.tenant.id, async (tx) => {
    const locked = await lockConversation(tx, tx.tenantId, conversation.id)
    if (locked === undefined) throw new Error('no conversation')
    await bindFiles(tx, await noteByHub(tx, locked, parts), parts)
  })
  talk.parts.wake.hint('outbox')
  const note = await after(0, async () => {
    const { data } = (await ask('GET', `conversations/${conversation.id}/messages?limit=50`)).json() as {
      data: Message[]
    }
    return data.find((one) => one.parts.some((part) => 'transcript' in part))
  })
  expect(note).toMatchObject({ direction: 'note', parts: [{ transcript: '客服您好' }] })
  const { message } = await speakUp('li')
  await eventually(async () => attended.has((await message()).id))
  await runner.runDue()
  expect(service.asked).toHaveLength(1)
  expect(audioOf(await message())).not.toHaveProperty('transcript')
})

test('a service that is away is asked again later, says so in the settings, and is forgiven with the next success', async () => {
  await set({ transcribeMessages: true, transcribeCalls: false })
  service.hears = '在吗'
  service.next.push({ status: 503, body: { error: { message: 'loading model' } } })
  service.next.push({ status: 429, body: {}, headers: { 'retry-after': '600' } })
  const { message } = await speakUp('zhao')
  const failing = await after(0, async () => (await settings()).failing)
  expect(failing).toMatchObject({ detail: 'The service answered 503: loading model' })
  expect(service.asked).toHaveLength(1)
  await after(pausesMs[0] ?? 0, async () => service.asked.length === 2)
  // It asked for ten minutes.
  await after(pausesMs[1] ?? 0, async () => true)
  expect(service.asked).toHaveLength(2)
  await after(600_000, async () => 'transcript' in audioOf(await message()))
  expect((await settings()).failing).toBeNull()
})

test('a sound that is refused is given up, says so, and can be asked for again by whoever sees it', async () => {
  service.next.push({ status: 400, body: { error: { message: 'Invalid file format.' } } })
  const { message, fileId } = await speakUp('qian')
  await after(0, async () => audioOf(await message()).transcriptFailed)
  expect(service.asked).toHaveLength(1)
  // The service itself is well.
  expect((await settings()).failing).toBeNull()
  const stranger = await talk.person(shop.tenant.id, { role: 'agent' })
  const hidden = await ask('POST', `files/${fileId}/transcript`, undefined, stranger.token)
  expect([hidden.statusCode, hidden.json().code]).toEqual([404, 'file-unknown'])
  service.hears = '这次听清了'
  expect((await ask('POST', `files/${fileId}/transcript`)).statusCode).toBe(202)
  await after(0, async () => audioOf(await message()).transcript === '这次听清了')
  expect(audioOf(await message())).not.toHaveProperty('transcriptFailed')
})

test('it is given up after the last attempt', async () => {
  const { message } = await speakUp('sun')
  for (const pauseMs of [0, ...pausesMs]) {
    const before = service.asked.length
    service.next.push({ status: 500, body: {} })
    await after(pauseMs, async () => service.asked.length > before)
  }
  await after(0, async () => audioOf(await message()).transcriptFailed)
  expect(service.asked).toHaveLength(pausesMs.length + 1)
})
