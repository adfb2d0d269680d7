/**
 * What routes declare to be audited is recorded in the very transaction that does it: there is never a change without its
 * entry, nor an entry without its change. The transactions of a request are found by their actor, which is one object for
 * each request.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Actor, TenantTx } from '../../core/platform/database.ts'
import type { ServerParts } from '../server.ts'
import { addAuditEntry, type FieldChange, type NewAuditEntry } from './entries.ts'
import { changesBetween, hasSnapshot, keyLength, snapshotOf } from './snapshots.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /**
     * What the audit log says of a call: `noun.verb`, as `member.update`. Every route that changes something has it or
     * `unaudited`; of those that only read, the sensitive ones.
     */
    audit?: string
    /** Why a route that changes something is not audited, as a sentence. */
    unaudited?: string
  }
}

interface Auditing {
  readonly request: FastifyRequest
  readonly action: string
  /** An entry is written, or there was nothing to write. */
  isSettled: boolean
}

const byActor = new WeakMap<Actor, Auditing>()
const byRequest = new WeakMap<FastifyRequest, Auditing>()

/** Of whoever asks, what an entry says. */
export function askedBy(
  request: FastifyRequest,
): Pick<NewAuditEntry, 'credential' | 'address' | 'userAgent' | 'requestId'> {
  return {
    credential: request.asker?.credential ?? null,
    address: request.ip,
    userAgent: request.headers['user-agent']?.slice(0, 300) ?? null,
    requestId: request.id,
  }
}

/** From now on that actor's transactions are those of the request. For routes whose caller is known only once they have begun. */
export function actFor(request: FastifyRequest, actor: Actor): Actor {
  const action = request.routeOptions.config.audit
  if (action === undefined) return actor
  const auditing = { request, action, isSettled: false }
  byActor.set(actor, auditing)
  byRequest.set(request, auditing)
  return actor
}

/** Call it after `authenticate`. */
export function auditRequests(app: FastifyInstance, { db }: Pick<ServerParts, 'db'>): void {
  app.addHook('onRequest', async (request) => {
    if (!request.is404 && request.asker !== undefined) actFor(request, request.asker)
  })
  // What a handler did elsewhere than in `write` is recorded here, before the answer leaves: a sensitive read too.
  app.addHook('onSend', async (request, reply, payload) => {
    const auditing = byRequest.get(request)
    if (auditing === undefined || auditing.isSettled || request.asker === undefined) return payload
    if (reply.statusCode >= 400 || reply.hasHeader('idempotency-replayed')) return payload
    await db.transaction(
      request.asker,
      audited(request.asker, async () => undefined),
    )
    return payload
  })
}

/** `work`, and in the same transaction what is to be said of it, if the actor is that of a request that is audited. */
export function audited<T>(actor: Actor, work: (tx: TenantTx) => Promise<T>): (tx: TenantTx) => Promise<T> {
  const auditing = byActor.get(actor)
  if (auditing === undefined || auditing.isSettled) return work
  const { request, action } = auditing
  return async (tx) => {
    const named = Object.values((request.params ?? {}) as Record<string, string>)
    const before = await snapshotOf(tx, action, named)
    const result = await work(tx)
    const made = idOf(result)
    const key = made !== undefined && keyLength(action) === named.length + 1 ? [...named, made] : named
    const after = await snapshotOf(tx, action, key)
    const changes =
      hasSnapshot(action) && (before ?? after) !== undefined
        ? changesBetween(action, before, after)
        : namesOf(request.body)
    // A form that is saved as it was, a CRM that writes each night what it wrote before.
    const isNothing = changes.length === 0 && before !== undefined && /\.(update|upsert)$/.test(action)
    if (!isNothing) {
      await addAuditEntry(tx, {
        action,
        subject: key.at(-1) ?? made ?? null,
        ...askedBy(request),
        changes,
      })
    }
    tx.afterCommit(() => {
      auditing.isSettled = true
    })
    return result
  }
}

/** The same for reading, on routes that do nothing else: others read before they write. */
export function auditedRead<T>(actor: Actor, work: (tx: TenantTx) => Promise<T>): (tx: TenantTx) => Promise<T> {
  return byActor.get(actor)?.request.method === 'GET' ? audited(actor, work) : work
}

/** The id of what an act made: of its answer, or of the one record in it. */
function idOf(result: unknown): string | undefined {
  const answer = membersOf(membersOf(result).body ?? result)
  for (const place of [answer, ...Object.values(answer).map(membersOf)]) {
    if (typeof place.id === 'string') return place.id
  }
  return undefined
}

function membersOf(value: unknown): Record<string, unknown> {
  return value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : {}
}

/** Of an act without a record of its own: what was given, by name alone. */
function namesOf(body: unknown): FieldChange[] {
  return Array.isArray(body) ? [] : Object.keys(membersOf(body)).map((field) => ({ field }))
}
