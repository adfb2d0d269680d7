/** What the tests of the connection have in common: whether they can call us, and what came of a question to their API. */
import { type Check, type Hub, isPublic, undelivered } from '../contract.ts'
import { Refusal } from './cgi.ts'

/** Whether they can call us at all; `paste` is what the field on their page is called. https://developers.weixin.qq.com/doc/service/guide/dev/start/ */
export function addressCheck(name: string, paste: string, { hookUrl }: Hub, mayHavePort = false): Check {
  const { port } = new URL(hookUrl)
  if (isPublic(hookUrl) && (port === '' || mayHavePort)) return { name, ok: true, detail: `${paste}: ${hookUrl}` }
  const mend = mayHavePort
    ? 'Set server.publicUrl to a public address.'
    : 'Set server.publicUrl to a public address on port 80 or 443.'
  return { name, ok: false, detail: `${hookUrl} cannot be called from outside.`, mend }
}

/** What came of asking; the failed check otherwise, with the refusal if it was one. */
export async function attempt<T>(
  name: string,
  ask: () => Promise<T>,
  mendOf: (refusal: Refusal) => string | undefined,
): Promise<{ answer: T } | { check: Check; refusal?: Refusal }> {
  try {
    return { answer: await ask() }
  } catch (error) {
    if (!(error instanceof Refusal)) {
      const { message } = undelivered(error)
      return { check: { name, ok: false, detail: message, mend: 'Check network, proxy and egress.allow.' } }
    }
    const mend = mendOf(error)
    const detail = `The platform says ${error.code}: ${error.message}`
    return { check: { name, ok: false, detail, ...(mend !== undefined && { mend }) }, refusal: error }
  }
}
