/** Which pages may show a web chat: those of the channel's own list of sites, and our own. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { webchat } from '../connectors/webchat/index.ts'
import { findServedChannel, type ServedChannel } from '../core/conversations/served-channels.ts'
import { Fault } from '../core/platform/errors.ts'
import { visitorOf } from './plugins/auth.ts'
import type { ServerParts } from './server.ts'

/** The web chat of that id. Faults with `channel-unknown`, or `origin-foreign` when the page may not show it. */
export async function admitted(parts: ServerParts, request: FastifyRequest, channelId: string): Promise<ServedChannel> {
  const channel = await findServedChannel(parts.db, channelId)
  if (channel === undefined || channel.kind !== webchat.kind) {
    throw new Fault('not-found', 'channel-unknown', `There is no web chat ${channelId}.`)
  }
  const { origin } = request.headers
  const sites = channel.settings.origins
  if (origin === undefined || !Array.isArray(sites) || sites.length === 0 || sites.includes(origin)) return channel
  if (isOwn(origin, request, parts)) return channel
  throw new Fault('forbidden', 'origin-foreign', 'This site may not show the web chat.')
}

/** For routes of a visitor's token: its channel admits the page that asks. */
export function requireSite(parts: ServerParts) {
  return async (request: FastifyRequest): Promise<void> => {
    await admitted(parts, request, visitorOf(request).channelId)
  }
}

/** Pages of any site may ask: a token is in no browser's cookie, and the channel's own list of sites is held by requireSite. */
export function openToAllSites(app: { addHook: FastifyInstance['addHook'] }): void {
  app.addHook('onSend', async (_request, reply) => {
    reply.header('access-control-allow-origin', '*').header('cross-origin-resource-policy', 'cross-origin')
    reply.header('access-control-expose-headers', 'retry-after')
  })
}

function isOwn(origin: string, request: FastifyRequest, { settings }: ServerParts): boolean {
  if (origin === new URL(settings.publicUrl).origin || settings.allowedOrigins.includes(origin)) return true
  return URL.canParse(origin) && new URL(origin).host === request.host
}
