/** Groups of contacts: named by people, each with how many are in it. Who was merged counts as the one they are part of. */
import type { ContactGroup } from '../events/contact-shapes.ts'
import type { Contact } from '../events/shapes.ts'
import { brokenConstraint, type TenantTx } from '../platform/database.ts'
import { Fault } from '../platform/errors.ts'
import { newId } from '../platform/ids.ts'
import { type Page, type PageRequest, pageOf, parameters } from '../platform/page.ts'
import { storableText } from '../platform/text.ts'
import { requireVersion } from '../tenancy/versions.ts'
import { getContact, lockContact, touchContact } from './contacts.ts'
import { contactFamily } from './family.ts'

interface GroupRow extends Omit<ContactGroup, 'createdAt'> {
  readonly createdAt: Date
}

const columns = `g.id, g.name, g.version, g.created_at,
  (select count(distinct coalesce(ct.merged_into, ct.id)) from contact_group_members m
     join contacts ct on ct.tenant_id = m.tenant_id and ct.id = m.contact_id
    where m.tenant_id = g.tenant_id and m.group_id = g.id) as count`

const toGroup = ({ id, name, count, createdAt, version }: GroupRow): ContactGroup => ({
  id,
  name,
  count,
  createdAt: createdAt.toISOString(),
  version,
})

/** Faults with `contact-group-taken`. */
export async function createContactGroup(tx: TenantTx, name: string): Promise<ContactGroup> {
  const id = newId('cgr')
  await distinctly(() =>
    tx.run('insert into contact_groups (tenant_id, id, name) values ($1, $2, $3)', tx.tenantId, id, storableText(name)),
  )
  return getContactGroup(tx, id)
}

/** Faults with `contact-group-unknown`. */
export async function getContactGroup(tx: TenantTx, id: string): Promise<ContactGroup> {
  const row = await tx.maybe<GroupRow>(
    `select ${columns} from contact_groups g where g.tenant_id = $1 and g.id = $2`,
    tx.tenantId,
    id,
  )
  if (row === undefined) throw unknownGroup(id)
  return toGroup(row)
}

/** In the order of their names. */
export async function listContactGroups(tx: TenantTx, page: PageRequest): Promise<Page<ContactGroup>> {
  const { values, bind } = parameters()
  const after = page.after === null ? '' : `and (g.name, g.id) > (${bind(page.after[0])}, ${bind(page.after[1])})`
  const rows = await tx.query<GroupRow>(
    `select ${columns} from contact_groups g where g.tenant_id = ${bind(tx.tenantId)} ${after}
      order by g.name, g.id limit ${bind(page.limit + 1)}`,
    ...values,
  )
  return pageOf(rows, page.limit, (row) => [row.name, row.id], toGroup)
}

/** Faults: `contact-group-unknown`, `contact-group-taken`, `version-stale`. */
export async function renameContactGroup(
  tx: TenantTx,
  id: string,
  name: string,
  version?: number,
): Promise<ContactGroup> {
  await lockGroup(tx, id, version)
  await distinctly(() =>
    tx.run(
      'update contact_groups set name = $3, version = version + 1 where tenant_id = $1 and id = $2',
      tx.tenantId,
      id,
      storableText(name),
    ),
  )
  return getContactGroup(tx, id)
}

/** Takes the group away; its contacts stay. Faults: `contact-group-unknown`, `version-stale`. */
export async function removeContactGroup(tx: TenantTx, id: string, version?: number): Promise<void> {
  await lockGroup(tx, id, version)
  await tx.run('delete from contact_groups where tenant_id = $1 and id = $2', tx.tenantId, id)
}

/** Puts a contact into a group, or takes it, and all that were merged into it, out. Locks the contact. Repeating it changes nothing. */
export async function setInGroup(tx: TenantTx, contact: string, groupId: string, within: boolean): Promise<Contact> {
  const { id } = await lockContact(tx, contact)
  const family = await contactFamily(tx, id)
  const group = await tx.maybe(
    'select 1 from contact_groups where tenant_id = $1 and id = $2 for key share',
    tx.tenantId,
    groupId,
  )
  if (group === undefined) throw unknownGroup(groupId)
  const changed = within
    ? await tx.run(
        `insert into contact_group_members (tenant_id, group_id, contact_id) select $1, $2, $3
          where not exists (select 1 from contact_group_members where tenant_id = $1 and group_id = $2
                                                                   and contact_id = any($4::text[]))
         on conflict do nothing`,
        tx.tenantId,
        groupId,
        id,
        family,
      )
    : await tx.run(
        'delete from contact_group_members where tenant_id = $1 and group_id = $2 and contact_id = any($3::text[])',
        tx.tenantId,
        groupId,
        family,
      )
  return changed > 0 ? touchContact(tx, id) : getContact(tx, id)
}

async function lockGroup(tx: TenantTx, id: string, version: number | undefined): Promise<void> {
  const row = await tx.maybe<{ version: number }>(
    'select version from contact_groups where tenant_id = $1 and id = $2 for update',
    tx.tenantId,
    id,
  )
  if (row === undefined) throw unknownGroup(id)
  requireVersion(row.version, version)
}

async function distinctly(work: () => Promise<unknown>): Promise<void> {
  try {
    await work()
  } catch (cause) {
    if (brokenConstraint(cause) !== 'contact_groups_name') throw cause
    throw new Fault('conflict', 'contact-group-taken', 'Another group of contacts has this name.', {
      cause,
      errors: [{ pointer: '/name', detail: 'is taken' }],
    })
  }
}

function unknownGroup(id: string): Fault {
  return new Fault('not-found', 'contact-group-unknown', `There is no group of contacts ${id}.`)
}
