/** What colleagues write about a customer, apart from any conversation. */
import type { ContactNote } from '../events/contact-shapes.ts'
import { emit } from '../events/outbox.ts'
import type { TenantTx } from '../platform/database.ts'
import { Fault } from '../platform/errors.ts'
import { newId } from '../platform/ids.ts'
import { type Page, type PageRequest, pageOf, parameters } from '../platform/page.ts'
import { storableText } from '../platform/text.ts'
import { requireVersion } from '../tenancy/versions.ts'
import { getContact, lockContact } from './contacts.ts'
import { contactFamily } from './family.ts'

interface NoteRow extends Omit<ContactNote, 'createdAt' | 'updatedAt'> {
  readonly createdAt: Date
  readonly updatedAt: Date
}

const columns = `n.id, n.contact_id, n.text, n.author_id, n.created_at, n.updated_at, n.version,
  coalesce((select name from members m where m.tenant_id = n.tenant_id and m.id = n.author_id),
           (select name from api_keys k where k.tenant_id = n.tenant_id and k.id = n.author_id)) as author_name`

const toNote = (row: NoteRow): ContactNote => ({
  id: row.id,
  contactId: row.contactId,
  text: row.text,
  authorId: row.authorId,
  authorName: row.authorName,
  createdAt: row.createdAt.toISOString(),
  updatedAt: row.updatedAt.toISOString(),
  version: row.version,
})

/** Writes a note in the actor's name. Locks the contact. Faults: `contact-unknown`. */
export async function writeNote(tx: TenantTx, contact: string, text: string): Promise<ContactNote> {
  const { id: contactId } = await lockContact(tx, contact)
  const row = await tx.one<NoteRow>(
    `insert into contact_notes as n (tenant_id, id, contact_id, text, author_id) values ($1, $2, $3, $4, $5)
     returning ${columns}`,
    tx.tenantId,
    newId('nte'),
    contactId,
    storableText(text),
    tx.actorId,
  )
  const note = toNote(row)
  await emit(tx, 'note.created', contactId, { note })
  return note
}

/** Notes of a contact and of those merged into it, the newest first. Faults: `contact-unknown`. */
export async function listNotes(tx: TenantTx, contact: string, page: PageRequest): Promise<Page<ContactNote>> {
  const { id } = await getContact(tx, contact)
  const { values, bind } = parameters()
  const family = bind(await contactFamily(tx, id))
  const after =
    page.after === null
      ? ''
      : `and (n.created_at, n.id) < (${bind(page.after[0])}::timestamptz, ${bind(page.after[1])})`
  const rows = await tx.query<NoteRow & { sortKey: string }>(
    `select ${columns}, n.created_at::text as sort_key from contact_notes n
      where n.tenant_id = ${bind(tx.tenantId)} and n.contact_id = any(${family}::text[]) ${after}
      order by n.created_at desc, n.id desc limit ${bind(page.limit + 1)}`,
    ...values,
  )
  return pageOf(rows, page.limit, (row) => [row.sortKey, row.id], toNote)
}

/** Locks the note's contact first, then reads the note that is to be changed. */
async function lockNote(tx: TenantTx, contact: string, id: string, version?: number): Promise<NoteRow> {
  const { id: contactId } = await lockContact(tx, contact)
  const row = await tx.maybe<NoteRow>(
    `select ${columns} from contact_notes n where n.tenant_id = $1 and n.id = $2 and n.contact_id = any($3::text[])`,
    tx.tenantId,
    id,
    await contactFamily(tx, contactId),
  )
  if (row === undefined) throw new Fault('not-found', 'note-unknown', `The contact has no note ${id}.`)
  requireVersion(row.version, version)
  return row
}

/** Faults: `contact-unknown`, `note-unknown`, `version-stale`. */
export async function changeNote(
  tx: TenantTx,
  contact: string,
  id: string,
  text: string,
  version?: number,
): Promise<ContactNote> {
  const before = await lockNote(tx, contact, id, version)
  const row = await tx.one<NoteRow>(
    `update contact_notes n set text = $3, updated_at = clock_timestamp(), version = version + 1
      where n.tenant_id = $1 and n.id = $2 returning ${columns}`,
    tx.tenantId,
    before.id,
    storableText(text),
  )
  const note = toNote(row)
  await emit(tx, 'note.changed', row.contactId, { note })
  return note
}

/** Faults: `contact-unknown`, `note-unknown`, `version-stale`. */
export async function removeNote(tx: TenantTx, contact: string, id: string, version?: number): Promise<void> {
  const row = await lockNote(tx, contact, id, version)
  await tx.run('delete from contact_notes where tenant_id = $1 and id = $2', tx.tenantId, row.id)
  await emit(tx, 'note.removed', row.contactId, { note: toNote(row) })
}
