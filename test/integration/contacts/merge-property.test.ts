/** Whatever happens between merging and un-merging, each contact has its own again. */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { blockContact } from '../../../src/core/contacts/blocklist.ts'
import { getContact, updateContact } from '../../../src/core/contacts/contacts.ts'
import { findContactByIdentity } from '../../../src/core/contacts/identities.ts'
import { mergeContacts } from '../../../src/core/contacts/merge.ts'
import { writeNote } from '../../../src/core/contacts/notes.ts'
import { ingest } from '../../../src/core/conversations/ingest.ts'
import { unmergeContact } from '../../../src/core/conversations/unmerge.ts'
import { inspectEmissions } from '../../../src/core/events/outbox.ts'
import type { Contact } from '../../../src/core/events/shapes.ts'
import type { TenantTx } from '../../../src/core/platform/database.ts'
import { Fault } from '../../../src/core/platform/errors.ts'
import { checkEmission } from '../../support/api.ts'
import { type Ground, inboundRecord, makeShop, openGround, type Shop, textFrom } from '../../support/hub-ground.ts'

let ground: Ground
beforeAll(async () => {
  ground = await openGround()
  inspectEmissions(checkEmission)
})
afterAll(async () => {
  inspectEmissions(undefined)
  await ground?.close()
})

const people = ['an', 'bo', 'cy', 'di'] as const
const person = fc.nat({ max: people.length - 1 })

/** What is known of somebody before anything is merged. */
const facts = fc.record({
  name: fc.constantFrom('', '王', '李'),
  city: fc.constantFrom(null, '上海', '杭州'),
  company: fc.constantFrom(null, 'Ltd'),
  attributes: fc.dictionary(fc.constantFrom('level', 'since', '生日'), fc.constantFrom('1', '2', '')),
  tags: fc.uniqueArray(fc.constantFrom('vip', '回头客'), { maxLength: 2 }),
  note: fc.boolean(),
  blockedHours: fc.constantFrom(null, null, 1, 2),
})

type Facts = typeof facts extends fc.Arbitrary<infer T> ? T : never

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('say' as const), who: fc.array(person, { minLength: 1, maxLength: 4 }) }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('merge' as const), into: person, from: person }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('undo' as const), which: fc.nat({ max: 5 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('close' as const), reopen: fc.boolean() }) },
)

const codeOf = (error: unknown) => {
  if (error instanceof Fault) return error.code
  throw error
}

/** A shop with these people, and what happens in it. */
class World {
  readonly shop: Shop
  readonly ids: string[] = []
  readonly said: string[][] = people.map(() => [])
  standing: { id: string; into: string }[] = []
  #count = 0

  constructor(shop: Shop) {
    this.shop = shop
  }

  tx<T>(work: (tx: TenantTx) => Promise<T>): Promise<T> {
    return ground.db.transaction(this.shop.actor, work)
  }

  contact(index: number): Promise<Contact> {
    return this.tx((tx) => getContact(tx, this.ids[index] ?? ''))
  }

  async say(who: readonly number[]): Promise<void> {
    const events = who.map((index) => {
      const key = `m${++this.#count}`
      const address = people[index] ?? ''
      // Without a name, so that what is known of them changes by the shop's hand alone.
      return { index, key, event: { ...textFrom(address, key, key), from: { kind: 'custom', scope: '', address } } }
    })
    if (this.ids.length > 0) {
      for (const { index, key } of events) {
        if ((await this.contact(index)).blocked === null) this.said[index]?.push(key)
      }
    }
    await ground.db.work('ingest', [this.shop.tenantId], (tx) =>
      ingest(
        tx,
        ground.wake,
        events.map(
          ({ event }) => ({ event: JSON.parse(String(inboundRecord(this.shop, event).value)), position: 0 }) as never,
        ),
      ),
    )
  }

  /** Everybody writes for the first time, and the shop notes what it knows of them. */
  async begin(known: readonly Facts[]): Promise<void> {
    await this.say(people.map((_, index) => index))
    for (const [index, name] of people.entries()) {
      const id = await this.tx((tx) => findContactByIdentity(tx, { kind: 'custom', scope: '', address: name }))
      this.ids.push(id ?? '')
      this.said[index]?.push(`m${index + 1}`)
    }
    for (const [index, { note, blockedHours, ...patch }] of known.entries()) {
      const id = this.ids[index] ?? ''
      await this.tx(async (tx) => {
        await updateContact(tx, id, patch)
        await tx.run(`update contacts set name = $3 where tenant_id = $1 and id = $2`, tx.tenantId, id, patch.name)
        if (note) await writeNote(tx, id, `of ${index}`)
        if (blockedHours !== null) {
          await blockContact(tx, id, { reason: `${index}`, until: new Date(Date.now() + blockedHours * 3_600_000) })
        }
      })
    }
  }

  async merge(into: number, from: number): Promise<void> {
    const [a, b] = [await this.contact(into), await this.contact(from)]
    const outcome = await this.tx((tx) => mergeContacts(tx, a.id, b.id)).catch(codeOf)
    if (a.id === b.id) expect(outcome).toBe('merge-same')
    else if (typeof outcome === 'string') throw new Error(outcome)
    else this.standing.push({ id: outcome.merge.id, into: a.id })
  }

  async undo(which: number): Promise<void> {
    const one = this.standing[which % Math.max(1, this.standing.length)]
    if (one === undefined) return
    const stands = (await this.tx((tx) => getContact(tx, one.into))).id === one.into
    const outcome = await this.tx((tx) => unmergeContact(tx, one.into, one.id)).catch(codeOf)
    if (!stands) expect(outcome).toBe('merge-covered')
    else if (typeof outcome === 'string') throw new Error(outcome)
    else this.standing = this.standing.filter(({ id }) => id !== one.id)
  }

  async close(reopen: boolean): Promise<void> {
    await this.tx((tx) =>
      tx.run(
        `update conversations set status = 'closed', held_by = 'nobody', closed_at = now() - $2 * interval '1 day' where tenant_id = $1 and status <> 'closed'`,
        tx.tenantId,
        reopen ? 0 : 1,
      ),
    )
  }

  /** Each one's row as it lies there, but for what says that it was touched, and all rows that are its own. */
  belongings(): Promise<unknown[]> {
    return this.tx((tx) =>
      Promise.resolve(
        tx.query(
          `select to_jsonb(c) - 'version' - 'updated_at' as row, ${[
            'identities',
            'contact_tags',
            'contact_group_members',
            'contact_notes',
            'chats',
          ]
            .map(
              (table) =>
                `(select jsonb_agg(to_jsonb(o) order by to_jsonb(o)::text) from ${table} o where o.tenant_id = c.tenant_id and o.contact_id = c.id) as ${table}`,
            )
            .join(', ')}
             from contacts c where c.tenant_id = $1 order by c.id`,
          tx.tenantId,
        ),
      ),
    )
  }

  threads(): Promise<{ contactId: string; keys: string[] }[]> {
    return this.tx((tx) =>
      tx.query(
        `select contact_id, array_agg(parts->0->>'text' order by substr(parts->0->>'text', 2)::int) as keys
           from messages where tenant_id = $1 group by contact_id order by contact_id`,
        tx.tenantId,
      ),
    )
  }
}

/** A record without what says that it was touched. */
const told = ({ version: _, updatedAt: __, ...rest }: Contact) => rest

test('merging and un-merging in any allowed order restores every contact, and each has the messages of its own addresses', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.tuple(facts, facts, facts, facts),
      fc.array(step, { minLength: 3, maxLength: 14 }),
      fc.array(fc.nat({ max: 5 }), { minLength: 10, maxLength: 10 }),
      async (known, steps, endings) => {
        const world = new World(await makeShop(ground.db))
        await world.begin(known)
        const before = await Promise.all(people.map(async (_, index) => told(await world.contact(index))))
        const owned = await world.belongings()
        for (const one of steps) {
          if (one.do === 'say') await world.say(one.who)
          else if (one.do === 'merge') await world.merge(one.into, one.from)
          else if (one.do === 'undo') await world.undo(one.which)
          else await world.close(one.reopen)
        }
        for (const which of endings) await world.undo(which)
        // The last merge is never covered.
        while (world.standing.length > 0) await world.undo(world.standing.length - 1)

        expect(await Promise.all(people.map(async (_, index) => told(await world.contact(index))))).toEqual(before)
        expect(await world.belongings()).toEqual(owned)
        expect(await world.threads()).toEqual(world.said.map((keys, index) => ({ contactId: world.ids[index], keys })))
        const gaps = await world.tx((tx) =>
          tx.query(
            `select conversation_id from messages where tenant_id = $1 group by conversation_id having max(number) <> count(*)`,
            tx.tenantId,
          ),
        )
        expect(gaps).toEqual([])
        const foreign = await world.tx((tx) =>
          tx.query(
            `select c.id from conversations c where c.tenant_id = $1 and not exists (
               select 1 from messages m where m.tenant_id = $1 and m.conversation_id = c.id and m.contact_id = c.contact_id)`,
            tx.tenantId,
          ),
        )
        expect(foreign).toEqual([])
      },
    ),
    { numRuns: 10 },
  )
}, 120_000)
