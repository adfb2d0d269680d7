/** Calls that go on, for the process that has them: how their conversations stand, and what is asked of them. */
import type { Database, TenantTx, Tx } from '../platform/database.ts'
import { Fault } from '../platform/errors.ts'
import { newId } from '../platform/ids.ts'
import type { Wake } from '../platform/wake.ts'
import { tellCall, unknownCall } from './calls.ts'
import type { CallRecord, ConsultTarget } from './machine.ts'
import type { Standing } from './wishes.ts'

export interface LiveCall {
  readonly tenantId: string
  readonly id: string
  readonly channelId: string
  readonly conversationId: string
  readonly groupId: string | null
  readonly record: CallRecord
  readonly standing: Standing
  /** Of one that goes out: who calls whom by which phone. */
  readonly outgoing: { readonly number: string; readonly memberId: string; readonly extension: string } | null
  readonly acts: readonly {
    readonly id: string
    readonly act: CallAct
    readonly actorId: string
    readonly data: ActData | null
  }[]
}

/** What an act needs besides: whom it is about, which keys. */
export interface ActData extends ConsultTarget {
  readonly digits?: string
}

/** `dial`: a number outside is to have the caller. `consult` and those after it: somebody is asked while the caller waits. */
export type CallAct =
  | 'hang-up'
  | 'hold'
  | 'resume'
  | 'dial'
  | 'consult'
  | 'return'
  | 'join'
  | 'hand-over'
  | 'mute'
  | 'unmute'
  | CallCare

/** What is asked of a talk without changing what the call is. */
export type CallCare = (typeof cares)[number]

const cares = ['pause', 'unpause', 'listen', 'unlisten', 'digits'] as const

export function isCare(act: CallAct): act is CallCare {
  return (cares as readonly string[]).includes(act)
}

/** Every call of these channels that goes on. Locks nothing. */
export function readLiveCalls(
  tx: Tx,
  tenantIds: readonly string[],
  channelIds: readonly string[],
): Promise<LiveCall[]> {
  return tx.query<LiveCall>(
    `select k.tenant_id, k.id, k.channel_id, k.conversation_id, c.group_id, k.record,
            jsonb_build_object('status', c.status, 'heldBy', c.held_by, 'assigneeId', c.assignee_id, 'transferGroupId', c.transfer_group_id,
              'assignedAt', (select floor(extract(epoch from max(a.started_at)) * 1000) from assignments a
                               where a.tenant_id = c.tenant_id and a.conversation_id = c.id),
              'offers', coalesce((select jsonb_agg(jsonb_build_object('id', o.id, 'memberId', o.agent_id, 'state', o.state))
                                    from offers o where o.tenant_id = c.tenant_id and o.conversation_id = c.id), '[]'),
              -- The last of a member's stands: a phone that is registered before a number outside.
              'phones', coalesce((select jsonb_object_agg(p.member_id, p.extension order by p.number is null) from phones p
                                    where p.tenant_id = k.tenant_id and p.channel_id = k.channel_id and p.member_id is not null
                                      and (p.number is not null or p.registered_until > now())), '{}')) as standing,
            case when k.direction = 'out' then jsonb_build_object('number', coalesce(k.address, k.number), 'memberId', c.assignee_id,
              'extension', coalesce((select p.extension from phones p where p.tenant_id = k.tenant_id and p.channel_id = k.channel_id
                                        and p.member_id = c.assignee_id order by p.registered_until > now() desc nulls last, p.number is not null desc limit 1), '')) end as outgoing,
            coalesce((select jsonb_agg(jsonb_build_object('id', x.id, 'act', x.act, 'actorId', x.actor_id, 'data', x.data) order by x.id) from call_acts x
                        where x.tenant_id = k.tenant_id and x.call_id = k.id and x.outcome is null), '[]') as acts
       from calls k join conversations c on c.tenant_id = k.tenant_id and c.id = k.conversation_id
      where k.tenant_id = any($1) and k.channel_id = any($2) and k.ended_at is null order by k.id`,
    tenantIds,
    channelIds,
  )
}

/** Asks something of a call that goes on. Whether the asker may is the caller's to know. Faults: `call-unknown`, `call-over`. */
export async function askCall(
  tx: TenantTx,
  callId: string,
  act: CallAct,
  data: ActData | null = null,
): Promise<string> {
  const call = await tx.maybe<{ endedAt: Date | null }>(
    'select ended_at from calls where tenant_id = $1 and id = $2',
    tx.tenantId,
    callId,
  )
  if (call === undefined) throw unknownCall(callId)
  if (call.endedAt !== null) throw callOver()
  const id = newId('cmd')
  await tx.run(
    'insert into call_acts (tenant_id, id, call_id, act, actor_id, data) values ($1, $2, $3, $4, $5, $6)',
    tx.tenantId,
    id,
    callId,
    act,
    tx.actorId,
    data === null ? null : JSON.stringify(data),
  )
  return id
}

export function callOver(): Fault {
  return new Fault('conflict', 'call-over', 'The call is over, or in no state for this.')
}

/** `refused`: the call was in no state for it. `nobody`: there is nobody who could be asked. */
export type ActOutcome = 'done' | 'refused' | 'nobody'

/** What became of what was asked. The first outcome stands. */
export async function settleAct(tx: TenantTx, id: string, outcome: ActOutcome): Promise<void> {
  await tx.run(
    'update call_acts set outcome = $3 where tenant_id = $1 and id = $2 and outcome is null',
    tx.tenantId,
    id,
    outcome,
  )
}

async function outcomeOfAct(tx: TenantTx, id: string): Promise<ActOutcome | null> {
  const row = await tx.maybe<{ outcome: ActOutcome | null }>(
    'select outcome from call_acts where tenant_id = $1 and id = $2',
    tx.tenantId,
    id,
  )
  return row?.outcome ?? null
}

/** Waits so long, at most, for what becomes of what was asked; null where that is not known by then. */
export async function awaitAct(
  db: Database,
  wake: Wake,
  actor: Parameters<Database['transaction']>[0],
  id: string,
  timeoutMs: number,
): Promise<ActOutcome | null> {
  const deadline = Date.now() + timeoutMs
  for (;;) {
    const woken = wake.wait('commands', Math.max(0, Math.min(250, deadline - Date.now())))
    const outcome = await db.transaction(actor, (tx) => outcomeOfAct(tx, id))
    if (outcome !== null || Date.now() >= deadline) return outcome
    await woken
  }
}

/** How the legs of the call are named on the wire, for whoever comes after a crash; null when they are gone. Only its channel reads it. */
export async function noteWire(tx: TenantTx, id: string, wire: unknown): Promise<void> {
  await tx.run(
    `update calls set wire = $3 where tenant_id = $1 and id = $2 and (ended_at is null or $3::jsonb is null)`,
    tx.tenantId,
    id,
    wire === null ? null : JSON.stringify(wire),
  )
}

/** Ends all calls that a channel had: whoever had them has them no longer. Answers with the wires that nobody has hung up yet. */
export async function interruptCalls(
  tx: TenantTx,
  channelId: string,
  at: number,
): Promise<{ callId: string; wire: unknown }[]> {
  const live = await tx.query<{ id: string }>(
    'select id from calls where tenant_id = $1 and channel_id = $2 and ended_at is null order by id',
    tx.tenantId,
    channelId,
  )
  for (const { id } of live) await tellCall(tx, id, { type: 'interrupted', at })
  return tx.query(
    'select id as call_id, wire from calls where tenant_id = $1 and channel_id = $2 and wire is not null order by id',
    tx.tenantId,
    channelId,
  )
}
