import { afterAll, beforeAll, expect, test } from 'vitest'
import { Database, isOutage, ownerSession, sqlState, type Tx } from '../../../src/core/platform/database.ts'
import { Fault } from '../../../src/core/platform/errors.ts'
import { silentLog } from '../../../src/core/platform/log.ts'
import { textArray } from '../../../src/core/platform/text-array.ts'
import { together } from '../../../src/core/platform/together.ts'
import { eventually } from '../../support/eventually.ts'
import { type Ground, makeShop, openGround, type Shop } from '../../support/hub-ground.ts'

let ground: Ground
let db: Database
let shop: Shop
beforeAll(async () => {
  ground = await openGround()
  db = ground.db
  shop = await makeShop(db)
})
afterAll(() => ground?.close())

const raise = (tx: Tx, state: string) =>
  tx.run(`do $$ begin raise exception 'as the server would' using errcode = '${state}'; end $$`)

const rename = (tx: Tx, name: string) => tx.run('update channels set name = $2 where id = $1', shop.channelId, name)

const nameOfChannel = () =>
  db.transaction(shop.actor, async (tx) => {
    const row = await tx.one<{ name: string }>('select name from channels where id = $1', shop.channelId)
    return row.name
  })

test('rows come with names in camelCase, bytes as bytes, and whole numbers as numbers', async () => {
  const [row] = await db.ground(
    `select 9007199254740991::bigint as large_number, 'a' as "word_2", decode('00ff', 'hex') as some_bytes`,
  )
  expect(row).toEqual({ largeNumber: 9_007_199_254_740_991, word2: 'a', someBytes: Buffer.from([0, 255]) })
})

test.each([
  ['none', []],
  ['nothing but null', [null, null]],
  ['quotes, backslashes, braces, commas and line ends', ['{"a":"b\\\\"}', "it's, {x}", 'a\nb', 'NULL', '']],
  [
    'letters of one, two, three and four bytes, and none at all beside them',
    ['a', 'é', '汇流', '🙂', '', null, '汇'.repeat(5000)],
  ],
])('lists of texts arrive as they are: %s', async (_, values) => {
  expect(await db.ground('select $1::text[] as list', textArray(values))).toEqual([{ list: values }])
})

test('one row is asked for: none or two is a bug, while none may be if so said', async () => {
  await db.transaction(shop.actor, async (tx) => {
    await expect(tx.one('select 1 where false')).rejects.toThrow(TypeError)
    await expect(tx.one('select 1 union all select 2')).rejects.toThrow(TypeError)
    expect(await tx.maybe('select 1 where false')).toBeUndefined()
  })
})

test('what a transaction did before it threw is undone', async () => {
  const before = await nameOfChannel()
  const failure = new Error('thought better of it')
  await expect(
    db.transaction(shop.actor, async (tx) => {
      await rename(tx, 'undone')
      throw failure
    }),
  ).rejects.toBe(failure)
  expect(await nameOfChannel()).toBe(before)
})

test('of statements that travel together each hears of the first failure, whichever is waited for', async () => {
  const reasons: string[] = []
  const failure = await db
    .transaction(shop.actor, async (tx) => {
      const broken = tx.run(
        'insert into channels (tenant_id, id, kind, name) values ($1, $2, $3, $3)',
        shop.tenantId,
        shop.channelId,
        'again',
      )
      const behind = [tx.run('select 1'), tx.one('select 2'), rename(tx, 'never')]
      // Asked for at once, since its failure may come long before the answers behind it; looked at last.
      const failed = Promise.allSettled([broken])
      const heard = await Promise.allSettled(behind)
      for (const one of [...heard, ...(await failed)]) {
        if (one.status === 'rejected') reasons.push(sqlState(one.reason))
      }
      await together([...behind, broken])
    })
    .catch((reason: unknown) => reason)
  expect(reasons).toEqual(['23505', '23505', '23505', '23505'])
  expect(sqlState(failure)).toBe('23505')
})

test('a statement that is prepared behind a failure and asked again there hears of that failure both times', async () => {
  const work = <T>(does: (tx: Tx) => Promise<T>) => db.work('test', [shop.tenantId], does)
  const asked = (tx: Tx) => tx.query<{ number: number }>('select 7 as number')
  // Asked so often that a session prepares it from now on; none has done so yet.
  await work(async (tx) => {
    for (let times = 0; times < 5; times++) await asked(tx)
  })
  const heard: string[] = []
  await work(async (tx) => {
    const all = [tx.run('select 1 / 0'), asked(tx), asked(tx)]
    for (const one of await Promise.allSettled(all)) if (one.status === 'rejected') heard.push(sqlState(one.reason))
    await together(all)
  }).catch((reason: unknown) => heard.push(sqlState(reason)))
  expect(heard).toEqual(['22012', '22012', '22012', '22012'])
  expect(await work(asked)).toEqual([{ number: 7 }])
})

test('statements that travel together have all ended when one of them has failed', async () => {
  let ended = 0
  const work = async (tx: Tx, sql: readonly string[]) => {
    try {
      for (const one of sql) await tx.run(one)
    } finally {
      ended++
    }
  }
  await expect(
    db.transaction(shop.actor, (tx) =>
      together([work(tx, ['select 1 / 0']), work(tx, ['select 1', 'select 2', 'select 3'])]),
    ),
  ).rejects.toThrow('division by zero')
  expect(ended).toBe(2)
})

test('a transaction that is over sends nothing more, neither after its commit nor after it was undone', async () => {
  const before = await nameOfChannel()
  const kept: Tx[] = []
  await db.transaction(shop.actor, async (tx) => {
    kept.push(tx)
    await tx.run('select 1')
  })
  const isLost = db.transaction(shop.actor, async (tx) => {
    kept.push(tx)
    await tx.run('select 1 / 0')
  })
  await expect(isLost).rejects.toThrow('division by zero')
  // The connection may be another's by now, in a transaction of its own.
  for (const tx of kept) await expect(rename(tx, 'too late')).rejects.toThrow()
  expect(await nameOfChannel()).toBe(before)
})

test.for([
  { what: 'a serialisation failure', state: '40001' },
  { what: 'a deadlock', state: '40P01' },
])('after $what the transaction is repeated, and what it did the first time is undone', async ({ state }) => {
  let attempts = 0
  const seen: string[] = []
  await db.transaction(shop.actor, async (tx) => {
    const { name } = await tx.one<{ name: string }>('select name from channels where id = $1', shop.channelId)
    seen.push(name)
    await rename(tx, `${state} ${++attempts}`)
    if (attempts < 3) await raise(tx, state)
  })
  expect(new Set(seen).size).toBe(1)
  expect(await nameOfChannel()).toBe(`${state} 3`)
})

test('a transaction is repeated five times at most, and never after another failure', async () => {
  const attemptsUntilFailed = async (state: string) => {
    let attempts = 0
    const error = await db
      .transaction(shop.actor, (tx) => {
        attempts++
        return raise(tx, state)
      })
      .catch((reason: unknown) => reason)
    expect(sqlState(error)).toBe(state)
    return attempts
  }
  expect(await attemptsUntilFailed('40001')).toBe(5)
  expect(await attemptsUntilFailed('23505')).toBe(1)
})

test('two transactions that wait for each other both come through', async () => {
  const other = await makeShop(db)
  const tenants = [shop.tenantId, other.tenantId]
  const meeting = Promise.withResolvers<void>()
  let locked = 0
  let attempts = 0
  const lockBoth = (channels: readonly string[]) =>
    db.work('test', tenants, async (tx) => {
      attempts++
      const lock = (id: string | undefined) => tx.one('select id from channels where id = $1 for update', id)
      await lock(channels[0])
      // Each has one row before either wants the other.
      if (++locked === 2) meeting.resolve()
      await meeting.promise
      await lock(channels[1])
      return channels[0]
    })
  const both = [shop.channelId, other.channelId]
  expect(await Promise.all([lockBoth(both), lockBoth(both.toReversed())])).toEqual(both)
  expect(attempts).toBeGreaterThanOrEqual(3)
})

test('a statement that is prepared goes on after a migration changed what it answers with', async () => {
  const ask = () => db.work('test', [], (tx) => tx.query<object>('select * from planned'))
  const askOften = async () => {
    // More at once than one session: each has the plan.
    for (let round = 0; round < 10; round++) await Promise.all(Array.from({ length: 8 }, ask))
  }
  await ownerSession(ground.url, async (run) => {
    await run('create table planned (a int)')
    await run('grant select on planned to tributary_worker')
    await run('insert into planned values (1)')
    await askOften()
    const isPrepared = (tx: Tx) =>
      tx.one<{ is: boolean }>(
        `select exists (select from pg_prepared_statements where statement like '%planned') as is`,
      )
    expect(await db.work('test', [], isPrepared)).toEqual({ is: true })
    await run('alter table planned add b int not null default 2')
  })
  expect(await Promise.all(Array.from({ length: 8 }, ask))).toEqual(Array(8).fill([{ a: 1, b: 2 }]))
})

test('statements that do not wait for each other run in the order in which they were asked', async () => {
  const numbers = await db.transaction(shop.actor, (tx) =>
    Promise.all(
      Array.from({ length: 50 }, (_, n) =>
        tx.one<{ n: number }>(`select $1::int as n, pg_sleep($2)`, n, n % 2 ? 0 : 0.001),
      ),
    ),
  )
  expect(numbers.map(({ n }) => n)).toEqual(Array.from({ length: 50 }, (_, n) => n))
  await db.transaction(shop.actor, (tx) => Promise.all(['one', 'two', 'three'].map((name) => rename(tx, name))))
  expect(await nameOfChannel()).toBe('three')
})

test('of statements sent together one fails: none has an effect, and the failure is told', async () => {
  const before = await nameOfChannel()
  const error = await db
    .transaction(shop.actor, (tx) => Promise.all([rename(tx, 'first'), raise(tx, '23505'), rename(tx, 'last')]))
    .catch((reason: unknown) => reason)
  expect(sqlState(error)).toBe('23505')
  expect(await nameOfChannel()).toBe(before)
})

test('what follows a commit happens once, after it, and never when there was none', async () => {
  const happened: string[] = []
  let attempts = 0
  await db.transaction(shop.actor, async (tx) => {
    tx.afterCommit(() => happened.push('committed'))
    if (++attempts < 3) await raise(tx, '40001')
    expect(happened).toEqual([])
  })
  expect(happened).toEqual(['committed'])

  const failing = (work: (tx: Tx) => Promise<unknown>) =>
    db
      .transaction(shop.actor, async (tx) => {
        tx.afterCommit(() => happened.push('must not be'))
        await work(tx)
      })
      .catch((error: unknown) => error)
  expect(await failing(() => Promise.reject(new RangeError('threw')))).toBeInstanceOf(RangeError)
  expect(sqlState(await failing((tx) => raise(tx, '40001')))).toBe('40001')
  expect(sqlState(await failing((tx) => raise(tx, '23505')))).toBe('23505')
  expect(happened).toEqual(['committed'])
})

test('a failed statement cannot be hidden: nothing was committed, and the caller learns it', async () => {
  const happened: string[] = []
  const before = await nameOfChannel()
  await expect(
    db.transaction(shop.actor, async (tx) => {
      tx.afterCommit(() => happened.push('must not be'))
      await rename(tx, 'hidden')
      await raise(tx, '23505').catch(() => 'as if nothing were')
    }),
  ).rejects.toThrow(TypeError)
  expect(happened).toEqual([])
  expect(await nameOfChannel()).toBe(before)
})

test('an effect that throws hides neither the commit nor the effects after it', async () => {
  const happened: string[] = []
  const result = await db.transaction(shop.actor, async (tx) => {
    tx.afterCommit(() => {
      throw new Error('a bug in a listener')
    })
    tx.afterCommit(() => happened.push('second'))
    await rename(tx, 'kept')
    return 'done'
  })
  expect(result).toBe('done')
  expect(happened).toEqual(['second'])
  expect(await nameOfChannel()).toBe('kept')
})

test('a session ended from outside is an outage, within a statement and at the next, and the pool goes on', async () => {
  const end = (pid: number) => ownerSession(ground.url, (run) => run(`select pg_terminate_backend(${pid})`))
  const errors: unknown[] = []
  const pidOf = async (tx: Tx) => (await tx.one<{ pid: number }>('select pg_backend_pid() as pid')).pid
  await db
    .transaction(shop.actor, async (tx) => {
      const pid = await pidOf(tx)
      const sleeping = tx.run('select pg_sleep(60)').catch((error: unknown) => errors.push(error))
      await eventually(async () => {
        const [row] = await ownerSession(ground.url, (run) =>
          run<{ busy: boolean }>(`select query like '%pg_sleep%' as busy from pg_stat_activity where pid = ${pid}`),
        )
        return row?.busy
      })
      await end(pid)
      await sleeping
      await tx.run('select 1').catch((error: unknown) => errors.push(error))
    })
    .catch((error: unknown) => errors.push(error))
  await db
    .transaction(shop.actor, async (tx) => {
      await end(await pidOf(tx))
      await tx.run('select 1')
    })
    .catch((error: unknown) => errors.push(error))
  expect(errors).toHaveLength(4)
  expect(errors.map(isOutage)).toEqual([true, true, true, true])
  await Promise.all(Array.from({ length: 20 }, () => nameOfChannel()))
})

test('what is wrong in itself is no outage', () => {
  for (const error of [new TypeError('x'), new Fault('invalid', 'a-b', ''), undefined, 'text', { code: '57P01' }]) {
    expect(isOutage(error)).toBe(false)
  }
  expect(isOutage(new Fault('unavailable', 'a-b', ''))).toBe(true)
})

test('a database that cannot be reached is an outage', async () => {
  const away = new Database({
    url: 'postgres://u:p@127.0.0.1:1/x',
    poolSize: 1,
    statementTimeoutMs: 1000,
    log: silentLog,
  })
  const errors = await Promise.all(
    [
      () => away.transaction(shop.actor, () => Promise.resolve()),
      () => away.work('test', [], () => Promise.resolve()),
      () => away.ground('select 1'),
    ].map((attempt) => attempt().catch((error: unknown) => error)),
  )
  expect(errors.map(isOutage)).toEqual([true, true, true])
  expect(errors[0]).toMatchObject({ kind: 'unavailable', code: 'database-unavailable' })
  expect(await away.health()).toBe(false)
  await away.close()
})

test('the transaction of a process that froze is ended, what it locked is free, and its next statement is an outage', async () => {
  const thawed = Promise.withResolvers<void>()
  const locked = Promise.withResolvers<void>()
  const frozen = db
    .transaction(shop.actor, async (tx) => {
      await rename(tx, 'frozen')
      locked.resolve()
      await thawed.promise
      await rename(tx, 'frozen again')
    })
    .catch((error: unknown) => error)
  await locked.promise
  // Waits for the row until the server ends the frozen transaction.
  await db.transaction(shop.actor, (tx) => rename(tx, 'taken over'))
  thawed.resolve()
  expect(isOutage(await frozen)).toBe(true)
  expect(await nameOfChannel()).toBe('taken over')
})
