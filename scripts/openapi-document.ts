/** docs/openapi.json: the API as the server itself describes it at /openapi.json, built on a ground that is never touched. */
import { join } from 'node:path'
import { Registry as Metrics } from 'prom-client'
import { Streams } from '../src/api/stream/streams.ts'
import { openRegistry } from '../src/connectors/registry.ts'
import { Doors } from '../src/connectors/runtime/doors.ts'
import { openEgress } from '../src/connectors/runtime/egress.ts'
import { PostgresBus } from '../src/core/events/postgres-bus.ts'
import { openDiskBlobs } from '../src/core/platform/blobs-disk.ts'
import { systemClock } from '../src/core/platform/clock.ts'
import { loadConfig } from '../src/core/platform/config.ts'
import { Database } from '../src/core/platform/database.ts'
import { silentLog } from '../src/core/platform/log.ts'
import { Pictures } from '../src/core/platform/pictures.ts'
import { Vault } from '../src/core/platform/secrets.ts'
import { Wake } from '../src/core/platform/wake.ts'
import { buildApi, type Shared } from '../src/serve.ts'
import { root } from './runtime.ts'

export async function openApi(): Promise<object> {
  const log = silentLog
  const config = loadConfig(join(root, 'config'), {})
  // A pool connects when it is first asked; nobody asks.
  const db = new Database({ url: 'postgres://localhost/nobody', poolSize: 4, statementTimeoutMs: 1000, log })
  const vault = new Vault(Buffer.alloc(32))
  const wake = new Wake(db)
  const egress = openEgress({ allow: [], maxResponseBytes: 1, timeoutMs: 1 })
  const shared: Shared = {
    config,
    root,
    log,
    owner: 'docs',
    ground: { databaseUrl: '', embedded: false, dataDirectory: '', db, vault, close: async () => {} },
    wake,
    bus: new PostgresBus({ db, log }),
    registry: await openRegistry([], root),
    egress,
    speech: { egress, hub: { ...config.speech, language: '' } },
    doors: new Doors(),
    metrics: new Metrics(),
    blobs: openDiskBlobs(''),
    pictures: new Pictures(),
  }
  const { sessionIdleHours } = config.server
  const streams = new Streams({ db, wake, log, clock: systemClock, sessionIdleHours })
  const server = await buildApi(shared, 'http://127.0.0.1:8200', streams)
  try {
    await server.ready()
    const { body } = await server.inject('/openapi.json')
    return JSON.parse(body) as object
  } finally {
    await server.close()
    await egress.close()
    await db.close()
  }
}
