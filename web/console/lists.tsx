/** Where an agent finds conversations: the rail of lists, offers that wait for an answer, and the list itself. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { Conversation, Offer } from '../api-agent.ts'
import { fill } from '../i18n/locale.ts'
import { shortTime } from '../times.ts'
import { accept, decline } from './actions.ts'
import { areasOfMine } from './areas.tsx'
import { loadClosed } from './connection.ts'
import { Avatar, Icon } from './icon.tsx'
import { lasting } from './lasting.ts'
import { formatArea, formatRoute } from './route.ts'
import { type ListName, listOf, unreadOf } from './state.ts'
import { hub, hubNow, locale, may, now, offers, route, unread } from './store.ts'
import { customerName, t } from './texts.ts'

export function Rail() {
  const names: ListName[] = may('conversation:read-all')
    ? ['mine', 'waiting', 'all', 'closed']
    : ['mine', 'waiting', 'closed']
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
          aria-current={!route.value.area && route.value.list === name ? 'page' : undefined}
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

const emptyTexts = { mine: 'emptyMine', waiting: 'emptyWaiting', all: 'emptyAll', closed: 'emptyClosed' } as const

export function ListPane() {
  const { list } = route.value
  const conversations = listOf(hub.value, list)
  return (
    <section class="list-pane" aria-label={t()[list]}>
      <h2>
        {t()[list]} <span class="count">{conversations.length || ''}</span>
      </h2>
      {offers.value.map((offer) => (
        <OfferCard key={offer.id} offer={offer} />
      ))}
      {conversations.length === 0 && <p class="empty">{t()[emptyTexts[list]]}</p>}
      <ul>
        {conversations.map((conversation) => (
          <ListItem key={conversation.id} conversation={conversation} />
        ))}
      </ul>
      {list === 'closed' && <MoreClosed />}
    </section>
  )
}

function ListItem({ conversation }: { conversation: Conversation }) {
  const { id, contactId, preview, lastMessageAt, openedAt, waitingSince, assigneeId, status } = conversation
  const name = customerName(conversation.contactName, contactId)
  const state = hub.value
  const isMine = assigneeId === state.me && status === 'open'
  const unreadCount = isMine ? unreadOf(state, conversation) : 0
  const isWriting = (state.typing[id] ?? 0) > now.value
  const isWaiting = route.value.list === 'waiting' && waitingSince
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
              {isWaiting
                ? lasting(hubNow.value - Date.parse(waitingSince))
                : shortTime(locale.value, lastMessageAt ?? openedAt, now.value)}
            </time>
          </span>
          <span class="item-line">
            <span class="preview">{isWriting ? t().customerTyping : (preview ?? '')}</span>
            {unreadCount > 0 && <b class="badge">{unreadCount > 99 ? '99+' : unreadCount}</b>}
          </span>
        </span>
      </a>
    </li>
  )
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
      <p class="preview">{conversation?.preview}</p>
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

function MoreClosed() {
  const cursor = useSignal<string | null | undefined>(undefined)
  const load = () =>
    loadClosed(cursor.peek() ?? undefined).then(
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
