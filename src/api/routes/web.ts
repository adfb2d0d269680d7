/**
 * The pages that ship with the hub, as they were built into web/dist: the console, the visitors' widget and its loader,
 * and a page to try a channel on. They speak to the public API alone, and run under a policy that lets them do no more.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import files from '@fastify/static'
import { publicly } from '../plugins/guard.ts'
import type { RoutePlugin, ServerParts } from '../server.ts'

const strict = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "media-src 'self' blob: data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
]

/** Serves `directory`; without one (an API-only process) there are no pages. */
export const web =
  (parts: ServerParts, directory: string): RoutePlugin =>
  async (app) => {
    if (!existsSync(join(directory, 'console', 'index.html'))) {
      parts.log.warn({}, 'there are no pages: web/dist was not built')
      return
    }
    publicly(app)
    const sockets = parts.settings.publicUrl.replace(/^http/, 'ws')
    await app.register(files, {
      root: directory,
      prefix: '/',
      index: 'index.html',
      redirect: true,
      cacheControl: false,
      setHeaders(reply, path) {
        const inWidget = path.includes(`${directory}/widget/`)
        const frames = inWidget ? '*' : "'none'"
        const policy = [...strict, `frame-src 'self'`, `frame-ancestors ${frames}`]
        reply.header(
          'content-security-policy',
          policy.join('; ').replace("connect-src 'self'", `connect-src 'self' ${sockets}`),
        )
        // The loader and the widget are for other sites' pages; the rest is for ours alone.
        if (inWidget || path.endsWith('/w.js')) {
          reply.header('x-frame-options', '')
          reply.header('cross-origin-resource-policy', 'cross-origin')
        }
        const hashed = /\/assets\/[^/]+-[\w-]{8,}\.\w+$/.test(path)
        reply.header('cache-control', hashed ? 'public, max-age=31536000, immutable' : 'no-cache')
      },
    })
    app.get('/', { config: { permission: 'public', raw: true } }, async (_request, reply) =>
      reply.redirect('/console/'),
    )
  }
