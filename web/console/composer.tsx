/**
 * Where an agent writes. The text stands in the field and in the tab's storage, one for each conversation, so that neither
 * drawing nor a reload nor an ended session takes it.
 */
import { useSignal } from '@preact/signals'
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import type { Conversation } from '../api-agent.ts'
import { teamTexts } from '../i18n/console-team.ts'
import { fill } from '../i18n/locale.ts'
import { emojis } from '../parts.ts'
import { typing } from './actions.ts'
import { CannedList, pickByKey, search } from './canned.tsx'
import { sendFiles, uploading, words } from './files.ts'
import { Icon } from './icon.tsx'
import { lazy } from './lazy.tsx'
import { MentionList, pickMentionByKey, searchMention } from './mention-list.tsx'
import { mentionedIn } from './mentions.ts'
import { sendMessage } from './sending.ts'
import { chooseSendKey, drafts, hub, locale, sendKey } from './store.ts'
import { t } from './texts.ts'

const maxLength = 20_000
const Ways = lazy<{ conversation: Conversation }>(async () => (await import('./ways.tsx')).Ways)

/** `notesOnly` where one sees a conversation without being the one who answers. */
export function Composer({
  conversationId,
  notesOnly = false,
  answers,
}: {
  conversationId: string
  notesOnly?: boolean
  /** The conversation that is answered. */
  answers?: Conversation
}) {
  const field = useRef<HTMLTextAreaElement>(null)
  const chooser = useRef<HTMLInputElement>(null)
  const noteChosen = useSignal(false)
  const isPicking = useSignal(false)
  const isNote = notesOnly || noteChosen.value
  const key = `draft.${conversationId}`

  // Before the page is painted: not for a moment may one customer's field hold what is meant for another.
  useLayoutEffect(() => {
    if (field.current) {
      field.current.value = drafts.read<string>(key) ?? ''
      grow(field.current)
      search(field.current.value)
      searchMention()
      if (matchMedia('(min-width: 900px)').matches) field.current.focus()
    }
  }, [key])

  useEffect(() => {
    const choose = ({ altKey, ctrlKey, metaKey, code }: KeyboardEvent) => {
      if (!altKey || ctrlKey || metaKey || (code !== 'KeyP' && code !== 'KeyL')) return
      noteChosen.value = code === 'KeyP'
      field.current?.focus()
    }
    addEventListener('keydown', choose)
    return () => removeEventListener('keydown', choose)
  }, [])

  const keep = () => {
    if (!field.current) return
    grow(field.current)
    if (field.current.value) drafts.write(key, field.current.value)
    else drafts.remove(key)
    search(field.current.value)
    searchMention(isNote ? field.current : undefined)
  }
  const put = (text: string) => {
    if (!field.current) return
    field.current.value = text
    keep()
    field.current.focus()
  }
  const send = () => {
    const text = field.current?.value.trim()
    if (!field.current || !text) return
    const mentions = isNote ? mentionedIn(text, Object.values(hub.peek().members)) : []
    sendMessage(conversationId, [{ type: 'text', text }], isNote, mentions)
    field.current.value = ''
    isPicking.value = false
    keep()
    field.current.focus()
  }
  const insert = (sign: string) => {
    const { current } = field
    current?.setRangeText(sign, current.selectionStart, current.selectionEnd, 'end')
    current?.focus()
    keep()
  }
  const attach = (list: FileList | null | undefined): boolean => {
    const files = [...(list ?? [])]
    if (files.length > 0) void sendFiles(conversationId, files, isNote)
    return files.length > 0
  }
  const onKeyDown = (event: KeyboardEvent) => {
    // While an input method composes, keys are its own; some report only keyCode 229.
    if (event.isComposing || event.keyCode === 229) return
    if (pickByKey(event.key, put) || pickMentionByKey(event.key, field.current)) return event.preventDefault()
    if (event.key !== 'Enter') return
    const withCommand = event.ctrlKey || event.metaKey
    if (sendKey.peek() === 'enter' ? event.shiftKey : !withCommand) return
    event.preventDefault()
    send()
  }

  return (
    <form
      class={isNote ? 'composer is-note' : 'composer'}
      onSubmit={(event) => {
        event.preventDefault()
        send()
      }}
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        if (attach(event.dataTransfer?.files)) event.preventDefault()
      }}
    >
      {answers && !isNote && <Ways conversation={answers} />}
      <CannedList put={put} />
      <MentionList field={() => field.current} />
      <div class="composer-tabs">
        {!notesOnly && (
          <button type="button" aria-pressed={!isNote} onClick={() => (noteChosen.value = false)}>
            {t().reply}
          </button>
        )}
        <button type="button" aria-pressed={isNote} onClick={() => (noteChosen.value = true)}>
          {t().note}
        </button>
        <button
          type="button"
          class="square"
          aria-label={t().emoji}
          aria-expanded={isPicking.value}
          onClick={() => (isPicking.value = !isPicking.value)}
        >
          <Icon name="emoji" />
        </button>
        <button
          type="button"
          class="square attach"
          aria-label={words().attach}
          onClick={() => chooser.current?.click()}
        >
          <Icon name="attach" />
        </button>
        <input
          ref={chooser}
          type="file"
          multiple
          hidden
          aria-label={words().attach}
          onChange={({ currentTarget }) => {
            attach(currentTarget.files)
            currentTarget.value = ''
          }}
        />
      </div>
      {uploading.value
        .filter((one) => one.conversationId === conversationId)
        .map(({ name }) => (
          <p class="uploading" role="status">
            {fill(words().uploading, { name })}
          </p>
        ))}
      {isPicking.value && (
        <div class="emojis">
          {emojis.map((sign) => (
            <button type="button" key={sign} onClick={() => insert(sign)}>
              {sign}
            </button>
          ))}
        </div>
      )}
      <textarea
        ref={field}
        rows={3}
        maxLength={maxLength}
        aria-label={isNote ? t().note : t().reply}
        placeholder={isNote ? `${t().notePlaceholder} ${teamTexts[locale.value].mentionHint}` : t().replyPlaceholder}
        onInput={() => {
          keep()
          if (!isNote) typing(conversationId)
        }}
        onKeyDown={onKeyDown}
        onPaste={(event) => {
          if (attach(event.clipboardData?.files)) event.preventDefault()
        }}
      />
      <div class="composer-foot">
        <select
          aria-label={t().send}
          value={sendKey.value}
          onChange={({ currentTarget }) => chooseSendKey(currentTarget.value as 'enter' | 'ctrl-enter')}
        >
          <option value="enter">{t().sendWithEnter}</option>
          <option value="ctrl-enter">{t().sendWithCtrlEnter}</option>
        </select>
        <button type="submit" class="primary">
          {isNote ? t().save : t().send}
        </button>
      </div>
    </form>
  )
}

function grow(field: HTMLTextAreaElement): void {
  field.style.height = 'auto'
  field.style.height = `${Math.min(field.scrollHeight, 240)}px`
}
