/** /v1/ticket-statuses, -categories, -fields: what tickets of a tenant may be. What is in use is retired, never removed. */
import { Type } from 'typebox'
import { listCategories, putCategory } from '../../core/desk/ticket-categories.ts'
import { listFields, putField } from '../../core/desk/ticket-fields.ts'
import { listStatuses, putStatus } from '../../core/desk/ticket-statuses.ts'
import { Nullable } from '../../core/events/shapes.ts'
import { TicketCategory, TicketField, TicketKey, TicketStatus } from '../../core/events/ticket-shapes.ts'
import { closed, Name, Whole } from '../schemas.ts'
import type { RoutePlugin, ServerParts } from '../server.ts'
import { read, write } from '../transactions.ts'

const ByKey = Type.Object({ key: TicketKey }, closed)
const common = {
  name: Type.Optional(Name(60)),
  position: Type.Optional(Type.Integer({ minimum: -10_000, maximum: 10_000 })),
  retired: Type.Optional(Type.Boolean()),
}
const whatIsPut = 'What is left out stays as it is; a key that is not there yet makes a new one.'

const tags = ['tickets']

export const ticketSettings =
  (parts: ServerParts): RoutePlugin =>
  async (app) => {
    app.get(
      '/v1/ticket-statuses',
      {
        config: { permission: 'ticket:read' },
        schema: {
          operationId: 'listTicketStatuses',
          tags,
          summary: 'List statuses of tickets, in their order',
          response: { 200: Whole(TicketStatus) },
        },
      },
      async (request) => ({ data: await read(parts, request.principal, (tx) => listStatuses(tx)) }),
    )

    app.put(
      '/v1/ticket-statuses/:key',
      {
        config: { permission: 'ticket:admin', audit: 'ticket-status.update' },
        schema: {
          operationId: 'putTicketStatus',
          tags,
          summary: 'Make a status of tickets, or change one',
          description: whatIsPut,
          params: ByKey,
          body: Type.Object({ ...common, category: Type.Optional(TicketStatus.properties.category) }, closed),
          response: { 200: TicketStatus },
        },
      },
      (request) => write(parts, request.principal, (tx) => putStatus(tx, request.params.key, request.body)),
    )

    app.get(
      '/v1/ticket-categories',
      {
        config: { permission: 'ticket:read' },
        schema: {
          operationId: 'listTicketCategories',
          tags,
          summary: 'List categories of tickets, each with those below it',
          response: { 200: Whole(TicketCategory) },
        },
      },
      async (request) => ({ data: await read(parts, request.principal, (tx) => listCategories(tx)) }),
    )

    app.put(
      '/v1/ticket-categories/:key',
      {
        config: { permission: 'ticket:admin', audit: 'ticket-category.update' },
        schema: {
          operationId: 'putTicketCategory',
          tags,
          summary: 'Make a category of tickets, or change one',
          description: whatIsPut,
          params: ByKey,
          body: Type.Object({ ...common, parentKey: Type.Optional(Nullable(TicketKey)) }, closed),
          response: { 200: TicketCategory },
        },
      },
      (request) => write(parts, request.principal, (tx) => putCategory(tx, request.params.key, request.body)),
    )

    app.get(
      '/v1/ticket-fields',
      {
        config: { permission: 'ticket:read' },
        schema: {
          operationId: 'listTicketFields',
          tags,
          summary: 'List own fields of tickets, in their order',
          response: { 200: Whole(TicketField) },
        },
      },
      async (request) => ({ data: await read(parts, request.principal, (tx) => listFields(tx)) }),
    )

    app.put(
      '/v1/ticket-fields/:key',
      {
        config: { permission: 'ticket:admin', audit: 'ticket-field.update' },
        schema: {
          operationId: 'putTicketField',
          tags,
          summary: 'Make a field of tickets, or change one',
          description: whatIsPut,
          params: ByKey,
          body: Type.Object(
            {
              ...common,
              type: Type.Optional(TicketField.properties.type),
              options: Type.Optional(
                Type.Array(Type.String({ minLength: 1, maxLength: 100, pattern: '\\S' }), {
                  maxItems: 200,
                  uniqueItems: true,
                }),
              ),
              required: Type.Optional(Type.Boolean()),
            },
            closed,
          ),
          response: { 200: TicketField },
        },
      },
      (request) => write(parts, request.principal, (tx) => putField(tx, request.params.key, request.body)),
    )
  }
