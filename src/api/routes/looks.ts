/**
 * How a web chat looks, for whoever shows it: style sheets over those of the loader and the widget, and the pictures they name.
 * Public, as the pages are that carry them. And /chat/<link>: the chat as a page, by a word of the business.
 */
import { type Static, Type } from 'typebox'
import { webchat } from '../../connectors/webchat/index.ts'
import { type Look, launcherSheet, type PictureAddress, windowSheet } from '../../connectors/webchat/look.ts'
import { findFile } from '../../core/conversations/files.ts'
import { findLinkedChannel, findServedChannel, type ServedChannel } from '../../core/conversations/served-channels.ts'
import { Id, OneOf } from '../../core/events/shapes.ts'
import { Fault } from '../../core/platform/errors.ts'
import { closed } from '../schemas.ts'
import type { RoutePlugin } from '../server.ts'
import { read } from '../transactions.ts'
import type { FileServerParts } from '../uploads.ts'

const tags = ['visitor']
const NoQuery = Type.Object({}, closed)
const SheetOf = Type.Object({ id: Id('chn'), sheet: OneOf('launcher.css', 'window.css') }, closed)
const PictureOf = Type.Object({ id: Id('chn'), picture: OneOf('logo', 'iconFile'), file: Id('fil') }, closed)

export const looks =
  (parts: FileServerParts): RoutePlugin =>
  async (app) => {
    const { db } = parts

    /** The web chat of that id. Faults with `channel-unknown`. */
    const webchatOf = async (id: string): Promise<ServedChannel & { look: Look }> => {
      const channel = await findServedChannel(db, id)
      if (channel === undefined || channel.kind !== webchat.kind) throw unknown(id)
      return { ...channel, look: (channel.settings.look ?? {}) as Look }
    }

    app.addHook('onSend', async (_request, reply) => {
      reply.header('cross-origin-resource-policy', 'cross-origin').header('access-control-allow-origin', '*')
    })

    app.get(
      '/v1/visitor/looks/:id/:sheet',
      {
        config: { permission: 'public', raw: true, unlimited: true },
        schema: {
          operationId: 'getLookSheet',
          tags,
          summary: 'The style sheet of a web chat: of its launcher, of its window',
          description: 'What the settings’ `look` says, over the sheets that the loader and the widget bring along.',
          params: SheetOf,
          querystring: NoQuery,
        },
      },
      async (request, reply) => {
        const { id, sheet } = request.params as Static<typeof SheetOf>
        const { look } = await webchatOf(id)
        const addressOf: PictureAddress = (name) =>
          `${parts.settings.publicUrl}/v1/visitor/looks/${id}/pictures/${name}/${look[name]}`
        reply.type('text/css; charset=utf-8').header('cache-control', 'public, max-age=60')
        return sheet === 'launcher.css' ? launcherSheet(look, addressOf) : windowSheet(look, addressOf)
      },
    )

    app.get(
      '/v1/visitor/looks/:id/pictures/:picture/:file',
      {
        config: { permission: 'public', raw: true, unlimited: true },
        schema: {
          operationId: 'getLookPicture',
          tags,
          summary: 'A picture of a web chat’s look, re-encoded as WebP',
          params: PictureOf,
          querystring: NoQuery,
        },
      },
      async (request, reply) => {
        const { id, picture, file } = request.params as Static<typeof PictureOf>
        const { look, tenantId } = await webchatOf(id)
        const row = look[picture] === file ? await read(parts, { id, tenantId }, (tx) => findFile(tx, file)) : undefined
        const body = row?.thumbnailKey ? await parts.files.blobs.get(row.thumbnailKey) : undefined
        if (body === undefined) throw new Fault('not-found', 'file-unknown', `There is no file ${file}.`)
        reply.headers({
          'content-type': 'image/webp',
          'content-length': String(row?.thumbnailBytes),
          'content-security-policy': "sandbox; default-src 'none'",
          'cache-control': 'public, max-age=31536000, immutable',
        })
        return reply.send(body)
      },
    )

    app.get(
      '/chat/:link',
      {
        config: { permission: 'public', raw: true, unlimited: true },
        // A page: whatever else stands in its address (where people came from) is not ours to refuse.
        schema: {
          hide: true,
          params: Type.Object({ link: Type.String({ pattern: '^[a-z0-9-]{3,40}$' }) }, closed),
        },
      },
      async (request, reply) => {
        const { link } = request.params as { link: string }
        const channel = await findLinkedChannel(db, link)
        if (channel === undefined) throw unknown(link)
        return reply.redirect(`${parts.settings.publicUrl}/widget/?channel=${channel.id}`)
      },
    )
  }

function unknown(id: string): Fault {
  return new Fault('not-found', 'channel-unknown', `There is no web chat ${id}.`)
}
