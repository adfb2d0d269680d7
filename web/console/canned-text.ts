/** Finding a canned reply and filling it in. Pure. */
import type { CannedReply } from '../api-agent.ts'

const shown = 8

/** Replies that hold every word of the search, in folder, title or text; those whose title begins with it come first. */
export function matching(replies: readonly CannedReply[], search: string): CannedReply[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean)
  const of = ({ folder, title, text }: CannedReply) => `${folder} ${title} ${text}`.toLowerCase()
  const first = (reply: CannedReply) => (reply.title.toLowerCase().startsWith(words[0] ?? '') ? 0 : 1)
  return replies
    .filter((reply) => words.every((word) => of(reply).includes(word)))
    .toSorted((a, b) => first(a) - first(b))
    .slice(0, shown)
}

/** The text with `{{name}}` replaced by what is known; what is unknown stays to be seen. */
export function filled(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/\{\{\s*([\w.]+)\s*\}\}/g, (whole, name: string) =>
    Object.hasOwn(values, name) ? (values[name] ?? whole) : whole,
  )
}
