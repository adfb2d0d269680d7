/**
 * A routing shard that is killed, and one that is frozen and wakes up too late, with 10,000 conversations waiting: how long until
 * another decides, and whether anything was given twice or by the old one. The baseline is the time after which a lease may be taken over.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { leaseMs } from '../../src/core/events/leases.ts'
import { partitionOf } from '../../src/core/events/murmur2.ts'
import { median, quiet, round } from '../measure.ts'
import { openRoutingHub, type RoutingHub } from '../routing-hub.ts'
import type { Scenario } from '../scenario.ts'
import { startServer } from '../server.ts'

const waiting = 10_000

export const scenario: Scenario = {
  name: 'routing-failover',
  async run({ rounds, say }) {
    const server = await startServer()
    try {
      const firsts: number[] = []
      let doubled = 0
      let late = 0
      for (let turn = 1; turn <= rounds; turn += 1) {
        const pressure = await quiet()
        const hub = await openRoutingHub(await server.createDatabase(`failover_${turn}`), {
          agents: 40,
          conversations: waiting,
        })
        const children: ChildProcess[] = []
        try {
          const killed = await takeOver(hub, children, 'SIGKILL')
          firsts.push(killed.firstMs)
          const frozen = await takeOver(hub, children, 'SIGSTOP')
          late += frozen.late
          doubled += await hub.count(
            `select count(*) from (select item_id from assignments where tenant_id = $1 group by item_id having count(*) > 1) d`,
          )
          say(
            `round ${turn}: first decision ${round(killed.firstMs)} ms after the kill, ${round(frozen.firstMs)} ms after the freeze, ${frozen.late} by the old one, pressure before ${pressure}`,
          )
        } finally {
          for (const child of children) child.kill('SIGKILL')
          await hub.close()
        }
      }
      const firstDecisionMs = round(median(firsts))
      return {
        figures: {
          firstDecisionMs,
          worstMs: round(Math.max(...firsts)),
          givenTwice: doubled,
          decidedByTheOldOne: late,
        },
        baseline: { leaseMs },
        ratio: round(firstDecisionMs / leaseMs, 2),
      }
    } finally {
      await server.stop()
    }
  },
}

let shards = 0

/** A process with a shard; resolves when it has joined. */
async function start(hub: RoutingHub, children: ChildProcess[]): Promise<{ child: ChildProcess; owner: string }> {
  const owner = `shard-${++shards}`
  const program = join(import.meta.dirname, '../../test/support/routing-shard-child.ts')
  const child = spawn(process.execPath, [program, hub.url, owner, '', '', '500'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  await new Promise<void>((resolve, reject) => {
    child.stdout?.once('data', () => resolve())
    child.once('exit', (code) => reject(new Error(`a shard ended with ${code}`)))
  })
  return { child, owner }
}

/** Stops whoever owns the tenant's partition, and sees how long it takes until an agent who comes is given work. */
async function takeOver(hub: RoutingHub, children: ChildProcess[], signal: 'SIGKILL' | 'SIGSTOP') {
  const pair = [await start(hub, children), await start(hub, children)]
  const free = () => hub.memberIds[hub.memberIds.length - children.length] ?? ''
  if (children.length === 2) await hub.announce(0, waiting)
  await hub.ask(free(), 'busy', 120_000)
  const owner = await ownerOf(hub)
  const old = pair.find((one) => one.owner === owner)
  if (old === undefined) throw new Error(`nobody of ours owns the partition: ${owner}`)
  old.child.kill(signal)
  const firstMs = await hub.ask(free(), 'online', 60_000)
  let late = 0
  if (signal === 'SIGSTOP') {
    const made = 'select count(*) from assignments where tenant_id = $1'
    const before = await hub.count(made)
    old.child.kill('SIGCONT')
    await new Promise((resolve) => setTimeout(resolve, 3000))
    // Nobody became free meanwhile: whatever is given now, the old one gave.
    late = (await hub.count(made)) - before
  }
  for (const { child } of pair) child.kill('SIGKILL')
  return { firstMs, late }
}

/** Waits until somebody does: on a busy machine a lease may just have lapsed. */
async function ownerOf(hub: RoutingHub): Promise<string | undefined> {
  const partition = partitionOf(hub.tenantId, 4)
  for (let tries = 0; tries < 100; tries++) {
    const rows = await hub.parts.db.ground<{ owner: string }>(
      `select owner from leases where what like 'consumer/routing/%/' || $1::text and until > now()`,
      String(partition),
    )
    if (rows[0] !== undefined) return rows[0].owner
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return undefined
}
