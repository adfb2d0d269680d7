/** /v1/contacts/{id}/…: what belongs to a contact: addresses, notes, the block, the thread. */
import { type Static, Type } from 'typebox'
import { blockContact, unblockContact } from '../../core/contacts/blocklist.ts'
import { getContact, lockContact, touchContact } from '../../core/contacts/contacts.ts'
import { contactFamily } from '../../core/contacts/family.ts'
import { addIdentities, removeIdentity } from '../../core/contacts/identities.ts'
import { changeNote, listNotes, removeNote, writeNote } from '../../core/contacts/notes.ts'
import { listThread } from '../../core/conversations/thread.ts'
import { viewerOf } from '../../core/conversations/visibility.ts'
import { ticketsOfThread } from '../../core/desk/ticket-contacts.ts'
import { ticketViewerOf } from '../../core/desk/ticket-sight.ts'
import { ContactNote } from '../../core/events/contact-shapes.ts'
import { Contact, Id, Message } from '../../core/events/shapes.ts'
import { Ticket } from '../../core/events/ticket-shapes.ts'
import { colleagueOf } from '../colleagues.ts'
import { BlockFacts, ByContact, blockOf, ContactRef, GivenIdentity, identityOf } from '../contact-schemas.ts'
import { pageAnswer, pageRequest } from '../cursors.ts'
import { idempotent } from '../plugins/idempotency.ts'
import { closed, ListQuery, Nothing, Page } from '../schemas.ts'
import type { RoutePlugin, ServerParts } from '../server.ts'
import { read, write } from '../transactions.ts'
import { etagOf, ifMatch, withEtag } from '../versions.ts'

/** Messages, and between them the tickets that were made in the same time. */
const ThreadPage = Type.Object({ ...Page(Message).properties, tickets: Type.Array(Ticket) })

const tags = ['contacts']
const ByNote = Type.Object({ id: ContactRef, note: Id('nte') }, closed)
const NoteBody = Type.Object({ text: Type.String({ minLength: 1, maxLength: 10_000, pattern: '\\S' }) }, closed)

export const contactParts =
  (parts: ServerParts): RoutePlugin =>
  async (app) => {
    const { vault } = parts

    app.post(
      '/v1/contacts/:id/identities',
      {
        config: { permission: 'contact:write', audit: 'contact.add-identity' },
        schema: {
          operationId: 'addIdentity',
          tags,
          summary: 'Give a contact an address',
          description:
            'One that it has already stays. An address of another contact is refused; the refusal names that contact.',
          params: ByContact,
          body: GivenIdentity,
          response: { 200: Contact },
        },
      },
      (request, reply) =>
        idempotent<Static<typeof Contact>>(parts, request, reply, async (tx) => {
          const { id } = await lockContact(tx, request.params.id)
          const changed = await addIdentities(tx, id, [identityOf(request.body)], '')
          const body = changed > 0 ? await touchContact(tx, id) : await getContact(tx, id)
          return { status: 200, body, headers: { etag: etagOf(body.version) } }
        }),
    )

    app.delete(
      '/v1/contacts/:id/identities',
      {
        config: { permission: 'contact:write', audit: 'contact.remove-identity' },
        schema: {
          operationId: 'removeIdentity',
          tags,
          summary: 'Take an address from a contact',
          description:
            "What is said from there later is a new contact's. An address that it does not have changes nothing.",
          params: ByContact,
          querystring: Type.Object(
            {
              kind: Type.String({ minLength: 1, maxLength: 64 }),
              scope: Type.Optional(Type.String({ maxLength: 200, default: '' })),
              address: Type.String({ minLength: 1, maxLength: 255 }),
            },
            closed,
          ),
          response: { 200: Contact },
        },
      },
      async (request, reply) => {
        const { kind, scope = '', address } = request.query
        const contact = await write(parts, request.principal, async (tx) => {
          const { id } = await lockContact(tx, request.params.id)
          const gone = await removeIdentity(tx, await contactFamily(tx, id), { kind, scope, address })
          return gone ? touchContact(tx, id) : getContact(tx, id)
        })
        return withEtag(reply, contact)
      },
    )

    app.get(
      '/v1/contacts/:id/notes',
      {
        config: { permission: 'contact:read' },
        schema: {
          operationId: 'listNotes',
          tags,
          summary: 'List the notes about a contact, the newest first',
          params: ByContact,
          querystring: ListQuery({}),
          response: { 200: Page(ContactNote) },
        },
      },
      async (request) => {
        const { id } = request.params
        const list = ['notes', request.principal.tenantId, id]
        const page = pageRequest(vault, list, request.query)
        return pageAnswer(vault, list, await read(parts, request.principal, (tx) => listNotes(tx, id, page)))
      },
    )

    app.post(
      '/v1/contacts/:id/notes',
      {
        config: { permission: 'contact:write', unaudited: 'A note carries its author and its time.' },
        schema: {
          operationId: 'writeNote',
          tags,
          summary: 'Write a note about a contact',
          params: ByContact,
          body: NoteBody,
          response: { 201: ContactNote },
        },
      },
      (request, reply) =>
        idempotent<Static<typeof ContactNote>>(parts, request, reply, async (tx) => {
          const body = await writeNote(tx, request.params.id, request.body.text)
          return { status: 201, body, headers: { etag: etagOf(body.version) } }
        }),
    )

    app.patch(
      '/v1/contacts/:id/notes/:note',
      {
        config: { permission: 'contact:write', audit: 'contact-note.update' },
        schema: {
          operationId: 'changeNote',
          tags,
          summary: 'Change a note',
          params: ByNote,
          body: NoteBody,
          response: { 200: ContactNote },
        },
      },
      async (request, reply) => {
        const { id, note } = request.params
        const version = ifMatch(request)
        return withEtag(
          reply,
          await write(parts, request.principal, (tx) => changeNote(tx, id, note, request.body.text, version)),
        )
      },
    )

    app.delete(
      '/v1/contacts/:id/notes/:note',
      {
        config: { permission: 'contact:write', audit: 'contact-note.remove' },
        schema: {
          operationId: 'removeNote',
          tags,
          summary: 'Take a note away',
          params: ByNote,
          response: { 204: Nothing },
        },
      },
      async (request, reply) => {
        const { id, note } = request.params
        const version = ifMatch(request)
        await write(parts, request.principal, (tx) => removeNote(tx, id, note, version))
        return reply.code(204).send(null)
      },
    )

    app.put(
      '/v1/contacts/:id/block',
      {
        config: { permission: 'contact:block', audit: 'contact.block' },
        schema: {
          operationId: 'blockContact',
          tags,
          summary: 'Put a contact on the blocklist',
          params: ByContact,
          body: Type.Object(BlockFacts, closed),
          response: { 200: Contact },
        },
      },
      async (request, reply) => {
        const block = blockOf(request.body, parts.clock())
        const blocked = await write(parts, request.principal, (tx) => blockContact(tx, request.params.id, block))
        return withEtag(reply, blocked)
      },
    )

    app.delete(
      '/v1/contacts/:id/block',
      {
        config: { permission: 'contact:block', audit: 'contact.unblock' },
        schema: {
          operationId: 'unblockContact',
          tags,
          summary: 'Take a contact off the blocklist',
          params: ByContact,
          response: { 200: Contact },
        },
      },
      async (request, reply) =>
        withEtag(reply, await write(parts, request.principal, (tx) => unblockContact(tx, request.params.id))),
    )

    app.get(
      '/v1/contacts/:id/thread',
      {
        config: { permission: 'conversation:read' },
        schema: {
          operationId: 'readThread',
          tags,
          summary: 'Read everything a contact ever said or was told, newest first',
          params: ByContact,
          description:
            'Tickets of the contact that were made in the time a page covers stand in `tickets`, the newest 100 of them at most; empty without `ticket:read`.',
          querystring: ListQuery({}),
          response: { 200: ThreadPage },
        },
      },
      async (request) => {
        const { id } = request.params
        const list = ['thread', request.principal.tenantId, id]
        const page = pageRequest(vault, list, request.query)
        const by = colleagueOf(request)
        return read(parts, request.principal, async (tx) => {
          const messages = await listThread(tx, viewerOf(by), id, page)
          const span = { from: messages.next?.[0] ?? null, to: page.after?.[0] ?? null }
          const tickets = by.permissions.has('ticket:read')
            ? await ticketsOfThread(tx, ticketViewerOf(by), id, span)
            : []
          return { ...pageAnswer(vault, list, messages), tickets }
        })
      },
    )
  }
