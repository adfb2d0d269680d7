/**
 * The hub says something by itself: a text of the business as a message in the conversation, on the lane that an answer would take. Each
 * occasion has its row in said_texts, written with the message, so a text is said once for it, whatever is repeated.
 */
import { emit } from '../events/outbox.ts'
import type { TextKind } from '../events/reception-shapes.ts'
import type { TenantTx } from '../platform/database.ts'
import type { LockedConversation } from './conversations.ts'
import type { Part } from './model.ts'
import { queueMessage } from './reply.ts'
import { audienceOf, type ConversationRow, conversationColumns, type MessageRow, toMessage } from './rows.ts'
import { fillText, momentIn, type Values } from './text-words.ts'
import { findText } from './texts.ts'

export interface Saying {
  readonly kind: TextKind | 'agent-greeting'
  /** Names the occasion within the conversation; the same one again says nothing. */
  readonly occasion: string
  /** In whose name; the hub's own unless given. */
  readonly member?: { readonly id: string; readonly name: string; readonly number: string | null }
  /** When the hours begin, in ms, where that is known. */
  readonly opensAt?: number | null
  readonly link?: string
  /** Only if somebody of the business wrote the text. */
  readonly written?: true
}

interface Listener {
  readonly contactName: string
  readonly language: string | null
  readonly businessName: string
  readonly locale: string
  readonly timeZone: string
  readonly isReachable: boolean
}

/**
 * Says it, if there is such a text, the contact can be reached on the conversation's channel and is no program (RFC 3834: programs do not
 * answer programs), and it was not said before; also in a conversation that is
 * closed, which stays so. Answers with the conversation as it is then. It is locked by the caller.
 */
export async function sayText(
  tx: TenantTx,
  conversation: LockedConversation,
  saying: Saying,
): Promise<LockedConversation> {
  const listener = await listenerOf(tx, conversation)
  if (!listener.isReachable) return conversation
  const { kind, member, opensAt, link } = saying
  const found = await findText(tx, tx.tenantId, kind, {
    scope: member?.id ?? conversation.channelId,
    language: listener.language ?? undefined,
    fallback: listener.locale,
    ...(saying.written && { written: true }),
  })
  if (found === undefined) return conversation
  const position = found.text.includes('queue.position') ? await placeInLine(tx, conversation) : undefined
  const values: Values = {
    'contact.name': listener.contactName,
    'business.name': listener.businessName,
    ...(member !== undefined && { 'agent.name': member.name, 'agent.number': member.number ?? '' }),
    ...(position !== undefined && { 'queue.position': String(position) }),
    ...(opensAt != null && { 'hours.opens': momentIn(opensAt, found.language, listener.timeZone) }),
    ...(link !== undefined && { link }),
  }
  const text = fillText(found.text, values)
  if (text === '') return conversation
  const isNew = await tx.run(
    `insert into said_texts (tenant_id, conversation_id, occasion) values ($1, $2, $3) on conflict do nothing`,
    tx.tenantId,
    conversation.id,
    saying.occasion,
  )
  if (isNew === 0) return conversation
  const voice =
    member === undefined ? ({ kind: 'system', id: null } as const) : ({ kind: 'member', id: member.id } as const)
  const route = { channelId: conversation.channelId, peer: conversation.peer }
  const draft = { parts: [{ type: 'text', text }], automatic: true } as const
  const message = await queueMessage(tx, voice, conversation, route, draft)
  const row = await moveOn(tx, conversation, message)
  const shown = toMessage(message, member?.name ?? null)
  await emit(tx, 'message.created', conversation.id, { message: shown, ...audienceOf(row) })
  return { ...row, contactName: conversation.contactName }
}

/** A note of the hub's own, also in a conversation that is closed. Answers with its id. The conversation is locked by the caller. */
export async function noteByHub(tx: TenantTx, conversation: LockedConversation, parts: Part[]): Promise<string> {
  const message = await queueMessage(tx, { kind: 'system', id: null }, conversation, undefined, { parts })
  const row = await moveOn(tx, conversation, message)
  await emit(tx, 'message.created', conversation.id, { message: toMessage(message, null), ...audienceOf(row) })
  return message.id
}

/** Past a message of the hub's: nobody has been answered by it, and nobody has anything to read. */
function moveOn(tx: TenantTx, { id }: LockedConversation, message: MessageRow): Promise<ConversationRow> {
  return tx.one<ConversationRow>(
    `update conversations c set last_number = $3, last_message_at = $4, updated_at = now(), version = version + 1,
            agent_read = case when agent_read = last_number then $3 else agent_read end
      where tenant_id = $1 and id = $2 returning ${conversationColumns}`,
    tx.tenantId,
    id,
    message.number,
    message.createdAt,
  )
}

/** Whether it was said on that occasion, and when. */
export async function saidAt(tx: TenantTx, conversationId: string, occasion: string): Promise<Date | undefined> {
  const row = await tx.maybe<{ at: Date }>(
    'select at from said_texts where tenant_id = $1 and conversation_id = $2 and occasion = $3',
    tx.tenantId,
    conversationId,
    occasion,
  )
  return row?.at
}

function listenerOf(tx: TenantTx, conversation: LockedConversation): Promise<Listener> {
  return tx.one<Listener>(
    `select ct.name as contact_name, coalesce(ct.claims->>'language', ct.attributes->>'language') as language,
            t.name as business_name, t.locale, t.time_zone,
            exists (select from channels h where h.tenant_id = ct.tenant_id and h.id = $3 and h.enabled and h.removed_at is null)
              and not (ct.blocked_at is not null and (ct.blocked_until is null or ct.blocked_until > now()))
              and not coalesce((select m.automatic from messages m where m.tenant_id = ct.tenant_id and m.conversation_id = $4
                                   and m.direction = 'in' order by m.number desc limit 1), false) as is_reachable
       from contacts ct join tenants t on t.id = ct.tenant_id where ct.tenant_id = $1 and ct.id = $2`,
    tx.tenantId,
    conversation.contactId,
    conversation.channelId,
    conversation.id,
  )
}

/**
 * Which one it is of those that wait for the same group, 1 being next; undefined when it does not wait. By priority and time, as the
 * queue goes where no agent needs a skill: an agent who can take only some may take a later one first.
 */
export async function placeInLine(
  tx: TenantTx,
  conversation: Pick<ConversationRow, 'id' | 'status' | 'heldBy' | 'parkedAt' | 'snoozedAt'>,
): Promise<number | undefined> {
  const { id, status, heldBy, parkedAt, snoozedAt } = conversation
  if (status !== 'open' || heldBy !== 'queue' || parkedAt !== null || snoozedAt !== null) return undefined
  const { before } = await tx.one<{ before: number }>(
    `select count(*) as before from conversations c join conversations o on o.tenant_id = c.tenant_id
        and o.group_id is not distinct from c.group_id and o.held_by = 'queue' and o.status <> 'closed' and o.parked_at is null and o.snoozed_at is null
        and (-o.priority, coalesce(o.waiting_since, o.opened_at), o.id) < (-c.priority, coalesce(c.waiting_since, c.opened_at), c.id)
      where c.tenant_id = $1 and c.id = $2`,
    tx.tenantId,
    id,
  )
  return before + 1
}
