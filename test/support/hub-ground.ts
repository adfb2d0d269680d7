/** The ground of a hub for tests: a database of its own, the embedded log with its topics, a tenant with a channel. */

import type { Inbound } from '../../src/core/conversations/model.ts'
import { encodeEvent, envelope } from '../../src/core/events/envelope.ts'
import { PostgresBus } from '../../src/core/events/postgres-bus.ts'
import { type Actor, Database } from '../../src/core/platform/database.ts'
import { newId } from '../../src/core/platform/ids.ts'
import { silentLog } from '../../src/core/platform/log.ts'
import { Wake } from '../../src/core/platform/wake.ts'
import { createTestDatabase } from './database.ts'

export interface Ground {
  readonly url: string
  readonly db: Database
  readonly bus: PostgresBus
  readonly wake: Wake
  /** Another process on the same database. */
  another(): Promise<{ db: Database; bus: PostgresBus; wake: Wake }>
  close(): Promise<void>
}

export async function openGround(): Promise<Ground> {
  const database = await createTestDatabase()
  const opened: { db: Database; bus: PostgresBus; wake: Wake }[] = []
  const open = async () => {
    const db = new Database({ url: database.url, poolSize: 8, statementTimeoutMs: 30_000, log: silentLog })
    const bus = new PostgresBus({ db, log: silentLog })
    const wake = new Wake(db)
    opened.push({ db, bus, wake })
    await bus.start()
    await wake.start()
    await bus.ensureTopics(
      ['inbound', 'work', 'domain', 'outbound'].map((name) => ({ name, partitions: 4, retentionHours: 24 })),
    )
    return { db, bus, wake }
  }
  return {
    url: database.url,
    ...(await open()),
    another: open,
    async close() {
      for (const { db, bus, wake } of opened) {
        await bus.stop()
        await wake.stop()
        await db.close()
      }
      await database.drop()
    },
  }
}

export interface Shop {
  readonly tenantId: string
  readonly channelId: string
  readonly groupId: string
  readonly actor: Actor
}

/** A tenant with one skill group and one channel of kind custom. */
export async function makeShop(db: Database, settings: object = {}): Promise<Shop> {
  const shop = { tenantId: newId('ten'), channelId: newId('chn'), groupId: newId('grp') }
  await db.work('test', [shop.tenantId], async (tx) => {
    await tx.run(
      `insert into tenants (id, slug, name, time_zone, locale, settings) values ($1, $1, 'Shop', 'Asia/Shanghai', 'zh-CN', $2)`,
      shop.tenantId,
      JSON.stringify(settings),
    )
    await tx.run(`insert into skill_groups (tenant_id, id, name) values ($1, $2, '售前')`, shop.tenantId, shop.groupId)
    await tx.run(
      `insert into channels (tenant_id, id, kind, name, group_id) values ($1, $2, 'custom', 'API', $3)`,
      shop.tenantId,
      shop.channelId,
      shop.groupId,
    )
  })
  return { ...shop, actor: { id: 'test', tenantId: shop.tenantId } }
}

/** What the hub writes onto `inbound` for one event of a channel. */
export function inboundRecord(shop: Shop, event: Inbound): { key: string; value: Buffer } {
  return {
    key: `${shop.channelId}/${event.peer}`,
    value: encodeEvent(
      envelope({
        id: newId('evt'),
        source: `/channels/${shop.channelId}`,
        type: `inbound.${event.kind}`,
        subject: shop.channelId,
        time: event.at,
        tenantid: shop.tenantId,
        actorid: shop.channelId,
        data: event,
      }),
    ),
  }
}

export function textFrom(
  person: string,
  key: string,
  text: string,
  at = new Date(),
): Extract<Inbound, { kind: 'message' }> {
  return {
    kind: 'message',
    key,
    peer: person,
    at: at.toISOString(),
    from: { kind: 'custom', scope: '', address: person, name: person },
    parts: [{ type: 'text', text }],
  }
}
