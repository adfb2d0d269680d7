/** /v1/channels: accounts on platforms, and the kinds there are. */
import { type Static, Type } from 'typebox'
import type { Check } from '../../connectors/contract.ts'
import type { Registry } from '../../connectors/registry.ts'
import { hookUrlOf } from '../../connectors/runtime/hub.ts'
import {
  type ChannelRow,
  createChannel,
  getChannel,
  listChannels,
  removeChannel,
  toChannel,
  updateChannel,
} from '../../core/conversations/channels.ts'
import { Channel, Id, Nullable } from '../../core/events/shapes.ts'
import { pageAnswer, pageRequest } from '../cursors.ts'
import { idempotent } from '../plugins/idempotency.ts'
import { ById, closed, ListQuery, Name, Nothing, Page, Whole } from '../schemas.ts'
import type { RoutePlugin, ServerParts } from '../server.ts'
import { read, write } from '../transactions.ts'
import { etagOf, ifMatch, withEtag } from '../versions.ts'

export interface ChannelParts extends ServerParts {
  readonly registry: Registry
  /** "Test connection" of a channel, by the connectors' runtime. */
  readonly probe?: (channelId: string) => Promise<Check[]>
}

const Settings = Type.Record(Type.String({ maxLength: 100 }), Type.Unknown(), {
  description: 'As the kind describes them. Secrets come back as ****; sent back so, they stay as they are.',
})

const Kind = Type.Object({
  kind: Type.String(),
  title: Type.String(),
  titles: Type.Optional(
    Type.Record(Type.String(), Type.String(), { description: 'The title in other languages, by tag.' }),
  ),
  schema: Type.Unknown({ description: 'JSON Schema of the settings; secret ones are marked `secret`.' }),
  capabilities: Type.Unknown(),
})

const CheckShape = Type.Object({
  name: Type.String(),
  ok: Type.Boolean(),
  detail: Type.String(),
  mend: Type.Optional(Type.String()),
})

const tags = ['channels']

export const channels =
  (parts: ChannelParts): RoutePlugin =>
  async (app) => {
    const { registry, vault, wake } = parts

    const show = (row: ChannelRow): Static<typeof Channel> => {
      const kind = registry.find(row.kind)
      if (kind?.hook === undefined && kind?.accept === undefined) return toChannel(row)
      return toChannel(row, hookUrlOf(parts.settings, { kind, channelId: row.id, settings: row.settings }))
    }
    app.get(
      '/v1/channel-kinds',
      {
        config: { permission: 'channel:read' },
        schema: {
          operationId: 'listChannelKinds',
          tags,
          summary: 'List the kinds of channel that can be set up',
          response: { 200: Whole(Kind) },
        },
      },
      async () => ({
        data: registry.kinds.map(({ kind, title, titles, config, capabilities }) => ({
          kind,
          title,
          ...(titles !== undefined && { titles: { ...titles } }),
          schema: config,
          capabilities,
        })),
      }),
    )

    app.get(
      '/v1/channels',
      {
        config: { permission: 'channel:read' },
        schema: {
          operationId: 'listChannels',
          tags,
          summary: 'List channels, oldest first',
          querystring: ListQuery({}),
          response: { 200: Page(Channel) },
        },
      },
      async (request) => {
        const list = ['channels', request.principal.tenantId]
        const page = pageRequest(vault, list, request.query)
        const found = await read(parts, request.principal, (tx) => listChannels(tx, page))
        return pageAnswer(vault, list, { data: found.data.map(show), next: found.next })
      },
    )

    app.post(
      '/v1/channels',
      {
        config: { permission: 'channel:write', audit: 'channel.create' },
        schema: {
          operationId: 'createChannel',
          tags,
          summary: 'Set up a channel',
          body: Type.Object(
            {
              kind: Type.String({ minLength: 1, maxLength: 64 }),
              name: Name(),
              settings: Type.Optional(Settings),
              groupId: Type.Optional(Nullable(Id('grp'))),
              enabled: Type.Optional(Type.Boolean()),
            },
            closed,
          ),
          response: { 201: Channel },
        },
      },
      async (request, reply) => {
        const { kind, settings = {}, ...rest } = request.body
        const answer = await idempotent<Static<typeof Channel>>(parts, request, reply, async (tx) => {
          const body = show(await createChannel(tx, vault, registry.formOf(kind), { settings, ...rest }))
          return { status: 201, body, headers: { location: `/v1/channels/${body.id}`, etag: etagOf(body.version) } }
        })
        wake.hint('channels')
        return answer
      },
    )

    app.get(
      '/v1/channels/:id',
      {
        config: { permission: 'channel:read' },
        schema: {
          operationId: 'getChannel',
          tags,
          summary: 'Read a channel',
          params: ById('chn'),
          response: { 200: Channel },
        },
      },
      async (request, reply) =>
        withEtag(reply, show(await read(parts, request.principal, (tx) => getChannel(tx, request.params.id)))),
    )

    app.patch(
      '/v1/channels/:id',
      {
        config: { permission: 'channel:write', audit: 'channel.update' },
        schema: {
          operationId: 'updateChannel',
          tags,
          summary: 'Change a channel',
          description: 'Settings are merged: null takes one away.',
          params: ById('chn'),
          body: Type.Object(
            {
              name: Type.Optional(Name()),
              settings: Type.Optional(Settings),
              groupId: Type.Optional(Nullable(Id('grp'))),
              enabled: Type.Optional(Type.Boolean()),
            },
            closed,
          ),
          response: { 200: Channel },
        },
      },
      async (request, reply) => {
        const version = ifMatch(request)
        const { id } = request.params
        const changed = await write(parts, request.principal, async (tx) => {
          const { kind } = await getChannel(tx, id)
          return updateChannel(tx, vault, registry.formOf(kind), id, request.body, version)
        })
        wake.hint('channels')
        return withEtag(reply, show(changed))
      },
    )

    app.delete(
      '/v1/channels/:id',
      {
        config: { permission: 'channel:write', audit: 'channel.remove' },
        schema: {
          operationId: 'removeChannel',
          tags,
          summary: 'Take a channel away',
          description: 'Its conversations stay; what has not been sent yet fails.',
          params: ById('chn'),
          response: { 204: Nothing },
        },
      },
      async (request, reply) => {
        const version = ifMatch(request)
        await write(parts, request.principal, (tx) => removeChannel(tx, request.params.id, version))
        wake.hint('channels')
        reply.code(204)
        return null
      },
    )

    app.post(
      '/v1/channels/:id/probe',
      {
        config: { permission: 'channel:write', unaudited: 'A probe changes nothing.' },
        schema: {
          operationId: 'probeChannel',
          tags,
          summary: 'Test the connection, without side effects',
          params: ById('chn'),
          response: { 200: Type.Object({ checks: Type.Array(CheckShape) }) },
        },
      },
      async (request) => {
        const { id } = request.params
        await read(parts, request.principal, (tx) => getChannel(tx, id))
        return { checks: (await parts.probe?.(id)) ?? [] }
      },
    )
  }
