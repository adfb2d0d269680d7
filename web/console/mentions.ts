/** Mentions in notes: `@` and the beginning of a name finds a colleague; whose name stands in the note is called out to. Pure. */
import type { Member } from '../api-agent.ts'

const shown = 6

/** What is being written after an `@`, when the caret stands behind it. */
export function mentionAt(text: string, caret: number): { from: number; search: string } | undefined {
  const found = /(?:^|[\s，。：；、（(])@([^\s@，。：；、]{0,20})$/.exec(text.slice(0, caret))
  if (!found) return undefined
  const search = found[1] ?? ''
  return { from: caret - search.length - 1, search }
}

/** Colleagues whose name or number holds what is searched for, in order of their names. */
export function colleaguesFor(members: readonly Member[], me: string, search: string): Member[] {
  const wanted = search.toLowerCase()
  return members
    .filter(({ id, disabled }) => id !== me && !disabled)
    .filter(({ name, number }) => name.toLowerCase().includes(wanted) || (number ?? '').startsWith(wanted))
    .toSorted((a, b) => a.name.localeCompare(b.name))
    .slice(0, shown)
}

/** Ids of all whose name stands in the text after an `@`; of names that begin alike the longest counts. */
export function mentionedIn(text: string, members: readonly Member[]): string[] {
  const byLength = members.filter(({ disabled }) => !disabled).toSorted((a, b) => b.name.length - a.name.length)
  const ids = new Set<string>()
  for (let at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at + 1)) {
    const member = byLength.find(({ name }) => name !== '' && text.startsWith(name, at + 1))
    if (member) ids.add(member.id)
  }
  return [...ids]
}
