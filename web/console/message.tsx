/** One message, as the console shows it. Whatever a customer wrote becomes text, or is drawn anew, and never markup. */
import type { Message, Part } from '../api-agent.ts'
import { fill } from '../i18n/locale.ts'
import { linkPieces, partText } from '../parts.ts'
import { clockTime } from '../times.ts'
import { sendAgain, takeBack } from './actions.ts'
import { FilePart } from './file-part.tsx'
import { lazy } from './lazy.tsx'
import type { MediaPart } from './mail-body.tsx'
import { discard, resend } from './sending.ts'
import type { Outgoing } from './state.ts'
import { hub, hubNow, locale } from './store.ts'
import { t } from './texts.ts'
import { mayTakeBack } from './way-choice.ts'

const MailBody = lazy(async () => (await import('./mail-body.tsx')).MailBody)

export function MessageRow({ message, name, isRead }: { message: Message; name: string | undefined; isRead: boolean }) {
  const { direction, parts, sentAt, failure } = message
  const status = direction === 'out' && isRead ? 'read' : message.status
  const recall = message.recall?.state
  const isLost = (status === 'failed' || status === 'unknown') && recall === undefined
  const isOwn = direction === 'out' && message.author.id === hub.value.me
  return (
    <div class={`row is-${direction}`}>
      {name && <p class="speaker">{name}</p>}
      <div class={recall === 'done' ? 'bubble is-recalled' : 'bubble'}>
        <Parts parts={parts} />
      </div>
      {message.reactions.length > 0 && <p class="meta">{message.reactions.join(' ')}</p>}
      <p class={isLost ? 'meta is-lost' : 'meta'}>
        <time>{clockTime(locale.value, sentAt)}</time>
        {message.editedAt && <span>{t().edited}</span>}
        {direction === 'out' && recall !== 'done' && <Tick status={status} />}
        {recall && <span title={message.recall?.failure?.detail}>{t().recall[recall]}</span>}
        {isLost && failure && <span>{failure.detail}</span>}
        {isOwn && !isLost && (recall === undefined || recall === 'failed') && <TakeBack message={message} />}
        {isLost && message.author.id === hub.value.me && (
          <button type="button" onClick={() => void sendAgain(message)}>
            {t().resend}
          </button>
        )}
      </p>
    </div>
  )
}

/** Shown for as long as the platform may take it back. */
function TakeBack({ message }: { message: Message }) {
  if (!mayTakeBack(message, hubNow.value)) return null
  return (
    <button type="button" class="take-back" onClick={() => void takeBack(message)}>
      {t().takeBack}
    </button>
  )
}

export function OutgoingRow({ entry }: { entry: Outgoing }) {
  const isLost = entry.state === 'failed'
  return (
    <div class={entry.note ? 'row is-note' : 'row is-out'}>
      <div class="bubble is-pending">
        <Parts parts={entry.parts} />
      </div>
      <p class={isLost ? 'meta is-lost' : 'meta'}>
        {isLost ? fill(t().refused, { why: entry.detail }) : t().sending}
        {isLost && (
          <>
            <button type="button" onClick={() => resend(entry.clientId)}>
              {t().resend}
            </button>
            <button type="button" onClick={() => discard(entry.clientId)}>
              {t().discard}
            </button>
          </>
        )}
      </p>
    </div>
  )
}

const ticks: Partial<Record<Message['status'], string>> = { queued: '◷', accepted: '✓', delivered: '✓✓', read: '✓✓' }

/** How far a message has come: a sign for the eye, words for everybody else. */
function Tick({ status }: { status: Message['status'] }) {
  const sign = ticks[status]
  return (
    <span class={`tick is-${status}`} title={t()[status]}>
      {sign ? (
        <>
          <span aria-hidden="true">{sign}</span>
          <span class="unseen">{t()[status]}</span>
        </>
      ) : (
        t()[status]
      )}
    </span>
  )
}

function Words({ text: whole }: { text: string }) {
  return (
    <>
      {linkPieces(whole).map(({ text, href }) =>
        href ? (
          <a href={href} target="_blank" rel="noreferrer">
            {text}
          </a>
        ) : (
          text
        ),
      )}
    </>
  )
}

/** What a mail quotes is folded away, and its subject stands above it; `files` are those that its HTML shows. */
function TextPart({ part, files }: { part: Extract<Part, { type: 'text' }>; files: readonly MediaPart[] }) {
  const { text, subject, quotedFrom } = part
  return (
    <>
      {subject && <b class="subject">{subject}</b>}
      {files.length > 0 ? <MailBody part={part} files={files} /> : <Words text={text.slice(0, quotedFrom)} />}
      {files.length === 0 && quotedFrom !== undefined && (
        <details class="quoted">
          <summary>{t().quoted}</summary>
          <Words text={text.slice(quotedFrom)} />
        </details>
      )}
    </>
  )
}

function OtherPart({ part }: { part: Part }) {
  return 'blob' in part && part.blob.fileId ? <FilePart part={part} /> : <Words text={partText(part, t())} />
}

const isPlaced = (part: Part): part is MediaPart =>
  'blob' in part && part.blob.fileId !== undefined && part.blob.contentId !== undefined

/** Of a mail that shows files within its HTML, that is shown with them; of all others, the words. */
export function Parts({ parts: all }: { parts: readonly Part[] }) {
  const texts = all.filter(({ type }) => type === 'text')
  const hasHtml = texts.length === 1 && all.some((part) => part.type === 'text' && part.html !== undefined)
  const placed = hasHtml ? all.filter(isPlaced) : []
  const parts = all.filter((part) => !placed.some((one) => one === part))
  return (
    <>
      {parts.map((part, index) => (
        <div key={index} class={`part is-${part.type}`}>
          {part.type === 'text' ? <TextPart part={part} files={placed} /> : <OtherPart part={part} />}
          {part.type === 'choice' && (
            <ul class="options">
              {part.options.map((option) => (
                <li key={option.id}>{option.label}</li>
              ))}
            </ul>
          )}
        </div>
      ))}
    </>
  )
}
