/** How routes reach the database: one transaction of whoever asks, and the hint that something was emitted in it. */
import type { Actor, TenantTx } from '../core/platform/database.ts'
import { audited, auditedRead } from './audit/auditing.ts'
import type { ServerParts } from './server.ts'

type Ground = Pick<ServerParts, 'db' | 'wake'>

/** Reads in one transaction. */
export function read<T>({ db }: Ground, actor: Actor, work: (tx: TenantTx) => Promise<T>): Promise<T> {
  return db.transaction(actor, auditedRead(actor, work))
}

/** Writes in one transaction, with what the audit log is to say of it; the relay hears of it after the commit. */
export function write<T>(ground: Ground, actor: Actor, work: (tx: TenantTx) => Promise<T>): Promise<T> {
  return writeAsIs(ground, actor, audited(actor, work))
}

/** The same for work that says itself which part of it is audited (`audited`). */
export async function writeAsIs<T>({ db, wake }: Ground, actor: Actor, work: (tx: TenantTx) => Promise<T>): Promise<T> {
  const result = await db.transaction(actor, work)
  wake.hint('outbox')
  return result
}
