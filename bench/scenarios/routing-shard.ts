/**
 * Decisions per second through the shell of routing: a backlog of waiting conversations of one tenant on the embedded log,
 * each given to an agent, durable with its item, assignment, conversation, event and what the agent has in use. Beside it, on the same server, what
 * storing just these rows costs, 500 to a commit; and how long one command takes until its outcome is there, as multiples
 * of a durable commit.
 */
import { PostgresBus } from '../../src/core/events/postgres-bus.ts'
import { Relay } from '../../src/core/events/relay.ts'
import { Database } from '../../src/core/platform/database.ts'
import { newId } from '../../src/core/platform/ids.ts'
import { silentLog } from '../../src/core/platform/log.ts'
import { Wake } from '../../src/core/platform/wake.ts'
import { awaitOutcome, hintCommand, issueCommand } from '../../src/routing/commands.ts'
import { Shard } from '../../src/routing/shard.ts'
import { openDecisionRows } from '../decision-rows.ts'
import { startDurableCommits } from '../durable-commit.ts'
import { median, percentile, quiet, round } from '../measure.ts'
import { type Run, setUpTeam } from '../routing-hub.ts'
import type { Scenario } from '../scenario.ts'
import { startServer, statement } from '../server.ts'

const conversations = 20_000
const agents = 500
const perCommit = 500

export const scenario: Scenario = {
  name: 'routing-shard',
  async run({ rounds, seconds, say }) {
    const server = await startServer()
    try {
      const decided: number[] = []
      const stored: number[] = []
      const answers: number[] = []
      const commits: number[] = []
      for (let turn = 1; turn <= rounds; turn += 1) {
        const pressure = await quiet()
        const hub = await openHub(await server.createDatabase(`routing_${turn}`))
        try {
          await hub.fill()
          await hub.pauseRelay()
          // As autovacuum does within a minute: with no statistics a look-up by a list of ids is planned as a scan of the tenant.
          await statement(hub.url, 'analyze')
          await server.settle()
          const shard = new Shard({ ...hub.parts, owner: `shard-${turn}` })
          const begun = performance.now()
          await shard.start()
          while (shard.figures().decisions < conversations) await new Promise((resolve) => setTimeout(resolve, 5))
          decided.push((conversations * 1000) / (performance.now() - begun))
          await hub.resumeRelay()
          const beside = await startDurableCommits(hub.url)
          answers.push(...(await hub.answers(seconds)))
          commits.push(...(await beside.stop()))
          await shard.stop()
          await server.settle()
          stored.push(await storeAgain(hub.url))
          say(
            `round ${turn}: ${round(decided.at(-1) ?? 0)} decisions/s, the same rows alone ${round(stored.at(-1) ?? 0)}/s, pressure before ${pressure}`,
          )
        } finally {
          await hub.close()
        }
      }
      const commitP50Ms = percentile(commits, 0.5)
      return {
        figures: {
          decisionsPerSecond: round(median(decided)),
          commandP50Ms: round(percentile(answers, 0.5), 1),
          commandP99Ms: round(percentile(answers, 0.99), 1),
          commandP50Commits: round(percentile(answers, 0.5) / commitP50Ms, 1),
        },
        baseline: { storedPerSecond: round(median(stored)), durableCommitP50Ms: round(commitP50Ms, 2) },
        ratio: round(median(decided.map((one, i) => one / (stored[i] ?? one))), 2),
      }
    } finally {
      await server.stop()
    }
  },
}

async function openHub(url: string) {
  const db = new Database({ url, poolSize: 6, statementTimeoutMs: 60_000, log: silentLog })
  const parts = { db, bus: new PostgresBus({ db, log: silentLog }), wake: new Wake(db), log: silentLog }
  let relay = new Relay({ ...parts, owner: 'relay' })
  await parts.bus.start()
  await parts.wake.start()
  await parts.bus.ensureTopics(['work', 'domain'].map((name) => ({ name, partitions: 4, retentionHours: 24 })))
  const tenantId = newId('ten')
  const actor = { id: 'bench', tenantId }
  const memberIds = Array.from({ length: agents }, () => newId('usr'))
  return {
    url,
    parts,
    /** A shop with its agents online, all its conversations said to wait, and all of that on the log. */
    async fill(): Promise<void> {
      await db.work('bench', [tenantId], (tx) => setUp(tx.run, tenantId, memberIds))
      await relay.start()
      await this.relayed()
    },
    async relayed(): Promise<void> {
      for (;;) {
        const [row] = await db.ground<{ waiting: boolean }>(
          'select exists (select from outbox) or position > published as waiting from feed',
        )
        if (row?.waiting === false) return
        parts.wake.hint('outbox')
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    },
    /** The relay's work on what is decided is not routing's: it waits until the backlog is done. */
    async pauseRelay(): Promise<void> {
      await relay.stop()
    },
    async resumeRelay(): Promise<void> {
      relay = new Relay({ ...parts, owner: 'relay-again' })
      await relay.start()
      await this.relayed()
    },
    /** How long commands took, one after the other, from the request to the outcome. */
    async answers(seconds: number): Promise<number[]> {
      const took: number[] = []
      for (const until = performance.now() + seconds * 1000; performance.now() < until; ) {
        const begun = performance.now()
        const memberId = memberIds[took.length % agents] ?? ''
        const state = took.length % 2 === 0 ? 'busy' : 'online'
        const id = await db.transaction(actor, (tx) => issueCommand(tx, { kind: 'presence', memberId, state }))
        hintCommand(parts.wake, tenantId)
        if ((await awaitOutcome(db, parts.wake, actor, id, 10_000)) === undefined) throw new Error('no outcome')
        took.push(performance.now() - begun)
      }
      return took
    },
    async close(): Promise<void> {
      await relay.stop()
      await parts.wake.stop()
      await parts.bus.stop()
      await db.close()
    },
  }
}

async function setUp(run: Run, tenantId: string, memberIds: readonly string[]): Promise<void> {
  const { channelId, groupId } = await setUpTeam(run, tenantId, memberIds)
  const commandIds = memberIds.map(() => newId('cmd'))
  await run(
    `insert into commands (tenant_id, id, kind, data, actor_id)
     select $1, c, 'presence', jsonb_build_object('memberId', m, 'state', 'online'), 'bench' from unnest($2::text[], $3::text[]) as u (c, m)`,
    tenantId,
    commandIds,
    memberIds,
  )
  await run(
    `insert into outbox (tenant_id, event_id, type, subject, data, actor_id)
     select $1, 'evt_' || c, 'command.issued', c, '{}', 'bench' from unnest($2::text[]) as u (c)`,
    tenantId,
    commandIds,
  )
  const contactIds = Array.from({ length: conversations }, () => newId('ctc'))
  const ids = contactIds.map(() => newId('cnv'))
  await run('insert into contacts (tenant_id, id) select $1, i from unnest($2::text[]) as u (i)', tenantId, contactIds)
  await run(
    `insert into conversations (tenant_id, id, contact_id, slot, channel_id, peer, group_id)
     select $1, i, p, p, $2, p, $3 from unnest($4::text[], $5::text[]) as u (i, p)`,
    tenantId,
    channelId,
    groupId,
    ids,
    contactIds,
  )
  await run(
    `insert into outbox (tenant_id, event_id, type, subject, data, actor_id)
     select tenant_id, 'evt_' || id, 'conversation.queued', id, jsonb_build_object('conversation', to_jsonb(c)), 'bench'
       from conversations c where tenant_id = $1 order by id`,
    tenantId,
  )
}

/** Stores the rows of those decisions once more, in commits of the same size; decisions per second. */
async function storeAgain(url: string): Promise<number> {
  const rows = await openDecisionRows(url)
  try {
    let took = 0
    for (let from = 0; from < rows.count; from += perCommit) took += await rows.store(from, from + perCommit)
    return (rows.count * 1000) / took
  } finally {
    await rows.close()
  }
}
