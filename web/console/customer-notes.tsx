/** What colleagues noted about a customer. */
import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { type ContactNote, changeNote, listNotes, removeNote, writeNote } from '../api-contacts.ts'
import { newClientId } from '../ids.ts'
import { dateTime } from '../times.ts'
import { attempt } from './actions.ts'
import { api } from './calls.ts'
import { onFrames } from './connection.ts'
import { words } from './contact-changes.ts'
import { Editable } from './editable.tsx'
import { Icon } from './icon.tsx'
import { More } from './more.tsx'
import { SectionHead } from './section-head.tsx'
import { locale } from './store.ts'
import { refusalOf, t } from './texts.ts'

export function Notes({ contactId, readOnly }: { contactId: string; readOnly: boolean }) {
  const page = useSignal<{ notes: readonly ContactNote[]; next: string | null }>({ notes: [], next: null })
  const isWriting = useSignal(false)
  const load = (cursor?: string) =>
    listNotes(api, contactId, cursor).then(
      ({ data, nextCursor }) => {
        page.value = { notes: cursor ? [...page.peek().notes, ...data] : data, next: nextCursor }
      },
      () => undefined,
    )
  useEffect(() => {
    void load()
    return onFrames(({ type, recovered, data }) => {
      const { note } = (data ?? {}) as { note?: ContactNote }
      if (note?.contactId === contactId || (type === 'stream.ready' && recovered !== true)) void load()
    })
  }, [])
  const { notes, next } = page.value
  return (
    <section>
      <SectionHead
        title={words().notes}
        add={readOnly ? undefined : words().addNote}
        isAdding={isWriting.value}
        onAdd={() => (isWriting.value = !isWriting.value)}
      />
      {isWriting.value && (
        <NoteForm
          contactId={contactId}
          close={() => {
            isWriting.value = false
            void load()
          }}
        />
      )}
      {notes.length === 0 && !isWriting.value && <p class="soft">{words().noNotes}</p>}
      {notes.map((note) => (
        <Note key={note.id} note={note} readOnly={readOnly} reload={() => load()} />
      ))}
      <More next={next} load={load} />
    </section>
  )
}

function Note({ note, readOnly, reload }: { note: ContactNote; readOnly: boolean; reload: () => Promise<void> }) {
  const keep = async (text: string) => {
    try {
      await changeNote(api, note, text)
      await reload()
      return undefined
    } catch (error) {
      await reload()
      return refusalOf(error, { ...words().problems, 'version-stale': words().stale })
    }
  }
  const remove = () => attempt(() => removeNote(api, note), words().problems).then(reload)
  return (
    <article class="note">
      <Editable
        label={words().noteText}
        value={note.text}
        multiline
        required
        maxLength={10_000}
        readOnly={readOnly}
        keep={keep}
      />
      <p class="meta">
        {note.authorName} <time>{dateTime(locale.value, note.createdAt)}</time>
        {note.updatedAt !== note.createdAt && <span>· {words().changed}</span>}
        {!readOnly && (
          <button
            type="button"
            class="square small"
            aria-label={`${t().takeAway} ${words().notes}`}
            onClick={() => void remove()}
          >
            <Icon name="cross" />
          </button>
        )}
      </p>
    </article>
  )
}

function NoteForm({ contactId, close }: { contactId: string; close: () => void }) {
  /** The same words again are the same note. */
  const key = useRef(newClientId())
  const field = useRef<HTMLTextAreaElement>(null)
  const refused = useSignal('')
  useEffect(() => field.current?.focus(), [])
  const submit = async (event: SubmitEvent) => {
    event.preventDefault()
    const text = field.current?.value.trim()
    if (!text) return
    try {
      await writeNote(api, contactId, key.current, text)
      close()
    } catch (error) {
      refused.value = refusalOf(error, words().problems)
    }
  }
  return (
    <form class="edit-form" onSubmit={submit}>
      <textarea
        ref={field}
        rows={3}
        required
        maxLength={10_000}
        aria-label={words().noteText}
        onInput={() => (key.current = newClientId())}
      />
      <p class="failure" role="alert">
        {refused.value}
      </p>
      <p class="edit-acts">
        <button type="submit" class="primary">
          {t().save}
        </button>
        <button type="button" onClick={close}>
          {t().cancel}
        </button>
      </p>
    </form>
  )
}
