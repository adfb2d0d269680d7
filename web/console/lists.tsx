/** Where an agent finds conversations: the rail of lists, offers that wait for an answer, and the list itself. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { Conversation, Offer } from '../api-agent.ts'
import { fill } from '../i18n/locale.ts'
import { shortMoment, shortTime } from '../times.ts'
import { accept, decline } from './actions.ts'
import { areasOfMine } from './areas.tsx'
import { loadEnded } from './connection.ts'
import { words } from './ending.ts'
import { Avatar, Icon } from './icon.tsx'
import { lasting } from './lasting.ts'
import { formatArea, formatRoute } from './route.ts'
import { type ListName, listFamilies, listOf, unreadOf } from './state.ts'
import { hub, hubNow, locale, may, now, offers, route, unread } from './store.ts'
import { customerName, previewText, t } from './texts.ts'

export function Rail() {
  const names = may('conversation:read-all')
    ? (['mine', 'waiting', 'all', 'closed'] as const)
    : (['mine', 'waiting', 'closed'] as const)
  const counts: Partial<Record<ListName, number>> = {
    mine: unread.value + offers.value.length,
    waiting: listOf(hub.value, 'waiting').length,
  }
  return (
    <nav class="rail" aria-label={t().lists}>
      {names.map((name) => (
        <a
          key={name}
          href={formatRoute({ list: name, conversationId: undefined })}
          aria-current={!route.value.area && listFamilies[route.value.list] === name ? 'page' : undefined}
        >
          <Icon name={name} />
          <span>{t()[name]}</span>
          {!!counts[name] && <b class={name === 'mine' ? 'badge' : 'badge is-calm'}>{counts[name]}</b>}
        </a>
      ))}
      {areasOfMine().map(({ name, icon, title, count }) => (
        <a key={name} href={formatArea(name)} aria-current={route.value.area === name ? 'page' : undefined}>
          <Icon name={icon} />
          <span>{title()}</span>
          {!!count?.() && <b class="badge">{count()}</b>}
        </a>
      ))}
    </nav>
  )
}

const title = (list: ListName): string =>
  list === 'mine' || list === 'waiting' || list === 'all' || list === 'closed' ? t()[list] : words()[list]

function emptyText(list: ListName): string {
  const own = { unanswered: words().emptyUnanswered, snoozed: words().emptySnoozed, resolved: words().emptyResolved }
  const main = { mine: t().emptyMine, waiting: t().emptyWaiting, all: t().emptyAll, closed: t().emptyClosed }
  return { ...own, ...main }[list]
}

export function ListPane() {
  const { list } = route.value
  const conversations = listOf(hub.value, list)
  return (
    <section class="list-pane" aria-label={title(list)}>
      <h2>
        {t()[listFamilies[list]]} <span class="count">{conversations.length || ''}</span>
      </h2>
      <States list={list} />
      {offers.value.map((offer) => (
        <OfferCard key={offer.id} offer={offer} />
      ))}
      {conversations.length === 0 && <p class="empty">{emptyText(list)}</p>}
      <ul>
        {conversations.map((conversation) => (
          <ListItem key={conversation.id} conversation={conversation} />
        ))}
      </ul>
      {(list === 'resolved' || list === 'closed') && <MoreEnded key={list} status={list} />}
    </section>
  )
}

/** Lists of one family, told apart by how their conversations stand. */
function States({ list }: { list: ListName }) {
  const names: Partial<Record<ListName, [ListName, string][]>> = {
    mine: [
      ['mine', words().active],
      ['unanswered', words().unanswered],
      ['snoozed', words().snoozed],
    ],
    closed: [
      ['closed', words().closed],
      ['resolved', words().resolved],
    ],
  }
  const states = names[listFamilies[list]]
  if (!states) return null
  return (
    <nav class="states" aria-label={t().lists}>
      {states.map(([name, text]) => {
        const count = name === 'closed' || name === 'resolved' ? 0 : listOf(hub.value, name).length
        return (
          <a
            key={name}
            href={formatRoute({ list: name, conversationId: route.value.conversationId })}
            aria-current={list === name ? 'page' : undefined}
          >
            {text} {count > 0 && <span class="count">{count}</span>}
          </a>
        )
      })}
    </nav>
  )
}

function ListItem({ conversation }: { conversation: Conversation }) {
  const { id, contactId, preview, lastMessageAt, openedAt, waitingSince, assigneeId, status } = conversation
  const name = customerName(conversation.contactName, contactId)
  const state = hub.value
  const isMine = assigneeId === state.me && status === 'open'
  const unreadCount = isMine ? unreadOf(state, conversation) : 0
  const isWriting = (state.typing[id] ?? 0) > now.value
  const isQueued = route.value.list === 'waiting' && waitingSince
  return (
    <li>
      <a
        class={unreadCount ? 'item is-unread' : 'item'}
        href={formatRoute({ list: route.value.list, conversationId: id })}
        aria-current={route.value.conversationId === id ? 'true' : undefined}
      >
        <Avatar name={name} of={contactId} online={state.online[contactId]} />
        <span class="item-text">
          <span class="item-line">
            <strong>{name}</strong>
            <time>
              {isQueued
                ? lasting(hubNow.value - Date.parse(waitingSince))
                : shortTime(locale.value, lastMessageAt ?? openedAt, now.value)}
            </time>
          </span>
          <span class="item-line">
            <span class="preview">{isWriting ? t().customerTyping : previewText(preview)}</span>
            {unreadCount > 0 && <b class="badge">{unreadCount > 99 ? '99+' : unreadCount}</b>}
          </span>
          <Standing conversation={conversation} />
        </span>
      </a>
    </li>
  )
}

/** How long it lasts, how much was said, and whether somebody waits too long. */
function Standing({ conversation }: { conversation: Conversation }) {
  const { openedAt, closedAt, resolvedAt, lastNumber, waitingSince, overdue, snoozed, parkedAt, status } = conversation
  const end = closedAt ?? resolvedAt
  const span = (end ? Date.parse(end) : hubNow.value) - Date.parse(openedAt)
  const waits = status === 'open' && !snoozed && route.value.list !== 'waiting' ? waitingSince : null
  return (
    <span class="item-line standing-line">
      <span>
        {fill(words().lasts, { time: lasting(Math.max(0, span)) })} · {fill(words().messages, { count: lastNumber })}
      </span>
      {parkedAt && <span class="tag">{parkedText(conversation)}</span>}
      {snoozed && <span class="tag">{snoozedText(conversation)}</span>}
      {waits && (
        <span class={overdue ? 'overdue' : undefined}>
          {fill(words().waits, { time: lasting(Math.max(0, hubNow.value - Date.parse(waits))) })}
        </span>
      )}
    </span>
  )
}

/** Of one that was left outside the hours: when it is given out. */
export function parkedText({ parkedUntil }: Conversation): string {
  if (!parkedUntil) return words().parked
  return fill(words().parkedUntil, { time: shortMoment(locale.value, parkedUntil, now.value) })
}

/** Until when a conversation is set aside. */
export function snoozedText({ snoozed }: Conversation): string {
  if (!snoozed?.until) return words().snoozedOpenEnd
  return fill(words().snoozedUntil, { time: shortMoment(locale.value, snoozed.until, now.value) })
}

function OfferCard({ offer }: { offer: Offer }) {
  const conversation = hub.value.conversations[offer.conversationId ?? '']
  const seconds = Math.max(0, Math.ceil((Date.parse(offer.expiresAt) - hubNow.value) / 1000))
  return (
    <article class="offer" aria-label={t().offer}>
      <p class="item-line">
        <strong>
          {offer.ticketId === null
            ? fill(t().offerFrom, {
                name: conversation ? customerName(conversation.contactName, conversation.contactId) : t().customer,
              })
            : t().offerOfTicket}
        </strong>
        <span class="seconds">{fill(t().secondsLeft, { seconds })}</span>
      </p>
      <p class="preview">{previewText(conversation?.preview)}</p>
      <p class="offer-acts">
        <button type="button" class="primary" onClick={() => void accept(offer)}>
          {t().accept}
        </button>
        <button type="button" onClick={() => void decline(offer)}>
          {t().decline}
        </button>
      </p>
    </article>
  )
}

function MoreEnded({ status }: { status: 'resolved' | 'closed' }) {
  const cursor = useSignal<string | null | undefined>(undefined)
  const load = () =>
    loadEnded(status, cursor.peek() ?? undefined).then(
      (next) => (cursor.value = next),
      () => undefined,
    )
  useEffect(() => void load(), [])
  if (!cursor.value) return null
  return (
    <button type="button" class="more" onClick={() => void load()}>
      {t().loadMore}
    </button>
  )
}
