/**
 * A platform's call that is held open until somebody answers the customer (passive replies). The call waits in the process that the platform
 * reached, the answer is sent by whichever process has the lane: they meet in a row of channel_memory, where exactly one of "taken" and
 * "withdrawn" happens to an answer.
 */
import type { Database } from '../../core/platform/database.ts'
import type { Vault } from '../../core/platform/secrets.ts'
import type { HookReply } from '../contract.ts'
import { checked, type Owner, sealer } from './memory.ts'

interface Parts {
  readonly db: Database
  readonly vault: Vault
}

interface Row {
  readonly state: 'open' | 'offered' | 'taken' | 'closed'
  readonly sealed: string | null
  readonly over: boolean
}

const lookEveryMs = 120

/** From now on the call can be answered under that name, for so long. A call that comes again keeps the answer that it was given. */
export async function openForReply(parts: Parts, owner: Owner, name: string, forMs: number): Promise<void> {
  await parts.db.work(owner.channelId, [owner.tenantId], (tx) =>
    tx.run(
      `insert into channel_memory as cm (tenant_id, channel_id, name, value, expires_at)
       values ($1, $2, $3, '{"state": "open"}', now() + $4 * interval '1 millisecond')
       on conflict (tenant_id, channel_id, name) do update set expires_at = excluded.expires_at,
              value = case when cm.value ->> 'state' = 'taken' then cm.value else excluded.value end`,
      owner.tenantId,
      owner.channelId,
      placeOf(name),
      forMs,
    ),
  )
}

/** Waits for the answer of an open call. Undefined when the time is over, or `isGone` says that nobody listens any more. */
export async function awaitPassiveReply(
  parts: Parts,
  owner: Owner,
  name: string,
  forMs: number,
  isGone: () => boolean,
): Promise<HookReply | undefined> {
  const until = performance.now() + forMs
  for (;;) {
    const isOver = performance.now() > until
    const sealed = isOver || isGone() ? await close(parts, owner, name) : await take(parts, owner, name)
    if (sealed !== undefined) return JSON.parse(await sealer(parts, owner).open(placeOf(name), { sealed })) as HookReply
    if (isOver || isGone()) return undefined
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs))
  }
}

/** Answers an open call. Resolves true once it has taken the answer, false when it certainly will not. */
export async function answerPassively(parts: Parts, owner: Owner, name: string, reply: HookReply): Promise<boolean> {
  const sealed = await sealer(parts, owner).close(placeOf(name), JSON.stringify(reply))
  const offered = await move(
    parts,
    owner,
    name,
    `jsonb_build_object('state', 'offered', 'sealed', $4::text)`,
    `'open'`,
    sealed,
  )
  if (offered === undefined) return false
  for (;;) {
    const row = await read(parts, owner, name)
    if (row?.state === 'taken') return true
    if (row?.state !== 'offered') return false
    if (row.over && (await move(parts, owner, name, `'{"state": "closed"}'`, `'offered'`, null)) !== undefined)
      return false
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs))
  }
}

async function take(parts: Parts, owner: Owner, name: string): Promise<string | undefined> {
  const row = await read(parts, owner, name)
  if (row?.state === 'taken') return row.sealed ?? undefined
  if (row?.state !== 'offered') return undefined
  return move(parts, owner, name, `value || '{"state": "taken"}'`, `'offered'`, null)
}

/** What was offered at the last moment is left to whoever offered it: it is withdrawn. */
async function close(parts: Parts, owner: Owner, name: string): Promise<undefined> {
  await move(parts, owner, name, `'{"state": "closed"}'`, `'open', 'offered'`, null)
}

/** Moves the row on if it is in one of those states and, unless it is being taken, still in time. Answers with what is sealed in it. */
async function move(
  { db }: Parts,
  owner: Owner,
  name: string,
  value: string,
  from: string,
  sealed: string | null,
): Promise<string | undefined> {
  const row = await db.work(owner.channelId, [owner.tenantId], (tx) =>
    tx.maybe<{ sealed: string | null }>(
      `update channel_memory set value = ${value}
        where tenant_id = $1 and channel_id = $2 and name = $3 and value ->> 'state' in (${from})
          and ($4::text is null or expires_at > now())
       returning value ->> 'sealed' as sealed`,
      owner.tenantId,
      owner.channelId,
      placeOf(name),
      sealed,
    ),
  )
  return row === undefined ? undefined : (row.sealed ?? '')
}

function read({ db }: Parts, owner: Owner, name: string): Promise<Row | undefined> {
  return db.work(owner.channelId, [owner.tenantId], (tx) =>
    tx.maybe<Row>(
      `select value ->> 'state' as state, value ->> 'sealed' as sealed, expires_at < now() as over
         from channel_memory where tenant_id = $1 and channel_id = $2 and name = $3`,
      owner.tenantId,
      owner.channelId,
      placeOf(name),
    ),
  )
}

function placeOf(name: string): string {
  return `call:${checked(name)}`
}
