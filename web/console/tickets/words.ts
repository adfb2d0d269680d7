/** How tickets are spoken of. */
import type { Ticket, TicketHistoryEntry, TicketLinkKind } from '../../api-tickets.ts'
import { ticketTexts } from '../../i18n/console-tickets.ts'
import { fill } from '../../i18n/locale.ts'
import { dateTime } from '../../times.ts'
import { hub, locale } from '../store.ts'
import { t } from '../texts.ts'
import { kinds, known } from './data.ts'

export const words = () => ticketTexts[locale.value]

export const statusName = (key: string): string =>
  kinds.value.statuses.find((status) => status.key === key)?.name ?? key

/** A category of the second level with the one above it. */
export function categoryName(key: string | null): string {
  const found = kinds.value.categories.find((category) => category.key === key)
  if (!found) return key ?? ''
  const above = found.parentKey === null ? undefined : kinds.value.categories.find((one) => one.key === found.parentKey)
  return above ? `${above.name} / ${found.name}` : found.name
}

export const memberName = (id: string | null): string => {
  if (id === null) return words().nobody
  const member = hub.value.members[id]
  return member ? [member.name, member.number].filter(Boolean).join(' ') : id
}

export const isOverdue = ({ dueAt, statusCategory }: Ticket, now: number): boolean =>
  dueAt !== null && statusCategory !== 'solved' && statusCategory !== 'closed' && Date.parse(dueAt) < now

const names: Record<string, () => string> = {
  subject: () => words().subject,
  description: () => words().description,
  status: () => words().status,
  priority: () => words().priority,
  category: () => words().category,
  groupId: () => words().group,
  assigneeId: () => words().assignee,
  contactId: () => words().customer,
  tags: () => words().tags,
  watcherIds: () => words().watchers,
  dueAt: () => words().due,
  links: () => words().links,
}

/** One change of a ticket's record, as a sentence. */
export function changeText({ field, from, to }: TicketHistoryEntry['changes'][number]): string {
  const own = /^fields\.(.+)$/.exec(field)?.[1]
  const name = own ? (kinds.value.fields.find(({ key }) => key === own)?.name ?? own) : (names[field]?.() ?? field)
  return fill(words().changed, { field: name, from: valueText(field, from), to: valueText(field, to) })
}

function valueText(field: string, value: unknown): string {
  if (value === null || value === undefined || value === '') return words().empty
  if (Array.isArray(value)) {
    return value.length === 0 ? words().empty : value.map((one) => valueText(field, one)).join('、')
  }
  if (field === 'links') {
    const { kind, ticketId } = value as { kind: TicketLinkKind; ticketId: string }
    const number = known.value[ticketId]?.number
    return [words()[kind], number && `#${number}`].filter(Boolean).join(' ')
  }
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value)
  switch (field) {
    case 'status':
      return statusName(text)
    case 'priority':
      return words()[text as Ticket['priority']] ?? text
    case 'category':
      return categoryName(text)
    case 'groupId':
      return hub.value.groups[text] ?? text
    case 'assigneeId':
    case 'watcherIds':
      return memberName(text)
    case 'dueAt':
      return dateTime(locale.value, text)
    case 'contactId':
      return hub.value.contacts[text]?.name || `${t().customer} ${text.slice(-4)}`
    default:
      return text.length > 80 ? `${text.slice(0, 80)}…` : text
  }
}
