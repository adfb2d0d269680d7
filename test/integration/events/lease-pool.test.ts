/** What a pool promises when its members, their work or the way to the database are slow, fail or end at a bad moment. */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { type Lease, LeasePool, leaseMs } from '../../../src/core/events/leases.ts'
import { Database } from '../../../src/core/platform/database.ts'
import { silentLog } from '../../../src/core/platform/log.ts'
import { eventually } from '../../support/eventually.ts'
import { type Ground, openGround } from '../../support/hub-ground.ts'
import { type WayToPostgres, wayToPostgres } from '../../support/way-to-postgres.ts'

let ground: Ground
let pools = 0
beforeAll(async () => {
  ground = await openGround()
})
afterAll(() => ground?.close())

interface MemberOptions {
  readonly db?: Database
  items?(): readonly string[] | Promise<readonly string[]>
  gain?(lease: Lease): Promise<void>
  lose?(lease: Lease): Promise<void>
}

/** A member that notes what happens to it; overlapping work on one item is a breach. */
function member(pool: string, owner: string, items: readonly string[], options: MemberOptions = {}) {
  const held = new Map<string, Lease>()
  const gained: Lease[] = []
  const breaches: string[] = []
  const busy = new Set<string>()
  let rounds = 0
  const alone = async (what: string, work: Promise<void> | undefined) => {
    if (busy.has(what)) breaches.push(`work on ${what} begins and ends at once`)
    busy.add(what)
    await work?.finally(() => busy.delete(what))
    busy.delete(what)
  }
  const leases = new LeasePool({
    db: options.db ?? ground.db,
    pool,
    owner,
    log: silentLog,
    items() {
      rounds++
      return options.items?.() ?? items
    },
    async onGain(lease) {
      gained.push(lease)
      if (held.has(lease.what)) breaches.push(`gained ${lease.what} twice`)
      held.set(lease.what, lease)
      await alone(lease.what, options.gain?.(lease))
    },
    async onLose(lease) {
      if (held.get(lease.what)?.epoch !== lease.epoch) breaches.push(`lost ${lease.what} without holding it`)
      await alone(lease.what, options.lose?.(lease))
      held.delete(lease.what)
    },
  })
  onTestFinished(() => {
    openGates()
    return leases.stop()
  })
  return {
    leases,
    held,
    gained,
    breaches,
    /** Resolves after so many more rounds, which are made at once. */
    async rounds(count: number) {
      const until = rounds + count
      await eventually(() => {
        leases.refresh()
        return rounds >= until
      })
    },
  }
}

const newPool = () => `pool${pools++}`
/** Opened at the latest when the test is over, so that whatever waits for it can end. */
function newGate() {
  const gate = Promise.withResolvers<void>()
  gates.push(gate)
  return gate
}
const gates: { resolve(): void }[] = []
const openGates = () => {
  for (const gate of gates.splice(0)) gate.resolve()
}

const upTo = (count: number) => Array.from({ length: count }, (_, i) => `${i}`)
const counts = (...members: { held: Map<string, Lease> }[]) => members.map(({ held }) => held.size).sort()

interface Row {
  readonly owner: string
  readonly epoch: number
  readonly until: number
}

async function rowOf(what: string): Promise<Row> {
  const [row] = await ground.db.ground<Row>(
    `select owner, epoch, (extract(epoch from greatest(until, 'epoch')) * 1000)::bigint as until from leases where what = $1`,
    what,
  )
  if (row === undefined) throw new Error(`there is no lease of ${what}`)
  return row
}

/** Resolves once the lease was renewed for longer than it lasts by itself. */
async function outlivesItself(what: string): Promise<void> {
  const { until } = await rowOf(what)
  await eventually(async () => (await rowOf(what)).until > until + leaseMs)
}

/** Another process takes the lease, and is gone again. */
const steal = (what: string) =>
  ground.db.ground(`update leases set owner = 'thief', epoch = epoch + 1, until = now() where what = $1`, what)

test('work that is slow to end keeps its lease until it has, and holds up neither renewal nor other items', async () => {
  const pool = newPool()
  const gate = newGate()
  const a = member(pool, 'a', upTo(4), { lose: () => gate.promise })
  await a.leases.start()
  const b = member(pool, 'b', upTo(4))
  await b.leases.start()
  const leaving = await eventually(() => [...a.held.keys()].find((what) => a.leases.held(what) === undefined))
  const staying = [...a.held.keys()].find((what) => a.leases.held(what) !== undefined) ?? ''
  await Promise.all([outlivesItself(leaving), outlivesItself(staying), outlivesItself(`member:${pool}/a`)])
  expect(await rowOf(leaving)).toMatchObject({ owner: 'a', epoch: 1 })
  expect(b.held.size).toBe(0)
  gate.resolve()
  await eventually(() => counts(a, b).join() === '2,2')
  expect([...a.breaches, ...b.breaches]).toEqual([])
})

test('work that is slow to begin holds up nothing else', async () => {
  const gate = newGate()
  const pool = newPool()
  const a = member(pool, 'a', ['slow', 'quick'], {
    gain: ({ what }) => (what.endsWith('slow') ? gate.promise : Promise.resolve()),
  })
  await a.leases.start()
  await outlivesItself(`${pool}/quick`)
  expect(await rowOf(`${pool}/slow`)).toMatchObject({ owner: 'a', epoch: 1 })
  const stopped = a.leases.stop()
  gate.resolve()
  await stopped
  expect(a.held.size).toBe(0)
  expect(a.breaches).toEqual([])
})

test('an item lost while work on it goes on is not taken anew before that has ended', async () => {
  const pool = newPool()
  const gate = newGate()
  const a = member(pool, 'a', ['x'], { lose: () => gate.promise })
  await a.leases.start()
  await steal(`${pool}/x`)
  await a.rounds(10)
  expect(a.gained).toHaveLength(1)
  gate.resolve()
  await eventually(() => a.leases.held(`${pool}/x`) !== undefined)
  expect(a.gained.map(({ epoch }) => epoch)).toEqual([1, 3])
  expect(a.breaches).toEqual([])
})

test('while it cannot be told what there is to own, what is held is kept', async () => {
  let away = false
  const pool = newPool()
  const items = async () => {
    if (away) throw new Error('no list now')
    return ['x', 'y']
  }
  const a = member(pool, 'a', [], { items })
  await a.leases.start()
  away = true
  await outlivesItself(`${pool}/x`)
  expect([...a.held.values()].map(({ epoch }) => epoch)).toEqual([1, 1])
  away = false
  await a.rounds(2)
  expect(a.gained).toHaveLength(2)
})

test('where work cannot begin it is tried ever less often, others may have it at once, and it begins when it can', async () => {
  const pool = newPool()
  let broken = true
  const gain = async () => {
    if (broken) throw new Error('cannot begin')
  }
  const a = member(pool, 'a', ['x'], { gain })
  await a.leases.start()
  await a.rounds(60)
  expect(a.gained.length).toBeLessThan(5)
  const b = member(pool, 'b', ['x'])
  await b.leases.start()
  await eventually(() => b.held.size === 1)
  broken = false
  await b.leases.stop()
  await eventually(() => a.leases.held(`${pool}/x`) !== undefined)
  expect([...a.breaches, ...b.breaches]).toEqual([])
})

test('a member that stops at any moment of a round leaves nothing behind', async () => {
  for (const turns of [0, 1, 4, 16, 64, 256, 1024]) {
    const pool = newPool()
    const a = member(pool, 'a', upTo(5))
    const started = a.leases.start()
    for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate)
    a.leases.refresh()
    await a.leases.stop()
    await started
    a.leases.refresh()
    expect(a.held.size).toBe(0)
    expect(a.breaches).toEqual([])
    const left = await ground.db.ground(
      `select what from leases where owner = 'a' and until > now() and (starts_with(what, $1) or starts_with(what, $2))`,
      `${pool}/`,
      `member:${pool}/`,
    )
    expect(left).toEqual([])
  }
})

test('members that start at one moment share, and no item begins with two of them', async () => {
  const pool = newPool()
  const others = await ground.another()
  const members = ['a', 'b', 'c'].map((owner, i) =>
    member(pool, owner, i === 1 ? upTo(9).toReversed() : upTo(9), { db: i === 0 ? ground.db : others.db }),
  )
  await Promise.all(members.map(({ leases }) => leases.start()))
  await eventually(() => counts(...members).join() === '3,3,3')
  const epochs = members.flatMap(({ gained }) => gained.map(({ what, epoch }) => `${what} ${epoch}`))
  expect(new Set(epochs).size).toBe(epochs.length)
  expect(members.flatMap(({ breaches }) => breaches)).toEqual([])
})

test.for([
  { items: 2, members: 5, shares: '0,0,0,1,1' },
  { items: 4, members: 3, shares: '1,1,2' },
])('$items items among $members members are $shares, and stay where they are', async ({ items, members, shares }) => {
  const pool = newPool()
  const all = upTo(members).map((owner) => member(pool, owner, upTo(items)))
  for (const { leases } of all) await leases.start()
  await eventually(() => counts(...all).join() === shares)
  const settled = all.map(({ gained }) => gained.length)
  await Promise.all(all.map(({ rounds }) => rounds(5)))
  expect(counts(...all).join()).toBe(shares)
  expect(all.map(({ gained }) => gained.length)).toEqual(settled)
})

test('a lease that is ours by a claim whose answer was lost runs out, and is taken anew', async () => {
  const pool = newPool()
  await ground.db.ground(
    `insert into leases (what, owner, epoch, until) values ($1, 'a', 7, clock_timestamp() + interval '3 seconds')`,
    `${pool}/x`,
  )
  const a = member(pool, 'a', ['x'])
  await a.leases.start()
  expect(a.held.size).toBe(0)
  await eventually(() => a.held.size === 1)
  expect(a.held.get(`${pool}/x`)?.epoch).toBe(8)
})

/** A database of a process of its own, whose way can be closed. */
async function farDatabase(): Promise<{ db: Database; way: WayToPostgres }> {
  const way = await wayToPostgres(ground.url)
  const db = new Database({ url: way.url, poolSize: 4, statementTimeoutMs: 10_000, log: silentLog })
  onTestFinished(async () => {
    way.thaw()
    await way.open()
    await db.close()
    await way.end()
  })
  return { db, way }
}

test('work ends by itself when its lease cannot be renewed, and begins anew when the database is back', async () => {
  const pool = newPool()
  const { db, way } = await farDatabase()
  const a = member(pool, 'a', ['x', 'y'], { db })
  await a.leases.start()
  expect(a.held.size).toBe(2)
  way.freeze()
  await eventually(() => a.held.size === 0)
  expect(a.leases.held(`${pool}/x`)).toBeUndefined()
  way.thaw()
  await eventually(() => a.held.size === 2)
  expect(a.gained.map(({ epoch }) => epoch)).toEqual([1, 1, 2, 2])
  expect(a.breaches).toEqual([])
})

test('whatever members freeze, stop and come back, no epoch of an item has two holders, and all is owned in the end', async () => {
  const step = fc.record({
    who: fc.integer({ min: 0, max: 2 }),
    what: fc.constantFrom(
      'freeze' as const,
      'freeze' as const,
      'thaw' as const,
      'replace' as const,
      'outlast' as const,
    ),
    thenRounds: fc.integer({ min: 0, max: 3 }),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 10 }), async (steps) => {
      const pool = newPool()
      const ways = await Promise.all([farDatabase(), farDatabase(), farDatabase()])
      const everybody: ReturnType<typeof member>[] = []
      let names = 0
      const join = async (index: number) => {
        const one = member(pool, `${names++}`, upTo(7), { db: ways[index]?.db ?? ground.db })
        everybody.push(one)
        // Not waited for: it may be frozen.
        void one.leases.start()
        return one
      }
      const current = await Promise.all([join(0), join(1), join(2)])
      const clock = member(`${pool}.clock`, 'clock', ['x'])
      await clock.leases.start()
      const beat = `${pool}.clock/x`
      for (const { who, what, thenRounds } of steps) {
        if (what === 'freeze') ways[who]?.way.freeze()
        if (what === 'thaw') ways[who]?.way.thaw()
        if (what === 'outlast') await outlivesItself(beat)
        if (what === 'replace') {
          void current[who]?.leases.stop()
          current[who] = await join(who)
        }
        for (let round = 0; round < thenRounds; round++) {
          await clock.rounds(1)
          for (const { leases } of current) leases.refresh()
        }
      }
      for (const { way } of ways) way.thaw()
      await eventually(() => counts(...current).join() === '2,2,3')
      const owned = current.flatMap(({ held }) => [...held.keys()])
      expect(new Set(owned).size).toBe(7)
      const epochs = everybody.flatMap(({ gained }) => gained.map(({ what, epoch }) => `${what} ${epoch}`))
      expect(new Set(epochs).size).toBe(epochs.length)
      expect(everybody.flatMap(({ breaches }) => breaches)).toEqual([])
      await Promise.all([...everybody, clock].map(({ leases }) => leases.stop()))
    }),
    { numRuns: 5 },
  )
}, 180_000)
