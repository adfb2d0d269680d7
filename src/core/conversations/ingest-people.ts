/** Whose words they are: the contact of each sender of a batch, made where there is none, locked until the end. */
import { blockedAmong } from '../contacts/blocked-identities.ts'
import { type ContactRow, contactColumns, isBlocked, toContact } from '../contacts/contacts.ts'
import type { Emission } from '../events/outbox.ts'
import type { Identity } from '../events/shapes.ts'
import type { Tx } from '../platform/database.ts'
import { newId } from '../platform/ids.ts'
import { together } from '../platform/together.ts'
import type { Heard } from './ingest.ts'
import type { Sender } from './model.ts'

export interface Party {
  /** The contact that stands for the person. */
  readonly id: string
  /** The contact whose address it is: another than `id` once that one was merged. What is said stays its own, should the merge be undone. */
  readonly ownId: string
  /** Made in this batch: nothing can be open yet. */
  readonly isNew: boolean
  readonly name: string
}

export interface KnownSenders {
  /** The sender's contact; undefined for one on the blocklist, whose words are not taken in. */
  readonly contactOf: (heard: Heard) => Party | undefined
  readonly emissions: readonly Emission[]
}

interface Address {
  readonly tenantId: string
  readonly kind: string
  readonly scope: string
  readonly address: string
  readonly verified: boolean
  readonly name: string
  readonly claims: Readonly<Record<string, string>>
}

type LockedContact = ContactRow & { readonly tenantId: string }

/**
 * Finds or makes the contacts of all senders and locks them, ids ascending. Other transactions that hear of the same new
 * person at the same time wait at the identity's primary key, and one of them finds what the other made.
 */
export async function knowSenders(tx: Tx, heard: readonly Heard[]): Promise<KnownSenders> {
  const all = addressesOf(heard)
  const [unwelcome, known] = await together([blockedOf(tx, heard), find(tx, all)])
  const list = unwelcome.size === 0 ? all : addressesOf(heard.filter((one) => !unwelcome.has(one)))
  const contactIds = new Map(
    list.map(nameOf).flatMap((name) => {
      const id = known.get(name)
      return id === undefined ? [] : [[name, id] as const]
    }),
  )
  const made = await make(
    tx,
    list.filter((address) => !contactIds.has(nameOf(address))),
  )
  for (const [name, id] of made) contactIds.set(name, id)
  const strangers = list.filter((address) => !contactIds.has(nameOf(address)))
  for (const [name, id] of await find(tx, strangers)) contactIds.set(name, id)

  const contacts = await lock(tx, [...new Set(contactIds.values())])
  const now = Date.now()
  const party = (address: Address) => contacts.get(contactIds.get(nameOf(address)) ?? '')
  await note(tx, list, party)
  return {
    contactOf(one) {
      const address = addressOf(one)
      const known = unwelcome.has(one) ? undefined : party(address)
      if (known === undefined || isBlocked(known.standing, now)) return undefined
      const { own, standing } = known
      const name = standing.name || own.name || address.name
      return { id: standing.id, ownId: own.id, isNew: made.has(nameOf(address)), name }
    },
    emissions: list.flatMap((address): Emission[] => {
      const contact = party(address)?.standing
      if (contact === undefined || !made.has(nameOf(address))) return []
      const identity: Identity = {
        kind: address.kind,
        scope: address.scope,
        address: address.address,
        verified: address.verified,
      }
      return [
        {
          type: 'contact.created',
          tenantId: address.tenantId,
          subject: contact.id,
          data: { contact: toContact(contact, { identities: [identity] }) },
        },
      ]
    }),
  }
}

/** Whom a batch hears, each once, with the name that they told last. */
function addressesOf(heard: readonly Heard[]): Address[] {
  const addresses = new Map<string, Address>()
  for (const one of heard) {
    const address = addressOf(one)
    const before = addresses.get(nameOf(address))
    addresses.set(nameOf(address), before === undefined ? address : { ...address, name: address.name || before.name })
  }
  return [...addresses.values()]
}

/** What comes from addresses on the blocklist: neither a contact is made of that nor anything noted. */
async function blockedOf(tx: Tx, heard: readonly Heard[]): Promise<ReadonlySet<Heard>> {
  const senders = heard.flatMap((one) => {
    const { kind, scope, address } = one.message.from
    const party = addressOf(one)
    // In a group each member may be blocked, and the group itself.
    const member = party.kind === 'group' ? [{ one, tenantId: party.tenantId, kind, scope, address }] : []
    return [{ one, tenantId: party.tenantId, kind: party.kind, scope: party.scope, address: party.address }, ...member]
  })
  return new Set([...(await blockedAmong(tx, senders))].map(({ one }) => one))
}

/** A group chat is a contact-like party of its own; else the sender is the party. */
function addressOf({ channel, message }: Heard): Address {
  const group = message.chat?.kind === 'group'
  const sender: Sender = group
    ? {
        kind: 'group',
        scope: channel.id,
        address: message.peer,
        ...(message.chat?.title && { name: message.chat.title }),
      }
    : message.from
  return {
    tenantId: channel.tenantId,
    kind: sender.kind,
    scope: sender.scope,
    address: sender.address,
    verified: sender.verified ?? false,
    name: sender.name ?? '',
    claims: sender.claims ?? {},
  }
}

function nameOf(address: Pick<Address, 'tenantId' | 'kind' | 'scope' | 'address'>): string {
  return JSON.stringify([address.tenantId, address.kind, address.scope, address.address])
}

function columns(addresses: readonly Address[]): string[][] {
  return [
    addresses.map((one) => one.tenantId),
    addresses.map((one) => one.kind),
    addresses.map((one) => one.scope),
    addresses.map((one) => one.address),
  ]
}

async function find(tx: Tx, addresses: readonly Address[]): Promise<Map<string, string>> {
  if (addresses.length === 0) return new Map()
  const rows = await tx.query<{ tenantId: string; kind: string; scope: string; address: string; contactId: string }>(
    `select i.tenant_id, i.kind, i.scope, i.address, i.contact_id
       from unnest($1::text[], $2::text[], $3::text[], $4::text[]) as u (tenant_id, kind, scope, address)
       join identities i using (tenant_id, kind, scope, address)`,
    ...columns(addresses),
  )
  return new Map(rows.map((row) => [nameOf(row), row.contactId]))
}

/** Makes contacts for new addresses; answers with those that were really new. */
async function make(tx: Tx, addresses: readonly Address[]): Promise<Map<string, string>> {
  if (addresses.length === 0) return new Map()
  const ids = addresses.map(() => newId('ctc'))
  await tx.run(
    `insert into contacts (tenant_id, id, name, claims, last_seen_at)
     select t, i, n, c::jsonb, now() from unnest($1::text[], $2::text[], $3::text[], $4::text[]) as u (t, i, n, c)`,
    addresses.map((one) => one.tenantId),
    ids,
    addresses.map((one) => one.name),
    addresses.map((one) => JSON.stringify(one.claims)),
  )
  const rows = await tx.query<{ tenantId: string; kind: string; scope: string; address: string; contactId: string }>(
    `insert into identities (tenant_id, kind, scope, address, contact_id, verified)
     select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[])
     on conflict do nothing returning tenant_id, kind, scope, address, contact_id`,
    ...columns(addresses),
    ids,
    addresses.map((one) => one.verified),
  )
  const made = new Map(rows.map((row) => [nameOf(row), row.contactId]))
  const used = new Set(made.values())
  const unused = ids.filter((id) => !used.has(id))
  if (unused.length > 0) await tx.run('delete from contacts where id = any($1)', unused)
  return made
}

interface Known {
  readonly own: LockedContact
  /** The one that its pointer ends at: itself, unless it was merged. */
  readonly standing: LockedContact
}

/** Locks contacts and, where one was merged, the one that it points at; keyed by the id asked for. */
async function lock(tx: Tx, ids: readonly string[]): Promise<Map<string, Known>> {
  const found = new Map<string, LockedContact>()
  let wanted = [...ids]
  while (wanted.length > 0) {
    const rows = await tx.query<LockedContact>(
      `select ct.tenant_id, ${contactColumns} from contacts ct
        where ct.id = any($1::text[] || array(select merged_into from contacts where id = any($1) and merged_into is not null))
        order by ct.id for no key update`,
      wanted,
    )
    for (const row of rows) found.set(row.id, row)
    // Merged while we waited for the row.
    wanted = rows.flatMap((row) => (row.mergedInto !== null && !found.has(row.mergedInto) ? [row.mergedInto] : []))
  }
  const end = (id: string): LockedContact | undefined => {
    let row = found.get(id)
    // A circle of pointers cannot be made by a merge; the bound keeps a damaged one from holding the log up.
    for (let steps = 0; row !== undefined && row.mergedInto !== null && steps < 100; steps++)
      row = found.get(row.mergedInto)
    return row
  }
  return new Map(
    ids.flatMap((id) => {
      const [own, standing] = [found.get(id), end(id)]
      return own === undefined || standing === undefined ? [] : [[id, { own, standing }] as const]
    }),
  )
}

/**
 * Notes what is new of a person: a name where there was none, claims, and that they were seen (to the minute). It is noted of the
 * contact whose address it is; the one that stands for it gets a new version, since it is shown with all that.
 */
async function note(tx: Tx, addresses: readonly Address[], partyOf: (address: Address) => Known | undefined) {
  const stale = Date.now() - 60_000
  const news = addresses.flatMap((address) => {
    const known = partyOf(address)
    if (known === undefined) return []
    const { own, standing } = known
    const named = own.name === '' && address.name !== ''
    const claims = Object.entries(address.claims).some(([key, value]) => own.claims[key] !== value)
    if (!named && !claims && (own.lastSeenAt?.getTime() ?? 0) > stale) return []
    const { tenantId } = own
    const changed = named || claims
    const seen = {
      tenantId,
      id: own.id,
      name: address.name,
      claims: JSON.stringify(address.claims),
      changed,
      seen: true,
    }
    if (own.id === standing.id || !changed) return [seen]
    return [seen, { tenantId, id: standing.id, name: '', claims: '{}', changed, seen: false }]
  })
  if (news.length === 0) return
  await tx.run(
    `update contacts ct set name = case when ct.name = '' then u.name else ct.name end, claims = ct.claims || u.claims::jsonb,
            last_seen_at = case when u.seen then now() else ct.last_seen_at end,
            updated_at = case when u.changed then now() else ct.updated_at end, version = ct.version + u.changed::int
       from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::boolean[], $6::boolean[])
            as u (tenant_id, id, name, claims, changed, seen)
      where ct.tenant_id = u.tenant_id and ct.id = u.id`,
    news.map((one) => one.tenantId),
    news.map((one) => one.id),
    news.map((one) => one.name),
    news.map((one) => one.claims),
    news.map((one) => one.changed),
    news.map((one) => one.seen),
  )
}
