/** One ticket: what it is about, what was said on it, and a place to say more. */
import { useSignal } from '@preact/signals'
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import { commentOnTicket, type Ticket, type TicketComment, takeTicket } from '../../api-tickets.ts'
import { newClientId } from '../../ids.ts'
import { dateTime } from '../../times.ts'
import { attempt } from '../actions.ts'
import { api } from '../calls.ts'
import { Editable } from '../editable.tsx'
import { Icon } from '../icon.tsx'
import { drafts, goArea, locale, may, panelShown, route, sendKey } from '../store.ts'
import { refusalOf, t } from '../texts.ts'
import { comments, known, loadComments, loadTicket, putComment, putTicket } from './data.ts'
import { keepPatch } from './edit.ts'
import { TicketFacts } from './facts.tsx'
import { words } from './words.ts'

export function TicketPane() {
  const [id] = route.value.path
  const refused = useSignal('')
  useEffect(() => {
    if (!id) return
    loadTicket(id).catch((error: unknown) => (refused.value = refusalOf(error, words().problems)))
    loadComments(id).catch(() => undefined)
  }, [id])
  const ticket = id ? known.value[id] : undefined
  if (!ticket) {
    return (
      <main class="thread is-empty">
        <p class="empty">{refused.value || (id ? '' : words().pickOne)}</p>
      </main>
    )
  }
  return (
    <>
      <main class="thread">
        <Head ticket={ticket} />
        <section
          class="log"
          // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
          tabIndex={0}
          aria-label={words().comments}
        >
          <section class="ticket-text">
            <h3>{words().description}</h3>
            <Editable
              label={words().description}
              value={ticket.description}
              multiline
              maxLength={20_000}
              readOnly={!may('ticket:write')}
              keep={keepPatch(ticket.id, (description) => ({ description }))}
            />
          </section>
          <Comments ticketId={ticket.id} />
        </section>
        {may('ticket:write') && <CommentForm ticket={ticket} />}
      </main>
      <aside class={panelShown.value ? 'panel is-shown' : 'panel'} aria-label={words().ticket}>
        <TicketFacts ticket={ticket} />
      </aside>
    </>
  )
}

function Head({ ticket }: { ticket: Ticket }) {
  return (
    <header class="thread-head">
      <button
        type="button"
        class="square narrow-only"
        aria-label={t().back}
        onClick={() => goArea('tickets', [], route.peek().query)}
      >
        <Icon name="back" />
      </button>
      <div class="thread-title">
        <h2>
          <span class="soft">#{ticket.number}</span>{' '}
          <Editable
            label={words().subject}
            value={ticket.subject}
            required
            maxLength={300}
            readOnly={!may('ticket:write')}
            keep={keepPatch(ticket.id, (subject) => ({ subject }))}
          />
        </h2>
      </div>
      {ticket.assigneeId === null && may('ticket:write') && (
        <button type="button" onClick={() => void take(ticket)}>
          {words().take}
        </button>
      )}
      <button
        type="button"
        class="square panel-toggle"
        aria-label={t().details}
        onClick={() => (panelShown.value = !panelShown.value)}
      >
        <Icon name="ticket" />
      </button>
    </header>
  )
}

async function take({ id }: Ticket): Promise<void> {
  const isTaken = await attempt(async () => putTicket(await takeTicket(api, id)), words().problems)
  if (!isTaken) await loadTicket(id).catch(() => undefined)
}

function Comments({ ticketId }: { ticketId: string }) {
  const all = comments.value[ticketId]
  const end = useRef<HTMLDivElement>(null)
  const count = all?.length ?? 0
  useLayoutEffect(() => end.current?.scrollIntoView({ block: 'nearest' }), [count])
  return (
    <>
      {all?.length === 0 && <p class="empty">{words().noComments}</p>}
      {all?.map((comment) => (
        <CommentRow key={comment.id} comment={comment} />
      ))}
      <div ref={end} />
    </>
  )
}

function CommentRow({ comment: { kind, author, text, createdAt, status } }: { comment: TicketComment }) {
  const isLost = status === 'failed' || status === 'unknown'
  return (
    <div class={kind === 'internal' ? 'row is-note' : 'row is-out'}>
      <p class="speaker">
        {kind === 'internal' ? words().internal : words().toCustomer} · {author.name ?? author.id}
      </p>
      <div class="bubble">{text}</div>
      <p class={isLost ? 'meta is-lost' : 'meta'}>
        <time>{dateTime(locale.value, createdAt)}</time>
        {status && <span>{t()[status]}</span>}
      </p>
    </div>
  )
}

const kindsOfComment = ['internal', 'customer'] as const

function CommentForm({ ticket }: { ticket: Ticket }) {
  const field = useRef<HTMLTextAreaElement>(null)
  const draft = `draft.${ticket.id}`
  const kind = useSignal<TicketComment['kind']>('internal')
  const refused = useSignal('')
  const isBusy = useSignal(false)
  const attemptKey = useRef({ text: '', key: '' })
  const submit = async () => {
    const text = field.current?.value.trim()
    if (!field.current || !text || isBusy.peek()) return
    isBusy.value = true
    refused.value = ''
    // The same words again are the same comment: a lost answer makes no second one.
    const about = `${kind.peek()} ${text}`
    if (attemptKey.current.text !== about) attemptKey.current = { text: about, key: newClientId() }
    try {
      putComment(await commentOnTicket(api, ticket.id, attemptKey.current.key, { kind: kind.peek(), text }))
      field.current.value = ''
      attemptKey.current = { text: '', key: '' }
      drafts.remove(draft)
    } catch (error) {
      refused.value = refusalOf(error, words().problems)
    }
    isBusy.value = false
    field.current.focus()
  }
  const isInternal = kind.value === 'internal'
  return (
    <form
      class={isInternal ? 'composer is-note' : 'composer'}
      onSubmit={(event) => {
        event.preventDefault()
        void submit()
      }}
    >
      <div class="composer-tabs">
        {kindsOfComment
          .filter((one) => one === 'internal' || ticket.contactId !== null)
          .map((one) => (
            <button type="button" key={one} aria-pressed={kind.value === one} onClick={() => (kind.value = one)}>
              {one === 'internal' ? words().internal : words().toCustomer}
            </button>
          ))}
      </div>
      <textarea
        ref={field}
        rows={2}
        maxLength={20_000}
        aria-label={isInternal ? words().internal : words().toCustomer}
        placeholder={isInternal ? words().internalPlaceholder : words().customerPlaceholder}
        defaultValue={drafts.read<string>(draft) ?? ''}
        onInput={({ currentTarget }) => drafts.write(draft, currentTarget.value)}
        onKeyDown={(event) => {
          if (event.isComposing || event.keyCode === 229 || event.key !== 'Enter') return
          if (sendKey.peek() === 'enter' ? event.shiftKey : !(event.ctrlKey || event.metaKey)) return
          event.preventDefault()
          void submit()
        }}
      />
      <div class="composer-foot">
        <span class="failure" role="alert">
          {refused.value}
        </span>
        <button type="submit" class="primary" disabled={isBusy.value}>
          {words().say}
        </button>
      </div>
    </form>
  )
}
