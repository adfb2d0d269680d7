/** What people ask of a call, said to the connector that carries it, and to routing where it is routing's as well. */
import { type ActOutcome, isCare, type LiveCall } from '../../core/calls/live.ts'
import type { CallCommand, CallNews, CallRecord, Consulted, ConsultTarget } from '../../core/calls/machine.ts'
import type { Database, TenantTx } from '../../core/platform/database.ts'
import { newSecret } from '../../core/platform/ids.ts'
import type { Wake } from '../../core/platform/wake.ts'
import { awaitOutcome, hintCommand, issueCommand } from '../../routing/commands.ts'
import type { Connector } from '../contract.ts'

const newsOf = {
  'hang-up': { type: 'closed', by: 'agent' },
  hold: { type: 'held' },
  resume: { type: 'resumed' },
  mute: { type: 'muted' },
  unmute: { type: 'unmuted' },
  return: { type: 'consult-over', outcome: 'returned' },
  join: { type: 'joined' },
  'hand-over': { type: 'handed-over' },
} as const

/** How long routing may take to look for whoever an agent wants to ask. */
const lookMs = 10_000

interface Ground {
  readonly db: Database
  readonly wake: Wake
}

/** Names a phone that is rung, within its call. */
export function newLeg(): string {
  return newSecret().slice(0, 12)
}

/** Does it, and answers with what became of it. */
export async function perform(
  ground: Ground,
  call: LiveCall,
  connector: Connector,
  { act, data, actorId }: LiveCall['acts'][number],
): Promise<ActOutcome> {
  const tell = async (news: CallNews) => (await connector.tellCall?.(call.id, news)) ?? false
  const made = (isDone: boolean): ActOutcome => (isDone ? 'done' : 'refused')
  if (isCare(act)) {
    const means = { extension: call.standing.phones[actorId], digits: data?.digits }
    return made((await connector.tendCall?.(call.id, act, means)) ?? false)
  }
  if (act === 'dial') return made(await tell(dialled(data?.number ?? '')))
  if (act !== 'consult') return made(await tell(newsOf[act]))
  const to: ConsultTarget = data ?? {}
  if (!(await tell({ type: 'consulting', to }))) return 'refused'
  if (to.number !== undefined) return made(await tell(dialled(to.number)))
  if (await isLookedFor(ground, call, to)) return made(await isStillWanted(ground, call))
  await tell({ type: 'consult-over', outcome: 'nobody' })
  return 'nobody'
}

function dialled(number: string): CallNews {
  return { type: 'rung', leg: newLeg(), memberId: null, extension: '', number, offerId: null }
}

/** The conversation is handed on as every other is, but for this: whoever is to have it is asked in any case. */
async function isLookedFor(
  { db, wake }: Ground,
  call: LiveCall,
  { groupId, memberId }: ConsultTarget,
): Promise<boolean> {
  const actor = { id: call.channelId, tenantId: call.tenantId }
  const { conversationId } = call
  const to = groupId !== undefined ? ({ groupId, warm: true } as const) : memberId !== undefined ? { memberId } : {}
  const commandId = await db.transaction(actor, (tx) =>
    issueCommand(tx, { kind: 'transfer', conversationId, ...to, asks: true }),
  )
  hintCommand(wake, call.tenantId)
  return (await awaitOutcome(db, wake, actor, commandId, lookMs))?.result === 'done'
}

/**
 * Whether the asker has not gone back to the caller before routing was asked, as where their phone does not come along. What was said to routing then
 * came too early, and is said again.
 */
async function isStillWanted(
  { db, wake }: Ground,
  { id, channelId, tenantId, conversationId }: LiveCall,
): Promise<boolean> {
  const isOver = await db.transaction({ id: channelId, tenantId }, async (tx) => {
    const { consult, consults } = await tx.one<{ consult: object | null; consults: readonly Consulted[] | null }>(
      "select record->'consult' as consult, record->'consults' as consults from calls where tenant_id = $1 and id = $2",
      tenantId,
      id,
    )
    const hasReturned = consult === null && consults?.at(-1)?.outcome === 'returned'
    if (hasReturned) await issueCommand(tx, { kind: 'recall', conversationId })
    return hasReturned
  })
  if (isOver) hintCommand(wake, tenantId)
  return !isOver
}

/** Routing follows what has become of a consult: the holder keeps what nobody took, or has again what was taken already. */
export async function keepConversation(
  tx: TenantTx,
  callId: string,
  { legs }: CallRecord,
  { leg, from }: Extract<CallCommand, { do: 'keep' }>,
): Promise<void> {
  const memberOf = (id: string | undefined) => legs.find((one) => one.id === id)?.memberId ?? undefined
  const memberId = memberOf(leg)
  const { conversationId, assigneeId } = await tx.one<{ conversationId: string; assigneeId: string | null }>(
    `select c.id as conversation_id, c.assignee_id from calls k join conversations c on c.tenant_id = k.tenant_id and c.id = k.conversation_id
      where k.tenant_id = $1 and k.id = $2`,
    tx.tenantId,
    callId,
  )
  if (memberId === undefined) return
  if (assigneeId === memberId) await issueCommand(tx, { kind: 'recall', conversationId, memberId })
  else if (assigneeId === memberOf(from)) {
    await issueCommand(tx, { kind: 'assign', conversationId, memberId, override: true })
  }
}
