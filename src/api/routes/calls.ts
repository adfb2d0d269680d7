/** /v1/calls: telephone calls, what becomes of them, and what may be asked of one that goes on. */
import { Type } from 'typebox'
import { getCall, listCalls } from '../../core/calls/calls.ts'
import { dialCall, requireDiallable } from '../../core/calls/dialling.ts'
import { askCall, awaitAct, type CallAct, callOver } from '../../core/calls/live.ts'
import { requireHolder } from '../../core/conversations/speakers.ts'
import { viewerOf } from '../../core/conversations/visibility.ts'
import { Call } from '../../core/events/call-shapes.ts'
import { Id, OneOf } from '../../core/events/shapes.ts'
import { Fault } from '../../core/platform/errors.ts'
import type { KeyPrincipal, MemberPrincipal } from '../../core/tenancy/principals.ts'
import { colleagueOf } from '../colleagues.ts'
import { pageAnswer, pageRequest } from '../cursors.ts'
import { ById, closed, ListQuery, Page } from '../schemas.ts'
import type { RoutePlugin, ServerParts } from '../server.ts'
import { read, write } from '../transactions.ts'

const Filters = {
  conversationId: Type.Optional(Id('cnv')),
  contactId: Type.Optional(Id('ctc')),
  channelId: Type.Optional(Id('chn')),
  direction: Type.Optional(OneOf('in', 'out')),
  live: Type.Optional(Type.Boolean({ description: 'Only calls that go on, or only those that are over.' })),
  number: Type.Optional(Type.String({ pattern: '^\\+?[0-9]{1,20}$', description: 'How either number begins.' })),
}

const acts = {
  'hang-up': { operationId: 'hangUpCall', summary: 'Hang up for both sides' },
  hold: { operationId: 'holdCall', summary: 'Put the caller on hold' },
  resume: { operationId: 'resumeCall', summary: 'Go on talking after a hold' },
} as const

const tags = ['calls']

export const calls =
  (parts: ServerParts): RoutePlugin =>
  async (app) => {
    app.get(
      '/v1/calls',
      {
        config: { permission: 'conversation:read' },
        schema: {
          operationId: 'listCalls',
          tags,
          summary: 'List calls, newest first',
          description: 'Those whose conversations you may see.',
          querystring: ListQuery(Filters),
          response: { 200: Page(Call) },
        },
      },
      async (request) => {
        const { limit: _, cursor: __, ...filter } = request.query
        const viewer = viewerOf(colleagueOf(request))
        const list = ['calls', request.principal.tenantId, JSON.stringify(filter)]
        const page = pageRequest(parts.vault, list, request.query)
        const found = await read(parts, request.principal, (tx) => listCalls(tx, viewer, filter, page, parts.clock()))
        return pageAnswer(parts.vault, list, found)
      },
    )

    app.get(
      '/v1/calls/:id',
      {
        config: { permission: 'conversation:read' },
        schema: {
          operationId: 'getCall',
          tags,
          summary: 'Read a call',
          params: ById('cal'),
          response: { 200: Call },
        },
      },
      (request) =>
        read(parts, request.principal, (tx) =>
          getCall(tx, viewerOf(colleagueOf(request)), request.params.id, parts.clock()),
        ),
    )

    app.post(
      '/v1/calls',
      {
        config: { permission: 'call:dial', audit: 'call.dial' },
        schema: {
          operationId: 'dialCall',
          tags,
          summary: 'Call somebody',
          description:
            "The member's phone rings first, then the number is called. What may be called is said in the channel's plan. Members call for themselves; programs say for whom.",
          body: Type.Object(
            {
              channelId: Id('chn'),
              number: Type.String({ minLength: 2, maxLength: 40 }),
              memberId: Type.Optional(Id('usr')),
            },
            closed,
          ),
          response: { 201: Call },
        },
      },
      async (request, reply) => {
        const principal = colleagueOf(request)
        const { memberId = principal.kind === 'member' ? principal.id : undefined, ...given } = request.body
        if (memberId === undefined || (principal.kind === 'member' && memberId !== principal.id)) {
          throw new Fault('invalid', 'member-unknown', 'Say which member is to talk; members call for themselves.', {
            errors: [{ pointer: '/memberId', detail: 'has to be a member, and oneself' }],
          })
        }
        const call = await write(parts, principal, (tx) => dialCall(tx, { ...given, memberId }, parts.clock()))
        parts.wake.hint('calls')
        reply.code(201)
        return call
      },
    )

    app.post(
      '/v1/calls/:id/transfer',
      {
        config: { permission: 'call:dial', audit: 'call.transfer' },
        schema: {
          operationId: 'transferCall',
          tags,
          summary: 'Give the caller to a number outside',
          description:
            'The agent talks on until the number answers. To agents and groups a call goes with its conversation. 202 when it does not ring yet.',
          params: ById('cal'),
          body: Type.Object({ number: Type.String({ minLength: 2, maxLength: 40 }) }, closed),
          response: { 200: Call, 202: Call },
        },
      },
      async (request, reply) => {
        const principal = colleagueOf(request)
        const { call, isDone } = await ask(parts, principal, request.params.id, 'dial', request.body.number)
        reply.code(isDone ? 200 : 202)
        return call
      },
    )

    for (const [act, { operationId, summary }] of Object.entries(acts) as [
      keyof typeof acts,
      (typeof acts)[keyof typeof acts],
    ][]) {
      app.post(
        `/v1/calls/:id/${act}`,
        {
          config: { permission: 'conversation:reply', unaudited: 'The call keeps what happened to it.' },
          schema: {
            operationId,
            tags,
            summary,
            description: 'Whoever has its conversation, supervisors and programs. 202 when it is not done yet.',
            params: ById('cal'),
            response: { 200: Call, 202: Call },
          },
        },
        async (request, reply) => {
          const { call, isDone } = await ask(parts, colleagueOf(request), request.params.id, act)
          reply.code(isDone ? 200 : 202)
          return call
        },
      )
    }
  }

/** Asks the process that has the call and waits a little for what becomes of it. Faults: `call-unknown`, `call-over`, `reply-not-yours`. */
async function ask(
  parts: ServerParts,
  principal: MemberPrincipal | KeyPrincipal,
  id: string,
  act: CallAct,
  number?: string,
) {
  const asked = await write(parts, principal, async (tx) => {
    const { channelId } = await requireCallHolder(tx, principal, id, parts.clock())
    if (number === undefined) return askCall(tx, id, act)
    const allowed = await requireDiallable(tx, channelId, number, parts.clock())
    return askCall(tx, id, act, { number: allowed.number })
  })
  return answerToAct(parts, principal, id, asked)
}

/** Waits a little for what becomes of what was asked. Faults: `call-over`, `consult-nobody`. */
export async function answerToAct(
  parts: ServerParts,
  principal: MemberPrincipal | KeyPrincipal,
  id: string,
  asked: string,
) {
  const { db, wake, settings } = parts
  wake.hint('calls')
  const outcome = await awaitAct(db, wake, principal, asked, settings.commandWaitMs)
  if (outcome === 'refused') throw callOver()
  if (outcome === 'nobody')
    throw new Fault('conflict', 'consult-nobody', 'They are not there, or have no room; the caller is on hold.')
  const call = await db.transaction(principal, (tx) => getCall(tx, viewerOf(principal), id, parts.clock()))
  return { call, isDone: outcome === 'done' }
}

/** The call, if the asker has its conversation or may act for who has. Faults: `call-unknown`, `reply-not-yours`. */
export async function requireCallHolder(
  tx: Parameters<typeof getCall>[0],
  principal: MemberPrincipal | KeyPrincipal,
  id: string,
  now: number,
): Promise<Call> {
  const call = await getCall(tx, viewerOf(principal), id, now)
  const holder = await tx.maybe<{ assigneeId: string | null }>(
    'select assignee_id from conversations where tenant_id = $1 and id = $2',
    tx.tenantId,
    call.conversationId,
  )
  requireHolder(principal, holder?.assigneeId ?? null)
  return call
}
