/** /v1/contacts/{id}/merges: two records of one person made one, and two again. */
import { type Static, Type } from 'typebox'
import { listMerges, mergeContacts } from '../../core/contacts/merge.ts'
import { unmergeContact } from '../../core/conversations/unmerge.ts'
import { ContactMerge } from '../../core/events/contact-shapes.ts'
import { Contact, Id } from '../../core/events/shapes.ts'
import { ByContact, ContactRef } from '../contact-schemas.ts'
import { pageAnswer, pageRequest } from '../cursors.ts'
import { idempotent } from '../plugins/idempotency.ts'
import { closed, ListQuery, Page } from '../schemas.ts'
import type { RoutePlugin, ServerParts } from '../server.ts'
import { read } from '../transactions.ts'
import { etagOf, ifMatch } from '../versions.ts'

const tags = ['contacts']
const Merged = Type.Object({ merge: ContactMerge, contact: Contact })
const Unmerged = Type.Object({
  merge: ContactMerge,
  contact: Contact,
  restored: Contact,
  conversationIds: Type.Array(Id('cnv'), {
    description: 'Conversations that began meanwhile and are the restored contact’s.',
  }),
})

export const contactMerges =
  (parts: ServerParts): RoutePlugin =>
  async (app) => {
    const { vault } = parts

    app.get(
      '/v1/contacts/:id/merges',
      {
        config: { permission: 'contact:read' },
        schema: {
          operationId: 'listMerges',
          tags,
          summary: 'List the merges of a contact, the newest first',
          description: 'Also those that were undone, and those of contacts that are part of it.',
          params: ByContact,
          querystring: ListQuery({}),
          response: { 200: Page(ContactMerge) },
        },
      },
      async (request) => {
        const { id } = request.params
        const list = ['merges', request.principal.tenantId, id]
        const page = pageRequest(vault, list, request.query)
        return pageAnswer(vault, list, await read(parts, request.principal, (tx) => listMerges(tx, id, page)))
      },
    )

    app.post(
      '/v1/contacts/:id/merges',
      {
        config: { permission: 'contact:merge', audit: 'contact.merge' },
        schema: {
          operationId: 'mergeContacts',
          tags,
          summary: 'Make another contact part of this one',
          description:
            'This one stands for both: reading the other answers this one, messages of either go on in its conversations. Blank facts ' +
            'are filled from the other, and a block that lasts longer stays. `If-Match` insists on the version you have seen.',
          params: ByContact,
          body: Type.Object({ contactId: ContactRef }, closed),
          response: { 201: Merged },
        },
      },
      (request, reply) =>
        idempotent<Static<typeof Merged>>(parts, request, reply, async (tx) => {
          const body = await mergeContacts(tx, request.params.id, request.body.contactId, ifMatch(request))
          return { status: 201, body, headers: { etag: etagOf(body.contact.version) } }
        }),
    )

    app.post(
      '/v1/contacts/:id/merges/:merge/undo',
      {
        config: { permission: 'contact:merge', audit: 'contact.unmerge' },
        schema: {
          operationId: 'undoMerge',
          tags,
          summary: 'Undo a merge',
          description:
            'Both are as they were before. What was said meanwhile is whose address it came from; what was written meanwhile to the ' +
            'contact itself stays with the survivor.',
          params: Type.Object({ id: ContactRef, merge: Id('mrg') }, closed),
          response: { 200: Unmerged },
        },
      },
      (request, reply) =>
        idempotent<Static<typeof Unmerged>>(parts, request, reply, async (tx) => {
          const { conversationIds, ...rest } = await unmergeContact(tx, request.params.id, request.params.merge)
          return { status: 200, body: { ...rest, conversationIds: [...conversationIds] } }
        }),
    )
  }
