/**
 * Who asks, and whether they may. Denies by default: a route is open only to what its `config.permission` names.
 *
 * A credential comes as `Authorization: Bearer …`, as the console's cookie, or, from a browser's WebSocket, which can set
 * no header, as the second of `Sec-WebSocket-Protocol: tributary.v1, bearer.<token>`.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Fault } from '../../core/platform/errors.ts'
import { findCredential } from '../../core/tenancy/credentials.ts'
import type { MemberPrincipal, Principal, VisitorPrincipal } from '../../core/tenancy/principals.ts'
import { type Permission, permissionsOfRole, permissionsOfScopes, type RoutePermission } from '../permissions.ts'
import type { ServerParts } from '../server.ts'
import type { RateLimits } from './rate-limit.ts'

export const sessionCookie = 'tributary_session'

declare module 'fastify' {
  interface FastifyRequest {
    /** Whoever asks, where the route is not public: the actor of its transactions. */
    readonly principal: Principal
    /** The same where it may be nobody. */
    asker: Principal | undefined
    /** The token it came with, for a stream that asks again later whether it still holds. */
    token: string | undefined
  }
}

/** A request's member; faults with `member-required` for a key or a visitor. */
export function memberOf(request: FastifyRequest): MemberPrincipal {
  const { principal } = request
  if (principal.kind !== 'member') {
    throw new Fault('forbidden', 'member-required', 'Only a member who is logged in can do this.')
  }
  return principal
}

/** A request's visitor, on routes of permission `visitor`. */
export function visitorOf(request: FastifyRequest): VisitorPrincipal {
  const { principal } = request
  if (principal.kind !== 'visitor') throw new TypeError('Only a route of permission visitor has a visitor.')
  return principal
}

/** Whom a token speaks for now; undefined when nobody. Sockets ask this again while they live. */
export async function principalOf(parts: ServerParts, token: string): Promise<Principal | undefined> {
  const found = await findCredential(parts.db, token, {
    idleMs: parts.settings.sessionIdleHours * 3_600_000,
    now: parts.clock(),
  })
  if (found === undefined) return undefined
  const { tenantId } = found
  if (found.kind === 'session') {
    const { memberId, id: credential, role, groupIds } = found
    return { kind: 'member', id: memberId, tenantId, credential, role, permissions: permissionsOfRole(role), groupIds }
  }
  if (found.kind === 'key') {
    return { kind: 'key', id: found.id, tenantId, credential: found.id, permissions: permissionsOfScopes(found.scopes) }
  }
  const { visitorId, credential, channelId, subject } = found
  return { kind: 'visitor', id: visitorId, tenantId, credential, channelId, subject, permissions: new Set() }
}

/** Faults with `permission-missing` unless the principal has it: for routes whose need depends on what is asked. */
export function requirePermission(principal: Principal, permission: Exclude<RoutePermission, 'public'>): void {
  if (!mayPass(principal, permission)) {
    throw new Fault('forbidden', 'permission-missing', `This needs the permission ${permission}.`)
  }
}

/** Nobody hands out, or takes over, more than they have themselves. Faults with `permission-exceeded`. */
export function requireNoMore(principal: Principal, granted: ReadonlySet<Permission>): void {
  for (const permission of granted) {
    if (!principal.permissions.has(permission)) {
      throw new Fault('forbidden', 'permission-exceeded', `You have not got the permission ${permission} yourself.`)
    }
  }
}

export function authenticate(app: FastifyInstance, parts: ServerParts, limits: RateLimits): void {
  app.decorateRequest('asker', undefined)
  app.decorateRequest('token', undefined)
  app.decorateRequest('principal', {
    getter(this: FastifyRequest): Principal {
      if (this.asker === undefined) throw new TypeError('A public route has no principal.')
      return this.asker
    },
  })
  app.addHook('onRequest', async (request, reply) => {
    // Without a route there is nothing to protect: the not-found handler answers.
    if (request.is404) return
    const { permission, raw, unlimited } = request.routeOptions.config
    if (permission === 'public') {
      // A page comes with a dozen files, from offices where many share an address.
      if (raw !== true && unlimited !== true) await limits.ofAddress(request, reply)
      return
    }
    const given = credentialOf(request)
    // Visitors' sockets are opened by the pages of others: their route holds the channel's own list of sites.
    if (isWebSocket(request) && permission !== 'visitor') requireOwnOrigin(request, parts, given?.from === 'cookie')
    else if (given?.from === 'cookie' && isUnsafe(request.method)) requireOwnOrigin(request, parts, true)
    if (given !== undefined) request.asker = await principalOf(parts, given.token)
    if (request.asker === undefined) {
      // Guesses at tokens are counted with whatever else comes from there.
      await limits.ofAddress(request, reply)
      throw given === undefined
        ? new Fault('unauthenticated', 'credential-missing', 'A session, an API key or a visitor token is needed.')
        : new Fault('unauthenticated', 'credential-invalid', 'The credential is unknown, expired or revoked.')
    }
    request.token = given?.token
    await limits.ofCredential(request, reply)
    if (permission === undefined) throw new TypeError('A route without permission was reached.')
    requirePermission(request.asker, permission)
  })
}

function mayPass(principal: Principal, permission: RoutePermission): boolean {
  if (permission === 'public') return true
  if (permission === 'visitor') return principal.kind === 'visitor'
  if (principal.kind === 'visitor') return false
  return permission === 'anyone' || principal.permissions.has(permission)
}

function credentialOf(request: FastifyRequest): { token: string; from: 'header' | 'cookie' } | undefined {
  const { authorization, cookie } = request.headers
  if (authorization !== undefined) {
    const token = /^Bearer ([\w-]{1,400})$/i.exec(authorization)?.[1]
    // A header of another form is a wrong credential, not none: the cookie must not stand in for it.
    return { token: token ?? '', from: 'header' }
  }
  if (isWebSocket(request)) {
    const offered = request.headers['sec-websocket-protocol']?.split(',').map((word) => word.trim()) ?? []
    const bearer = offered.find((word) => word.startsWith('bearer.'))
    if (bearer !== undefined) return { token: bearer.slice('bearer.'.length), from: 'header' }
  }
  const token = cookieNamed(cookie ?? '', sessionCookie)
  return token === undefined ? undefined : { token, from: 'cookie' }
}

/** The value of a cookie in a Cookie header; the first where a name comes twice. */
export function cookieNamed(header: string, name: string): string | undefined {
  for (const pair of header.split(';')) {
    const [key, value] = pair.split('=', 2)
    if (key?.trim() === name) return value?.trim()
  }
  return undefined
}

function isWebSocket(request: FastifyRequest): boolean {
  return request.headers.upgrade?.toLowerCase() === 'websocket'
}

function isUnsafe(method: string): boolean {
  return method !== 'GET' && method !== 'HEAD' && method !== 'OPTIONS'
}

/** A page elsewhere must not act with the cookie that a browser adds, nor open a socket. Faults with `origin-foreign`. */
function requireOwnOrigin(request: FastifyRequest, { settings }: ServerParts, needed: boolean): void {
  const { origin } = request.headers
  if (origin === undefined && !needed) return
  if (origin !== undefined) {
    if (origin === new URL(settings.publicUrl).origin || settings.allowedOrigins.includes(origin)) return
    if (URL.canParse(origin) && new URL(origin).host === request.host) return
  }
  throw new Fault('forbidden', 'origin-foreign', 'This is not accepted from a page of another origin.')
}
