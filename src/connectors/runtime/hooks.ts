/**
 * Where platforms call us, and dial us: /hooks/<kind>/<channel id>. The one route scope outside the API that knows fastify, with rules of
 * its own: bodies stay the bytes that were signed, and nobody is authenticated here but by the platform's own signature,
 * which the kind's hook verifies. What came in is durable before the platform is told so.
 */
import { STATUS_CODES } from 'node:http'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import type { WebSocket } from 'ws'
import { findServedChannel } from '../../core/conversations/served-channels.ts'
import { type Clock, systemClock } from '../../core/platform/clock.ts'
import { crashPoint } from '../../core/platform/crash-points.ts'
import { isOutage } from '../../core/platform/database.ts'
import { Fault, type FaultKind } from '../../core/platform/errors.ts'
import { isId } from '../../core/platform/ids.ts'
import type { HookReply, HookRequest } from '../contract.ts'
import type { Registry } from '../registry.ts'
import type { Doors } from './doors.ts'
import { type HubParts, hookHub } from './hub.ts'
import { memoryOf } from './memory.ts'
import { awaitPassiveReply, openForReply } from './passive-replies.ts'
import { receiveInbound } from './receive.ts'
import { fingerprintOf, isDialled, type Served, serve } from './served.ts'
import { acceptedSocket } from './sockets.ts'
import { within } from './timing.ts'

export interface HookParts extends HubParts {
  readonly registry: Registry
  readonly clock?: Clock
  /** Where platforms are let in that dial this process; needs @fastify/websocket. Without, all are sent away. */
  readonly doors?: Doors
}

const maxBodyBytes = 1024 * 1024
/** Platforms wait three to fifteen seconds; what takes longer is called again anyway. */
const answerMs = 10_000

/** The scope to register on the server, at its root. */
export function hooks(parts: HookParts): FastifyPluginAsync {
  const channels = new Channels(parts)
  return async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: maxBodyBytes }, (_request, body, done) =>
      done(null, body),
    )
    scope.setErrorHandler((error, request, reply) => answerError(parts, error, request, reply))
    const found = (request: FastifyRequest) => {
      const { kind, channelId } = request.params as { kind: string; channelId: string }
      return channels.find(kind, channelId)
    }
    const called = (request: FastifyRequest) => hookRequestOf(request, parts.clock ?? systemClock)
    const handler = async (request: FastifyRequest, reply: FastifyReply) => {
      const isGone = () => request.raw.socket.destroyed
      return send(reply, await answer(parts, await found(request), called(request), isGone))
    }
    const common = {
      bodyLimit: maxBodyBytes,
      config: { permission: 'public', raw: true, unaudited: 'What platforms say stands on the log.' },
      schema: { hide: true } as object,
      handler,
    } as const
    for (const url of ['/hooks/:kind/:channelId', '/hooks/:kind/:channelId/*']) {
      scope.route({ ...common, method: ['HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'], url })
      if (parts.doors === undefined) scope.route({ ...common, method: 'GET', url })
      else scope.route({ ...common, ...dialling(parts.doors, found, called), method: 'GET', url })
    }
  }
}

/** Whoever dials has shown who it is before there is a socket. Then it goes to the account, if this process holds it. */
function dialling(
  doors: Doors,
  found: (request: FastifyRequest) => Promise<Served>,
  called: (request: FastifyRequest) => HookRequest,
) {
  return {
    async preHandler(request: FastifyRequest, reply: FastifyReply) {
      if (!request.ws) return
      const served = await found(request)
      const { channelId, kind, settings } = served
      if (!isDialled(served)) throw unknownAddress()
      const refusal = kind.accept?.refuse(called(request), settings as never)
      if (refusal !== undefined) return send(reply, refusal)
      if (doors.isOpen(channelId)) return
      throw new Fault('unavailable', 'channel-elsewhere', 'Another process holds the account: dial again.', {
        retryAfterSeconds: 1,
      })
    },
    wsHandler(socket: WebSocket, request: FastifyRequest) {
      const { channelId } = request.params as { channelId: string }
      doors.enter(channelId, { socket: acceptedSocket(socket), request: called(request) })
    },
  }
}

async function answer(
  parts: HookParts,
  served: Served,
  request: HookRequest,
  isGone: () => boolean,
): Promise<HookReply> {
  const { kind, settings, tenantId, channelId } = served
  if (kind.hook === undefined) throw unknownAddress()
  const result = await within(answerMs, 'The hook', kind.hook(request, settings as never, hookHub(parts, served)))
  const { open, note } = result
  const openedAt = performance.now()
  // Before anybody can have heard of the message, so that no answer comes too early.
  if (open !== undefined) await openForReply(parts, served, open.name, open.forMs)
  if (result.events.length > 0) {
    crashPoint('hook:before-publish')
    await receiveInbound(parts.bus, { tenantId, channelId }, result.events)
    crashPoint('hook:before-acknowledge')
  }
  if (note !== undefined) {
    await memoryOf(parts, served).set(note.name, note.value)
    parts.wake.hint(`hook:${channelId}`)
  }
  if (open === undefined) return result.reply
  const leftMs = open.forMs - (performance.now() - openedAt)
  return (await awaitPassiveReply(parts, served, open.name, leftMs, isGone)) ?? result.reply
}

function hookRequestOf(request: FastifyRequest, clock: Clock): HookRequest {
  const rest = (request.params as { '*'?: string })['*']
  const mark = request.raw.url?.indexOf('?') ?? -1
  const headers = Object.entries(request.headers).map(([name, value]) => [name, [value].flat().join(', ')])
  return {
    method: request.method,
    path: rest === undefined ? '' : `/${rest}`,
    query: new URLSearchParams(mark < 0 ? '' : request.raw.url?.slice(mark + 1)),
    headers: Object.fromEntries(headers),
    body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
    remoteAddress: request.ip,
    at: clock(),
  }
}

function send(reply: FastifyReply, { status, headers = {}, body = '' }: HookReply): FastifyReply {
  for (const [name, value] of Object.entries(headers)) reply.header(name, value)
  if (reply.getHeader('content-type') === undefined) reply.type('text/plain; charset=utf-8')
  return reply.code(status).send(body)
}

/** Channels by id, read again after a moment: a platform's burst should not become one of queries. */
class Channels {
  readonly #parts: HookParts
  readonly #known = new Map<string, { served: Served; readAt: number }>()

  constructor(parts: HookParts) {
    this.#parts = parts
  }

  /** Faults in the same words whether there is no such channel, it is of another kind, or it is switched off. */
  async find(kind: string, channelId: string): Promise<Served> {
    const known = this.#parts.registry.find(kind)
    if (!isId('chn', channelId) || (known?.hook ?? known?.accept) === undefined) throw unknownAddress()
    return this.#find(kind, channelId)
  }

  async #find(kind: string, channelId: string): Promise<Served> {
    const known = this.#known.get(channelId)
    const fresh = known !== undefined && performance.now() - known.readAt < 1000
    const served = fresh ? known.served : await this.#read(channelId, known?.served)
    if (served === undefined || served.kind.kind !== kind) throw unknownAddress()
    return served
  }

  async #read(channelId: string, before: Served | undefined): Promise<Served | undefined> {
    const { db, registry, vault, log } = this.#parts
    const row = await findServedChannel(db, channelId)
    if (row === undefined) {
      this.#known.delete(channelId)
      return undefined
    }
    const served = before?.fingerprint === fingerprintOf(row) ? before : serve(row, registry, vault, log)
    if (served === undefined) throw new Fault('unavailable', 'channel-unavailable', 'The channel cannot be served now.')
    this.#known.set(channelId, { served, readAt: performance.now() })
    return served
  }
}

const statusOf: Partial<Record<FaultKind, number>> = {
  invalid: 400,
  'not-found': 404,
  'too-large': 413,
  unavailable: 503,
}

function answerError(parts: HookParts, error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const fault = faultOf(error)
  const { kind, channelId } = request.params as { kind?: string; channelId?: string }
  if (fault === undefined || fault.kind === 'unavailable') {
    parts.log.error({ err: error, kind, channelId, requestId: request.id }, 'a hook failed')
  }
  const status = fault === undefined ? 500 : (statusOf[fault.kind] ?? 500)
  if (status === 503) reply.header('retry-after', String(fault?.retryAfterSeconds ?? 5))
  const code = status === 500 ? 'internal' : (fault?.code ?? 'internal')
  const problem = {
    type: `urn:tributary:problem:${code}`,
    title: STATUS_CODES[status],
    status,
    detail: status === 500 ? 'Something went wrong here; it has been noted.' : fault?.message,
    code,
    instance: `urn:tributary:request:${request.id}`,
    ...(fault !== undefined && fault.errors.length > 0 && { errors: fault.errors }),
  }
  return reply.code(status).type('application/problem+json').send(JSON.stringify(problem))
}

/** What may be told of a failure. A body over the limit is the framework's to notice. */
function faultOf(error: unknown): Fault | undefined {
  if (error instanceof Fault) return error
  const { code, statusCode } = error as { code?: unknown; statusCode?: unknown }
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new Fault('too-large', 'body-too-large', 'A call has at most 1 MB.')
  }
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) {
    return new Fault('invalid', 'request-malformed', 'This is not a request the hub can read.')
  }
  if (isOutage(error)) return new Fault('unavailable', 'hub-unavailable', 'The hub cannot answer at the moment.')
  return undefined
}

function unknownAddress(): Fault {
  return new Fault('not-found', 'route-unknown', 'There is nothing at this address.')
}
