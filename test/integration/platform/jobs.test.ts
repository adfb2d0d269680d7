/** Durable jobs on a real PostgreSQL: once in effect, moved, kept, taken back, in lanes, tried again, killed between steps. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { TenantTx } from '../../../src/core/platform/database.ts'
import { JobRunner } from '../../../src/core/platform/job-runner.ts'
import { cancel, type JobHandler, jobKind, onJob, type Schedule, schedule } from '../../../src/core/platform/jobs.ts'
import { silentLog } from '../../../src/core/platform/log.ts'
import { eventually } from '../../support/eventually.ts'
import { type Ground, makeShop, openGround, type Shop } from '../../support/hub-ground.ts'
import { count, counting } from '../../support/job-runner-child.ts'

const note = jobKind<{ text: string }>('note')
const start = Date.parse('2026-03-02T08:00:00Z')

let ground: Ground
let shop: Shop
let clock: Date

beforeAll(async () => {
  ground = await openGround()
})
afterAll(() => ground.close())
beforeEach(async () => {
  shop = await makeShop(ground.db)
  clock = new Date(start)
})
afterEach(() => within((tx) => tx.run('delete from jobs where tenant_id = $1', shop.tenantId)))

const within = <T>(work: (tx: TenantTx) => Promise<T>) => ground.db.transaction(shop.actor, work)
const ask = <D extends object>(job: Schedule<D>) => within((tx) => schedule(tx, job))
const at = (minutes: number) => new Date(start + minutes * 60_000)
const pass = (minutes: number) => {
  clock = new Date(clock.getTime() + minutes * 60_000)
}
const runner = (handlers: readonly JobHandler[], owner = 'here') =>
  new JobRunner({ ...ground, owner, log: silentLog, handlers, clock: () => clock })
const jobs = () =>
  within((tx) =>
    tx.query<{ key: string; attempts: number; error: string | null; data: object; runAt: Date; owner: string | null }>(
      'select key, attempts, error, data, run_at, owner from jobs where tenant_id = $1 order by key',
      shop.tenantId,
    ),
  )
const counted = () =>
  within(async (tx) => {
    const row = await tx.maybe<{ value: number }>(
      `select value from channel_memory where tenant_id = $1 and channel_id = $2 and name = 'count'`,
      shop.tenantId,
      shop.channelId,
    )
    return row?.value ?? 0
  })

/** Notes what ran, of this test's tenant. */
function noting() {
  const said: string[] = []
  const handler = onJob({
    kind: note,
    async run(_, job) {
      said.push(job.data.text)
      return undefined
    },
  })
  return { said, handler }
}

test('a job runs once, when its time has come', async () => {
  const { said, handler } = noting()
  await ask({ kind: note, key: 'a', runAt: at(5), data: { text: 'five' } })
  expect(await runner([handler]).runDue()).toBe(0)
  pass(5)
  expect(await runner([handler]).runDue()).toBe(1)
  expect(await runner([handler]).runDue()).toBe(0)
  expect(said).toEqual(['five'])
  expect(await jobs()).toEqual([])
})

test('a job of a transaction that is undone was never asked for', async () => {
  const failed = within(async (tx) => {
    await schedule(tx, { kind: note, key: 'a', runAt: at(0), data: { text: 'no' } })
    throw new Error('undone')
  })
  await expect(failed).rejects.toThrow('undone')
  expect(await jobs()).toEqual([])
})

test('asking again moves a job, and with keep it is only ever made earlier', async () => {
  await ask({ kind: note, key: 'a', runAt: at(5), data: { text: 'first' } })
  await ask({ kind: note, key: 'a', runAt: at(9), data: { text: 'second' } })
  expect(await jobs()).toMatchObject([{ data: { text: 'second' }, runAt: at(9) }])
  await ask({ kind: note, key: 'a', runAt: at(20), data: { text: 'third' }, keep: true })
  await ask({ kind: note, key: 'a', runAt: at(7), data: { text: 'fourth' }, keep: true })
  expect(await jobs()).toMatchObject([{ data: { text: 'second' }, runAt: at(7) }])
})

test('what is taken back does not run', async () => {
  const { said, handler } = noting()
  await ask({ kind: note, key: 'a', runAt: at(0), data: { text: 'no' } })
  expect(await within((tx) => cancel(tx, note, 'a'))).toBe(true)
  expect(await within((tx) => cancel(tx, note, 'a'))).toBe(false)
  await runner([handler]).runDue()
  expect(said).toEqual([])
})

test('a job taken back while it runs leaves no trace', async () => {
  const handler = onJob({
    kind: count,
    prepare: () => within((tx) => cancel(tx, count, 'a')),
    run: (tx, job) => counting().run(tx, job, undefined) as Promise<undefined>,
  })
  await ask({ kind: count, key: 'a', runAt: at(0), data: { channelId: shop.channelId, done: 9 } })
  await runner([handler]).runDue()
  expect(await counted()).toBe(0)
  expect(await jobs()).toEqual([])
})

test('what is asked for during a run follows it', async () => {
  const { said, handler } = noting()
  let first = true
  const asking = onJob({
    kind: note,
    async prepare() {
      if (!first) return
      first = false
      await ask({ kind: note, key: 'a', runAt: at(0), data: { text: 'again' }, keep: true })
      await ask({ kind: note, key: 'a', runAt: at(3), data: { text: 'later' } })
    },
    run: (tx, job) => handler.run(tx, job, undefined) as Promise<undefined>,
  })
  await ask({ kind: note, key: 'a', runAt: at(0), data: { text: 'now' } })
  await runner([asking]).runDue()
  expect(said).toEqual(['now'])
  expect(await jobs()).toMatchObject([{ data: { text: 'later' }, runAt: at(3), owner: null }])
  pass(3)
  await runner([asking]).runDue()
  expect(said).toEqual(['now', 'later'])
})

test('a run may ask for its own key within its transaction', async () => {
  const { handler } = noting()
  const again = onJob({
    kind: note,
    async run(tx, job) {
      if (job.data.text === 'one') await schedule(tx, { kind: note, key: 'a', runAt: at(1), data: { text: 'two' } })
      else await cancel(tx, note, 'a')
      return undefined
    },
  })
  await ask({ kind: note, key: 'a', runAt: at(0), data: { text: 'one' } })
  await runner([again]).runDue()
  expect(await jobs()).toMatchObject([{ data: { text: 'two' }, attempts: 0 }])
  pass(1)
  await runner([again]).runDue()
  expect(await jobs()).toEqual([])
  expect(await runner([handler]).runDue()).toBe(0)
})

test('a failing job leaves nothing behind, waits longer each time and is seen', async () => {
  let failures = 2
  const failing = onJob({
    kind: count,
    async run(tx, job) {
      await counting().run(tx, job, undefined)
      if (failures-- > 0) throw new Error('not today')
      return undefined
    },
  })
  await ask({ kind: count, key: 'a', runAt: at(0), data: { channelId: shop.channelId, done: 0 } })
  expect(await runner([failing]).runDue()).toBe(1)
  expect(await counted()).toBe(0)
  expect(await jobs()).toMatchObject([{ attempts: 1, error: 'not today', owner: null }])
  clock = new Date(start + 1000)
  expect(await runner([failing]).runDue()).toBe(1)
  clock = new Date(start + 2999)
  expect(await runner([failing]).runDue()).toBe(0)
  clock = new Date(start + 3000)
  expect(await runner([failing]).runDue()).toBe(1)
  expect(await counted()).toBe(1)
  expect(await jobs()).toEqual([])
})

test('jobs of one lane run one after another, also past a failure, and other lanes do not wait', async () => {
  const said: string[] = []
  let broken = true
  const handler = onJob({
    kind: note,
    async run(_, job) {
      if (job.data.text === 'first' && broken) throw new Error('stuck')
      said.push(job.data.text)
      return undefined
    },
  })
  await ask({ kind: note, key: 'z', runAt: at(-3), data: { text: 'first' }, lane: 'one' })
  await ask({ kind: note, key: 'y', runAt: at(-2), data: { text: 'second' }, lane: 'one' })
  await ask({ kind: note, key: 'x', runAt: at(-1), data: { text: 'third' }, lane: 'one' })
  await ask({ kind: note, key: 'w', runAt: at(-1), data: { text: 'other' }, lane: 'two' })
  await runner([handler]).runDue()
  expect(said).toEqual(['other'])
  broken = false
  pass(1)
  await runner([handler]).runDue()
  expect(said).toEqual(['other', 'first', 'second', 'third'])
})

test('two runners at once run each job once', async () => {
  for (let n = 0; n < 60; n++) {
    const key = `${n}`.padStart(2, '0')
    await ask({
      kind: count,
      key,
      runAt: at(0),
      data: { channelId: shop.channelId, done: 9 },
      ...(n % 3 === 0 && { lane: 'one' }),
    })
  }
  const [a, b] = [runner([counting()], 'a'), runner([counting()], 'b')]
  await eventually(async () => {
    await Promise.allSettled([a.runDue(), b.runDue()])
    pass(1)
    return (await jobs()).length === 0
  }, 60_000)
  expect(await counted()).toBe(60)
})

test('one tenant with very many jobs does not keep another waiting', async () => {
  await within((tx) =>
    tx.run(
      `insert into jobs (tenant_id, kind, key, run_at, due_at, data)
       select $1, 'note', n::text, $2, $2, '{"text": "many"}' from generate_series(1, 200) n`,
      shop.tenantId,
      at(-5),
    ),
  )
  shop = await makeShop(ground.db)
  await ask({ kind: note, key: 'a', runAt: at(0), data: { text: 'one' } })
  const order: string[] = []
  const handler = onJob({
    kind: note,
    async run(_, job) {
      order.push(job.data.text)
      return undefined
    },
  })
  await runner([handler]).runDue()
  expect(order).toHaveLength(201)
  expect(order.indexOf('one')).toBeLessThan(4)
})

test('a long job killed within a step goes on from the step before, and each step counts once', async () => {
  await ask({ kind: count, key: 'long', runAt: new Date(0), data: { channelId: shop.channelId, done: 0 } })
  const child = spawn(process.execPath, [
    join(import.meta.dirname, '../../support/job-runner-child.ts'),
    ground.url,
    'child',
    '4',
  ])
  await once(child, 'exit')
  expect(child.signalCode).toBe('SIGKILL')
  expect(await counted()).toBe(3)
  expect(await jobs()).toMatchObject([{ data: { done: 3 }, owner: 'child' }])
  // Once the claim of the dead has run out.
  clock = new Date(Date.now() + 60_000)
  await runner([counting()]).runDue()
  expect(await counted()).toBe(10)
  expect(await jobs()).toEqual([])
}, 60_000)

test('what was asked for during a run that was killed is not forgotten', async () => {
  const { said, handler } = noting()
  await ask({ kind: note, key: 'a', runAt: at(0), data: { text: 'old' } })
  await ask({ kind: note, key: 'b', runAt: at(0), data: { text: 'gone' } })
  await within((tx) => tx.run(`update jobs set owner = 'dead', due_at = $2 where tenant_id = $1`, shop.tenantId, at(1)))
  await ask({ kind: note, key: 'a', runAt: at(9), data: { text: 'new' } })
  await within((tx) => cancel(tx, note, 'b'))
  pass(5)
  await runner([handler]).runDue()
  expect(said).toEqual([])
  pass(5)
  await runner([handler]).runDue()
  expect(said).toEqual(['new'])
})

test('a started runner runs what is asked for, by PostgreSQL’s clock, and stops', async () => {
  const { said, handler } = noting()
  const started = new JobRunner({ ...ground, owner: 'started', log: silentLog, handlers: [handler] })
  started.start()
  await ask({ kind: note, key: 'a', afterMs: 0, data: { text: 'soon' } })
  await ask({ kind: note, key: 'b', afterMs: 3_600_000, data: { text: 'in an hour' } })
  ground.wake.hint('jobs')
  await eventually(() => said.length > 0, 30_000)
  await started.stop()
  expect(said).toEqual(['soon'])
})
