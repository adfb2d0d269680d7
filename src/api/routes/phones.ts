/** /v1/phones: extensions of telephone channels, by which agents are rung. */
import { Type } from 'typebox'
import { createPhone, listPhones, removePhone } from '../../core/calls/phones.ts'
import { Id, Nullable, Time } from '../../core/events/shapes.ts'
import { pageAnswer, pageRequest } from '../cursors.ts'
import { ById, closed, ListQuery, Nothing, Page } from '../schemas.ts'
import type { RoutePlugin, ServerParts } from '../server.ts'
import { read, write } from '../transactions.ts'

const Phone = Type.Object({
  id: Id('phn'),
  channelId: Id('chn'),
  extension: Type.String(),
  memberId: Nullable(Id('usr'), { description: 'Who is rung by it.' }),
  number: Nullable(Type.String(), {
    description: 'Outside: over the trunk, or a `sip:` address; null for a phone that registers.',
  }),
  registeredUntil: Nullable(Time),
  createdAt: Time,
})

const tags = ['phones']

export const phones =
  (parts: ServerParts): RoutePlugin =>
  async (app) => {
    app.get(
      '/v1/phones',
      {
        config: { permission: 'channel:read' },
        schema: {
          operationId: 'listPhones',
          tags,
          summary: 'List phones, oldest first',
          querystring: ListQuery({}),
          response: { 200: Page(Phone) },
        },
      },
      async (request) => {
        const list = ['phones', request.principal.tenantId]
        const page = pageRequest(parts.vault, list, request.query)
        return pageAnswer(parts.vault, list, await read(parts, request.principal, (tx) => listPhones(tx, page)))
      },
    )

    app.post(
      '/v1/phones',
      {
        config: { permission: 'channel:write', audit: 'phone.create' },
        schema: {
          operationId: 'createPhone',
          tags,
          summary: 'Add a phone',
          description:
            'It logs in to the channel with its extension as name and the password, which is shown this once. With `number` it is a number outside instead, which never logs in: it is called over the trunk, as the plan of the channel allows, or, where it is a SIP address (`sip:anna@pbx.example`), there; whoever picks it up takes the call by pressing 1. An Idempotency-Key has no effect here, because answers with secrets are not kept.',
          body: Type.Object(
            {
              channelId: Id('chn'),
              extension: Type.String({ pattern: '^[0-9]{2,10}$' }),
              memberId: Type.Optional(Nullable(Id('usr'))),
              number: Type.Optional(Type.String({ minLength: 2, maxLength: 200 })),
            },
            closed,
          ),
          response: {
            201: Type.Object({
              phone: Phone,
              password: Nullable(Type.String(), { description: 'None for a number outside.' }),
            }),
          },
        },
      },
      async (request, reply) => {
        const { memberId = null, ...given } = request.body
        const made = await write(parts, request.principal, (tx) => createPhone(tx, parts.vault, { ...given, memberId }))
        reply.code(201)
        return made
      },
    )

    app.delete(
      '/v1/phones/:id',
      {
        config: { permission: 'channel:write', audit: 'phone.remove' },
        schema: {
          operationId: 'removePhone',
          tags,
          summary: 'Take a phone away',
          params: ById('phn'),
          response: { 204: Nothing },
        },
      },
      async (request, reply) => {
        await write(parts, request.principal, (tx) => removePhone(tx, request.params.id))
        reply.code(204)
        return null
      },
    )
  }
