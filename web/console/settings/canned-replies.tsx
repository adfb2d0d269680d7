/** Canned replies: shared ones for whoever may write them, and one's own. */
import { useRef, useState } from 'preact/hooks'
import { listCannedReplies } from '../../api-agent.ts'
import {
  type CannedDraft,
  type CannedReply,
  createCannedReply,
  removeCannedReply,
  updateCannedReply,
} from '../../api-settings.ts'
import { fill } from '../../i18n/locale.ts'
import { settingsWords } from '../../i18n/settings.ts'
import { cannedWords } from '../../i18n/settings-desk.ts'
import { api } from '../calls.ts'
import { may } from '../store.ts'
import { CannedTable } from './canned-table.tsx'
import { FormEnd, TextArea, TextField } from './controls.tsx'
import { useForm } from './form.ts'
import { attempt, confirmed, Empty, PageHead, Show, useLoaded } from './parts.tsx'
import { words } from './words.ts'

export function CannedRepliesPage() {
  const w = words(cannedWords)
  const loaded = useLoaded(async () => (await listCannedReplies(api)).data)
  const [edited, setEdited] = useState<CannedReply | 'new'>()
  const [search, setSearch] = useState('')
  const done = () => {
    setEdited(undefined)
    void loaded.reload()
  }
  return (
    <>
      <PageHead title={w.canned} hint={w.cannedHint}>
        <button type="button" class="primary" onClick={() => setEdited('new')}>
          {w.add}
        </button>
      </PageHead>
      <Show of={loaded}>
        {(replies) => {
          const found = replies.filter(({ title, text, folder }) =>
            `${folder} ${title} ${text}`.toLowerCase().includes(search.trim().toLowerCase()),
          )
          return (
            <>
              {edited && (
                <ReplyForm
                  key={edited === 'new' ? 'new' : edited.id}
                  reply={edited === 'new' ? undefined : edited}
                  folders={[...new Set(replies.map(({ folder }) => folder))].filter(Boolean)}
                  onDone={done}
                  onCancel={() => setEdited(undefined)}
                />
              )}
              {replies.length === 0 && !edited && <Empty title={w.empty} />}
              {replies.length > 7 && (
                <input
                  type="search"
                  class="search"
                  aria-label={w.search}
                  placeholder={w.search}
                  value={search}
                  onInput={({ currentTarget }) => setSearch(currentTarget.value)}
                />
              )}
              <Replies
                title={w.shared}
                replies={found.filter(({ memberId }) => memberId === null)}
                onEdit={setEdited}
                onGone={done}
                mayWrite={may('cannedreply:write')}
              />
              <Replies
                title={w.own}
                replies={found.filter(({ memberId }) => memberId !== null)}
                onEdit={setEdited}
                onGone={done}
                mayWrite
              />
              <CannedTable onChange={done} />
            </>
          )
        }}
      </Show>
    </>
  )
}

interface RepliesProps {
  title: string
  replies: readonly CannedReply[]
  mayWrite: boolean
  onEdit: (reply: CannedReply) => void
  onGone: () => void
}

function Replies({ title, replies, mayWrite, onEdit, onGone }: RepliesProps) {
  const w = words(cannedWords)
  const s = words(settingsWords)
  if (replies.length === 0) return null
  const remove = async (reply: CannedReply) => {
    const asked = { title: fill(w.removeTitle, { title: reply.title }), text: w.removeText, act: s.remove }
    if ((await confirmed(asked)) && (await attempt(() => removeCannedReply(api, reply), s.removed))) onGone()
  }
  return (
    <>
      <h3 class="form-part">{title}</h3>
      <ul class="rows">
        {replies.map((reply) => (
          <li key={reply.id} class="row-plain">
            <span class="row-text">
              <strong>{reply.title}</strong> <span class="standing">{reply.folder || w.noFolder}</span>
              <small class="excerpt">{reply.text}</small>
            </span>
            {mayWrite && (
              <span class="row-acts">
                <button type="button" aria-label={`${s.edit} ${reply.title}`} onClick={() => onEdit(reply)}>
                  {s.edit}
                </button>
                <button
                  type="button"
                  class="danger"
                  aria-label={`${s.remove} ${reply.title}`}
                  onClick={() => void remove(reply)}
                >
                  {s.remove}
                </button>
              </span>
            )}
          </li>
        ))}
      </ul>
    </>
  )
}

interface ReplyFormProps {
  reply: CannedReply | undefined
  folders: readonly string[]
  onDone: () => void
  onCancel: () => void
}

function ReplyForm({ reply, folders, onDone, onCancel }: ReplyFormProps) {
  const w = words(cannedWords)
  const s = words(settingsWords)
  const mayShare = may('cannedreply:write')
  const [own, setOwn] = useState(!mayShare)
  const area = useRef<HTMLDivElement>(null)
  const form = useForm<CannedDraft>({
    title: reply?.title ?? '',
    folder: reply?.folder ?? '',
    text: reply?.text ?? '',
  })
  const save = () =>
    form.submit(async (draft) => {
      await (reply ? updateCannedReply(api, reply, draft) : createCannedReply(api, { ...draft, own }))
      onDone()
    })
  /** Puts a variable where the text is being written. */
  const insert = (variable: string) => {
    const field = area.current?.querySelector('textarea')
    if (!field) return
    field.setRangeText(`{{${variable}}}`, field.selectionStart, field.selectionEnd, 'end')
    form.write('/text', field.value)
    field.focus()
  }
  return (
    <form
      class="card"
      onSubmit={(event) => {
        event.preventDefault()
        void save()
      }}
    >
      <TextField form={form} at="/title" label={w.title} required maxLength={200} />
      <TextField form={form} at="/folder" label={w.folder} maxLength={100} list={folders} />
      <div ref={area}>
        <TextArea form={form} at="/text" label={w.text} required rows={4} maxLength={5000} />
      </div>
      <p class="row-acts field">
        <span class="hint">{w.variables}</span>
        {(
          [
            ['contact.name', w.contactName],
            ['agent.name', w.agentName],
            ['agent.number', w.agentNumber],
          ] as const
        ).map(([variable, name]) => (
          <button type="button" key={variable} onClick={() => insert(variable)}>
            {name}
          </button>
        ))}
      </p>
      {!reply && mayShare && (
        <fieldset class="field">
          <legend>{w.whose}</legend>
          {([false, true] as const).map((mine) => (
            <label class="tick" key={String(mine)}>
              <input type="radio" name="whose" checked={own === mine} onChange={() => setOwn(mine)} />
              {mine ? w.onlyMe : w.everybody}
            </label>
          ))}
        </fieldset>
      )}
      <FormEnd form={form} label={reply ? s.save : s.add} onCancel={onCancel} />
    </form>
  )
}
