/** How long answers take, by route, method and status. */
import type { FastifyInstance } from 'fastify'
import { Histogram } from 'prom-client'
import type { ServerParts } from '../server.ts'

export function measureRequests(app: FastifyInstance, { metrics }: ServerParts): void {
  if (metrics === undefined) return
  const seconds = new Histogram({
    name: 'tributary_http_request_seconds',
    help: 'How long answers took.',
    labelNames: ['route', 'method', 'status'],
    buckets: [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 3, 10],
    registers: [metrics],
  })
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'unknown'
    seconds.observe({ route, method: request.method, status: reply.statusCode }, reply.elapsedTime / 1000)
  })
}
