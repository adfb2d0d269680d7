/** Tags: words that people put on contacts. A word exists as long as somebody carries it. */
import type { ContactTag } from '../events/contact-shapes.ts'
import type { TenantTx } from '../platform/database.ts'
import { Fault } from '../platform/errors.ts'
import { type Page, type PageRequest, pageOf, parameters } from '../platform/page.ts'
import { storableText } from '../platform/text.ts'

/** How many a contact carries at most. */
export const maxTags = 50

/**
 * Makes these the tags of a locked contact: those missing become its own, others are taken from it and from all that were merged
 * into it. Answers how many rows changed. Faults: `tag-blank`, `tags-too-many`.
 */
export async function setTags(
  tx: TenantTx,
  contactId: string,
  familyIds: readonly string[],
  tags: readonly string[],
): Promise<number> {
  const wanted = [...new Set(tags.map((tag, index) => normalTag(tag, `/tags/${index}`)))]
  if (wanted.length > maxTags) {
    throw new Fault('invalid', 'tags-too-many', `A contact has at most ${maxTags} tags.`, {
      errors: [{ pointer: '/tags', detail: `has more than ${maxTags}` }],
    })
  }
  const gone = await tx.run(
    `delete from contact_tags where tenant_id = $1 and contact_id = any($2::text[]) and not tag = any($3::text[])`,
    tx.tenantId,
    familyIds,
    wanted,
  )
  if (wanted.length === 0) return gone
  const added = await tx.run(
    `insert into contact_tags (tenant_id, contact_id, tag)
     select $1, $2, u.tag from unnest($4::text[]) as u (tag)
      where not exists (select 1 from contact_tags t where t.tenant_id = $1 and t.contact_id = any($3::text[]) and t.tag = u.tag)
     on conflict do nothing`,
    tx.tenantId,
    contactId,
    familyIds,
    wanted,
  )
  return gone + added
}

/** A tag as it is kept. Faults with `tag-blank`. */
export function normalTag(tag: string, pointer: string): string {
  const normal = storableText(tag).normalize('NFC').replace(/\s+/g, ' ').trim()
  if (normal === '') {
    throw new Fault('invalid', 'tag-blank', 'A tag has to say something.', {
      errors: [{ pointer, detail: 'is blank' }],
    })
  }
  return normal
}

/** The tags that contacts carry, in order, each with how many do. */
export async function listTags(tx: TenantTx, page: PageRequest): Promise<Page<ContactTag>> {
  const { values, bind } = parameters()
  const after = page.after === null ? '' : `and t.tag > ${bind(page.after[0])}`
  const rows = await tx.query<ContactTag>(
    `select t.tag, count(distinct coalesce(ct.merged_into, ct.id)) as count from contact_tags t
       join contacts ct on ct.tenant_id = t.tenant_id and ct.id = t.contact_id
      where t.tenant_id = ${bind(tx.tenantId)} ${after}
      group by t.tag order by t.tag limit ${bind(page.limit + 1)}`,
    ...values,
  )
  return pageOf(
    rows,
    page.limit,
    (row) => [row.tag],
    (row) => row,
  )
}
