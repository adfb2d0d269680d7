/** A phone wants somebody else to have its call (REFER, RFC 3515), alone or in the place of another call that it has (Replaces, RFC 3891). */
import { userOf } from './message.ts'

/** By what the phone names another of its calls, as we see it: our tag is the first. */
export interface Replaces {
  readonly callId: string
  readonly toTag: string
  readonly fromTag: string
}

export interface ReferTo {
  /** Of a SIP URI. */
  readonly user: string
  /** In an attended transfer: who is on that call is to be joined with who is on this one. */
  readonly replaces: Replaces | undefined
}

/** `unknown`: there is no such call, or nobody has answered it yet (RFC 3891, 3). */
export type ReferWord = 'done' | 'declined' | 'unknown'

export interface Refer extends ReferTo {
  /** Tells the phone what came of it; the first word stands. Resolves when it has heard that, or does not answer. Never rejects. */
  tell(word: ReferWord): Promise<void>
}

export const statusOfRefer: Readonly<Record<ReferWord, string>> = {
  done: '200 OK',
  declined: '603 Decline',
  unknown: '481 Call/Transaction Does Not Exist',
}

/** What a URI of Refer-To asks for; undefined for what cannot be understood. Pure. */
export function referToIn(uri: string): ReferTo | undefined {
  const user = userOf(uri)
  if (user.length > 50) return undefined
  const query = uri.slice(uri.indexOf('?') + 1)
  const found = uri.includes('?') ? /(?:^|&)replaces=([^&]*)/i.exec(query) : null
  if (found === null) return user === '' ? undefined : { user, replaces: undefined }
  const replaces = replacesIn(found[1] ?? '')
  return replaces && { user, replaces }
}

function replacesIn(escaped: string): Replaces | undefined {
  let text: string
  try {
    text = decodeURIComponent(escaped)
  } catch {
    return undefined
  }
  const [callId = '', ...parameters] = text.split(';').map((part) => part.trim())
  const tag = (name: string) =>
    parameters.find((one) => one.toLowerCase().startsWith(`${name}=`))?.slice(name.length + 1) ?? ''
  const replaces = { callId, toTag: tag('to-tag'), fromTag: tag('from-tag') }
  return Object.values(replaces).some((value) => value === '') ? undefined : replaces
}
