/** Headers that every answer carries unless its route says otherwise: JSON needs nothing of what a page may do. */
import type { FastifyInstance } from 'fastify'
import type { ServerParts } from '../server.ts'

const headers: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cache-control': 'no-store',
}

/** A page that may be framed elsewhere removes X-Frame-Options by setting it to the empty text. */
export function secureHeaders(app: FastifyInstance, { settings }: ServerParts): void {
  const secure = settings.publicUrl.startsWith('https:')
  app.addHook('onSend', async (_request, reply) => {
    for (const [name, value] of Object.entries(headers)) {
      if (!reply.hasHeader(name) && !reply.raw.hasHeader(name)) reply.header(name, value)
    }
    if (reply.getHeader('x-frame-options') === '') reply.removeHeader('x-frame-options')
    if (secure) reply.header('strict-transport-security', 'max-age=31536000')
  })
}
