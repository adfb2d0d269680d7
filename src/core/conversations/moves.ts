/**
 * Conversations that change hands, many in one go: routing, which alone decides it, decides hundreds in one transaction. What
 * is closed, or held by a bot, stays as it is.
 */
import { type Emission, emitAll } from '../events/outbox.ts'
import type { TenantTx, Tx } from '../platform/database.ts'
import { textArray } from '../platform/text-array.ts'
import { together } from '../platform/together.ts'
import type { LockedConversation } from './conversations.ts'
import { type ConversationRow, conversationColumns, toConversation } from './rows.ts'

export interface Move {
  readonly tenantId: string
  readonly conversationId: string
  /** Who holds it from now on; null: it waits for a person. */
  readonly memberId: string | null
  /** The skill group for which it is served or waits; null leaves it as it is. */
  readonly groupId: string | null
  /** Who held it until now takes part from now on. */
  readonly keepsHolder?: true
  readonly causationId?: string
}

interface Before {
  readonly id: string
  readonly contactId: string
  readonly status: string
  readonly heldBy: string
  readonly groupId: string | null
  readonly assigneeId: string | null
}

/** Moves that make a difference, of conversations that are locked. */
export interface LockedMoves {
  readonly moves: readonly Move[]
  readonly before: ReadonlyMap<string, Before>
}

/**
 * A conversation that was held by a program, a menu of the telephone for one, waits for a person from now on; `groupId` where it is to wait
 * elsewhere. One that waits for the hours does so still, unless it is `urgent`. Emits conversation.queued where routing is to hear of it. Locked by
 * the caller; one that is not held so stays as it is.
 */
export async function queueHeld(
  tx: TenantTx,
  { id, contactName }: LockedConversation,
  { groupId, urgent = false }: { readonly groupId?: string; readonly urgent?: boolean } = {},
): Promise<void> {
  const row = await tx.maybe<ConversationRow>(
    `update conversations c
        set held_by = 'queue', group_id = coalesce((select g.id from skill_groups g where g.tenant_id = $1 and g.id = $3), c.group_id),
            parked_at = case when $4 then null else c.parked_at end, parked_until = case when $4 then null else c.parked_until end,
            updated_at = clock_timestamp(), version = c.version + 1
      where c.tenant_id = $1 and c.id = $2 and c.status = 'open' and c.held_by = 'bot' returning ${conversationColumns}`,
    tx.tenantId,
    id,
    groupId ?? null,
    urgent,
  )
  if (row === undefined || row.parkedAt !== null) return
  const conversation = toConversation(row, contactName)
  await emitAll(tx, [{ type: 'conversation.queued', tenantId: tx.tenantId, subject: id, data: { conversation } }])
}

/** Locks the conversations, ids ascending, of moves of which there is at most one for each; answers with those to be made. */
export async function lockToMove(tx: Tx, moves: readonly Move[]): Promise<LockedMoves> {
  if (moves.length === 0) return { moves, before: new Map() }
  const locked = await tx.query<Before>(
    `select id, contact_id, status, held_by, group_id, assignee_id from conversations
      where tenant_id = any($1) and id = any($2) order by id for no key update`,
    tenantsOf(moves),
    textArray(moves.map((move) => move.conversationId)),
  )
  const before = new Map(locked.map((row) => [row.id, row]))
  return {
    moves: moves.filter((move) => {
      const was = before.get(move.conversationId)
      return was !== undefined && makesDifference(move, was)
    }),
    before,
  }
}

function makesDifference({ memberId, groupId }: Move, was: Before): boolean {
  if (was.status !== 'open' || (was.heldBy !== 'queue' && was.heldBy !== 'agent')) return false
  const heldBy = memberId === null ? 'queue' : 'agent'
  return was.heldBy !== heldBy || was.assigneeId !== memberId || (groupId !== null && was.groupId !== groupId)
}

/** Makes the moves and answers with what is to be emitted, one event for each. */
export async function moveConversations(tx: Tx, { moves, before }: LockedMoves): Promise<Emission[]> {
  if (moves.length === 0) return []
  const tenantIds = tenantsOf(moves)
  // Lists of ids, and where each goes looked up by its id: under row-level security a join with a list, or a subquery for each row, is
  // planned as a scan of the tenant, and with no statistics yet as a scan of the list for each of its rows.
  const moving = tx.query<ConversationRow>(
    `update conversations c
        set held_by = case when $3::jsonb->>c.id is null then 'queue' else 'agent' end, assignee_id = $3::jsonb->>c.id,
            group_id = coalesce($4::jsonb->>c.id, c.group_id),
            participant_ids = array_remove(c.participant_ids, $3::jsonb->>c.id)
              || case when c.id = any($5) and c.assignee_id is not null then array[c.assignee_id] else '{}' end,
            snoozed_at = null, snoozed_until = null, transfer_group_id = null, updated_at = clock_timestamp(), version = c.version + 1
      where c.tenant_id = any($1) and c.id = any($2) returning ${conversationColumns}`,
    tenantIds,
    textArray(moves.map((move) => move.conversationId)),
    JSON.stringify(Object.fromEntries(moves.map((move) => [move.conversationId, move.memberId]))),
    JSON.stringify(Object.fromEntries(moves.map((move) => [move.conversationId, move.groupId]))),
    moves.filter((move) => move.keepsHolder).map((move) => move.conversationId),
  )
  const naming = tx.query<{ id: string; name: string }>(
    'select id, name from contacts where tenant_id = any($1) and id = any($2)',
    tenantIds,
    moves.flatMap((move) => before.get(move.conversationId)?.contactId ?? []),
  )
  const [rows, contacts] = await together([moving, naming])
  const names = new Map(contacts.map((contact) => [contact.id, contact.name]))
  const after = new Map(rows.map((row) => [row.id, row]))
  return moves.flatMap((move): Emission[] => {
    const row = after.get(move.conversationId)
    const was = before.get(move.conversationId)
    if (row === undefined || was === undefined) return []
    return [
      {
        type: row.heldBy === 'agent' ? 'conversation.assigned' : 'conversation.queued',
        tenantId: move.tenantId,
        subject: row.id,
        data: { conversation: toConversation(row, names.get(row.contactId) ?? ''), previousAssigneeId: was.assigneeId },
        ...(move.causationId !== undefined && { causationId: move.causationId }),
      },
    ]
  })
}

function tenantsOf(moves: readonly Move[]): string[] {
  return [...new Set(moves.map((move) => move.tenantId))]
}
