/** Canned replies (常用语) for the composer: `/` opens them, typing narrows them down, Enter or a click puts one in. */
import { signal } from '@preact/signals'
import { type CannedReply, listCannedReplies } from '../api-agent.ts'
import { api } from './calls.ts'
import { filled, matching } from './canned-text.ts'
import { hub, me, selected } from './store.ts'
import { customerName, t } from './texts.ts'

const replies = signal<readonly CannedReply[]>([])
/** What follows the slash; undefined while the field holds no search. */
export const query = signal<string | undefined>(undefined)
const chosen = signal(0)

/** To be called with what the field holds, whenever that changes. */
export function search(field: string): void {
  const next = /^\/([^\n]{0,50})$/.exec(field)?.[1]
  if (next !== undefined && query.peek() === undefined) {
    listCannedReplies(api).then(
      ({ data }) => (replies.value = data),
      () => undefined,
    )
  }
  query.value = next
  chosen.value = 0
}

const found = () => (query.value === undefined ? [] : matching(replies.value, query.value))

/** Keys while the list is open; true when the key was meant for it. `put` takes the text that was chosen. */
export function pickByKey(key: string, put: (text: string) => void): boolean {
  const list = found()
  if (list.length === 0) return false
  if (key === 'ArrowDown' || key === 'ArrowUp') {
    chosen.value = (chosen.peek() + (key === 'ArrowDown' ? 1 : -1) + list.length) % list.length
    return true
  }
  if (key === 'Escape') query.value = undefined
  else if (key === 'Enter') choose(list[chosen.peek()], put)
  else return false
  return true
}

function choose(reply: CannedReply | undefined, put: (text: string) => void): void {
  if (reply === undefined) return
  query.value = undefined
  const conversation = selected.peek()
  const agent = me.peek()?.member
  put(
    filled(reply.text, {
      'contact.name': conversation ? customerName(conversation.contactName, conversation.contactId) : '',
      'agent.name': agent?.name ?? '',
      'agent.number': hub.peek().members[agent?.id ?? '']?.number ?? agent?.number ?? '',
    }),
  )
}

export function CannedList({ put }: { put: (text: string) => void }) {
  const list = found()
  if (query.value === undefined) return null
  return (
    <div class="canned" role="listbox" aria-label={t().cannedReplies}>
      {list.length === 0 && <p>{t().noCannedReplies}</p>}
      {list.map((reply, index) => (
        <button
          type="button"
          key={reply.id}
          role="option"
          aria-selected={index === chosen.value}
          onClick={() => choose(reply, put)}
        >
          <strong>{reply.folder ? `${reply.folder} · ${reply.title}` : reply.title}</strong>
          <span>{reply.text}</span>
        </button>
      ))}
    </div>
  )
}
