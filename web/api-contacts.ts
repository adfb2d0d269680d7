/** What an agent's page asks of the hub about customers. */
import type {
  BlockedIdentity,
  ContactField,
  ContactGroup,
  ContactImport,
  ContactMerge,
  ContactNote,
  ContactTag,
  ImportError,
} from '../src/core/events/contact-shapes.ts'
import type { Ticket } from '../src/core/events/ticket-shapes.ts'
import type { Api, Page } from './api.ts'
import type { Contact, Message } from './api-agent.ts'

export type {
  BlockedIdentity,
  ContactField,
  ContactGroup,
  ContactImport,
  ContactMerge,
  ContactNote,
  ContactTag,
  ImportError,
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
export const blockContact = (api: Api, id: string, body: BlockChoice) =>
  api<Contact>('PUT', `contacts/${id}/block`, { body })
/** All that is known of them is gone, for good. Refused with 412 when somebody changed the record since. */
export const eraseContact = (api: Api, { id, version }: Contact) =>
  api<void>('DELETE', `contacts/${id}`, { headers: { 'If-Match': `"v${version}"` } })

export interface BlockChoice {
  reason?: string
  until?: string
}
export const listBlockedIdentities = (api: Api, query: { contactId?: string; cursor?: string | undefined } = {}) =>
  api<Page<BlockedIdentity>>('GET', 'blocked-identities', { query: { limit: 100, ...query } })
export const blockIdentity = (api: Api, body: { kind: string; scope?: string; address: string } & BlockChoice) =>
  api<BlockedIdentity>('POST', 'blocked-identities', { body })
export const unblockIdentity = (api: Api, id: string) => api<void>('DELETE', `blocked-identities/${id}`)
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

export interface ContactFilter {
  search?: string
  tag?: string
  groupId?: string
  blocked?: boolean
}
export const listContacts = (api: Api, filter: ContactFilter, cursor?: string) =>
  api<Page<Contact>>('GET', 'contacts', { query: { ...filter, limit: 50, cursor } })
export interface NewContact {
  name: string
  company?: string
  province?: string
  city?: string
  tags?: string[]
  identities: { kind: string; address: string }[]
}
/** The same key never makes a second contact. */
export const createContact = (api: Api, key: string, body: NewContact) =>
  api<Contact>('POST', 'contacts', { body, headers: { 'Idempotency-Key': key } })

/** What is to become of the rows of a table. */
export interface ImportPlan {
  mapping: (string | null)[]
  onMatch: 'update' | 'skip'
  tags: string[]
  groupId: string | null
}
export interface RowOutcome {
  row: number
  outcome: 'created' | 'updated' | 'unchanged' | 'failed'
  contactId: string | null
  error: Pick<ImportError, 'code' | 'detail' | 'column'> | null
}
export const listImports = (api: Api) => api<Page<ContactImport>>('GET', 'contact-imports', { query: { limit: 20 } })
export const getImport = (api: Api, id: string) => api<ContactImport>('GET', `contact-imports/${id}`)
export const previewImport = (api: Api, id: string, body: ImportPlan) =>
  api<{ rows: RowOutcome[] }>('POST', `contact-imports/${id}/preview`, { body })
export const startImport = (api: Api, id: string, body: ImportPlan & { check?: boolean }) =>
  api<ContactImport>('POST', `contact-imports/${id}/start`, { body })
export const cancelImport = (api: Api, id: string) => api<ContactImport>('POST', `contact-imports/${id}/cancel`)
export const listImportErrors = (api: Api, id: string, cursor?: string) =>
  api<Page<ImportError>>('GET', `contact-imports/${id}/errors`, { query: { limit: 100, cursor } })
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
