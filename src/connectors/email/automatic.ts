/** Which mails a program sent by itself, so that no program of ours answers them. https://www.rfc-editor.org/rfc/rfc3834 Pure. */

/** A mail's header fields: names in lower case, values unfolded, in their order. */
export type Fields = ReadonlyMap<string, readonly string[]>

const machines = /^(?:mailer-daemon|postmaster|no-?reply|do-?not-?reply|bounces?|notifications?)(?:[+.\-_].*)?$/i

/** Whether a program sent it (out of office, newsletter, list, report): nobody would read what a program says in return. */
export function isAutomatic(fields: Fields, from: string): boolean {
  const first = (name: string) => fields.get(name)?.[0]?.trim().toLowerCase()
  const submitted = first('auto-submitted')
  if (submitted !== undefined && !/^no\b/.test(submitted)) return true
  if (/\b(?:bulk|junk|list|auto_reply)\b/.test(first('precedence') ?? '')) return true
  if (fields.has('list-id') || fields.has('list-unsubscribe')) return true
  // What Exchange understands: https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxcmail/ced68690-498a-4567-9d14-5c01f974d8b1
  if (/\b(?:all|dr|oof|autoreply)\b/.test(first('x-auto-response-suppress') ?? '')) return true
  if (first('x-autoreply') === 'yes' || fields.has('x-autorespond')) return true
  if (first('return-path') === '<>') return true
  if ((first('content-type') ?? '').startsWith('multipart/report')) return true
  return machines.test(from.slice(0, from.lastIndexOf('@')))
}

/** The fields that say the same of a mail that we send by ourselves. */
export const automaticFields: Readonly<Record<string, string>> = {
  'Auto-Submitted': 'auto-replied',
  'X-Auto-Response-Suppress': 'All',
}
