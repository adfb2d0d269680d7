/**
 * Search over what was said (历史会话): words in whatever case, width and script, newest first, among conversations that the viewer sees.
 * The tokens go through a policy of message_texts (migration 26), for no inverted index is read through the wall otherwise; each text
 * is then compared as it stands. Frequent words are looked for in the present month first, then in the year, then in all.
 */
import { contactFamily } from '../contacts/family.ts'
import type { Message } from '../events/shapes.ts'
import type { TenantTx } from '../platform/database.ts'
import { Fault } from '../platform/errors.ts'
import { type Page, type PageRequest, pageOf, parameters } from '../platform/page.ts'
import { storableText } from '../platform/text.ts'
import { type AuthoredRow, authoredColumns, authoredMessages } from './conversations.ts'
import { toMessage } from './rows.ts'
import { numbersOf, periodsOf, phrasesOf, type Snippet, snippetOf, tokensToFind } from './search-form.ts'
import { type Viewer, visibleTo } from './visibility.ts'

export interface MessageSearch {
  readonly words: string
  readonly from?: Date
  readonly to?: Date
  /** Who holds the conversation, or held it when it ended. */
  readonly assigneeId?: string
  readonly groupId?: string
  readonly channelId?: string
  readonly contactId?: string
  readonly tag?: string
  readonly category?: string
}

export interface FoundMessage {
  readonly message: Message
  readonly contactName: string
  readonly status: 'open' | 'resolved' | 'closed'
  readonly assigneeId: string | null
  readonly groupId: string | null
  readonly snippet: Snippet
}

/** Words beyond these are refused rather than overlooked. */
export const mostWords = 10

interface Hit {
  readonly messageId: string
  readonly sortKey: string
}

/** Messages that hold all of the words, the newest first. Faults: `search-empty`, `search-long`. */
export async function searchMessages(
  tx: TenantTx,
  viewer: Viewer,
  search: MessageSearch,
  page: PageRequest,
): Promise<Page<FoundMessage>> {
  const phrases = phrasesOf(storableText(search.words))
  if (phrases.length === 0) throw unsearchable('search-empty', 'holds no letter or digit')
  if (phrases.length > mostWords) throw unsearchable('search-long', `holds more than ${mostWords} words`)
  const before = page.after === null ? (search.to ?? null) : new Date(page.after[0] ?? '')
  const tokens = tokensToFind(phrases.join(' '))
  const since = search.from?.getTime() ?? 0
  let hits: Hit[] = []
  for (const period of [...periodsOf(before ?? new Date()), undefined]) {
    const numbers = numbersOf(tx.tenantId, period === undefined ? tokens : [...tokens, period.token])
    await tx.run(`select set_config('app.search', $1, true)`, `{${numbers.join(',')}}`)
    hits = await hitsOf(tx, viewer, search, phrases, page)
    if (hits.length > page.limit || (period !== undefined && period.since.getTime() <= since)) break
  }
  await tx.run(`select set_config('app.search', '', true)`)
  const found = await read(tx, hits, phrases)
  return pageOf(
    hits,
    page.limit,
    (hit) => [hit.sortKey, hit.messageId],
    (hit) => found.get(hit.messageId) as FoundMessage,
  )
}

function unsearchable(code: 'search-empty' | 'search-long', detail: string): Fault {
  const errors = [{ pointer: '?q', detail }]
  return code === 'search-empty'
    ? new Fault('invalid', 'search-empty', 'There is nothing to look for.', { errors })
    : new Fault('invalid', 'search-long', 'Look for fewer words.', { errors })
}

async function hitsOf(
  tx: TenantTx,
  viewer: Viewer,
  search: MessageSearch,
  phrases: readonly string[],
  page: PageRequest,
): Promise<Hit[]> {
  const { values, bind } = parameters()
  const conditions = [`t.tenant_id = ${bind(tx.tenantId)}`, visibleTo(viewer, bind)]
  for (const phrase of phrases) conditions.push(`position(${bind(phrase)} in t.form) > 0`)
  if (search.from !== undefined) conditions.push(`t.at >= ${bind(search.from)}`)
  if (search.to !== undefined) conditions.push(`t.at < ${bind(search.to)}`)
  if (search.assigneeId !== undefined) conditions.push(`c.assignee_id = ${bind(search.assigneeId)}`)
  if (search.groupId !== undefined) conditions.push(`c.group_id = ${bind(search.groupId)}`)
  if (search.channelId !== undefined) conditions.push(`c.channel_id = ${bind(search.channelId)}`)
  if (search.category !== undefined) conditions.push(`c.category = ${bind(search.category)}`)
  if (search.contactId !== undefined) {
    conditions.push(`c.contact_id = any(${bind(await contactFamily(tx, search.contactId))}::text[])`)
  }
  if (search.tag !== undefined) {
    conditions.push(`exists (select from conversation_tags g where g.tenant_id = c.tenant_id and g.conversation_id = c.id
                                                               and g.tag = ${bind(search.tag)})`)
  }
  if (page.after !== null) {
    conditions.push(`(t.at, t.message_id) < (${bind(page.after[0])}::timestamptz, ${bind(page.after[1])})`)
  }
  return tx.query<Hit>(
    `select t.message_id, t.at::text as sort_key
       from message_texts t join conversations c on c.tenant_id = t.tenant_id and c.id = t.conversation_id
      where ${conditions.join(' and ')} order by t.at desc, t.message_id desc limit ${bind(page.limit + 1)}`,
    ...values,
  )
}

interface FoundRow extends AuthoredRow, Omit<FoundMessage, 'message' | 'snippet' | 'status'> {
  readonly conversationStatus: FoundMessage['status']
}

async function read(
  tx: TenantTx,
  hits: readonly Hit[],
  phrases: readonly string[],
): Promise<ReadonlyMap<string, FoundMessage>> {
  const rows = await tx.query<FoundRow>(
    `select ${authoredColumns}, c.status as conversation_status, c.assignee_id, c.group_id, ct.name as contact_name
       from ${authoredMessages}
       join conversations c on c.tenant_id = m.tenant_id and c.id = m.conversation_id
       join contacts ct on ct.tenant_id = c.tenant_id and ct.id = c.contact_id
      where m.tenant_id = $1 and m.id = any($2::text[])`,
    tx.tenantId,
    hits.map(({ messageId }) => messageId),
  )
  return new Map(
    rows.map((row) => {
      const { contactName, assigneeId, groupId, conversationStatus: status } = row
      const snippet = snippetOf(row.parts, phrases)
      return [row.id, { message: toMessage(row, row.authorName), contactName, status, assigneeId, groupId, snippet }]
    }),
  )
}
