/** The conversation on the page: who, what was said, and what can be done about it. */
import { useSignal } from '@preact/signals'
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import type { Conversation, Message } from '../api-agent.ts'
import { fill } from '../i18n/locale.ts'
import { dayKey, dayName } from '../times.ts'
import { accept, decline, keep, pull, readUpTo } from './actions.ts'
import { Composer } from './composer.tsx'
import { loadEarlier, loadMessages, want } from './connection.ts'
import { ConversationMenu } from './conversation-menu.tsx'
import { beginToEnd, categoryName, reopen, takeOver, unpark, wake, words } from './ending.ts'
import { Avatar, Icon } from './icon.tsx'
import { parkedText, snoozedText } from './lists.tsx'
import { MessageRow, OutgoingRow } from './message.tsx'
import { isWaiting, offerOf } from './state.ts'
import { go, hub, hubNow, locale, may, now, panelShown, route, selected } from './store.ts'
import { words as team } from './team.ts'
import { customerName, t } from './texts.ts'
import { TransferButton } from './transfer.tsx'

export function ConversationPane() {
  const { conversationId } = route.value
  const conversation = selected.value
  const isKnown = conversation !== undefined
  const window = conversationId ? hub.value.windows[conversationId] : undefined
  const isLacking = isKnown && (!window || window.holed)
  useEffect(() => {
    if (conversationId && isLacking) loadMessages(conversationId).catch(() => undefined)
    if (conversationId && !isKnown) want(conversationId)
  }, [conversationId, isKnown, isLacking])
  if (!conversation) {
    return (
      <main class="thread is-empty">
        <p class="empty">{t().pick}</p>
      </main>
    )
  }
  return (
    <main class="thread" key={conversation.id}>
      <Head conversation={conversation} />
      <Log conversation={conversation} />
      <Foot conversation={conversation} />
    </main>
  )
}

function Head({ conversation }: { conversation: Conversation }) {
  const { contactId, assigneeId, status, groupId } = conversation
  const name = customerName(conversation.contactName, contactId)
  const online = hub.value.online[contactId]
  return (
    <header class="thread-head">
      <button
        type="button"
        class="square narrow-only"
        aria-label={t().back}
        onClick={() => go({ conversationId: undefined })}
      >
        <Icon name="back" />
      </button>
      <Avatar name={name} of={contactId} online={online} />
      <div class="thread-title">
        <h2>{name}</h2>
        <p>
          {online !== undefined && `${online ? t().customerOnline : t().customerOffline} · `}
          {[groupId && hub.value.groups[groupId], holderLine(conversation)].filter(Boolean).join(' · ')}
        </p>
      </div>
      {status === 'open' && assigneeId === hub.value.me && (
        <>
          <TransferButton conversation={conversation} />
          <button type="button" class="primary" onClick={() => void beginToEnd(conversation, 'resolve')}>
            {words().resolve}
          </button>
          <button type="button" class="wide-act" onClick={() => void beginToEnd(conversation, 'close')}>
            {t().closeConversation}
          </button>
        </>
      )}
      <ConversationMenu conversation={conversation} />
      <button
        type="button"
        class="square panel-toggle"
        aria-label={t().details}
        onClick={() => (panelShown.value = !panelShown.value)}
      >
        <Icon name="person" />
      </button>
    </header>
  )
}

function Log({ conversation }: { conversation: Conversation }) {
  const { id, assigneeId, status, lastNumber, agentRead, customerRead } = conversation
  const state = hub.value
  const window = state.windows[id]
  const outbox = state.outbox.filter((entry) => entry.conversationId === id && !entry.shown)
  const isWriting = (state.typing[id] ?? 0) > now.value
  const log = useRef<HTMLDivElement>(null)
  const place = useRef({ atEnd: true, first: 0, height: 0 })
  const isLoading = useSignal(false)
  const first = window?.messages[0]?.number ?? 0

  // Stays at the end as messages come in, and where it was as earlier ones are put before.
  useLayoutEffect(() => {
    const { current } = log
    if (!current) return
    if (place.current.atEnd) current.scrollTop = current.scrollHeight
    else if (first < place.current.first) current.scrollTop += current.scrollHeight - place.current.height
    place.current.first = first
    place.current.height = current.scrollHeight
  })
  useEffect(() => {
    const read = () => {
      if (!document.hidden && status === 'open' && assigneeId === hub.peek().me && window) readUpTo(conversation)
    }
    read()
    document.addEventListener('visibilitychange', read)
    return () => document.removeEventListener('visibilitychange', read)
  }, [id, lastNumber, agentRead, assigneeId, status, window])

  const earlier = async () => {
    isLoading.value = true
    await loadEarlier(id).catch(() => undefined)
    isLoading.value = false
  }
  return (
    <div
      ref={log}
      class="log"
      role="log"
      aria-live="polite"
      aria-label={t().messages}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
      tabIndex={0}
      onScroll={({ currentTarget }) => {
        const { scrollHeight, scrollTop, clientHeight } = currentTarget
        place.current.atEnd = scrollHeight - scrollTop - clientHeight < 48
      }}
    >
      {window && !window.reachedStart && (
        <button type="button" class="more" disabled={isLoading.value} onClick={() => void earlier()}>
          {t().earlier}
        </button>
      )}
      {window?.messages.length === 0 && outbox.length === 0 && <p class="empty">{t().noMessages}</p>}
      <Messages messages={window?.messages ?? []} customerRead={customerRead} />
      {outbox.map((entry) => (
        <OutgoingRow key={entry.clientId} entry={entry} />
      ))}
      {isWriting && <p class="writing">{t().customerTyping}</p>}
    </div>
  )
}

function Messages({ messages, customerRead }: { messages: readonly Message[]; customerRead: number }) {
  let day = ''
  let speaker: string | undefined
  return (
    <>
      {messages.map((message) => {
        const key = dayKey(message.sentAt)
        const isNewDay = key !== day
        const from = `${message.direction}${message.author.id}`
        const isNewSpeaker = isNewDay || from !== speaker
        day = key
        speaker = from
        return (
          <div key={message.number}>
            {isNewDay && <p class="day">{dayName(locale.value, message.sentAt)}</p>}
            <MessageRow
              message={message}
              name={isNewSpeaker ? speakerOf(message) : undefined}
              isRead={message.number <= customerRead}
            />
          </div>
        )
      })}
    </>
  )
}

/** Who said it, unless it is obvious. */
function speakerOf({ author, direction }: Message): string | undefined {
  const note = direction === 'note' ? `${t().note} · ` : ''
  if (author.kind === 'contact') return undefined
  if (author.kind === 'bot') return note + t().bot
  if (author.kind === 'system') return note + t().system
  if (author.id === hub.value.me) return note ? note + t().you : undefined
  const member = author.id ? hub.value.members[author.id] : undefined
  return note + [author.name ?? member?.name ?? '', member?.number ?? ''].join(' ').trim()
}

/** Who serves, where it is not I, and who takes part. */
function holderLine({ assigneeId, participantIds }: Conversation): string {
  const { members, me } = hub.value
  const names = participantIds.map((id) => (id === me ? t().you : members[id]?.name)).filter(Boolean)
  const holder = assigneeId && assigneeId !== me ? members[assigneeId]?.name : ''
  return [holder, names.length > 0 && `${team().takingPart}：${names.join('、')}`].filter(Boolean).join(' · ')
}

/** The place to write, or why there is none and what to do instead. */
function Foot({ conversation }: { conversation: Conversation }) {
  const { id, status, assigneeId, heldBy, waitingSince, participantIds } = conversation
  const state = hub.value
  const isNoting = useSignal(false)
  const offer = offerOf(state, id, hubNow.value)
  if (offer) {
    return (
      <footer class="thread-foot">
        <span>{t().offer}</span>
        <button type="button" class="primary" onClick={() => void accept(offer)}>
          {t().accept}
        </button>
        <button type="button" onClick={() => void decline(offer)}>
          {t().decline}
        </button>
      </footer>
    )
  }
  if (status !== 'open') return <Ended conversation={conversation} />
  if (assigneeId === state.me || participantIds.includes(state.me)) {
    return (
      <>
        {conversation.snoozed && (
          <p class="banner">
            {snoozedText(conversation)}
            {assigneeId === state.me && (
              <button type="button" onClick={() => void wake(conversation)}>
                {words().wake}
              </button>
            )}
          </p>
        )}
        {conversation.transferGroupId && (
          <p class="banner">
            {fill(t().transferring, { group: state.groups[conversation.transferGroupId] ?? '' })}
            {assigneeId === state.me && (
              <button type="button" onClick={() => void keep(conversation)}>
                {t().keepConversation}
              </button>
            )}
          </p>
        )}
        <Composer conversationId={id} answers={conversation} />
      </>
    )
  }
  const isParked = conversation.parkedAt !== null
  const waits = isWaiting(conversation) && !isParked
  const holder = assigneeId ? state.members[assigneeId] : undefined
  return (
    <>
      {isNoting.value && <Composer key={id} conversationId={id} notesOnly />}
      <footer class="thread-foot">
        <span>
          {isParked
            ? parkedText(conversation)
            : waits
              ? t().pullHint
              : heldBy === 'bot'
                ? t().heldByBot
                : fill(t().heldByOther, { name: holder?.name ?? '—' })}
        </span>
        {isParked && may('conversation:assign') && (
          <button type="button" class="primary" onClick={() => void unpark(conversation)}>
            {words().routeNow}
          </button>
        )}
        {waits && (
          <button type="button" class="primary" onClick={() => void pull(conversation)}>
            {t().pull}
          </button>
        )}
        {heldBy === 'agent' && may('conversation:assign') && (
          <button type="button" class="primary" onClick={() => void takeOver(conversation)}>
            {team().takeOver}
          </button>
        )}
        <button type="button" onClick={() => (isNoting.value = !isNoting.value)}>
          {isNoting.value ? team().hideNote : team().writeNote}
        </button>
        {(waits || isParked) && waitingSince && <WaitingFor since={waitingSince} />}
      </footer>
    </>
  )
}

/** What came of it, and the way to let it go on. */
function Ended({ conversation }: { conversation: Conversation }) {
  const { status, summary, category, assigneeId } = conversation
  const mayGoOn = may('conversation:reply') && (assigneeId === hub.value.me || may('conversation:read-all'))
  return (
    <footer class="thread-foot ended">
      <span>{status === 'resolved' ? words().isResolved : t().conversationClosed}</span>
      {category && <span class="state">{categoryName(category)}</span>}
      {summary && <span class="ended-summary">{summary}</span>}
      {mayGoOn && (
        <button type="button" onClick={() => void reopen(conversation)}>
          {words().reopen}
        </button>
      )}
      {mayGoOn && status === 'resolved' && (
        <button type="button" onClick={() => void beginToEnd(conversation, 'close')}>
          {t().closeConversation}
        </button>
      )}
    </footer>
  )
}

function WaitingFor({ since }: { since: string }) {
  const minutes = Math.max(0, Math.floor((hubNow.value - Date.parse(since)) / 60_000))
  return <span class="soft">{fill(t().waitedFor, { time: fill(t().minutes, { minutes }) })}</span>
}
