/** Colleagues to mention, offered while a note is written. */
import { signal } from '@preact/signals'
import type { Member } from '../api-agent.ts'
import { teamTexts } from '../i18n/console-team.ts'
import { colleaguesFor, mentionAt } from './mentions.ts'
import { hub, locale } from './store.ts'

interface Search {
  from: number
  search: string
}

const open = signal<Search | undefined>(undefined)
const chosen = signal(0)

/** To be called with the field while a note is written, whenever it or the caret changes; with nothing to close. */
export function searchMention(field?: HTMLTextAreaElement): void {
  open.value = field && mentionAt(field.value, field.selectionStart)
  chosen.value = 0
}

const found = (): Member[] =>
  open.value ? colleaguesFor(Object.values(hub.value.members), hub.value.me, open.value.search) : []

/** Keys while the list is open; true when the key was meant for it. */
export function pickMentionByKey(key: string, field: HTMLTextAreaElement | null): boolean {
  const list = found()
  if (list.length === 0 || !field) return false
  if (key === 'ArrowDown' || key === 'ArrowUp') {
    chosen.value = (chosen.peek() + (key === 'ArrowDown' ? 1 : -1) + list.length) % list.length
    return true
  }
  if (key === 'Escape') open.value = undefined
  else if (key === 'Enter' || key === 'Tab') choose(list[chosen.peek()], field)
  else return false
  return true
}

function choose(member: Member | undefined, field: HTMLTextAreaElement): void {
  const search = open.peek()
  if (!member || !search) return
  field.setRangeText(`@${member.name} `, search.from, field.selectionStart, 'end')
  open.value = undefined
  field.dispatchEvent(new Event('input', { bubbles: true }))
  field.focus()
}

export function MentionList({ field }: { field: () => HTMLTextAreaElement | null }) {
  const list = found()
  if (list.length === 0) return null
  return (
    <div class="canned" role="listbox" aria-label={teamTexts[locale.value].colleagues}>
      {list.map((member, index) => (
        <button
          type="button"
          key={member.id}
          role="option"
          aria-selected={index === chosen.value}
          onClick={() => {
            const current = field()
            if (current) choose(member, current)
          }}
        >
          <strong>{[member.name, member.number].filter(Boolean).join(' ')}</strong>
        </button>
      ))}
    </div>
  )
}
