/** How routes reach the database: one transaction of whoever asks, and the hint that something was emitted in it. */
import type { Actor, TenantTx } from '../core/platform/database.ts'
import type { ServerParts } from './server.ts'

type Ground = Pick<ServerParts, 'db' | 'wake'>

/** Reads in one transaction. */
export function read<T>({ db }: Ground, actor: Actor, work: (tx: TenantTx) => Promise<T>): Promise<T> {
  return db.transaction(actor, work)
}

/** Writes in one transaction; the relay hears of it after the commit. */
export async function write<T>({ db, wake }: Ground, actor: Actor, work: (tx: TenantTx) => Promise<T>): Promise<T> {
  const result = await db.transaction(actor, work)
  wake.hint('outbox')
  return result
}
