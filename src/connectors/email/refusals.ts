/** What a server's answers mean that say no. Pure. */

/** The server answers, and does not hand out this mail. */
export class MailRefused extends Error {
  readonly uid: number
  /** What the server gives as a reason. */
  readonly said: string

  constructor(uid: number, said: string) {
    super(`The IMAP server does not hand out a mail (${uid}): ${said}.`)
    this.uid = uid
    this.said = said
  }
}

interface Answer {
  readonly code?: string
  readonly responseStatus?: string
  readonly responseText?: string
  readonly response?: {
    readonly attributes?: readonly { readonly section?: readonly { readonly value?: unknown }[] }[]
  }
  readonly authenticationFailed?: boolean
  readonly serverResponseCode?: string
}

/** A tagged NO: of a command that the server has understood. BAD and what belongs to no command speak of the connection. */
export function isNo(error: unknown): boolean {
  const { responseStatus, code } = error as Answer
  return responseStatus === 'NO' && code === undefined
}

/** https://www.rfc-editor.org/rfc/rfc5530#section-3: a server that cannot tell just now says UNAVAILABLE. */
export function isUnavailable(error: unknown): boolean {
  const { response, serverResponseCode } = (error ?? {}) as Answer
  const told = serverResponseCode ?? response?.attributes?.[0]?.section?.[0]?.value
  return String(told).toUpperCase() === 'UNAVAILABLE'
}

export function isLoginRefused(error: unknown): boolean {
  return (error as Answer).authenticationFailed === true && !isUnavailable(error)
}

/** The reason that a server gives, in its own words. */
export function saidBy(error: unknown): string {
  const { responseText } = (error ?? {}) as Answer
  return responseText === undefined ? 'it leaves it out of its answer' : responseText.slice(0, 200).replace(/\.$/, '')
}
