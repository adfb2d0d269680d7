/** Shards of several processes: what happens to the work of one that dies, or sleeps and wakes up too late. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Shard } from '../../../src/routing/shard.ts'
import { eventually } from '../../support/eventually.ts'
import { openRoutingGround, RoutedShop, type RoutingGround } from '../../support/routing-ground.ts'

let scratch: string
let ground: RoutingGround
let shops: RoutedShop[]
const children: ChildProcess[] = []
const shards: Shard[] = []

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'tributary-takeover-'))
})
afterAll(() => rm(scratch, { recursive: true, force: true }))

beforeEach(async () => {
  ground = await openRoutingGround()
  shops = []
})
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  for (const shard of shards.splice(0)) await shard.stop()
  await ground?.close()
})

/** Another process with a shard, joined. */
async function spawnShard(owner: string, ...crash: string[]): Promise<ChildProcess> {
  const program = join(import.meta.dirname, '../../support/routing-shard-child.ts')
  const child = spawn(process.execPath, [program, ground.url, owner, ...crash], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  await new Promise<void>((resolve, reject) => {
    child.stdout?.once('data', () => resolve())
    child.once('exit', (code) => reject(new Error(`the shard ended with ${code}`)))
  })
  return child
}

/** A shard within this process, joined. */
async function startShard(owner: string): Promise<Shard> {
  const shard = await ground.anotherShard(owner)
  shards.push(shard)
  await shard.start()
  return shard
}

/** Several tenants, so that every partition has one, with agents for about half of what will come. */
async function openShops(): Promise<void> {
  shops = await Promise.all(Array.from({ length: 6 }, () => RoutedShop.open(ground)))
  for (const shop of shops) await Promise.all(['ann', 'bob'].map((name) => shop.onlineAgent(name, 4)))
}

function isOver(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}

/** Closes what is held until everything has been held once. Answers with what ever went wrong. */
async function serveAll(count: number): Promise<unknown[]> {
  const wrongs: unknown[] = []
  await eventually(async () => {
    for (const shop of shops) {
      const held = (await shop.conversations()).filter(({ heldBy }) => heldBy === 'agent')
      for (const [agentId, theirs] of Map.groupBy(held, ({ assigneeId }) => assigneeId)) {
        if (theirs.length > 4) wrongs.push({ agentId, held: theirs.length })
      }
      const tickets = (await shop.tickets()).filter(({ statusCategory }) => statusCategory !== 'solved')
      for (const [agentId, theirs] of Map.groupBy(tickets, ({ assigneeId }) => assigneeId)) {
        const chats = held.filter(({ assigneeId }) => assigneeId === agentId)
        if (agentId !== null && theirs.length + chats.length > 4) wrongs.push({ agentId, tickets: theirs.length })
      }
      await shop.closeAll(held.map(({ id }) => id))
      await shop.solveAll(tickets.flatMap(({ id, assigneeId }) => (assigneeId === null ? [] : [id])))
    }
    const conversations = (await Promise.all(shops.map((shop) => shop.conversations()))).flat()
    const tickets = (await Promise.all(shops.map((shop) => shop.tickets()))).flat()
    const isOver = tickets.every(({ statusCategory }) => statusCategory === 'solved')
    return isOver && conversations.length === count && conversations.every(({ status }) => status === 'closed')
  }, 50_000)
  return wrongs
}

/** Every conversation was given exactly once, to one agent, and everything is accounted for. */
async function expectExact(wrongs: unknown[], owner: Shard): Promise<void> {
  expect(wrongs).toEqual([])
  for (const shop of shops) {
    await shop.settled(owner)
    const ids = (await shop.conversations()).map(({ id }) => id)
    const all = [...ids, ...(await shop.tickets()).map(({ id }) => id)]
    const assignments = await shop.assignments()
    expect(assignments.map(({ conversationId }) => conversationId).sort()).toEqual(all.sort())
    expect(assignments.every(({ endedAt }) => endedAt !== null)).toBe(true)
    expect((await shop.items()).every(({ state }) => state === 'done')).toBe(true)
    expect((await shop.agentStates()).map(({ used }) => used)).toEqual([0, 0])
    const assigned = await shop.events('conversation.assigned')
    expect(assigned.map(({ subject }) => subject).sort()).toEqual(ids.toSorted())
    const digests = await owner.digests(shop.tenantId)
    expect(digests).toBeDefined()
    expect(digests?.memory).toBe(digests?.database)
    expect(await owner.reconcile(shop.tenantId)).toEqual([])
  }
}

for (const point of ['routing:before-commit', 'routing:after-commit']) {
  test(`a shard that dies at ${point} loses nothing and doubles nothing`, async () => {
    const crashLog = join(scratch, point.replace(':', '-'))
    const first = await spawnShard('first', `${point}:12`, crashLog)
    const died = new Promise((resolve) => first.once('exit', resolve))
    const opening = openShops()
    opening.catch(() => {})
    await died
    expect(await readFile(crashLog, 'utf8')).toBe(`${point}\n`)
    const second = await startShard('second')
    await opening
    await Promise.all(shops.map((shop) => shop.queue(10)))
    await expectExact(await serveAll(60), second)
  })
}

test('shards share the tenants, and one takes over from another that is killed at work, conversations and tickets alike', async () => {
  const first = await spawnShard('first')
  const second = await startShard('second')
  await openShops()
  await eventually(() => second.partitions().length === 2)
  await Promise.all(shops.flatMap((shop) => [shop.queue(10), shop.file(3)]))
  const serving = serveAll(60)
  await eventually(async () => (await Promise.all(shops.map((shop) => shop.assignments()))).flat().length > 10)
  first.kill('SIGKILL')
  await expectExact(await serving, second)
  expect(second.partitions()).toEqual([0, 1, 2, 3])
})

test('of two shards at once, the one that was frozen within a transaction can do no more when it wakes up', async () => {
  const first = await spawnShard('first')
  const second = await startShard('second')
  await openShops()
  await eventually(() => second.partitions().length === 2)
  await freezeAtWork(first)
  const serving = serveAll(72)
  await eventually(() => second.partitions().length === 4)
  await Promise.all(shops.flatMap((shop) => [shop.queue(2), shop.file(2)]))
  first.kill('SIGCONT')
  const wrongs = await serving
  // It joins again, with half of the partitions, and leaves in order.
  await eventually(() => second.partitions().length === 2)
  first.kill('SIGTERM')
  await eventually(() => isOver(first))
  await eventually(() => second.partitions().length === 4)
  await expectExact(wrongs, second)
})

/** Has both shards decide, and stops one while its decisions are written but not committed. */
async function freezeAtWork(child: ChildProcess): Promise<void> {
  const client = new pg.Client({ connectionString: ground.url })
  await client.connect()
  await client.query('begin')
  await client.query('lock table assignments in share row exclusive mode')
  await Promise.all(shops.map((shop) => shop.queue(10)))
  await eventually(async () => {
    const { rows } = await client.query(
      `select count(*)::int as waiting from pg_locks where relation = 'assignments'::regclass and not granted`,
    )
    return rows[0].waiting >= 2
  })
  child.kill('SIGSTOP')
  await client.query('rollback')
  await client.end()
}
