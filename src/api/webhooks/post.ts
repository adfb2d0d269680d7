/** One attempt: the event as a signed POST, and what came back. Never throws, never follows a redirect. */
import { type Egress, failureOf } from '../../connectors/runtime/egress.ts'
import { type Answer, retryAfterMs } from './schedule.ts'
import { signatureHeaders } from './signature.ts'

/** What is delivered: the event as the feed has it. */
export interface Notice {
  readonly id: string
  readonly seq: number
  readonly type: string
  readonly subject: string
  readonly actorId: string
  readonly at: Date
  readonly data: unknown
}

export interface Attempted extends Answer {
  readonly at: number
  readonly durationMs: number
  readonly response: string | null
  readonly error: string | null
}

/** How long an endpoint may take. */
export const answerWithinMs = 15_000
const keptCharacters = 4000

/** The body: Standard Webhooks' three members, then ours. The same event always has the same body. */
export function noticeBody({ id, seq, type, subject, actorId, at, data }: Notice): string {
  return JSON.stringify({ type, timestamp: at.toISOString(), data, id, seq, subject, actor: actorId })
}

/** Posts an event. `error` speaks of what went wrong in general words: it is shown to whoever may read attempts. */
export async function postNotice(
  egress: Pick<Egress, 'fetch'>,
  to: { readonly url: string; readonly secrets: readonly string[] },
  notice: Notice,
): Promise<Attempted> {
  const at = Date.now()
  const body = noticeBody(notice)
  const timeLeft = AbortSignal.timeout(answerWithinMs)
  try {
    const response = await egress.fetch(to.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'user-agent': 'Tributary-Webhooks/1',
        ...signatureHeaders(to.secrets, notice.id, at, body),
      },
      body,
      signal: timeLeft,
    })
    const wait = retryAfterMs(response.headers.get('retry-after'), Date.now())
    return {
      at,
      status: response.status,
      ...(wait !== undefined && { retryAfterMs: wait }),
      response: await beginning(response),
      error: response.status >= 300 && response.status < 400 ? 'Redirects are not followed.' : null,
      durationMs: Date.now() - at,
    }
  } catch (error) {
    return { at, durationMs: Date.now() - at, response: null, error: failureOf(error, timeLeft.aborted) }
  }
}

/** The status counts even if the body breaks off. */
async function beginning(response: Response): Promise<string | null> {
  try {
    return (await response.text()).slice(0, keptCharacters)
  } catch {
    return null
  }
}
