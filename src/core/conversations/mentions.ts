/** Mentions: a note calls out to colleagues. Each hears of it as an event of their own and finds it in their list. */
import { type Emission, emitAll } from '../events/outbox.ts'
import type { Member, Message } from '../events/shapes.ts'
import type { TenantTx } from '../platform/database.ts'
import { Fault } from '../platform/errors.ts'
import { type Page, type PageRequest, pageOf, parameters } from '../platform/page.ts'
import { type AuthoredRow, authoredColumns, authoredMessages, type LockedConversation } from './conversations.ts'
import { audienceOf, toMessage } from './rows.ts'
import { type Viewer, visibleTo } from './visibility.ts'

export interface MentionedMember {
  readonly id: string
  readonly role: Member['role']
}

/** The members who are called out to. Faults, pointing at `/mentions/{i}`: `member-unknown`, `member-disabled`. */
export async function mentioned(tx: TenantTx, ids: readonly string[]): Promise<MentionedMember[]> {
  if (ids.length === 0) return []
  const rows = await tx.query<MentionedMember & { disabled: boolean }>(
    `select id, role, disabled_at is not null as disabled from members where tenant_id = $1 and id = any($2::text[]) order by id`,
    tx.tenantId,
    ids,
  )
  const known = new Map(rows.map((row) => [row.id, row]))
  for (const [index, id] of ids.entries()) {
    const member = known.get(id)
    const errors = [{ pointer: `/mentions/${index}`, detail: 'names nobody who works here' }]
    if (member === undefined) throw new Fault('invalid', 'member-unknown', 'There is no such member.', { errors })
    if (member.disabled) throw new Fault('invalid', 'member-disabled', 'The member is disabled.', { errors })
  }
  return rows
}

/** Keeps and tells whom a note calls out to. Emits member.mentioned for each; their author is not told of themselves. */
export async function tellMentioned(tx: TenantTx, conversation: LockedConversation, message: Message): Promise<void> {
  const memberIds = message.mentions.filter((id) => id !== message.author.id)
  if (memberIds.length === 0) return
  await tx.run(
    `insert into mentions (tenant_id, member_id, message_id, created_at) select $1, unnest($2::text[]), $3, $4`,
    tx.tenantId,
    memberIds,
    message.id,
    message.createdAt,
  )
  const told = memberIds.map(
    (memberId): Emission => ({
      type: 'member.mentioned',
      tenantId: tx.tenantId,
      subject: conversation.id,
      data: { memberId, message, ...audienceOf(conversation) },
    }),
  )
  await emitAll(tx, told)
}

/** The notes that call out to a member, newest first, of conversations that they still see. */
export async function listMentions(
  tx: TenantTx,
  viewer: Viewer & { readonly memberId: string },
  page: PageRequest,
): Promise<Page<Message>> {
  const { values, bind } = parameters()
  const before =
    page.after === null
      ? ''
      : `and (n.created_at, m.id) < (${bind(page.after[0])}::timestamptz, ${bind(page.after[1])})`
  const rows = await tx.query<AuthoredRow & { sortKey: string }>(
    `select ${authoredColumns}, n.created_at::text as sort_key from ${authoredMessages}
       join mentions n on n.tenant_id = m.tenant_id and n.message_id = m.id
       join conversations c on c.tenant_id = m.tenant_id and c.id = m.conversation_id
      where n.tenant_id = ${bind(tx.tenantId)} and n.member_id = ${bind(viewer.memberId)} and ${visibleTo(viewer, bind)} ${before}
      order by n.created_at desc, m.id desc limit ${bind(page.limit + 1)}`,
    ...values,
  )
  return pageOf(
    rows,
    page.limit,
    (row) => [row.sortKey, row.id],
    (row) => toMessage(row, row.authorName),
  )
}
