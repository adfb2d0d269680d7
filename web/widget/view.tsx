/** How the widget looks. Draws a state; everything else is in `acts`. */

import type { Part } from '../../src/core/events/shapes.ts'
import { fill, type Locale } from '../i18n/locale.ts'
import type { WidgetTexts } from '../i18n/widget.ts'
import { clockTime, dayKey, dayName } from '../times.ts'
import { Composer } from './composer.tsx'
import { Icon } from './icon.tsx'
import { Linked } from './linked.tsx'
import { type Agent, isAfter, type WidgetState } from './state.ts'

export interface Acts {
  send(text: string): boolean
  retry(clientId: string): void
  typing(): void
  close(): void
  toggleSound(): void
  /** Sends files; `tell` is given what the visitor is to know of it. */
  attach(files: File[], tell: (notice: string) => void): Promise<void>
  /** What is loaded on demand; undefined until it is there, and then all is drawn again. */
  more(): typeof import('./more.tsx') | undefined
}

export interface ViewProps {
  state: WidgetState
  texts: WidgetTexts
  locale: Locale
  title: string
  greeting: string
  muted: boolean
  /** Shown in a frame of a business's page, where it can be closed. */
  framed: boolean
  now: number
  acts: Acts
}

export function View(props: ViewProps) {
  const { state, texts, title, muted, framed, acts } = props
  const writing = state.typingUntil > props.now
  return (
    <div
      class="panel"
      role="dialog"
      aria-label={title}
      onKeyDown={(event) => event.key === 'Escape' && framed && acts.close()}
    >
      <header>
        <div class="who">
          <h1>{title}</h1>
          <p aria-live="polite">{writing ? texts.typing : standing(props)}</p>
        </div>
        <button type="button" class="icon" aria-label={muted ? texts.unmute : texts.mute} onClick={acts.toggleSound}>
          <Icon d={muted ? 'M4 9h4l5-4v14l-5-4H4zM17 9l4 6M21 9l-4 6' : 'M4 9h4l5-4v14l-5-4H4zM17 9a5 5 0 0 1 0 6'} />
        </button>
        {framed && (
          <button type="button" class="icon" aria-label={texts.close} onClick={acts.close}>
            <Icon d="M6 6l12 12M18 6L6 18" />
          </button>
        )}
      </header>
      {state.line === 'broken' && <p class="notice">{texts.offline}</p>}
      {state.line === 'refused' && <p class="notice">{texts.unavailable}</p>}
      <Log {...props} />
      {state.line === 'working' && acts.more()?.Care(state)}
      <Composer texts={texts} acts={acts} />
    </div>
  )
}

/** Who is serving, in a line below the title. */
function standing({ state, texts }: ViewProps): string {
  if (state.agent) return nameOf(state.agent, texts)
  return state.ended || state.messages.length + state.queue.length === 0 ? '' : texts.arranging
}

let atEnd = true
const stick = (log: HTMLElement | null) => {
  if (log && atEnd) log.scrollTop = log.scrollHeight
}

function Log(props: ViewProps) {
  const { state, texts, locale, greeting, acts } = props
  let day = ''
  let speaker: string | null = null
  const lastOwn = state.messages.findLast((message) => message.direction === 'in')
  return (
    <div
      class="log"
      role="log"
      aria-live="polite"
      aria-label={texts.log}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
      tabIndex={0}
      ref={(log) => stick(log)}
      onScroll={({ currentTarget: log }) => {
        atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40
      }}
    >
      <p class="bubble out">{greeting}</p>
      {state.messages.map((message) => {
        const key = dayKey(message.sentAt)
        const newDay = key !== day
        const from = message.direction === 'in' ? null : nameOf(message.author, texts)
        const newSpeaker = from !== null && (newDay || from !== speaker)
        day = key
        speaker = from
        return (
          <div key={message.id} class="row">
            {newDay && <p class="day">{dayName(locale, message.sentAt)}</p>}
            {newSpeaker && <p class="name">{from}</p>}
            <div class={`bubble ${message.direction}`}>
              <Parts parts={message.parts} acts={acts} />
            </div>
            <p class={`meta ${message.direction}`}>
              {clockTime(locale, message.sentAt)}
              {message === lastOwn && ` · ${isAfter(message, state.agentRead) ? texts.sent : texts.read}`}
            </p>
          </div>
        )
      })}
      {state.queue.map((entry) => (
        <div key={entry.clientId} class="row">
          <div class="bubble in">
            <Parts parts={entry.parts} acts={acts} />
          </div>
          <p class={`meta in ${entry.state}`}>
            {texts[entry.state]}
            {entry.state === 'failed' && (
              <button type="button" onClick={() => acts.retry(entry.clientId)}>
                {texts.retry}
              </button>
            )}
          </p>
        </div>
      ))}
      {state.ended && <p class="day">{texts.ended}</p>}
    </div>
  )
}

function nameOf({ name, number }: Agent, texts: WidgetTexts): string {
  return name ? fill(number ? texts.agentNumber : texts.agent, { name, number: number ?? '' }) : texts.title
}

function Parts({ parts, acts }: { parts: readonly Part[]; acts: Acts }) {
  return parts.map((part, index) => (
    <span key={index}>{part.type === 'text' ? <Linked text={part.text} /> : acts.more()?.OtherPart({ part })}</span>
  ))
}
