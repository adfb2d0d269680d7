/**
 * Two records of one person become one, and two again if that was wrong. The rows of a merged contact stay, and all that belongs to
 * it stays with them and is read with the survivor (family.ts), so undoing gives everything back. What the survivor itself is given,
 * blank facts filled and a block, stands in the journal.
 */
import type { ContactMerge } from '../events/contact-shapes.ts'
import { emit } from '../events/outbox.ts'
import type { Contact } from '../events/shapes.ts'
import type { TenantTx } from '../platform/database.ts'
import { Fault } from '../platform/errors.ts'
import { newId } from '../platform/ids.ts'
import { type Page, type PageRequest, pageOf, parameters } from '../platform/page.ts'
import { requireVersion } from '../tenancy/versions.ts'
import {
  type ContactRow,
  contactColumns,
  getContact,
  idOfReference,
  requireLiving,
  toContact,
  unknownContact,
} from './contacts.ts'
import { aboutOne, contactFamily, familyOf } from './family.ts'
import { type Fill, fillOf, type Held, heldBy, narrowed, sameBlock, withoutFill } from './merge-fill.ts'

/** How many contacts are one person at most. */
export const maxFamily = 100

interface MergeRow extends Omit<ContactMerge, 'mergedAt' | 'undoneAt'> {
  readonly mergedAt: Date
  readonly undoneAt: Date | null
  readonly before: Pick<Held, 'block'>
  readonly given: Fill
}

const columns =
  'm.id, m.survivor_id, m.merged_id, m.before, m.given, m.merged_at, m.merged_by, m.undone_at, m.undone_by'

const toMerge = (row: MergeRow): ContactMerge => ({
  id: row.id,
  survivorId: row.survivorId,
  mergedId: row.mergedId,
  mergedAt: row.mergedAt.toISOString(),
  mergedBy: row.mergedBy,
  undoneAt: row.undoneAt?.toISOString() ?? null,
  undoneBy: row.undoneBy,
})

export interface Merged {
  readonly merge: ContactMerge
  readonly contact: Contact
}

/**
 * Makes `merged` part of `survivor`: facts of the survivor that are blank are taken from it, and its block if that lasts longer. Both
 * references are followed to whom they stand for. `version` is the survivor's that the caller has seen, if it insists. Locks both and
 * all that were merged into them, ids ascending. Faults: `contact-unknown`, `contact-erased`, `version-stale`, `merge-same` when both
 * are one contact already (so that no circle can close), `merge-too-many`.
 */
export async function mergeContacts(tx: TenantTx, survivor: string, merged: string, version?: number): Promise<Merged> {
  const [into, from] = await lockTwo(tx, survivor, merged)
  requireVersion(into.version, version)
  const family = [...(await contactFamily(tx, into.id)), ...(await contactFamily(tx, from.id))]
  if (family.length > maxFamily) {
    throw new Fault('conflict', 'merge-too-many', `At most ${maxFamily} contacts are merged into one.`)
  }
  const before = toContact(from, await aboutOne(tx, from.id))
  const given = fillOf(heldBy(into), heldBy(from))
  const row = await tx.one<MergeRow>(
    `insert into contact_merges as m (tenant_id, id, survivor_id, merged_id, before, given, merged_by)
     values ($1, $2, $3, $4, $5, $6, $7) returning ${columns}`,
    tx.tenantId,
    newId('mrg'),
    into.id,
    from.id,
    JSON.stringify({ block: heldBy(into).block }),
    JSON.stringify(given),
    tx.actorId,
  )
  await tx.run(
    `update contacts set merged_into = $3, updated_at = case when id = $2 then now() else updated_at end,
            version = version + (id = $2)::int
      where tenant_id = $1 and (id = $2 or merged_into = $2)`,
    tx.tenantId,
    from.id,
    into.id,
  )
  const contact = await writeHeld(tx, into.id, {
    ...heldBy(into),
    ...given,
    attributes: { ...into.attributes, ...given.attributes },
  })
  const merge = toMerge(row)
  await emit(tx, 'contact.merged', into.id, { contact, merged: before, merge })
  return { merge, contact }
}

export interface Unmerged extends Merged {
  readonly restored: Contact
  /** Since when they were one. */
  readonly since: Date
  /** The ids that are the restored contact's again: its own and those merged into it. */
  readonly restoredIds: readonly string[]
}

/**
 * Takes a merge back: the merged contact stands for itself and for whatever was merged into it, and the survivor loses what it was
 * given, unless that was changed since. What both had written to them meanwhile stays with the survivor. Merges of one survivor may be
 * undone in any order; one whose survivor was merged on waits until that is undone. Locks as mergeContacts does. Emits nothing:
 * the caller does, when conversations have been given back. Faults: `merge-unknown`, `merge-undone`, `merge-covered`, `contact-erased`.
 */
export async function undoMerge(tx: TenantTx, contact: string, mergeId: string): Promise<Unmerged> {
  const asked = await idOfReference(tx, contact)
  const found = await tx.maybe<MergeRow>(
    `select ${columns} from contact_merges m where m.tenant_id = $1 and m.id = $2
        and (m.survivor_id = any($3::text[]) or m.merged_id = any($3::text[]))`,
    tx.tenantId,
    mergeId,
    await familyOf(tx, asked),
  )
  if (found === undefined) throw new Fault('not-found', 'merge-unknown', `The contact has no merge ${mergeId}.`)
  const { survivorId, mergedId } = found
  const [survivor] = (await lockFamilies(tx, [survivorId])).filter(({ id }) => id === survivorId)
  if (survivor === undefined) throw unknownContact(survivorId)
  requireLiving(survivor)
  const row = await tx.one<MergeRow>(
    `select ${columns} from contact_merges m where m.tenant_id = $1 and m.id = $2 for update`,
    tx.tenantId,
    mergeId,
  )
  if (row.undoneAt !== null) throw new Fault('conflict', 'merge-undone', 'The merge has been undone already.')
  if (survivor.mergedInto !== null) throw await covered(tx, survivorId)
  const restoredIds = await partsOf(tx, mergedId)
  const done = await tx.one<MergeRow>(
    `update contact_merges m set undone_at = clock_timestamp(), undone_by = $3 where m.tenant_id = $1 and m.id = $2
     returning ${columns}`,
    tx.tenantId,
    mergeId,
    tx.actorId,
  )
  await tx.run(
    `update contacts set merged_into = case when id <> $2 then $2 end, updated_at = case when id = $2 then now() else updated_at end,
            version = version + (id = $2)::int
      where tenant_id = $1 and id = any($3::text[])`,
    tx.tenantId,
    mergedId,
    restoredIds,
  )
  const held = await refilled(tx, survivorId, withoutFill(heldBy(survivor), row.before, row.given), row)
  const standing = await writeHeld(tx, survivorId, held)
  return {
    merge: toMerge(done),
    contact: standing,
    restored: await getContact(tx, mergedId),
    since: row.mergedAt,
    restoredIds,
  }
}

/** Merges in which the contact, or one that is part of it, has a part, the newest first. Faults: `contact-unknown`. */
export async function listMerges(tx: TenantTx, contact: string, page: PageRequest): Promise<Page<ContactMerge>> {
  const { id } = await getContact(tx, contact)
  const { values, bind } = parameters()
  const family = bind(await contactFamily(tx, id))
  const after =
    page.after === null ? '' : `and (m.merged_at, m.id) < (${bind(page.after[0])}::timestamptz, ${bind(page.after[1])})`
  const rows = await tx.query<MergeRow & { sortKey: string }>(
    `select ${columns}, m.merged_at::text as sort_key from contact_merges m
      where m.tenant_id = ${bind(tx.tenantId)} and (m.survivor_id = any(${family}::text[]) or m.merged_id = any(${family}::text[])) ${after}
      order by m.merged_at desc, m.id desc limit ${bind(page.limit + 1)}`,
    ...values,
  )
  return pageOf(rows, page.limit, (row) => [row.sortKey, row.id], toMerge)
}

/** Both as they stand, locked with all that are part of them; looks again when one was merged while we waited. */
async function lockTwo(tx: TenantTx, survivor: string, merged: string): Promise<[ContactRow, ContactRow]> {
  const asked = [await idOfReference(tx, survivor), await idOfReference(tx, merged)] as const
  for (let steps = 0; steps < 50; steps++) {
    const rows = await lockFamilies(tx, asked)
    const standing = (id: string) => {
      const row = rows.find((one) => one.id === id)
      return row?.mergedInto == null ? row : rows.find((one) => one.id === row.mergedInto)
    }
    const [into, from] = [standing(asked[0]), standing(asked[1])]
    if (into === undefined && rows.every(({ id }) => id !== asked[0])) throw unknownContact(survivor)
    if (from === undefined && rows.every(({ id }) => id !== asked[1])) {
      throw new Fault('not-found', 'contact-unknown', `There is no contact ${merged}.`, {
        errors: [{ pointer: '/contactId', detail: 'names no contact' }],
      })
    }
    if (into === undefined || from === undefined || into.mergedInto !== null || from.mergedInto !== null) continue
    requireLiving(into)
    requireLiving(from)
    if (into.id === from.id) {
      throw new Fault('conflict', 'merge-same', 'Both are one contact already.', {
        errors: [{ pointer: '/contactId', detail: `stands for ${into.id}` }],
      })
    }
    return [into, from]
  }
  throw new TypeError(`Contacts ${survivor} and ${merged} point on without end.`)
}

/** Contacts, those that they point at and all that point there too, locked, ids ascending. */
function lockFamilies(tx: TenantTx, ids: readonly string[]): Promise<ContactRow[]> {
  return tx.query<ContactRow>(
    `select ${contactColumns} from contacts ct where ct.tenant_id = $1 and ct.id = any(array(
        select f.id from contacts a join contacts f on f.tenant_id = a.tenant_id
           and (f.id = a.id or f.id = coalesce(a.merged_into, a.id) or f.merged_into = coalesce(a.merged_into, a.id))
         where a.tenant_id = $1 and a.id = any($2::text[])))
      order by ct.id for no key update`,
    tx.tenantId,
    ids,
  )
}

/** A contact and all that came to it by merges that stand, directly or through others. */
async function partsOf(tx: TenantTx, contactId: string): Promise<string[]> {
  const rows = await tx.query<{ id: string }>(
    `with recursive part (id) as (
       select $2::text union
       select m.merged_id from part p join contact_merges m on m.tenant_id = $1 and m.survivor_id = p.id and m.undone_at is null)
     select id from part order by id`,
    tx.tenantId,
    contactId,
  )
  return rows.map(({ id }) => id)
}

/** Fills from other merges of the survivor what became blank, and notes in their journal that it is theirs now. */
async function refilled(tx: TenantTx, survivorId: string, held: Held, gone: MergeRow): Promise<Held> {
  const others = await tx.query<MergeRow>(
    `select ${columns} from contact_merges m where m.tenant_id = $1 and m.survivor_id = $2 and m.undone_at is null
      order by m.merged_at, m.id`,
    tx.tenantId,
    survivorId,
  )
  let now = held
  for (const other of others) {
    const row = await tx.one<ContactRow>(
      `select ${contactColumns} from contacts ct where ct.tenant_id = $1 and ct.id = $2`,
      tx.tenantId,
      other.mergedId,
    )
    const more = narrowed(fillOf(now, heldBy(row)), gone.given)
    const chained = gone.given.block !== undefined && sameBlock(other.before.block, gone.given.block)
    const before = chained ? gone.before : other.before
    const given = { ...other.given, ...more, attributes: { ...other.given.attributes, ...more.attributes } }
    await tx.run(
      'update contact_merges set before = $3, given = $4 where tenant_id = $1 and id = $2',
      tx.tenantId,
      other.id,
      JSON.stringify(before),
      JSON.stringify(given),
    )
    now = { ...now, ...more, attributes: { ...now.attributes, ...more.attributes } }
  }
  return now
}

async function writeHeld(tx: TenantTx, contactId: string, held: Held): Promise<Contact> {
  const row = await tx.one<ContactRow>(
    `update contacts ct set name = $3, province = $4, city = $5, company = $6, attributes = $7, blocked_at = $8, blocked_reason = $9,
            blocked_until = $10, updated_at = now(), version = version + 1
      where tenant_id = $1 and id = $2 returning ${contactColumns}`,
    tx.tenantId,
    contactId,
    held.name,
    held.province,
    held.city,
    held.company,
    JSON.stringify(held.attributes),
    held.block?.at ?? null,
    held.block?.reason ?? null,
    held.block?.until ?? null,
  )
  return toContact(row, await aboutOne(tx, row.id))
}

async function covered(tx: TenantTx, survivorId: string): Promise<Fault> {
  const later = await tx.maybe<{ id: string }>(
    'select id from contact_merges where tenant_id = $1 and merged_id = $2 and undone_at is null',
    tx.tenantId,
    survivorId,
  )
  return new Fault('conflict', 'merge-covered', `Contact ${survivorId} was merged on by ${later?.id}: undo that first.`)
}
