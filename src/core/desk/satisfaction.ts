/**
 * Satisfaction (满意度): each conversation is asked about once and answered once, in the widget, by a link, or on a telephone's keypad. All of
 * it stands in one table, with whom it concerns as it was when it was asked.
 */
import type { LockedConversation } from '../conversations/conversations.ts'
import { lockHeld } from '../conversations/lifecycle.ts'
import { rulesOf } from '../conversations/reception-rules.ts'
import { emit } from '../events/outbox.ts'
import type { Satisfaction, SatisfactionSource } from '../events/satisfaction-shapes.ts'
import type { TenantTx } from '../platform/database.ts'
import { Fault } from '../platform/errors.ts'
import { newId } from '../platform/ids.ts'
import { storable } from '../platform/text.ts'
import type { KeyPrincipal, MemberPrincipal } from '../tenancy/principals.ts'

type Moments = 'requestedAt' | 'expiresAt' | 'answeredAt'

export interface SatisfactionRow extends Omit<Satisfaction, Moments> {
  readonly requestedAt: Date
  readonly expiresAt: Date
  readonly answeredAt: Date | null
}

/** Of `satisfactions` under the alias `s`. */
export const satisfactionColumns = `s.id, s.conversation_id, s.call_id, s.contact_id, s.channel_id, s.group_id, s.member_id, s.scale, s.offered_tags,
  s.requested_by, s.requested_at, s.expires_at, s.score, s.comment, s.tags, s.source, s.answered_at, s.version`

/**
 * Asks the customer, by the rules of the channel; where they were asked before, answers with that. The conversation is locked by the caller. Emits
 * satisfaction.requested when it is new.
 */
export async function requestSatisfaction(
  tx: TenantTx,
  conversation: LockedConversation,
  requestedBy: string,
): Promise<Satisfaction> {
  const { satisfaction: rules } = await rulesOf(tx, tx.tenantId, conversation.channelId)
  const row = await tx.maybe<SatisfactionRow>(
    `insert into satisfactions as s (tenant_id, id, conversation_id, contact_id, channel_id, group_id, member_id, scale, offered_tags,
                                     requested_by, expires_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, now() + make_interval(days => $11))
     on conflict (tenant_id, conversation_id) do nothing returning ${satisfactionColumns}`,
    tx.tenantId,
    newId('sat'),
    conversation.id,
    conversation.contactId,
    conversation.channelId,
    conversation.groupId,
    conversation.assigneeId,
    rules.scale,
    JSON.stringify(rules.tags),
    requestedBy,
    rules.answerWithinDays,
  )
  if (row === undefined) return toSatisfaction(await satisfactionOf(tx, conversation.id))
  const satisfaction = toSatisfaction(row)
  await emit(tx, 'satisfaction.requested', conversation.id, { satisfaction })
  return satisfaction
}

/** The same for a member or a program that may speak in the conversation. Faults: `conversation-unknown`, `reply-not-yours`. */
export async function askForSatisfaction(
  tx: TenantTx,
  by: MemberPrincipal | KeyPrincipal,
  conversationId: string,
): Promise<Satisfaction> {
  return requestSatisfaction(tx, await lockHeld(tx, by, conversationId), by.id)
}

export interface Verdict {
  readonly score: number
  readonly comment?: string
  readonly tags?: readonly string[]
  readonly source: SatisfactionSource
}

/**
 * Keeps the one answer. Emits satisfaction.answered. Faults: `satisfaction-unknown`, `satisfaction-answered`, `satisfaction-expired` at `now` (ms), and
 * `satisfaction-invalid` for a score beyond the scale or a tag that was not offered.
 */
export async function answerSatisfaction(tx: TenantTx, id: string, given: Verdict, now: number): Promise<Satisfaction> {
  const before = await tx.maybe<SatisfactionRow>(
    `select ${satisfactionColumns} from satisfactions s where s.tenant_id = $1 and s.id = $2 for update`,
    tx.tenantId,
    id,
  )
  if (before === undefined) throw unknownSatisfaction()
  if (before.answeredAt !== null) {
    throw new Fault('conflict', 'satisfaction-answered', 'It was answered already; thank you.')
  }
  if (before.expiresAt.getTime() <= now) {
    throw new Fault('conflict', 'satisfaction-expired', 'The time to answer is over.')
  }
  const { score, comment = '', tags = [], source } = storable(given)
  const foreign = tags.filter((tag) => !before.offeredTags.includes(tag))
  if (!(Number.isInteger(score) && score >= 1 && score <= before.scale) || foreign.length > 0) {
    throw new Fault('invalid', 'satisfaction-invalid', 'This score or tag is not among those to choose from.', {
      errors: [
        foreign.length > 0
          ? { pointer: '/tags', detail: 'holds one that is not offered' }
          : { pointer: '/score', detail: `is not 1 to ${before.scale}` },
      ],
    })
  }
  const row = await tx.one<SatisfactionRow>(
    `update satisfactions s set score = $3, comment = $4, tags = $5, source = $6, answered_at = $7, version = version + 1
      where s.tenant_id = $1 and s.id = $2 returning ${satisfactionColumns}`,
    tx.tenantId,
    id,
    score,
    comment.trim() === '' ? null : comment.trim(),
    JSON.stringify([...new Set(tags)]),
    source,
    new Date(now),
  )
  const satisfaction = toSatisfaction(row)
  await emit(tx, 'satisfaction.answered', row.conversationId, { satisfaction })
  return satisfaction
}

/** Faults with `satisfaction-unknown`. */
export async function getSatisfaction(tx: TenantTx, id: string): Promise<Satisfaction> {
  const row = await tx.maybe<SatisfactionRow>(
    `select ${satisfactionColumns} from satisfactions s where s.tenant_id = $1 and s.id = $2`,
    tx.tenantId,
    id,
  )
  if (row === undefined) throw unknownSatisfaction()
  return toSatisfaction(row)
}

/** What a contact was asked last and can still answer at `now` (ms), of these contacts that are one person. */
export async function openSatisfaction(
  tx: TenantTx,
  contactIds: readonly string[],
  now: number,
): Promise<Satisfaction | undefined> {
  const row = await tx.maybe<SatisfactionRow>(
    `select ${satisfactionColumns} from satisfactions s
      where s.tenant_id = $1 and s.contact_id = any($2) and s.answered_at is null and s.expires_at > $3
      order by s.requested_at desc limit 1`,
    tx.tenantId,
    contactIds,
    new Date(now),
  )
  return row === undefined ? undefined : toSatisfaction(row)
}

export function toSatisfaction({ requestedAt, expiresAt, answeredAt, ...row }: SatisfactionRow): Satisfaction {
  return {
    ...row,
    requestedAt: requestedAt.toISOString(),
    expiresAt: expiresAt.toISOString(),
    answeredAt: answeredAt?.toISOString() ?? null,
  }
}

function satisfactionOf(tx: TenantTx, conversationId: string): Promise<SatisfactionRow> {
  return tx.one<SatisfactionRow>(
    `select ${satisfactionColumns} from satisfactions s where s.tenant_id = $1 and s.conversation_id = $2`,
    tx.tenantId,
    conversationId,
  )
}

function unknownSatisfaction(): Fault {
  return new Fault('not-found', 'satisfaction-unknown', 'There is no such request.')
}
