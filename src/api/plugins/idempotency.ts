/**
 * Repeating a POST does it once (draft-ietf-httpapi-idempotency-key-header-07). The key is a row written in the very
 * transaction of the effect, so there is never one without the other: a repetition that comes while the first is still
 * at work waits for it and then gets the same answer.
 */
import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { sqlState, type TenantTx } from '../../core/platform/database.ts'
import { Fault } from '../../core/platform/errors.ts'
import { audited } from '../audit/auditing.ts'
import { canonicalJson } from '../cursors.ts'
import type { ServerParts } from '../server.ts'
import { write, writeAsIs } from '../transactions.ts'

/** What a POST answers. */
export interface Answer<Body> {
  readonly status: number
  readonly body: Body
  /** Location, ETag… in lower case. */
  readonly headers?: Readonly<Record<string, string>>
}

interface Kept {
  readonly fingerprint: string
  readonly status: number
  readonly headers: Record<string, string> | null
  readonly body: string
}

/**
 * Runs `work` in one transaction of whoever asks and sends its answer; with an Idempotency-Key, at most once: the same
 * request again is answered as before with `Idempotency-Replayed: true`. Nothing is kept of a request that failed.
 *
 * Faults with `idempotency-key-missing` where the route requires one, `-invalid`, `-reused` (422: the same key with
 * another request), `-in-flight` (409: the first is taking longer than a lock may be waited for).
 */
export async function idempotent<Body>(
  parts: ServerParts,
  request: FastifyRequest,
  reply: FastifyReply,
  work: (tx: TenantTx) => Promise<Answer<Body>>,
): Promise<Body> {
  const key = keyOf(request)
  if (key === undefined) return send(reply, await write(parts, request.principal, work))
  const { credential, tenantId } = request.principal
  const fingerprint = createHash('sha256')
    .update(canonicalJson([request.method, request.url, request.body]))
    .digest('base64url')
  try {
    return await writeAsIs(parts, request.principal, async (tx) => {
      const expires = new Date(parts.clock() + parts.settings.idempotencyHours * 3_600_000)
      const now = new Date(parts.clock())
      // Waits here while another transaction holds the same key. A row that has expired is taken over.
      const mine = await tx.run(
        `insert into idempotency_keys as k (tenant_id, credential, key, fingerprint, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (tenant_id, credential, key) do update
            set fingerprint = excluded.fingerprint, status = null, headers = null, body = null,
                created_at = excluded.created_at, expires_at = excluded.expires_at
          where k.expires_at <= excluded.created_at`,
        tenantId,
        credential,
        key,
        fingerprint,
        now,
        expires,
      )
      if (mine === 0) {
        const kept = await tx.one<Kept>(
          'select fingerprint, status, headers, body from idempotency_keys where tenant_id = $1 and credential = $2 and key = $3',
          tenantId,
          credential,
          key,
        )
        if (kept.fingerprint !== fingerprint) {
          throw new Fault('conflict', 'idempotency-key-reused', 'This key was used for another request.')
        }
        reply.header('idempotency-replayed', 'true')
        return send(reply, {
          status: kept.status,
          body: JSON.parse(kept.body) as Body,
          headers: kept.headers ?? {},
        })
      }
      // Here and not round all of it: a repetition does nothing that could be audited.
      const answer = await audited(request.principal, work)(tx)
      await tx.run(
        'update idempotency_keys set status = $4, headers = $5, body = $6 where tenant_id = $1 and credential = $2 and key = $3',
        tenantId,
        credential,
        key,
        answer.status,
        JSON.stringify(answer.headers ?? {}),
        JSON.stringify(answer.body),
      )
      return send(reply, answer)
    })
  } catch (error) {
    if (sqlState(error) !== '55P03') throw error
    throw new Fault('conflict', 'idempotency-key-in-flight', 'The first request with this key is still at work.', {
      cause: error,
      retryAfterSeconds: 1,
    })
  }
}

/** Sets status and headers; the body is what the handler returns, so that the response schema applies to it. */
function send<Body>(reply: FastifyReply, answer: Answer<Body>): Body {
  reply.code(answer.status).headers({ ...answer.headers })
  return answer.body
}

/** The key: an sf-string (`"abc"`) or the bare word. */
function keyOf(request: FastifyRequest): string | undefined {
  const header = request.headers['idempotency-key']
  if (header === undefined) {
    if (request.routeOptions.config.idempotencyKey !== 'required') return undefined
    throw new Fault('invalid', 'idempotency-key-missing', 'This request needs an Idempotency-Key.', {
      errors: [{ pointer: 'header:idempotency-key', detail: 'is required' }],
    })
  }
  const key = typeof header === 'string' ? header.replace(/^"(.*)"$/, '$1') : ''
  if (!/^[\x21\x23-\x7e]{1,255}$/.test(key)) {
    throw new Fault('invalid', 'idempotency-key-invalid', 'An Idempotency-Key is 1 to 255 visible ASCII characters.', {
      errors: [{ pointer: 'header:idempotency-key', detail: 'is not such a key' }],
    })
  }
  return key
}
