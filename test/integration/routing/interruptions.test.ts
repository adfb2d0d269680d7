/** A shard's transaction that breaks off at whatever statement: before it ran, after it ran, or with the commit's answer lost. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Database, Tx } from '../../../src/core/platform/database.ts'
import { silentLog } from '../../../src/core/platform/log.ts'
import { Shard } from '../../../src/routing/shard.ts'
import { eventually } from '../../support/eventually.ts'
import { openRoutingGround, RoutedShop, type RoutingGround } from '../../support/routing-ground.ts'

type Moment = 'before' | 'after' | 'committed'

/** Breaks the connection once: at the n-th statement of the next transaction that has so many, or when it has committed. */
class Saboteur {
  #at = 0
  #moment: Moment = 'before'
  struck = false

  arm(at: number, moment: Moment): void {
    this.#at = at
    this.#moment = moment
    this.struck = false
  }

  /** The same database, but for the statements of workers. */
  on(db: Database): Database {
    const work = <T>(actorId: string, tenantIds: readonly string[], then: (tx: Tx) => Promise<T>): Promise<T> => {
      // A transaction that speaks of no tenant decides nothing: leases are kept by such.
      if (tenantIds.length === 0) return db.work(actorId, tenantIds, then)
      return db
        .work(actorId, tenantIds, (tx) => then(this.#within(tx)))
        .then((result) => {
          if (this.#moment === 'committed') this.#strike()
          return result
        })
    }
    return new Proxy(db, {
      get(target, name) {
        if (name === 'work') return work
        const value: unknown = Reflect.get(target, name, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  }

  #within(tx: Tx): Tx {
    let n = 0
    return new Proxy(tx, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target)
        if (typeof value !== 'function' || name === 'afterCommit') return value
        return async (...given: unknown[]) => {
          const isIt = ++n === this.#at
          if (isIt && this.#moment === 'before') this.#strike()
          const result: unknown = await value.apply(target, given)
          if (isIt && this.#moment === 'after') this.#strike()
          return result
        }
      },
    })
  }

  #strike(): void {
    if (this.struck) return
    this.struck = true
    throw Object.assign(new Error('the connection was lost'), { code: '08006' })
  }
}

let ground: RoutingGround
let shard: Shard
const saboteur = new Saboteur()

beforeAll(async () => {
  ground = await openRoutingGround()
  saboteur.struck = true
  shard = new Shard({ ...ground, db: saboteur.on(ground.db), owner: 'one', log: silentLog })
  await shard.start()
})
afterAll(async () => {
  await shard?.stop()
  await ground?.close()
})

test('whatever statement a transaction breaks off at, nothing is lost, doubled, or beyond anybody’s capacity', async () => {
  const shop = await RoutedShop.open(ground)
  for (const name of ['ann', 'bob']) await shop.onlineAgent(name, 1)
  let served = 0
  const strikes = { before: 0, after: 0, committed: 0 }
  const serve = async () => {
    const ids = await shop.queue(3)
    await eventually(async () => {
      const all = (await shop.conversations()).filter(({ id }) => ids.includes(id))
      await shop.closeAll(all.filter(({ heldBy }) => heldBy === 'agent').map(({ id }) => id))
      return all.every(({ status }) => status === 'closed')
    })
    served += ids.length
  }
  for (const moment of ['before', 'after', 'committed'] as const) {
    for (let at = 1; at <= 40; at++) {
      saboteur.arm(at, moment)
      await serve()
      if (!saboteur.struck) break
      strikes[moment]++
      if (moment === 'committed' && at === 3) break
    }
  }
  saboteur.struck = true
  // Enough statements for it to mean something, and the last of them was reached.
  expect(strikes.before).toBeGreaterThan(15)
  expect(strikes.before).toBeLessThan(40)
  expect(strikes.after).toBeGreaterThan(15)
  expect(strikes.committed).toBe(3)
  await shop.settled(shard)
  const assignments = await shop.assignments()
  expect(assignments).toHaveLength(served)
  expect(new Set(assignments.map(({ itemId }) => itemId)).size).toBe(served)
  expect((await shop.agentStates()).every(({ used, hardMax }) => used === 0 && hardMax >= 1)).toBe(true)
  const digests = await shard.digests(shop.tenantId)
  expect(digests?.memory).toBe(digests?.database)
  expect(await shard.reconcile(shop.tenantId)).toEqual([])
  const assigned = await shop.events('conversation.assigned')
  expect(assigned).toHaveLength(served)
}, 120_000)

test('a command that breaks off at whatever statement has one outcome and one effect', async () => {
  let struck = 0
  for (const moment of ['before', 'after', 'committed'] as const) {
    for (let at = 1; at <= 20; at++) {
      // A tenant whose commands could not be decided at once leaves them to the log for a while: so each time another.
      saboteur.struck = true
      const shop = await RoutedShop.open(ground)
      const ann = await shop.onlineAgent('ann', 1)
      await shop.settled(shard)
      saboteur.arm(at, moment)
      expect(await shop.presence(ann, 'busy')).toEqual({ result: 'done' })
      const isOver = !saboteur.struck
      saboteur.struck = true
      await shop.settled(shard)
      expect((await shop.events('member.presence')).map(({ data }) => data.state)).toEqual(['online', 'busy'])
      const digests = await shard.digests(shop.tenantId)
      expect(digests?.memory).toBe(digests?.database)
      if (isOver) break
      struck++
      if (moment === 'committed') break
    }
  }
  expect(struck).toBeGreaterThan(12)
}, 60_000)

test('the walls of the tables refuse what an engine that errs would write', async () => {
  const shop = await RoutedShop.open(ground)
  const ann = await shop.onlineAgent('ann', 1)
  const [id = ''] = await shop.queue(1)
  await shop.holder(id)
  const [item] = await shop.items()
  const refused = (sql: string, ...parameters: unknown[]) =>
    shop
      .write((tx) => tx.run(sql, ...parameters))
      .then(
        () => 'taken',
        (error: { constraint?: string }) => error.constraint,
      )
  expect(
    await refused(
      `insert into assignments (tenant_id, item_id, conversation_id, agent_id, weight, started_at) values ($1, $2, $3, $4, 1, now())`,
      shop.tenantId,
      item?.id,
      id,
      ann.id,
    ),
  ).toBe('assignments_open')
  expect(
    await refused(
      'update agent_states set used = hard_max + 1 where tenant_id = $1 and agent_id = $2',
      shop.tenantId,
      ann.id,
    ),
  ).toBe('agent_states_check')
  expect(await refused('update work_items set conversation_id = null where tenant_id = $1', shop.tenantId)).toBe(
    'work_items_check',
  )
})
