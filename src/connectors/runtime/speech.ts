/**
 * The speech service (语音识别与合成): text becomes sound, sound becomes text, over HTTP. What it is asked and has to answer stands in
 * docs/speech.md; it is the form of https://platform.openai.com/docs/api-reference/audio, which many servers speak that one can run oneself.
 */
import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import type { ReadableStream as WebStream } from 'node:stream/web'
import type { HubSpeech, SpeechAccess } from '../../core/desk/speech-settings.ts'
import { Fault } from '../../core/platform/errors.ts'
import { type Egress, failureOf } from './egress.ts'

/** What a process needs to ask speech services. */
export interface Speech {
  /** A way out with the patience that such services need. */
  readonly egress: Pick<Egress, 'fetch' | 'fetchFile' | 'refusal'>
  /** What the operator has set for all. */
  readonly hub: HubSpeech
}

/** What came of it; `isFinal`: a later attempt with the same sound cannot do better. Failures are in general words, without the key. */
export type Heard =
  | { readonly text: string }
  | { readonly failure: string; readonly isFinal: boolean; readonly retryAfterMs?: number }

export interface Sound {
  readonly name: string
  readonly mediaType: string
  read(): Promise<Readable>
}

/** The sound itself is refused: the same again would be. */
const aboutSound: readonly number[] = [400, 413, 415, 422]
const longestWaitMs = 3_600_000

/**
 * Has a sound written down. Rejects only when `signal` aborts, and when the sound cannot be read. May be repeated: the service answers the same
 * question again.
 */
export async function writeDown(
  { egress }: Pick<Speech, 'egress'>,
  service: SpeechAccess,
  sound: Sound,
  signal: AbortSignal,
): Promise<Heard> {
  const boundary = `tributary-${randomBytes(16).toString('hex')}`
  const fields = {
    model: service.transcriptionModel,
    response_format: 'json',
    ...(service.language !== '' && { language: service.language }),
  }
  const bytes = await sound.read()
  const body = Readable.from(form(boundary, fields, sound, bytes))
  try {
    const response = await egress.fetch(`${service.url}/audio/transcriptions`, {
      method: 'POST',
      headers: { ...headersOf(service), 'content-type': `multipart/form-data; boundary=${boundary}` },
      body: Readable.toWeb(body) as ReadableStream,
      duplex: 'half',
      signal,
    } as RequestInit)
    if (!response.ok) return refusalOf(response, service)
    const answer = (await response.json().catch(() => undefined)) as { text?: unknown } | undefined
    if (typeof answer?.text === 'string') return { text: answer.text }
    return { failure: 'The service answered with no text.', isFinal: false }
  } catch (error) {
    signal.throwIfAborted()
    return { failure: failureOf(error, false), isFinal: false }
  } finally {
    // An answer may come before all was read, and a refusal before anything was.
    body.destroy()
    bytes.destroy()
  }
}

/** The request as it is sent, piece by piece: a long recording is never in memory (RFC 7578). */
async function* form(
  boundary: string,
  fields: Readonly<Record<string, string>>,
  { name, mediaType }: Sound,
  bytes: Readable,
): AsyncGenerator<Buffer> {
  for (const [field, value] of Object.entries(fields)) {
    yield Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${field}"\r\n\r\n${value}\r\n`)
  }
  const plain = name.replace(/[\r\n"\\]/g, '_')
  yield Buffer.from(
    `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="${plain}"\r\nContent-Type: ${mediaType}\r\n\r\n`,
  )
  for await (const chunk of bytes) yield chunk as Buffer
  yield Buffer.from(`\r\n--${boundary}--\r\n`)
}

async function refusalOf(response: Response, service: SpeechAccess): Promise<Heard> {
  const { status } = response
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN)
  return {
    failure: await sentenceOf(response, service),
    isFinal: aboutSound.includes(status),
    ...(seconds >= 0 && { retryAfterMs: Math.min(longestWaitMs, seconds * 1000) }),
  }
}

/** What the service says of its refusal, as far as that is one short sentence that does not repeat the key. */
async function sentenceOf(response: Response, { key }: SpeechAccess): Promise<string> {
  const answer = (await response.json().catch(() => undefined)) as { error?: { message?: unknown } } | undefined
  const said = typeof answer?.error?.message === 'string' ? answer.error.message.replace(/\s+/g, ' ').slice(0, 200) : ''
  const clean = key === '' ? said : said.replaceAll(key, '****')
  return `The service answered ${response.status}${clean === '' ? '.' : `: ${clean}`}`
}

/** Long enough for a sentence, and no longer than a page waits. */
const speakWithinMs = 18_000

/** Has a text spoken. Faults with `speech-failed`, saying why; what comes has still to prove that it is a sound. */
export async function speak(
  { egress }: Pick<Speech, 'egress'>,
  service: SpeechAccess,
  text: string,
): Promise<Readable> {
  const timeLeft = AbortSignal.timeout(speakWithinMs)
  let response: Response
  try {
    response = await egress.fetchFile(`${service.url}/audio/speech`, {
      method: 'POST',
      headers: { ...headersOf(service), 'content-type': 'application/json' },
      body: JSON.stringify({
        model: service.speechModel,
        voice: service.voice,
        input: text,
        response_format: 'wav',
      }),
      signal: timeLeft,
    })
  } catch (cause) {
    throw speechFailed(failureOf(cause, timeLeft.aborted), cause)
  }
  if (!response.ok) throw speechFailed(await sentenceOf(response, service))
  if (response.body === null) throw speechFailed('The service answered with nothing.')
  return Readable.fromWeb(response.body as WebStream<Uint8Array>)
}

export function speechFailed(why: string, cause?: unknown): Fault {
  return new Fault('unavailable', 'speech-failed', why, { cause })
}

function headersOf({ key }: SpeechAccess): Record<string, string> {
  return { 'user-agent': 'Tributary-Speech/1', ...(key !== '' && { authorization: `Bearer ${key}` }) }
}
