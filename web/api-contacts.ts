/** What an agent's page asks of the hub about customers. */
import type {
  ContactField,
  ContactGroup,
  ContactMerge,
  ContactNote,
  ContactTag,
} from '../src/core/events/contact-shapes.ts'
import type { Ticket } from '../src/core/events/ticket-shapes.ts'
import type { Api, Page } from './api.ts'
import type { Contact, Message } from './api-agent.ts'

export type {
  ContactField,
  ContactGroup,
  ContactMerge,
  ContactNote,
  ContactTag,
} from '../src/core/events/contact-shapes.ts'

/** What may be changed of a contact; null takes a thing away. */
export interface ContactPatch {
  name?: string
  province?: string | null
  city?: string | null
  company?: string | null
  attributes?: Record<string, string | null>
  tags?: string[]
}

export const getContact = (api: Api, id: string) => api<Contact>('GET', `contacts/${id}`)
/** Refused with 412 `version-stale` when somebody changed the record since. */
export const patchContact = (api: Api, { id, version }: Contact, body: ContactPatch) =>
  api<Contact>('PATCH', `contacts/${id}`, { body, headers: { 'If-Match': `"v${version}"` } })
export const blockContact = (api: Api, id: string, body: { reason?: string; until?: string }) =>
  api<Contact>('PUT', `contacts/${id}/block`, { body })
export const unblockContact = (api: Api, id: string) => api<Contact>('DELETE', `contacts/${id}/block`)

export const addIdentity = (api: Api, id: string, body: { kind: string; address: string }) =>
  api<Contact>('POST', `contacts/${id}/identities`, { body })
export const removeIdentity = (api: Api, id: string, query: { kind: string; scope: string; address: string }) =>
  api<Contact>('DELETE', `contacts/${id}/identities`, { query })

export const listNotes = (api: Api, id: string, cursor?: string) =>
  api<Page<ContactNote>>('GET', `contacts/${id}/notes`, { query: { limit: 20, cursor } })
/** The same key never makes a second note. */
export const writeNote = (api: Api, id: string, key: string, text: string) =>
  api<ContactNote>('POST', `contacts/${id}/notes`, { body: { text }, headers: { 'Idempotency-Key': key } })
export const changeNote = (api: Api, { id, contactId, version }: ContactNote, text: string) =>
  api<ContactNote>('PATCH', `contacts/${contactId}/notes/${id}`, {
    body: { text },
    headers: { 'If-Match': `"v${version}"` },
  })
export const removeNote = (api: Api, { id, contactId, version }: ContactNote) =>
  api<void>('DELETE', `contacts/${contactId}/notes/${id}`, { headers: { 'If-Match': `"v${version}"` } })

export const listContactFields = (api: Api) => api<{ data: ContactField[] }>('GET', 'contact-fields')
export const listContactTags = (api: Api) => api<Page<ContactTag>>('GET', 'contact-tags', { query: { limit: 100 } })
export const listContactGroups = (api: Api, cursor?: string) =>
  api<Page<ContactGroup>>('GET', 'contact-groups', { query: { limit: 100, cursor } })
export const setInGroup = (api: Api, groupId: string, contactId: string, isIn: boolean) =>
  api<Contact>(isIn ? 'PUT' : 'DELETE', `contact-groups/${groupId}/contacts/${contactId}`)

export const listThread = (api: Api, contactId: string, cursor?: string) =>
  api<Page<Message> & { tickets?: Ticket[] }>('GET', `contacts/${contactId}/thread`, { query: { limit: 50, cursor } })

export const listContacts = (api: Api, search: string) =>
  api<Page<Contact>>('GET', 'contacts', { query: { search, limit: 20 } })
export const listMerges = (api: Api, id: string) =>
  api<Page<ContactMerge>>('GET', `contacts/${id}/merges`, { query: { limit: 50 } })
/** Makes the other a part of this one. Refused with 412 when this one changed since. The same key merges once. */
export const mergeContacts = (api: Api, { id, version }: Contact, key: string, contactId: string) =>
  api<{ merge: ContactMerge; contact: Contact }>('POST', `contacts/${id}/merges`, {
    body: { contactId },
    headers: { 'If-Match': `"v${version}"`, 'Idempotency-Key': key },
  })
export const undoMerge = (api: Api, id: string, mergeId: string) =>
  api<{ contact: Contact; restored: Contact; conversationIds: string[] }>(
    'POST',
    `contacts/${id}/merges/${mergeId}/undo`,
  )
