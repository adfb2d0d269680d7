/** A shop for the benchmarks of routing's shell: one tenant on a database of its own, with a relay and what they need. */
import { PostgresBus } from '../src/core/events/postgres-bus.ts'
import { Relay } from '../src/core/events/relay.ts'
import { Database } from '../src/core/platform/database.ts'
import { newId } from '../src/core/platform/ids.ts'
import { silentLog } from '../src/core/platform/log.ts'
import { Wake } from '../src/core/platform/wake.ts'
import { awaitOutcome, hintCommand, issueCommand } from '../src/routing/commands.ts'

export interface RoutingHubOptions {
  readonly agents: number
  readonly conversations: number
}

export async function openRoutingHub(url: string, { agents, conversations }: RoutingHubOptions) {
  const db = new Database({ url, poolSize: 10, statementTimeoutMs: 60_000, log: silentLog })
  const parts = { db, bus: new PostgresBus({ db, log: silentLog }), wake: new Wake(db), log: silentLog }
  const relay = new Relay({ ...parts, owner: 'relay' })
  await parts.bus.start()
  await parts.wake.start()
  await parts.bus.ensureTopics(['work', 'domain'].map((name) => ({ name, partitions: 4, retentionHours: 24 })))
  await relay.start()
  const tenantId = newId('ten')
  const actor = { id: 'bench', tenantId }
  const memberIds = Array.from({ length: agents }, () => newId('usr'))
  const conversationIds = Array.from({ length: conversations }, () => newId('cnv'))
  await db.work('bench', [tenantId], (tx) => setUp(tx.run, tenantId, memberIds, conversationIds))

  const presence = async (memberId: string, state: 'online' | 'busy') => {
    const id = await db.transaction(actor, (tx) => issueCommand(tx, { kind: 'presence', memberId, state }))
    hintCommand(parts.wake, tenantId)
    return id
  }
  return {
    url,
    tenantId,
    parts,
    memberIds,
    /** Says that the conversations from one place to another wait. */
    async announce(from: number, to: number): Promise<void> {
      await db.work('bench', [tenantId], (tx) =>
        tx.run(
          `insert into outbox (tenant_id, event_id, type, subject, data, actor_id)
           select tenant_id, 'evt_' || id, 'conversation.queued', id, jsonb_build_object('conversation', to_jsonb(c)), 'bench'
             from conversations c where tenant_id = $1 and id = any($2) order by id`,
          tenantId,
          conversationIds.slice(from, to),
        ),
      )
      parts.wake.hint('outbox')
    },
    /** Resolves when so many events of that type are on the log. */
    async published(type: string, count: number): Promise<void> {
      for (;;) {
        const [row] = await db.work('bench', [tenantId], (tx) =>
          tx.query<{ count: number }>(
            'select count(*)::int as count from events where tenant_id = $1 and type = $2',
            tenantId,
            type,
          ),
        )
        if ((row?.count ?? 0) >= count) return
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    },
    presence,
    /** Resolves with how long a command took until its outcome was there, in ms. */
    async ask(memberId: string, state: 'online' | 'busy', patienceMs = 30_000): Promise<number> {
      const begun = performance.now()
      const id = await presence(memberId, state)
      if ((await awaitOutcome(db, parts.wake, actor, id, patienceMs)) === undefined) throw new Error('no outcome')
      return performance.now() - begun
    },
    count(sql: string): Promise<number> {
      return db.work('bench', [tenantId], async (tx) => (await tx.one<{ count: number }>(sql, tenantId)).count)
    },
    async close(): Promise<void> {
      await relay.stop()
      await parts.wake.stop()
      await parts.bus.stop()
      await db.close()
    },
  }
}

export type RoutingHub = Awaited<ReturnType<typeof openRoutingHub>>

export type Run = (sql: string, ...parameters: unknown[]) => Promise<number>

/** A tenant with a channel and a group of those members. */
export async function setUpTeam(
  run: Run,
  tenantId: string,
  memberIds: readonly string[],
): Promise<{ channelId: string; groupId: string }> {
  const channelId = newId('chn')
  const groupId = newId('grp')
  await run(`insert into tenants (id, slug, name, time_zone, locale) values ($1, $1, 'Bench', 'UTC', 'en')`, tenantId)
  await run(`insert into skill_groups (tenant_id, id, name) values ($1, $2, 'sales')`, tenantId, groupId)
  await run(
    `insert into channels (tenant_id, id, kind, name, group_id) values ($1, $2, 'custom', 'API', $3)`,
    tenantId,
    channelId,
    groupId,
  )
  await run(
    `insert into members (tenant_id, id, name, email, role, capacity)
     select $1, i, i, i, 'agent', 100 from unnest($2::text[]) as u (i)`,
    tenantId,
    memberIds,
  )
  await run(
    `insert into skill_group_members (tenant_id, group_id, member_id) select $1, $2, i from unnest($3::text[]) as u (i)`,
    tenantId,
    groupId,
    memberIds,
  )
  return { channelId, groupId }
}

async function setUp(run: Run, tenantId: string, memberIds: readonly string[], ids: readonly string[]): Promise<void> {
  const { channelId, groupId } = await setUpTeam(run, tenantId, memberIds)
  const contactIds = ids.map(() => newId('ctc'))
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
}
