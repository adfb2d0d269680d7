/**
 * The HTTP server of the hub, built but not listening. Order is explicit: ground first, then the routes in the order
 * they are given. A route file exports `(parts) => RoutePlugin` and gets everything it needs from `parts`.
 */

import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import websocket from '@fastify/websocket'
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyPluginAsync,
  type RawReplyDefaultExpression,
  type RawRequestDefaultExpression,
  type RawServerDefault,
} from 'fastify'
import type { Registry } from 'prom-client'
import type { Clock } from '../core/platform/clock.ts'
import type { Database } from '../core/platform/database.ts'
import type { Logger } from '../core/platform/log.ts'
import type { Vault } from '../core/platform/secrets.ts'
import type { Wake } from '../core/platform/wake.ts'
import { auditRequests } from './audit/auditing.ts'
import { authenticate } from './plugins/auth.ts'
import { answerClientError, answerErrors, errorHandler } from './plugins/errors.ts'
import { guardRoutes } from './plugins/guard.ts'
import { describeApi } from './plugins/openapi.ts'
import { limitRates } from './plugins/rate-limit.ts'
import { identifyRequests } from './plugins/request-id.ts'
import { measureRequests } from './plugins/request-metrics.ts'
import { secureHeaders } from './plugins/security-headers.ts'
import { validateRequests } from './plugins/validation.ts'

export interface ServerSettings {
  /** Where people and platforms reach the hub, without a slash at the end: `https://hub.example`. */
  readonly publicUrl: string
  /** Further origins whose pages may open sockets, as `https://host[:port]`. */
  readonly allowedOrigins: readonly string[]
  /** Addresses or networks of reverse proxies whose X-Forwarded-* count; empty: none. */
  readonly trustedProxies: readonly string[]
  readonly bodyLimitBytes: number
  /** Requests a minute of one credential. */
  readonly requestsPerMinute: number
  /** Requests a minute of one address that come without a valid credential. */
  readonly anonymousRequestsPerMinute: number
  readonly loginFailuresPerAccount: number
  readonly loginFailuresPerAddress: number
  readonly loginWindowMinutes: number
  readonly sessionIdleHours: number
  readonly sessionDays: number
  /** How long an answer waits for routing's decision before it becomes 202. */
  readonly commandWaitMs: number
  /** How long the answer to an Idempotency-Key is kept. */
  readonly idempotencyHours: number
}

/** What routes are given. `serve.ts` makes it; nothing in it is changed afterwards. */
export interface ServerParts {
  readonly db: Database
  readonly wake: Wake
  readonly log: Logger
  readonly clock: Clock
  readonly vault: Vault
  readonly settings: ServerSettings
  /** Further checks of GET /v1/health, by name: whether that part works now. */
  readonly healthChecks?: Readonly<Record<string, () => Promise<boolean> | boolean>>
  /** Where the process keeps its figures; answers are measured into it, GET /metrics shows it. */
  readonly metrics?: Registry
}

export type Server = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>

/** Routes of one subject. Registered in a scope of its own: its hooks and parsers reach nobody else. */
export type RoutePlugin = FastifyPluginAsync<Record<never, never>, RawServerDefault, TypeBoxTypeProvider>

/**
 * Builds the server with those routes. Rejects when a route names no permission or no response schema. Call `listen`
 * or `inject` on what it returns, and `close` when done.
 */
export async function buildServer(parts: ServerParts, routes: readonly RoutePlugin[]): Promise<Server> {
  const { settings } = parts
  const app = Fastify({
    logger: false,
    bodyLimit: settings.bodyLimitBytes,
    trustProxy: settings.trustedProxies.length > 0 ? [...settings.trustedProxies] : false,
    genReqId: identifyRequests,
    requestTimeout: 30_000,
    // What is under way is finished; streams were told to go before.
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    exposeHeadRoutes: false,
    onProtoPoisoning: 'error',
    onConstructorPoisoning: 'error',
    clientErrorHandler: answerClientError,
    frameworkErrors: errorHandler(parts.log),
    routerOptions: { maxParamLength: 200 },
    http: { maxHeaderSize: 16_384 },
  }).withTypeProvider<TypeBoxTypeProvider>()

  // Else a connection whose last answer comes after this moment would be kept alive, and closing would wait for it.
  let closing = false
  app.addHook('preClose', async () => {
    closing = true
  })
  app.addHook('onSend', async (_request, reply) => {
    if (closing) reply.header('connection', 'close')
  })
  app.removeContentTypeParser('text/plain')
  validateRequests(app)
  answerErrors(app, parts)
  secureHeaders(app, parts)
  measureRequests(app, parts)
  await app.register(websocket, {
    errorHandler: (error, socket) => {
      parts.log.error({ err: error }, 'a socket handler failed')
      socket.terminate()
    },
    options: {
      // What platforms say that dial us; of clients' frames stream/client-frames.ts takes less.
      maxPayload: 1_048_576,
      perMessageDeflate: false,
      handleProtocols: (offered) => (offered.has('tributary.v1') ? 'tributary.v1' : false),
    },
  })
  guardRoutes(app)
  authenticate(app, parts, await limitRates(app, parts))
  auditRequests(app, parts)
  await describeApi(app, parts)
  for (const route of routes) await app.register(route)
  return app
}
