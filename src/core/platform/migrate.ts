/**
 * Brings a database to the newest shape: the files of migrations/ in the order of their numbers, each in a transaction
 * with its ledger row. Forward only. A file that was changed after it ran is refused, so a shape has one history.
 */
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ownerSession } from './database.ts'
import { Fault } from './errors.ts'
import type { Logger } from './log.ts'

/**
 * Many processes may do this at once: an advisory lock lets one at a time. `only` some of them: the shape that a backup has. Faults
 * with `migration-changed`.
 */
export async function migrate(url: string, directory: string, log: Logger, only?: ReadonlySet<string>): Promise<void> {
  const all = (await readdir(directory)).filter((name) => /^\d{4}_.*\.sql$/.test(name)).sort()
  const files = only === undefined ? all : all.filter((name) => only.has(name))
  await ownerSession(url, async (run) => {
    await run('select pg_advisory_lock(7236001)')
    await run(`create table if not exists migrations (
      name text primary key, checksum text not null, applied_at timestamptz not null default now())`)
    const applied = new Map(
      (await run<{ name: string; checksum: string }>('select name, checksum from migrations')).map((row) => [
        row.name,
        row.checksum,
      ]),
    )
    for (const name of files) {
      const sql = await readFile(join(directory, name), 'utf8')
      const checksum = createHash('sha256').update(sql).digest('hex')
      const before = applied.get(name)
      if (before === checksum) continue
      if (before !== undefined) {
        throw new Fault('conflict', 'migration-changed', `Migration ${name} was changed after it had been applied.`)
      }
      await run('begin')
      try {
        await run(sql)
        await run(`insert into migrations (name, checksum) values ('${name}', '${checksum}')`)
        await run('commit')
      } catch (error) {
        await run('rollback')
        throw error
      }
      log.info({ migration: name }, 'migration applied')
    }
  })
}
