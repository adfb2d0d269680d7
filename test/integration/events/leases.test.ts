import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Lease, LeasePool, proveLease } from '../../../src/core/events/leases.ts'
import type { Database } from '../../../src/core/platform/database.ts'
import { silentLog } from '../../../src/core/platform/log.ts'
import { eventually } from '../../support/eventually.ts'
import { type Ground, openGround } from '../../support/hub-ground.ts'

let ground: Ground
beforeAll(async () => {
  ground = await openGround()
})
afterAll(() => ground?.close())

/** A member of a pool that notes what it holds, and whether it was ever told twice. */
function member(db: Database, pool: string, owner: string, items: string[]) {
  const held = new Map<string, Lease>()
  const breaches: string[] = []
  const leases = new LeasePool({
    db,
    pool,
    owner,
    items: () => items,
    log: silentLog,
    async onGain(lease) {
      if (held.has(lease.what)) breaches.push(`gained ${lease.what} twice`)
      held.set(lease.what, lease)
    },
    async onLose(lease) {
      if (!held.delete(lease.what)) breaches.push(`lost ${lease.what} without holding it`)
    },
  })
  return { leases, held, breaches }
}

const eight = Array.from({ length: 8 }, (_, i) => `${i}`)

test('members of a pool share its items evenly, each item has one owner, and leavers hand over', async () => {
  const a = member(ground.db, 'share', 'a', eight)
  await a.leases.start()
  expect(a.held.size).toBe(8)
  const b = member((await ground.another()).db, 'share', 'b', eight)
  await b.leases.start()
  await eventually(() => a.held.size === 4 && b.held.size === 4)
  expect(new Set([...a.held.keys(), ...b.held.keys()]).size).toBe(8)
  await a.leases.stop()
  expect(a.held.size).toBe(0)
  await eventually(() => b.held.size === 8)
  await b.leases.stop()
  expect([...a.breaches, ...b.breaches]).toEqual([])
})

test('the epoch of an item grows whenever it changes hands', async () => {
  const first = member(ground.db, 'epoch', 'first', ['x'])
  await first.leases.start()
  const before = first.held.get('epoch/x')?.epoch ?? 0
  await first.leases.stop()
  const second = member(ground.db, 'epoch', 'second', ['x'])
  await second.leases.start()
  await eventually(() => second.held.size === 1)
  expect(second.held.get('epoch/x')?.epoch).toBe(before + 1)
  await second.leases.stop()
})

test('an owner that was replaced can change nothing more', async () => {
  const old = member(ground.db, 'fence', 'old', ['x'])
  await old.leases.start()
  const lease = old.held.get('fence/x') as Lease
  await ground.db.work('test', [], (tx) => proveLease(tx, lease))
  await ground.db.ground(
    `update leases set owner = 'new', epoch = epoch + 1, until = now() + interval '1 hour' where what = 'fence/x'`,
  )
  await expect(ground.db.work('test', [], (tx) => proveLease(tx, lease))).rejects.toMatchObject({ code: 'lease-lost' })
  await eventually(() => old.held.size === 0)
  await old.leases.stop()
  expect(old.breaches).toEqual([])
})

test('an owner that no longer renews is replaced, and learns it when it comes back', async () => {
  const frozen = member(ground.db, 'frozen', 'frozen', ['x'])
  await frozen.leases.start()
  const lease = frozen.held.get('frozen/x') as Lease
  // As a process that is stopped would leave it: nothing renews, its time passes.
  await ground.db.ground(
    `update leases set until = now() - interval '1 second' where what in ('frozen/x', 'member:frozen/frozen')`,
  )
  const heir = member((await ground.another()).db, 'frozen', 'heir', ['x'])
  const taken = ground.db.ground(
    `update leases set owner = 'heir', epoch = epoch + 1, until = now() + interval '3 seconds' where what = 'frozen/x' and until < now() returning 1`,
  )
  await Promise.all([heir.leases.start(), taken])
  await expect(ground.db.work('test', [], (tx) => proveLease(tx, lease))).rejects.toMatchObject({ code: 'lease-lost' })
  await eventually(() => frozen.held.size === 0)
  await Promise.all([frozen.leases.stop(), heir.leases.stop()])
})

test('an item that is no longer there is given up, a new one is taken', async () => {
  const items = ['x', 'y']
  const one = member(ground.db, 'items', 'one', items)
  await one.leases.start()
  expect([...one.held.keys()].sort()).toEqual(['items/x', 'items/y'])
  items.splice(0, 1, 'z')
  one.leases.refresh()
  await eventually(() => [...one.held.keys()].sort().join() === 'items/y,items/z')
  await one.leases.stop()
})
