/** A hub from its backup: into an empty database, with its files, checked, under a new epoch of the feed. */
import { createReadStream } from 'node:fs'
import { join, resolve } from 'node:path'
import { blobFile, keyCheckOf, type Manifest, readBackup, tableRows } from './backup.ts'
import { maintainFeed, makeFeedDays } from './core/events/feed.ts'
import type { Config } from './core/platform/config.ts'
import { ownerSession } from './core/platform/database.ts'
import { loadDatabase } from './core/platform/dump.ts'
import { Fault } from './core/platform/errors.ts'
import type { Logger } from './core/platform/log.ts'
import { migrate } from './core/platform/migrate.ts'
import { Vault } from './core/platform/secrets.ts'
import { masterKey, openBlobs, openPlace } from './ground.ts'

/**
 * Positions of the feed that the lost time may have used are never given again: consumers skip what they believe to have had. More than
 * any hub writes in the days between a backup and its use.
 */
const positionsLeftOut = 1_000_000_000

/**
 * Restores what `from` holds into the database and the blob store of the settings. Everything is checked before anything is written; rows
 * come in one transaction. Faults: `backup-broken`, `backup-newer`, `master-key-missing`, `master-key-other`, `database-not-empty`,
 * `backup-differs`.
 */
export async function restore(config: Config, root: string, from: string, log: Logger): Promise<Manifest> {
  const folder = resolve(from)
  const manifest = await readBackup(folder)
  const place = await openPlace(config, root, log)
  try {
    const { databaseUrl, dataDirectory } = place
    const vault = new Vault(masterKey(config, dataDirectory, false))
    if (keyCheckOf(vault) !== manifest.keyCheck) {
      throw new Fault('invalid', 'master-key-other', 'This is not the master key of the hub that was backed up.')
    }
    await refuseUnlessEmpty(databaseUrl)
    await takeShapeOf(databaseUrl, join(root, 'migrations'), manifest, log)
    await makeFeedDays(databaseUrl, manifest.days)
    const store = openBlobs(config, dataDirectory)
    try {
      for (const { key, bytes, sha256 } of manifest.blobs) {
        await store.put(key, createReadStream(join(folder, blobFile(key))), { bytes, sha256 })
      }
    } finally {
      await store.close()
    }
    await loadDatabase(databaseUrl, manifest, (table) => tableRows(folder, table), [
      `update feed set epoch = substr(md5(random()::text || clock_timestamp()::text), 1, 8), position = position + ${positionsLeftOut}`,
      // Who held what holds it no more.
      `update leases set until = now()`,
      // Places in a Kafka that is not there any more.
      ...(manifest.log === 'kafka' && config.kafka.brokers.length === 0 ? ['delete from positions'] : []),
    ])
    await migrate(databaseUrl, join(root, 'migrations'), log)
    await maintainFeed(databaseUrl, Date.now())
    return manifest
  } finally {
    await place.close()
  }
}

/** Faults with `database-not-empty` where there is anything but tables of ours without a tenant. */
async function refuseUnlessEmpty(url: string): Promise<void> {
  await ownerSession(url, async (run) => {
    const [found] = await run<{ any: boolean; ours: boolean }>(
      `select exists (select from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')) as any,
              to_regclass('public.tenants') is not null and to_regclass('public.migrations') is not null as ours`,
    )
    if (found?.any !== true) return
    const refusal = new Fault(
      'conflict',
      'database-not-empty',
      'This database holds something: restore into an empty one.',
    )
    if (!found.ours) throw refusal
    // The worker role sees every tenant; the owner would see none through the walls.
    await run('set role tributary_worker')
    if ((await run('select 1 from tenants limit 1')).length > 0) throw refusal
  })
}

/** Brings the database to the shape that the backup has: the rest of the migrations then work on its rows as on any others. */
async function takeShapeOf(url: string, directory: string, { migrations }: Manifest, log: Logger): Promise<void> {
  await migrate(url, directory, log, new Set(migrations.map(({ name }) => name)))
  const applied = await ownerSession(url, (run) =>
    run<{ name: string; checksum: string }>('select name, checksum from migrations'),
  )
  const checksums = new Map(applied.map(({ name, checksum }) => [name, checksum]))
  for (const { name, checksum } of migrations) {
    if (checksums.get(name) === checksum) continue
    throw new Fault('conflict', 'backup-newer', `The backup is of another release: it has the migration ${name}.`)
  }
  if (applied.length > migrations.length) {
    throw new Fault('conflict', 'database-not-empty', 'This database has a newer shape: restore into an empty one.')
  }
}
