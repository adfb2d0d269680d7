/** /v1/health: whether this process can serve now, for those who watch over it. */
import { Type } from 'typebox'
import { OneOf } from '../../core/events/shapes.ts'
import type { RoutePlugin, ServerParts } from '../server.ts'

const Word = OneOf('ok', 'failing')

const Health = Type.Object({ status: Word, checks: Type.Record(Type.String(), Word) })

export const health =
  (parts: ServerParts): RoutePlugin =>
  async (app) => {
    const checks = { database: () => parts.db.health(), ...parts.healthChecks }

    app.get(
      '/v1/health',
      {
        config: { permission: 'public', unlimited: true },
        schema: {
          operationId: 'readHealth',
          tags: ['operations'],
          summary: 'Whether the hub can serve now',
          description: '503 when a part that it needs does not work; `checks` names it.',
          response: { 200: Health, 503: Health },
        },
      },
      async (_request, reply) => {
        const results = await Promise.all(
          Object.entries(checks).map(async ([name, check]) => [name, await works(check)] as const),
        )
        const isWell = results.every(([, well]) => well)
        reply.code(isWell ? 200 : 503)
        return {
          status: isWell ? ('ok' as const) : ('failing' as const),
          checks: Object.fromEntries(
            results.map(([name, well]) => [name, well ? ('ok' as const) : ('failing' as const)]),
          ),
        }
      },
    )
  }

async function works(check: () => Promise<boolean> | boolean): Promise<boolean> {
  try {
    return await check()
  } catch {
    return false
  }
}
