/**
 * Nothing is reachable by omission: a route that names no permission, does not say what it answers, or changes something and
 * says neither what is audited of it nor why nothing is, stops the server from starting. The response schema is also what keeps undeclared members from leaving.
 */
import type { FastifyInstance, RouteOptions } from 'fastify'
import { isRoutePermission, type RoutePermission } from '../permissions.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may call. Required of every route. */
    permission?: RoutePermission
    /** It answers with something other than JSON (a page, a file, a stream), so it has no response schema. */
    raw?: true
    /** Public, and not counted against the allowance of the caller's address. */
    unlimited?: true
    /** A POST that is refused without an Idempotency-Key. */
    idempotencyKey?: 'required'
  }
}

export function guardRoutes(app: FastifyInstance): void {
  const routes: RouteOptions[] = []
  // Looked at only once all hooks of inner scopes have run, so that a scope can name the permission of routes that a
  // library registers in it (see publicly).
  app.addHook('onRoute', (route) => {
    routes.push(route)
  })
  app.addHook('onReady', async () => {
    const bad = routes.flatMap((route) => {
      const name = `${[route.method].flat().join(',')} ${route.url}`
      if (!isRoutePermission(route.config?.permission)) return [`${name} names no known permission`]
      const answers = (route.schema as { response?: unknown } | undefined)?.response
      if (answers === undefined && route.config?.raw !== true) return [`${name} has no response schema`]
      const { audit, unaudited } = route.config ?? {}
      if (audit !== undefined && !/^[a-z][a-z-]*\.[a-z][a-z-]*$/.test(audit)) return [`${name} audits no noun.verb`]
      const changes = [route.method].flat().some((method) => !['GET', 'HEAD', 'OPTIONS'].includes(method))
      if (changes && audit === undefined && !unaudited?.includes(' ')) {
        return [`${name} says neither what it audits nor why not (config.audit, config.unaudited)`]
      }
      return []
    })
    if (bad.length > 0) throw new TypeError(`The server does not start: ${bad.join('; ')}.`)
  })
}

/** Within this scope every route that names no permission is a public page: for libraries that register their own. */
export function publicly(scope: FastifyInstance): void {
  scope.addHook('onRoute', (route) => {
    route.config = { permission: 'public', raw: true, ...route.config }
  })
}
