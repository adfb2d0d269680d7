/** The list of tickets. Its filters stand in the address. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { Ticket, TicketFilter } from '../../api-tickets.ts'
import { shortTime } from '../../times.ts'
import { Icon } from '../icon.tsx'
import { formatArea } from '../route.ts'
import { goArea, hub, hubNow, locale, may, now, route } from '../store.ts'
import { refusalOf, t } from '../texts.ts'
import { kinds, listed, loadList, loadMore } from './data.ts'
import { NewTicketDialog } from './new.tsx'
import { categoryName, isOverdue, memberName, statusName, words } from './words.ts'

type Query = Readonly<Record<string, string>>

/** What the address asks for, as the hub is asked. Without a word: what is mine and unsolved. */
export function filterOf(query: Query): TicketFilter {
  const { view = 'mine', status = 'unsolved', priority = '', category = '', text = '', sort = '' } = query
  return {
    ...(view === 'mine' && { assigneeId: 'me' }),
    ...(view === 'unassigned' && { assigneeId: 'none' }),
    ...(view === 'watched' && { watcherId: 'me' }),
    ...(view.startsWith('grp_') && { groupId: view }),
    ...(status && status !== 'any' && { statusCategory: status }),
    ...(priority && { priority }),
    ...(category && { category }),
    ...(text && { text }),
    ...(sort && { sort }),
  }
}

export function TicketList() {
  const { query, path } = route.value
  const isMaking = useSignal(false)
  const refused = useSignal('')
  const { tickets, next, isRead } = listed.value
  const key = JSON.stringify(filterOf(query))
  useEffect(() => {
    refused.value = ''
    loadList(filterOf(query)).catch((error: unknown) => (refused.value = refusalOf(error, words().problems)))
  }, [key])
  return (
    <section class="list-pane" aria-label={words().tickets}>
      <div class="list-head">
        <h2>{words().tickets}</h2>
        {may('ticket:write') && (
          <button type="button" class="square" aria-label={words().newTicket} onClick={() => (isMaking.value = true)}>
            <Icon name="plus" />
          </button>
        )}
      </div>
      <Filters query={query} />
      {refused.value && <p class="empty">{refused.value}</p>}
      {isRead && tickets.length === 0 && !refused.value && <p class="empty">{words().none}</p>}
      <ul>
        {tickets.map((ticket) => (
          <TicketItem key={ticket.id} ticket={ticket} query={query} isOpen={path[0] === ticket.id} />
        ))}
      </ul>
      {next !== null && (
        <button type="button" class="more" onClick={() => void loadMore(filterOf(query)).catch(() => undefined)}>
          {t().loadMore}
        </button>
      )}
      {isMaking.value && <NewTicketDialog onClose={() => (isMaking.value = false)} />}
    </section>
  )
}

function Filters({ query }: { query: Query }) {
  const put = (change: Query) => goArea('tickets', route.peek().path, { ...query, ...change })
  const choice = (name: string, label: string, entries: readonly (readonly [string, string])[], standard = '') => (
    <select
      aria-label={label}
      value={query[name] ?? standard}
      onChange={({ currentTarget }) => put({ [name]: currentTarget.value === standard ? '' : currentTarget.value })}
    >
      {entries.map(([value, text]) => (
        <option key={value} value={value} selected={value === (query[name] ?? standard)}>
          {text}
        </option>
      ))}
    </select>
  )
  return (
    <div class="filters">
      <input
        type="search"
        aria-label={words().search}
        placeholder={words().search}
        maxLength={100}
        defaultValue={query.text ?? ''}
        onChange={({ currentTarget }) => put({ text: currentTarget.value.trim() })}
      />
      {choice(
        'view',
        words().view,
        [
          ['mine', words().viewMine],
          ['unassigned', words().viewUnassigned],
          ['watched', words().viewWatched],
          ['all', words().viewCreatedAll],
          ...Object.entries(hub.value.groups).map(([id, name]) => [id, `${words().group}：${name}`] as const),
        ],
        'mine',
      )}
      {choice(
        'status',
        words().status,
        [
          ['unsolved', words().unsolved],
          ...(['new', 'open', 'pending', 'solved', 'closed'] as const).map((key) => [key, words()[key]] as const),
          ['any', words().allStatuses],
        ],
        'unsolved',
      )}
      {choice('priority', words().priority, [
        ['', words().anyPriority],
        ...(['urgent', 'high', 'normal', 'low'] as const).map((key) => [key, words()[key]] as const),
      ])}
      {kinds.value.categories.length > 0 &&
        choice('category', words().category, [
          ['', words().anyCategory],
          ...kinds.value.categories.map(({ key }) => [key, categoryName(key)] as const),
        ])}
      {choice('sort', words().sort, [
        ['', words().sortUpdated],
        ['due', words().sortDue],
        ['priority', words().sortPriority],
      ])}
    </div>
  )
}

function TicketItem({ ticket, query, isOpen }: { ticket: Ticket; query: Query; isOpen: boolean }) {
  const { id, number, subject, status, statusCategory, priority, assigneeId, dueAt, updatedAt } = ticket
  return (
    <li>
      <a class="item" href={formatArea('tickets', [id], query)} aria-current={isOpen ? 'true' : undefined}>
        <span class="item-text">
          <span class="item-line">
            <strong>
              <span class="soft">#{number}</span> {subject}
            </strong>
            <time>{shortTime(locale.value, updatedAt, now.value)}</time>
          </span>
          <span class="item-line">
            <span class="preview">
              <span class={`state is-${statusCategory}`}>{statusName(status)}</span>
              {priority !== 'normal' && <span class={`tag is-${priority}`}>{words()[priority]}</span>}{' '}
              {memberName(assigneeId)}
            </span>
            {dueAt && (
              <span class={isOverdue(ticket, hubNow.value) ? 'overdue' : 'soft'}>
                {isOverdue(ticket, hubNow.value) ? words().overdue : shortTime(locale.value, dueAt, now.value)}
              </span>
            )}
          </span>
        </span>
      </a>
    </li>
  )
}
