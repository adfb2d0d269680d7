/** Webhook endpoints with a sender in this process, a receiver in another, and things that happen. */
import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import { createEndpoint } from '../src/api/webhooks/endpoints.ts'
import { Sender } from '../src/api/webhooks/sender.ts'
import { type Egress, openEgress } from '../src/connectors/runtime/egress.ts'
import { emit } from '../src/core/events/outbox.ts'
import { PostgresBus } from '../src/core/events/postgres-bus.ts'
import { Relay } from '../src/core/events/relay.ts'
import { Database } from '../src/core/platform/database.ts'
import { newId } from '../src/core/platform/ids.ts'
import { silentLog } from '../src/core/platform/log.ts'
import { Vault } from '../src/core/platform/secrets.ts'
import { Wake } from '../src/core/platform/wake.ts'
import { createTenant } from '../src/core/tenancy/tenants.ts'

export interface WebhookReceiver {
  readonly port: number
  readonly pid: number
  /** How many events came since they were forgotten, and how long each had been on its way, in ms. */
  tell(word?: 'tell' | 'forget'): Promise<{ received: number; delays: number[] }>
  stop(): void
}

export async function startReceiver(): Promise<WebhookReceiver> {
  const child = fork(join(import.meta.dirname, 'webhook-receiver.ts'))
  const { port } = await answerOf<{ port: number }>(child)
  return {
    port,
    pid: child.pid ?? 0,
    tell(word = 'tell') {
      child.send(word)
      return answerOf(child)
    },
    stop() {
      if (child.connected) child.disconnect()
    },
  }
}

function answerOf<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve) => child.once('message', (answer) => resolve(answer as T)))
}

export interface WebhookLoad {
  readonly tenants: readonly string[]
  readonly egress: Egress
  /** Begins to send, to go on until it is stopped. */
  send(): Promise<void>
  /** One thing happens in each of those tenants. */
  happen(tenantIds: readonly string[]): Promise<void>
  stop(): Promise<void>
}

/** `urls` of the endpoints of each tenant, by its number. Loopback may be called. */
export async function startWebhookLoad(
  databaseUrl: string,
  tenantCount: number,
  urls: (tenant: number) => readonly string[],
): Promise<WebhookLoad> {
  const log = silentLog
  const db = new Database({ url: databaseUrl, poolSize: 12, statementTimeoutMs: 30_000, log })
  const vault = new Vault(Buffer.alloc(32, 1))
  const wake = new Wake(db)
  await wake.start()
  const bus = new PostgresBus({ db, log })
  await bus.start()
  await bus.ensureTopics(['inbound', 'work', 'domain'].map((name) => ({ name, partitions: 4, retentionHours: 1 })))
  const relay = new Relay({ db, bus, wake, owner: 'relay', log })
  await relay.start()
  const egress = openEgress({ allow: ['127.0.0.0/8'], maxResponseBytes: 100_000, timeoutMs: 15_000 })
  const tenants: string[] = []
  for (let tenant = 0; tenant < tenantCount; tenant += 1) {
    const id = newId('ten')
    tenants.push(id)
    const facts = { id, slug: id.replace('_', '-'), name: 'Shop', timeZone: 'Asia/Shanghai', locale: 'zh-CN' }
    await db.work('bench', [id], (tx) => createTenant(tx, vault, facts))
    await db.transaction({ id: 'bench', tenantId: id }, async (tx) => {
      for (const url of urls(tenant)) {
        await createEndpoint(tx, vault, { url, description: '', events: ['member.presence'], ordered: false })
      }
    })
  }
  let sender: Sender | undefined
  return {
    tenants,
    egress,
    async send() {
      sender = new Sender({ db, wake, vault, egress, owner: 'bench', log })
      await sender.start()
    },
    async happen(tenantIds) {
      await Promise.all(
        tenantIds.map((tenantId) =>
          db.transaction({ id: 'bench', tenantId }, (tx) =>
            emit(tx, 'member.presence', tenantId, {
              memberId: newId('usr'),
              state: 'online',
              reason: null,
              used: 0,
              capacity: 1,
            }),
          ),
        ),
      )
      wake.hint('outbox')
    },
    async stop() {
      await Promise.all([egress.close(), sender?.stop()])
      await relay.stop()
      await bus.stop()
      await wake.stop()
      await db.close()
    },
  }
}
