/**
 * Statuses of tickets. Five stand in the code, one for each category, in the tenant's language; a row of the same key changes
 * name, place or use of one, rows of other keys add to them. The category of a status never changes: reports and
 * filters may rely on it.
 */
import type { TicketStatus, TicketStatusCategory } from '../events/ticket-shapes.ts'
import type { TenantTx } from '../platform/database.ts'
import { Fault } from '../platform/errors.ts'
import { storable } from '../platform/text.ts'
import { getTenant } from '../tenancy/tenants.ts'

const builtIn: Readonly<Record<'zh-CN' | 'zh-TW' | 'en', Readonly<Record<TicketStatusCategory, string>>>> = {
  'zh-CN': { new: '新建', open: '处理中', pending: '等待客户', solved: '已解决', closed: '已关闭' },
  'zh-TW': { new: '新建', open: '處理中', pending: '等待客戶', solved: '已解決', closed: '已關閉' },
  en: { new: 'New', open: 'Open', pending: 'Pending', solved: 'Solved', closed: 'Closed' },
}

const order: readonly TicketStatusCategory[] = ['new', 'open', 'pending', 'solved', 'closed']

/** All of them, retired ones too, in the order of their categories and, within one, of their positions. */
export async function listStatuses(tx: TenantTx): Promise<TicketStatus[]> {
  const { locale } = await getTenant(tx)
  const names = builtIn[/^zh-(tw|hk|mo|hant)/i.test(locale) ? 'zh-TW' : locale.startsWith('zh') ? 'zh-CN' : 'en']
  const rows = await tx.query<TicketStatus>(
    'select key, name, category, position, retired from ticket_statuses where tenant_id = $1 order by key',
    tx.tenantId,
  )
  const own = new Set(rows.map(({ key }) => key))
  const defaults = order
    .filter((key) => !own.has(key))
    .map((key): TicketStatus => ({ key, name: names[key], category: key, position: 0, retired: false }))
  return [...defaults, ...rows].sort(
    (a, b) =>
      order.indexOf(a.category) - order.indexOf(b.category) || a.position - b.position || (a.key < b.key ? -1 : 1),
  )
}

export interface StatusChange {
  readonly name?: string
  readonly category?: TicketStatusCategory
  readonly position?: number
  readonly retired?: boolean
}

/** How many statuses, categories or fields a tenant has at most, each. */
export const maxTicketSettings = 200

/**
 * Makes a status, or changes one; a new one needs a name and a category. Repeating it changes nothing.
 * Faults: `ticket-status-incomplete`, `ticket-status-fixed` (its category was to change), `ticket-status-last` (no new ticket
 * could be made without it), `ticket-settings-full`.
 */
export async function putStatus(tx: TenantTx, key: string, change: StatusChange): Promise<TicketStatus> {
  await lockTicketSettings(tx)
  const all = await listStatuses(tx)
  const before = all.find((status) => status.key === key)
  const { name, category } = { ...before, ...change }
  if (name === undefined || category === undefined) {
    throw new Fault('invalid', 'ticket-status-incomplete', 'A new status needs a name and a category.')
  }
  if (before !== undefined && before.category !== category) {
    throw new Fault('conflict', 'ticket-status-fixed', 'The category of a status never changes; make another status.')
  }
  const after: TicketStatus = { position: 0, retired: false, ...before, ...change, key, category, name: storable(name) }
  const left = all.filter((status) => status.key !== key && status.category === category && !status.retired)
  if (after.retired && category === 'new' && left.length === 0) {
    throw new Fault('conflict', 'ticket-status-last', 'A new ticket needs a status of category new.')
  }
  if (before === undefined && all.length >= maxTicketSettings) throw settingsFull()
  await tx.run(
    `insert into ticket_statuses (tenant_id, key, name, category, position, retired) values ($1, $2, $3, $4, $5, $6)
     on conflict (tenant_id, key) do update set name = excluded.name, position = excluded.position, retired = excluded.retired`,
    tx.tenantId,
    key,
    after.name,
    after.category,
    after.position,
    after.retired,
  )
  return after
}

/** The status that a ticket is to get; without a key the first of category new. Faults with `ticket-status-unknown`. */
export async function requireStatus(tx: TenantTx, key: string | undefined): Promise<TicketStatus> {
  const usable = (await listStatuses(tx)).filter(({ retired }) => !retired)
  const found = key === undefined ? usable[0] : usable.find((status) => status.key === key)
  if (found === undefined) {
    throw new Fault('invalid', 'ticket-status-unknown', `There is no status ${key} in use.`, {
      errors: [{ pointer: '/status', detail: 'names no status in use' }],
    })
  }
  return found
}

/** Whoever changes what tickets may be goes one after another, so that limits and last ones hold. */
export async function lockTicketSettings(tx: TenantTx): Promise<void> {
  await tx.run(`select pg_advisory_xact_lock(hashtextextended('ticket-settings ' || $1, 0))`, tx.tenantId)
}

export function settingsFull(): Fault {
  return new Fault('conflict', 'ticket-settings-full', `There may be ${maxTicketSettings} of them at most.`)
}
