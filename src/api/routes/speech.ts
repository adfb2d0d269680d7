/** /v1/speech: the service that makes sound of text and text of sound, as a business sets it up, and what it is asked. */
import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { type Static, Type } from 'typebox'
import { failureOf } from '../../connectors/runtime/egress.ts'
import { type Speech, speak, speechFailed, writeDown } from '../../connectors/runtime/speech.ts'
import { lookAt, type Seen, type Spooled, withSpooled } from '../../core/conversations/file-intake.ts'
import { getFile } from '../../core/conversations/files.ts'
import {
  findSpeechAccess,
  getSpeechSettings,
  putSpeechSettings,
  type SpeechAccess,
} from '../../core/desk/speech-settings.ts'
import { askForTranscript } from '../../core/desk/transcripts.ts'
import { StoredFile } from '../../core/events/file-shapes.ts'
import { SpeechSettings } from '../../core/events/speech-shapes.ts'
import { Fault } from '../../core/platform/errors.ts'
import { shownFiles } from '../file-answers.ts'
import { ById, closed, Nothing } from '../schemas.ts'
import type { RoutePlugin } from '../server.ts'
import { read, write } from '../transactions.ts'
import { type FileServerParts, keepUpload } from '../uploads.ts'
import { ifMatch, withEtag } from '../versions.ts'

const word = Type.String({ maxLength: 200, pattern: '^[^\\u0000-\\u001f]*$' })
const Change = Type.Partial(
  Type.Object({
    url: Type.String({ maxLength: 500, pattern: '^(https?://[^\\s?#]+)?$' }),
    key: Type.String({ maxLength: 500, pattern: '^[\\x21-\\x7e]*$' }),
    speechModel: word,
    voice: word,
    transcriptionModel: word,
    language: Type.String({ pattern: '^([a-z]{2,3})?$' }),
    transcribeCalls: Type.Boolean(),
    transcribeMessages: Type.Boolean(),
  }),
  closed,
)

const Check = Type.Object({
  name: Type.String(),
  ok: Type.Boolean(),
  detail: Type.String(),
  mend: Type.Optional(Type.String()),
})
type Check = Static<typeof Check>

/** What is said, and what is heard, to try a service; a page waits for it. */
const trialText = '您好，欢迎致电。'
const trialSound = join(import.meta.dirname, '../../../config/prompts/zh/welcome.wav')
const trialMs = 15_000

const tags = ['speech']

export const speechRoutes =
  (parts: SpeechParts): RoutePlugin =>
  async (app) => {
    const { speech, vault } = parts

    app.get(
      '/v1/speech',
      {
        config: { permission: 'channel:read' },
        schema: {
          operationId: 'getSpeechSettings',
          tags,
          summary: 'Read how speech is made and written down',
          response: { 200: SpeechSettings },
        },
      },
      async (request, reply) =>
        withEtag(reply, await read(parts, request.principal, (tx) => getSpeechSettings(tx, speech.hub))),
    )

    app.put(
      '/v1/speech',
      {
        config: { permission: 'channel:write', audit: 'speech.update' },
        schema: {
          operationId: 'putSpeechSettings',
          tags,
          summary: 'Set the speech service, and what it writes down by itself',
          description:
            'What is left out stays. A key of `****` stays as it is; with another address, the key has to be given anew.',
          body: Change,
          response: { 200: SpeechSettings },
        },
      },
      async (request, reply) => {
        const version = ifMatch(request)
        const { body } = request
        const refusal = body.url ? speech.egress.refusal(body.url) : undefined
        if (refusal !== undefined) {
          throw new Fault('invalid', 'speech-url-refused', refusal.message, {
            errors: [{ pointer: '/url', detail: 'may not be called' }],
          })
        }
        return withEtag(
          reply,
          await write(parts, request.principal, (tx) => putSpeechSettings(tx, vault, speech.hub, body, version)),
        )
      },
    )

    const serviceFor = async (request: { principal: Parameters<typeof read>[1] }): Promise<SpeechAccess> => {
      const service = await read(parts, request.principal, (tx) => findSpeechAccess(tx, vault, speech.hub))
      if (service === undefined) throw missing()
      return service
    }

    app.post(
      '/v1/speech/test',
      {
        config: { permission: 'channel:write', unaudited: 'Nothing changes.' },
        schema: {
          operationId: 'testSpeech',
          tags,
          summary: 'Have the service say a sentence and write another down',
          response: { 200: Type.Object({ checks: Type.Array(Check) }) },
        },
      },
      async (request) => {
        const service = await serviceFor(request)
        return { checks: await Promise.all([triedSpeaking(parts, service), triedHearing(parts, service)]) }
      },
    )

    app.post(
      '/v1/speech/prompts',
      {
        config: { permission: 'channel:write', unaudited: 'A file carries its uploader and its time.' },
        schema: {
          operationId: 'speakPrompt',
          tags,
          summary: 'Make a sound of a text, to be named by the plan of calls or by settings of a channel',
          description: 'It is a file of yours as an upload is, and is gone after a day unless something names it.',
          body: Type.Object({ text: Type.String({ minLength: 1, maxLength: 1000, pattern: '\\S' }) }, closed),
          response: { 201: StoredFile },
        },
      },
      async (request, reply) => {
        const { text } = request.body
        const service = await serviceFor(request)
        const row = await spoken(parts, service, text, (spooled, seen) =>
          keepUpload(parts, request.principal, spooled, seen, seen.mediaType),
        )
        reply.code(201).header('location', `/v1/files/${row.id}`)
        const [file] = shownFiles(parts, request.principal.tenantId, [row])
        if (file === undefined) throw new TypeError('A file was not shown.')
        return file
      },
    )

    app.post(
      '/v1/files/:id/transcript',
      {
        config: { permission: 'conversation:read', audit: 'transcript.order' },
        schema: {
          operationId: 'orderTranscript',
          tags,
          summary: 'Have a sound of a message written down, also once more',
          description: 'The words come with message.updated, as `transcript` of the part.',
          params: ById('fil'),
          response: { 202: Nothing },
        },
      },
      async (request, reply) => {
        await write(parts, request.principal, async (tx) => {
          const { id } = await getFile(tx, request.principal, request.params.id)
          if ((await findSpeechAccess(tx, vault, speech.hub)) === undefined) throw missing()
          await askForTranscript(tx, id)
        })
        reply.code(202)
        return null
      },
    )
  }

type SpeechParts = FileServerParts & { readonly speech: Speech }

/** Says the text and gives the sound to `use`, as long as it lies on the disk. Faults with `speech-failed` for what is none. */
async function spoken<T>(
  { files, speech }: SpeechParts,
  service: SpeechAccess,
  text: string,
  use: (spooled: Spooled, seen: Seen) => Promise<T>,
): Promise<T> {
  const body = await speak(speech, service, text)
  return withSpooled(files, body, async (spooled) => {
    const seen = await lookAt(files, spooled, text.slice(0, 40).replaceAll('.', ' '), true)
    if (!seen.mediaType.startsWith('audio/')) throw speechFailed('What the service answered is no sound.')
    return use(spooled, seen)
  })
}

function missing(): Fault {
  return new Fault('conflict', 'speech-missing', 'No speech service is set up.')
}

const mend = 'Check the address, the key and the models.'

async function triedSpeaking(parts: SpeechParts, service: SpeechAccess): Promise<Check> {
  const name = 'Text to sound'
  try {
    return await spoken(parts, service, trialText, async ({ bytes }, { mediaType }) => {
      return { name, ok: true, detail: `${mediaType}, ${bytes} bytes.` }
    })
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    return { name, ok: false, detail: error.message, mend }
  }
}

async function triedHearing({ speech }: SpeechParts, service: SpeechAccess): Promise<Check> {
  const name = 'Sound to text'
  const sound = { name: 'welcome.wav', mediaType: 'audio/wav', read: async () => createReadStream(trialSound) }
  const timeLeft = AbortSignal.timeout(trialMs)
  const heard = await writeDown(speech, service, sound, timeLeft).catch((error: unknown) => {
    if (!timeLeft.aborted) throw error
    return { failure: failureOf(error, true), isFinal: false }
  })
  if ('text' in heard) return { name, ok: true, detail: heard.text }
  return { name, ok: false, detail: heard.failure, mend }
}
