/**
 * Every failure leaves as application/problem+json (RFC 9457). A Fault is foreseen and says what it says; what the
 * framework refuses gets a code of ours; everything else is a bug or an outage, of which the caller learns only that.
 */
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { isOutage } from '../../core/platform/database.ts'
import { Fault, type FaultDetail, type FaultKind } from '../../core/platform/errors.ts'
import type { Logger } from '../../core/platform/log.ts'
import type { ServerParts } from '../server.ts'
import { refusals } from './refusals.ts'

export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: string
  readonly instance: string
  readonly errors?: readonly FaultDetail[]
}

const statusOfKind: Readonly<Record<FaultKind, number>> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  'not-found': 404,
  conflict: 409,
  stale: 412,
  'precondition-required': 428,
  'too-large': 413,
  unsupported: 415,
  'rate-limited': 429,
  unavailable: 503,
}

/** Codes whose status a standard fixes otherwise than their kind does (draft-ietf-httpapi-idempotency-key-header, 2.7). */
const statusOfCode: Readonly<Record<string, number>> = { 'idempotency-key-reused': 422 }

/** A fault as it is told: in a problem, in a `refused` frame. */
export function problemOf(fault: Fault, requestId: string): Problem {
  const status = statusOfCode[fault.code] ?? statusOfKind[fault.kind]
  return {
    type: `urn:tributary:problem:${fault.code}`,
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail: fault.message,
    code: fault.code,
    instance: `urn:tributary:request:${requestId}`,
    ...(fault.errors.length > 0 && { errors: fault.errors }),
  }
}

/** Whatever was thrown, as something that may be told: faults as they are, everything else in fixed words. */
export function tellable(error: unknown): Fault | undefined {
  if (error instanceof Fault) return error
  const known = refusals(error)
  if (known !== undefined) return known
  if (isOutage(error)) {
    return new Fault('unavailable', 'hub-unavailable', 'The hub cannot answer at the moment; try again.', {
      cause: error,
      retryAfterSeconds: 1,
    })
  }
  return undefined
}

/** Answers whatever was thrown, and notes it when it is not the caller's doing. */
export function errorHandler(log: Logger) {
  return (error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const fault = tellable(error)
    if (fault === undefined || fault.kind === 'unavailable') {
      log.error({ err: error, requestId: request.id, route: request.routeOptions?.url }, 'a request failed')
    }
    return fault === undefined ? sendInternal(request, reply) : sendFault(fault, request, reply)
  }
}

export function answerErrors(app: FastifyInstance, { log }: ServerParts): void {
  const routes: { readonly pattern: RegExp; readonly methods: readonly string[] }[] = []
  app.addHook('onRoute', (route) => {
    // A page's files match everything; that says nothing of what is there.
    if (!route.url.includes('*')) routes.push({ pattern: patternOf(route.url), methods: [route.method].flat() })
  })

  app.setErrorHandler(errorHandler(log))

  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0] ?? ''
    const allowed = new Set(routes.filter((route) => route.pattern.test(path)).flatMap((route) => route.methods))
    if (allowed.size === 0 || allowed.has(request.method)) {
      return sendFault(new Fault('not-found', 'route-unknown', 'There is nothing at this address.'), request, reply)
    }
    reply.header('allow', [...allowed].sort().join(', '))
    const fault = new Fault('not-found', 'method-unsupported', 'This address does not know that method.')
    return sendProblem({ ...problemOf(fault, request.id), status: 405, title: 'Method Not Allowed' }, reply)
  })

  app.addHook('onSend', async (request, reply) => {
    reply.header('x-request-id', request.id)
  })
  app.addHook('onResponse', async (request, reply) => {
    log.debug(
      {
        requestId: request.id,
        method: request.method,
        route: request.routeOptions.url,
        status: reply.statusCode,
        tenantId: request.asker?.tenantId,
        actorId: request.asker?.id,
        ms: Math.round(reply.elapsedTime),
      },
      'answered',
    )
  })
}

/** What is not even HTTP gets a problem too, then the connection ends. */
export function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return
  const status = error.code === 'HPE_HEADER_OVERFLOW' ? 431 : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400
  const body = JSON.stringify({
    type: 'urn:tributary:problem:request-malformed',
    title: STATUS_CODES[status],
    status,
    detail: 'This is not a request the hub can read.',
    code: 'request-malformed',
  })
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: application/problem+json\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
}

function sendFault(fault: Fault, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (fault.retryAfterSeconds !== undefined) reply.header('retry-after', String(Math.ceil(fault.retryAfterSeconds)))
  if (fault.kind === 'unauthenticated') reply.header('www-authenticate', 'Bearer')
  return sendProblem(problemOf(fault, request.id), reply)
}

function sendInternal(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return sendProblem(
    {
      type: 'urn:tributary:problem:internal',
      title: 'Internal Server Error',
      status: 500,
      detail: 'Something went wrong here; it has been noted.',
      code: 'internal',
      instance: `urn:tributary:request:${request.id}`,
    },
    reply,
  )
}

function sendProblem(problem: Problem, reply: FastifyReply): FastifyReply {
  // As text, so that no response schema of the route touches it.
  return reply
    .code(problem.status)
    .removeHeader('etag')
    .type('application/problem+json')
    .serializer((text: unknown) => text as string)
    .send(JSON.stringify(problem))
}

/** A route's address as a pattern: `:name` is one segment. */
function patternOf(url: string): RegExp {
  const source = url
    .split(/(:[^/]+)/)
    .map((piece) => (piece.startsWith(':') ? '[^/]+' : piece.replace(/[.+?^${}()|[\]\\]/g, '\\$&')))
    .join('')
  return new RegExp(`^${source}/?$`)
}
