/** /metrics: figures of this process in Prometheus' text format. */
import { Registry } from 'prom-client'
import { Type } from 'typebox'
import type { RoutePlugin, ServerParts } from '../server.ts'

export const metrics =
  (parts: ServerParts): RoutePlugin =>
  async (app) => {
    const registry = parts.metrics ?? new Registry()
    app.get(
      '/metrics',
      {
        config: { permission: 'metrics:read', raw: true },
        schema: {
          operationId: 'readMetrics',
          tags: ['operations'],
          summary: 'Figures of this process, as Prometheus reads them',
          response: { 200: { content: { 'text/plain': { schema: Type.String() } } } },
        },
      },
      async (_request, reply) => reply.type(registry.contentType).send(await registry.metrics()),
    )
  }
