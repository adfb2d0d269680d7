/**
 * Which members are connected, to whichever process. A process says that it still lives; one that has not said so for a
 * while counts as dead, and with it the connections that it had.
 */
import type { TenantTx, Tx } from '../platform/database.ts'

/** A process that was silent for longer is dead. Four beats. */
export const deadAfterMs = 60_000

/** The member has a stream in this process. Answers with whether they had none anywhere. Repeating it changes nothing. */
export async function connect(tx: TenantTx, memberId: string, process: string): Promise<boolean> {
  const wasConnected = await isConnected(tx, tx.tenantId, memberId)
  await tx.run(
    `insert into agent_links (tenant_id, member_id, process) values ($1, $2, $3)
     on conflict (tenant_id, member_id, process) do update set seen_at = clock_timestamp()`,
    tx.tenantId,
    memberId,
    process,
  )
  return !wasConnected
}

/** The member's last stream in this process is over. Answers with whether they have none anywhere. */
export async function disconnect(tx: TenantTx, memberId: string, process: string): Promise<boolean> {
  await tx.run(
    'delete from agent_links where tenant_id = $1 and member_id = $2 and process = $3',
    tx.tenantId,
    memberId,
    process,
  )
  return !(await isConnected(tx, tx.tenantId, memberId))
}

/** The process lives, and with it what it is connected to. */
export async function stayConnected(tx: Tx, tenantIds: readonly string[], process: string): Promise<void> {
  await tx.run(
    'update agent_links set seen_at = clock_timestamp() where tenant_id = any($1) and process = $2',
    tenantIds,
    process,
  )
}

/** Takes away what dead processes were connected to, of these tenants. Answers with the members who have no stream any more. */
export async function dropDead(
  tx: Tx,
  tenantIds: readonly string[],
): Promise<readonly { readonly tenantId: string; readonly memberId: string }[]> {
  const dropped = await tx.query<{ tenantId: string; memberId: string }>(
    `delete from agent_links where tenant_id = any($1) and seen_at < clock_timestamp() - $2 * interval '1 millisecond'
     returning tenant_id, member_id`,
    tenantIds,
    deadAfterMs,
  )
  const gone = []
  for (const one of dropped) if (!(await isConnected(tx, one.tenantId, one.memberId))) gone.push(one)
  return gone
}

async function isConnected(tx: Tx, tenantId: string, memberId: string): Promise<boolean> {
  const row = await tx.maybe(
    `select 1 from agent_links where tenant_id = $1 and member_id = $2
        and seen_at >= clock_timestamp() - $3 * interval '1 millisecond' limit 1`,
    tenantId,
    memberId,
    deadAfterMs,
  )
  return row !== undefined
}
