/** /v1/calls/{id}/…: recordings, and who listens in. */
import { type Static, Type } from 'typebox'
import { getCall } from '../../core/calls/calls.ts'
import { askCall, type CallAct } from '../../core/calls/live.ts'
import { requirePhone } from '../../core/calls/phones.ts'
import { getFile } from '../../core/conversations/files.ts'
import { viewerOf } from '../../core/conversations/visibility.ts'
import { Call } from '../../core/events/call-shapes.ts'
import { StoredFile } from '../../core/events/file-shapes.ts'
import { Id } from '../../core/events/shapes.ts'
import { Fault } from '../../core/platform/errors.ts'
import { auditRecordings } from '../audit/recordings.ts'
import { colleagueOf } from '../colleagues.ts'
import { shownFiles } from '../file-answers.ts'
import { ById, closed } from '../schemas.ts'
import type { RoutePlugin, ServerParts } from '../server.ts'
import { read, write } from '../transactions.ts'
import { answerToAct, requireCallHolder } from './calls.ts'

const OfRecording = Type.Object({ id: Id('cal'), segment: Type.String({ pattern: '^[1-9][0-9]{0,3}$' }) }, closed)

const tags = ['calls']

const acts = {
  'pause-recording': {
    act: 'pause',
    operationId: 'pauseCallRecording',
    summary: 'Pause the recording, as while a card number is read out',
    description:
      'The recording holds silence until it goes on, and nobody listens in. The next talk begins without a pause.',
    audit: 'recording.pause',
  },
  'resume-recording': {
    act: 'unpause',
    operationId: 'resumeCallRecording',
    summary: 'Go on recording',
    description: 'Whoever has its conversation, supervisors and programs. 202 when it is not done yet.',
    audit: 'recording.resume',
  },
  listen: {
    act: 'listen',
    operationId: 'listenToCall',
    summary: 'Listen in',
    description:
      'Your own phone rings; picked up, it hears both sides and is heard by neither, until you hang up or the talk is over. One listener at a time: the last.',
    audit: 'call.listen',
  },
  unlisten: {
    act: 'unlisten',
    operationId: 'stopListeningToCall',
    summary: 'Listen no longer',
    description: 'Hangs up the phone that listens.',
    audit: 'call.unlisten',
  },
} as const

export const callRecordings =
  (parts: ServerParts): RoutePlugin =>
  async (app) => {
    app.get(
      '/v1/calls/:id/recordings/:segment',
      {
        config: { permission: 'conversation:read' },
        schema: {
          operationId: 'getCallRecording',
          tags,
          summary: 'Read a recording, with addresses to play it from',
          description:
            'WAV, the caller left, the agent right. The addresses take `Range`. Who asked is kept in the audit log, as `recording.read`.',
          params: OfRecording,
          response: { 200: StoredFile },
        },
      },
      async (request) => {
        const principal = colleagueOf(request)
        const { id, segment } = request.params as Static<typeof OfRecording>
        const row = await read(parts, principal, async (tx) => {
          const call = await getCall(tx, viewerOf(principal), id, parts.clock())
          const found = call.recordings.find((one) => one.segment === Number(segment))
          if (found === undefined) throw new Fault('not-found', 'recording-unknown', 'There is no such recording.')
          await auditRecordings(tx, request, [found.fileId])
          return getFile(tx, principal, found.fileId)
        })
        return shownFiles(parts, principal.tenantId, [row])[0] as StoredFile
      },
    )

    for (const [path, { act, audit, ...words }] of Object.entries(acts)) {
      const isListening = act === 'listen' || act === 'unlisten'
      app.post(
        `/v1/calls/:id/${path}`,
        {
          config: { permission: isListening ? 'call:listen' : 'conversation:reply', audit },
          schema: { ...words, tags, params: ById('cal'), response: { 200: Call, 202: Call } },
        },
        async (request, reply) => {
          const principal = colleagueOf(request)
          const { id } = request.params
          const asked = await write(parts, principal, async (tx) => {
            const call = isListening
              ? await getCall(tx, viewerOf(principal), id, parts.clock())
              : await requireCallHolder(tx, principal, id, parts.clock())
            if (act === 'listen') await requirePhone(tx, call.channelId, principal.id)
            return askCall(tx, id, act satisfies CallAct)
          })
          const { call, isDone } = await answerToAct(parts, principal, id, asked)
          reply.code(isDone ? 200 : 202)
          return call
        },
      )
    }
  }
