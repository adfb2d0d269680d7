/**
 * Rows of an import become contacts: those of new people all at once, those who are known one after the other, each whole or not at
 * all. What a row says is found again by its addresses, so a row that comes twice changes nothing the second time.
 */
import { emitAll } from '../events/outbox.ts'
import { sqlState, type TenantTx } from '../platform/database.ts'
import { Fault } from '../platform/errors.ts'
import { newId } from '../platform/ids.ts'
import { type ContactRow, contactColumns, createContact, getContact, toContact, updateContact } from './contacts.ts'
import { listFields } from './fields.ts'
import { setInGroup } from './groups.ts'
import { phoneRegionOf } from './identities.ts'
import { type Candidate, candidateOf, type RowError, type Target } from './import-mapping.ts'
import { writeNote } from './notes.ts'

/** What is to become of the rows. */
export interface ImportPlan {
  readonly mapping: readonly Target[]
  /** Of whom there is a contact already: what the row says is put there, or the row is passed over. */
  readonly onMatch: 'update' | 'skip'
  /** Given to all of them. */
  readonly tags: readonly string[]
  /** A group into which they all go. */
  readonly groupId: string | null
}

export interface ImportRow {
  readonly number: number
  readonly cells: readonly string[]
}

export interface RowOutcome {
  readonly number: number
  readonly outcome: 'created' | 'updated' | 'unchanged' | 'failed'
  readonly contactId: string | null
  readonly error: RowError | null
}

interface Work {
  readonly number: number
  readonly candidate: Candidate
}

/** Applies rows in their order, each whole or not at all. Locks the contacts that they match, ids ascending. */
export async function applyRows(tx: TenantTx, plan: ImportPlan, rows: readonly ImportRow[]): Promise<RowOutcome[]> {
  const fields = new Map((await listFields(tx)).map((field) => [field.key, field]))
  const reading = { mapping: plan.mapping, fields, region: await phoneRegionOf(tx) }
  const outcomes: RowOutcome[] = []
  const works: Work[] = []
  for (const { number, cells } of rows) {
    const read = candidateOf(cells, reading)
    if ('code' in read) outcomes.push({ number, outcome: 'failed', contactId: null, error: read })
    else works.push({ number, candidate: { ...read, tags: [...new Set([...read.tags, ...plan.tags])] } })
  }
  const known = await holders(tx, works)
  await tx.query(
    'select 1 from contacts where tenant_id = $1 and id = any($2::text[]) order by id for no key update',
    tx.tenantId,
    [...new Set(known.values())],
  )
  const seen = new Set<string>(known.keys())
  const fresh = works.filter(({ candidate }) => {
    const names = candidate.identities.map(({ normal }) => nameOf(normal))
    const isNew = !names.some((name) => seen.has(name))
    for (const name of names) seen.add(name)
    return isNew
  })
  const made = await makeAll(tx, plan, fresh)
  outcomes.push(...made)
  const done = new Set(made.map(({ number }) => number))
  for (const work of works) if (!done.has(work.number)) outcomes.push(await applyOne(tx, plan, work))
  return outcomes.sort((a, b) => a.number - b.number)
}

const nameOf = ({ kind, scope, address }: { kind: string; scope: string; address: string }) =>
  JSON.stringify([kind, scope, address])

/** Whose the addresses are, by the name of the address. */
async function holders(tx: TenantTx, works: readonly Work[]): Promise<Map<string, string>> {
  const all = works.flatMap(({ candidate }) => candidate.identities.map(({ normal }) => normal))
  if (all.length === 0) return new Map()
  // Each address is looked up by the key: a join that is planned while statistics do not yet know of the rows before
  // goes through all of them for every address.
  const rows = await tx.query<{ kind: string; scope: string; address: string; id: string }>(
    `select u.kind, u.scope, u.address, holder.id
       from unnest($2::text[], $3::text[], $4::text[]) as u (kind, scope, address)
       cross join lateral (
         select (select coalesce(ct.merged_into, ct.id) from contacts ct where ct.tenant_id = i.tenant_id and ct.id = i.contact_id) as id
           from identities i where i.tenant_id = $1 and i.kind = u.kind and i.scope = u.scope and i.address = u.address limit 1
       ) holder`,
    tx.tenantId,
    all.map(({ kind }) => kind),
    all.map(({ scope }) => scope),
    all.map(({ address }) => address),
  )
  return new Map(rows.map((row) => [nameOf(row), row.id]))
}

/** Makes contacts of people who are new, a few statements for all; none of them if somebody else has made one meanwhile. */
async function makeAll(tx: TenantTx, plan: ImportPlan, works: readonly Work[]): Promise<RowOutcome[]> {
  if (works.length === 0) return []
  const made = works.map((work) => ({ ...work, id: newId('ctc') }))
  await tx.run('savepoint rows')
  const rows = await tx.query<ContactRow>(
    `insert into contacts as ct (tenant_id, id, name, province, city, company, attributes)
     select $1, i, n, p, c, o, a::jsonb from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
            as u (i, n, p, c, o, a) returning ${contactColumns}`,
    tx.tenantId,
    made.map(({ id }) => id),
    made.map(({ candidate }) => candidate.name ?? ''),
    made.map(({ candidate }) => candidate.province ?? null),
    made.map(({ candidate }) => candidate.city ?? null),
    made.map(({ candidate }) => candidate.company ?? null),
    made.map(({ candidate }) => JSON.stringify(candidate.attributes)),
  )
  const identities = made.flatMap(({ id, candidate }) => candidate.identities.map(({ normal }) => ({ id, ...normal })))
  const added = await tx.run(
    `insert into identities (tenant_id, kind, scope, address, contact_id, verified, given)
     select $1, k, s, a, c, v, g from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::text[])
            as u (k, s, a, c, v, g) on conflict do nothing`,
    tx.tenantId,
    identities.map(({ kind }) => kind),
    identities.map(({ scope }) => scope),
    identities.map(({ address }) => address),
    identities.map(({ id }) => id),
    identities.map(({ verified }) => verified),
    identities.map(({ given }) => given ?? null),
  )
  if (added < identities.length) {
    await tx.run('rollback to savepoint rows')
    return []
  }
  const tags = made.flatMap(({ id, candidate }) => candidate.tags.map((tag) => ({ id, tag })))
  await tx.run(
    `insert into contact_tags (tenant_id, contact_id, tag) select $1, c, t from unnest($2::text[], $3::text[]) as u (c, t)`,
    tx.tenantId,
    tags.map(({ id }) => id),
    tags.map(({ tag }) => tag),
  )
  if (plan.groupId !== null) {
    await tx.run(
      'insert into contact_group_members (tenant_id, group_id, contact_id) select $1, $2, c from unnest($3::text[]) as c',
      tx.tenantId,
      plan.groupId,
      made.map(({ id }) => id),
    )
  }
  const byId = new Map(rows.map((row) => [row.id, row]))
  const { tenantId } = tx
  await emitAll(
    tx,
    made.flatMap(({ id, candidate }) => {
      const row = byId.get(id)
      if (row === undefined) return []
      const about = {
        identities: candidate.identities.map(({ normal }) => normal),
        tags: [...candidate.tags].sort(),
        groupIds: plan.groupId === null ? [] : [plan.groupId],
      }
      return [{ type: 'contact.created' as const, tenantId, subject: id, data: { contact: toContact(row, about) } }]
    }),
  )
  for (const { id, candidate } of made) for (const note of candidate.notes) await writeNote(tx, id, note)
  await tx.run('release savepoint rows')
  return made.map(({ number, id }) => ({ number, outcome: 'created', contactId: id, error: null }))
}

async function applyOne(tx: TenantTx, plan: ImportPlan, { number, candidate }: Work): Promise<RowOutcome> {
  await tx.run('savepoint one')
  try {
    const done = await putOne(tx, plan, { number, candidate })
    await tx.run('release savepoint one')
    return { number, ...done, error: null }
  } catch (error) {
    // What PostgreSQL refuses of a value (classes 22, 23) would be refused again: it must not stop the rest.
    const refused = /^2[23]/.test(sqlState(error))
    if (!refused && (!(error instanceof Fault) || error.kind === 'unavailable')) throw error
    await tx.run('rollback to savepoint one')
    const { code, message } =
      error instanceof Fault ? error : { code: 'row-refused', message: 'A value cannot be kept.' }
    return { number, outcome: 'failed', contactId: null, error: { code, detail: message, column: null } }
  }
}

async function putOne(
  tx: TenantTx,
  plan: ImportPlan,
  work: Work,
): Promise<{ outcome: 'created' | 'updated' | 'unchanged'; contactId: string }> {
  const { attributes, tags, notes, identities, ...facts } = work.candidate
  const given = identities.map((identity) => identity.given)
  const found = [...new Set((await holders(tx, [work])).values())]
  if (found.length > 1) {
    throw new Fault('conflict', 'match-ambiguous', `These addresses are several contacts': ${found.join(', ')}.`)
  }
  const [known] = found
  if (known !== undefined && plan.onMatch === 'skip') return { outcome: 'unchanged', contactId: known }
  let before = 0
  let contact: { readonly id: string; readonly version: number }
  if (known === undefined) {
    contact = await createContact(tx, { ...facts, name: facts.name ?? '', attributes, tags, identities: given })
  } else {
    const there = await getContact(tx, known)
    before = there.version
    contact = await updateContact(tx, known, {
      ...facts,
      attributes,
      identities: given,
      tags: [...new Set([...there.tags, ...tags])],
    })
  }
  if (plan.groupId !== null) contact = await setInGroup(tx, contact.id, plan.groupId, true)
  // A note of a row that comes again would be there twice; it is written with the contact.
  if (known === undefined) for (const note of notes) await writeNote(tx, contact.id, note)
  const outcome = known === undefined ? 'created' : contact.version === before ? 'unchanged' : 'updated'
  return { outcome, contactId: contact.id }
}
