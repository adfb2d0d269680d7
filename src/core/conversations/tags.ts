/** Tags of conversations: words that colleagues put on them. A word exists as long as one carries it. */
import { normalTag } from '../contacts/tags.ts'
import type { ContactTag } from '../events/contact-shapes.ts'
import type { TenantTx } from '../platform/database.ts'
import { Fault } from '../platform/errors.ts'
import { type Page, type PageRequest, pageOf, parameters } from '../platform/page.ts'

/** How many a conversation carries at most. */
export const maxTags = 50

/** The tags as they are kept, in order. Faults: `tag-blank`, `tags-too-many`. */
export function normalTags(tags: readonly string[]): string[] {
  const normal = [...new Set(tags.map((tag, index) => normalTag(tag, `/tags/${index}`)))].toSorted()
  if (normal.length > maxTags) {
    throw new Fault('invalid', 'tags-too-many', `A conversation has at most ${maxTags} tags.`, {
      errors: [{ pointer: '/tags', detail: `has more than ${maxTags}` }],
    })
  }
  return normal
}

/** Makes these the words by which a locked conversation is found; the row's own `tags` is written by the caller. */
export async function keepTags(tx: TenantTx, conversationId: string, tags: readonly string[]): Promise<void> {
  await tx.run(
    `delete from conversation_tags where tenant_id = $1 and conversation_id = $2 and not tag = any($3::text[])`,
    tx.tenantId,
    conversationId,
    tags,
  )
  await tx.run(
    `insert into conversation_tags (tenant_id, conversation_id, tag) select $1, $2, unnest($3::text[]) on conflict do nothing`,
    tx.tenantId,
    conversationId,
    tags,
  )
}

/** The tags that conversations carry, in order, each with how many do. */
export async function listConversationTags(tx: TenantTx, page: PageRequest): Promise<Page<ContactTag>> {
  const { values, bind } = parameters()
  const after = page.after === null ? '' : `and tag > ${bind(page.after[0])}`
  const rows = await tx.query<ContactTag>(
    `select tag, count(*) as count from conversation_tags where tenant_id = ${bind(tx.tenantId)} ${after}
      group by tag order by tag limit ${bind(page.limit + 1)}`,
    ...values,
  )
  return pageOf(
    rows,
    page.limit,
    (row) => [row.tag],
    (row) => row,
  )
}
