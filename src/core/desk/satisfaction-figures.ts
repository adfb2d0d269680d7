/** Satisfaction as lists and figures: per agent, skill group or channel. */
import type { Satisfaction } from '../events/satisfaction-shapes.ts'
import type { TenantTx } from '../platform/database.ts'
import { type Page, type PageRequest, pageOf, parameters } from '../platform/page.ts'
import { type SatisfactionRow, satisfactionColumns, toSatisfaction } from './satisfaction.ts'

export interface SatisfactionFilter {
  readonly memberId?: string
  readonly groupId?: string
  readonly channelId?: string
  readonly contactId?: string
  readonly conversationId?: string
  readonly source?: string
  readonly answered?: boolean
  readonly maxScore?: number
  /** Asked at or after, and before. */
  readonly from?: Date
  readonly to?: Date
}

/** With what the customer is called now. */
export type NamedSatisfaction = Satisfaction & { readonly contactName: string }

/** The latest asked first. */
export async function listSatisfactions(
  tx: TenantTx,
  filter: SatisfactionFilter,
  page: PageRequest,
): Promise<Page<NamedSatisfaction>> {
  const { values, bind } = parameters()
  const conditions = [`s.tenant_id = ${bind(tx.tenantId)}`, ...conditionsOf(filter, bind)]
  if (page.after !== null) {
    conditions.push(`(s.requested_at, s.id) < (${bind(page.after[0])}::timestamptz, ${bind(page.after[1])})`)
  }
  const rows = await tx.query<SatisfactionRow & { sortKey: string; contactName: string }>(
    `select ${satisfactionColumns}, s.requested_at::text as sort_key, coalesce(ct.name, '') as contact_name
       from satisfactions s left join contacts ct on ct.tenant_id = s.tenant_id and ct.id = s.contact_id
      where ${conditions.join(' and ')} order by s.requested_at desc, s.id desc limit ${bind(page.limit + 1)}`,
    ...values,
  )
  return pageOf(
    rows,
    page.limit,
    (row) => [row.sortKey, row.id],
    ({ sortKey: _, contactName, ...row }) => ({ ...toSatisfaction(row), contactName }),
  )
}

export interface SatisfactionFigures {
  /** The member, group or channel; null: nobody's. */
  readonly id: string | null
  /** What it is called; null for nobody's, and for what is not there any more. */
  readonly name: string | null
  readonly requested: number
  readonly answered: number
  /** Of those answered: 0 is the worst score of its scale, 1 the best; null where there is none. */
  readonly average: number | null
  /** How many gave which score: [{"scale": 5, "score": 4, "count": 12}] */
  readonly scores: readonly { readonly scale: number; readonly score: number; readonly count: number }[]
}

const columnOf = { member: 'member_id', group: 'group_id', channel: 'channel_id' } as const
const tableOf = { member: 'members', group: 'skill_groups', channel: 'channels' } as const

/** One row for each that somebody was asked about, the most asked first. */
export function readSatisfactionFigures(
  tx: TenantTx,
  by: keyof typeof columnOf,
  filter: SatisfactionFilter,
): Promise<SatisfactionFigures[]> {
  const { values, bind } = parameters()
  const conditions = [`s.tenant_id = ${bind(tx.tenantId)}`, ...conditionsOf(filter, bind)]
  return tx.query<SatisfactionFigures>(
    `with chosen as (select s.${columnOf[by]} as id, s.scale, s.score from satisfactions s where ${conditions.join(' and ')}),
          counted as (select id, scale, score, count(*)::int as count from chosen where score is not null group by id, scale, score)
     select id, (select n.name from ${tableOf[by]} n where n.tenant_id = ${bind(tx.tenantId)} and n.id = chosen.id) as name,
            count(*)::int as requested, count(score)::int as answered,
            avg((score - 1)::float8 / (scale - 1)) as average,
            coalesce((select jsonb_agg(jsonb_build_object('scale', n.scale, 'score', n.score, 'count', n.count) order by n.scale, n.score)
                        from counted n where n.id is not distinct from chosen.id), '[]') as scores
       from chosen group by id order by requested desc, id`,
    ...values,
  )
}

function conditionsOf(filter: SatisfactionFilter, bind: (value: unknown) => string): string[] {
  const conditions: string[] = []
  if (filter.memberId !== undefined) conditions.push(`s.member_id = ${bind(filter.memberId)}`)
  if (filter.groupId !== undefined) conditions.push(`s.group_id = ${bind(filter.groupId)}`)
  if (filter.channelId !== undefined) conditions.push(`s.channel_id = ${bind(filter.channelId)}`)
  if (filter.contactId !== undefined) conditions.push(`s.contact_id = ${bind(filter.contactId)}`)
  if (filter.conversationId !== undefined) conditions.push(`s.conversation_id = ${bind(filter.conversationId)}`)
  if (filter.source !== undefined) conditions.push(`s.source = ${bind(filter.source)}`)
  if (filter.answered !== undefined) conditions.push(`(s.answered_at is not null) = ${bind(filter.answered)}`)
  if (filter.maxScore !== undefined) conditions.push(`s.score <= ${bind(filter.maxScore)}`)
  if (filter.from !== undefined) conditions.push(`s.requested_at >= ${bind(filter.from)}`)
  if (filter.to !== undefined) conditions.push(`s.requested_at < ${bind(filter.to)}`)
  return conditions
}
