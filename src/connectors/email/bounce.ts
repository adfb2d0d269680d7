/** What a report says of a mail of ours that could not be delivered. https://www.rfc-editor.org/rfc/rfc3464 Pure. */
import { idsIn } from './thread.ts'

export interface Bounce {
  /** The mail that is spoken of, without brackets. */
  readonly messageId: string
  /** To whom it could not be delivered, in lower case; '' where the report does not say. */
  readonly recipient: string
  /** For agents: what the other server said. */
  readonly reason: string
}

/**
 * The failure that a report tells of: `status` is the text of its part message/delivery-status, `original` what it returns of the mail.
 * Undefined when the mail is only late, or was delivered, or it cannot be said which mail it was.
 */
export function bounceIn(status: string, original: string): Bounce | undefined {
  const [messageId] = idsIn(/^message-id\s*:\s*((?:.|\r?\n[ \t])*)/im.exec(headOf(original))?.[1])
  if (messageId === undefined) return undefined
  const failed = status
    .split(/\r?\n[ \t]*\r?\n/)
    .map(fieldsOf)
    .find((group) => group.get('action')?.toLowerCase() === 'failed')
  if (failed === undefined) return undefined
  const recipient = untyped(failed.get('final-recipient') ?? failed.get('original-recipient')).toLowerCase()
  const code = failed.get('status') ?? ''
  const said = untyped(failed.get('diagnostic-code')).replace(/\s+/g, ' ')
  const reason = [said.startsWith(code) || said.includes(` ${code} `) ? '' : code, said].filter(Boolean).join(' ')
  const sentence = `The mail could not be delivered${reason === '' ? '' : `: ${reason}`}.`
  return { messageId, recipient, reason: sentence.slice(0, 500) }
}

function headOf(mail: string): string {
  const end = /\r?\n\r?\n/.exec(mail.trimStart())
  return end === null ? mail : mail.trimStart().slice(0, end.index)
}

function fieldsOf(group: string): Map<string, string> {
  const unfolded = group.replace(/\r?\n[ \t]+/g, ' ')
  return new Map(
    unfolded.split(/\r?\n/).flatMap((line) => {
      const [, name, value] = /^([!-9;-~]+)\s*:\s*(.*)$/.exec(line) ?? []
      return name === undefined || value === undefined ? [] : [[name.toLowerCase(), value.trim()] as const]
    }),
  )
}

/** `rfc822; li@example.com` is typed: only what follows counts. */
function untyped(typed: string | undefined): string {
  return (typed ?? '').replace(/^[a-z0-9-]+\s*;\s*/i, '').trim()
}
