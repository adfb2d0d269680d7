/** What the law gives a customer: to see all that is kept of them, and to have it erased. */
import { Type } from 'typebox'
import { eraseContact } from '../../core/desk/erasure.ts'
import { personData } from '../../core/desk/person-data.ts'
import { ByContact } from '../contact-schemas.ts'
import { dispositionOf } from '../file-answers.ts'
import { closed, Nothing } from '../schemas.ts'
import type { RoutePlugin, ServerParts } from '../server.ts'
import { read, write } from '../transactions.ts'
import { ifMatch } from '../versions.ts'

const tags = ['contacts']

export const contactPrivacy =
  (parts: ServerParts): RoutePlugin =>
  async (app) => {
    app.get(
      '/v1/contacts/:id/data',
      {
        config: { permission: 'contact:transfer', audit: 'contact-data.read', raw: true },
        schema: {
          operationId: 'exportPerson',
          tags,
          summary: 'Read all that is kept of a person, as one JSON document',
          description:
            'The record, notes, conversations, messages, tickets and names of files, of all that were merged into it too.',
          params: ByContact,
          querystring: Type.Object({}, closed),
          response: { 200: { content: { 'application/json': { schema: Type.Unsafe<string>({ type: 'object' }) } } } },
        },
      },
      async (request, reply) => {
        const { id } = request.params as { id: string }
        const data = await read(parts, request.principal, (tx) => personData(tx, id))
        reply.header('content-disposition', dispositionOf('attachment', `${data.contact.id}.json`))
        return reply.type('application/json').send(JSON.stringify(data))
      },
    )

    app.delete(
      '/v1/contacts/:id',
      {
        config: { permission: 'contact:erase', audit: 'contact.erase' },
        schema: {
          operationId: 'eraseContact',
          tags,
          summary: 'Erase all that is known of a contact',
          description:
            'Cannot be undone. Facts, addresses, notes, words, files and tickets’ texts go at once, also of all that were merged into it, and what events told of it within ' +
            'minutes. Its id answers `contact-erased`; whoever writes from its addresses later is a new contact.',
          params: ByContact,
          response: { 204: Nothing },
        },
      },
      async (request, reply) => {
        const version = ifMatch(request)
        await write(parts, request.principal, (tx) => eraseContact(tx, request.params.id, version))
        return reply.code(204).send(null)
      },
    )
  }
