/** Versions of resources as HTTP has them: a strong ETag `"v7"`, If-Match before a change, If-None-Match before a read. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Fault } from '../core/platform/errors.ts'

export function etagOf(version: number): string {
  return `"v${version}"`
}

/** Names the version in the answer, and returns the resource for the answer's body. */
export function withEtag<T extends { readonly version: number }>(reply: FastifyReply, resource: T): T {
  reply.header('etag', etagOf(resource.version))
  return resource
}

/**
 * The version that a change must find, to be compared under the row's lock with requireVersion; undefined when the
 * client asks for none. Faults with `version-malformed`.
 */
export function ifMatch(request: FastifyRequest): number | undefined {
  const header = request.headers['if-match']?.trim()
  if (header === undefined || header === '*') return undefined
  const version = /^"v(\d{1,9})"$/.exec(header)?.[1]
  if (version === undefined) {
    throw new Fault('invalid', 'version-malformed', 'If-Match takes the ETag of the resource, as "v7".', {
      errors: [{ pointer: 'header:if-match', detail: 'is not an ETag of ours' }],
    })
  }
  return Number(version)
}

/**
 * The same where a change must say what it has seen; `*` says that anything will do. Faults with `version-missing` (428,
 * RFC 6585, 3) and `version-malformed`.
 */
export function requiredIfMatch(request: FastifyRequest): number | undefined {
  if (request.headers['if-match'] !== undefined) return ifMatch(request)
  throw new Fault('precondition-required', 'version-missing', 'Say in If-Match which version you have seen.', {
    errors: [{ pointer: 'header:if-match', detail: 'is required' }],
  })
}

/** Whether the client has this version already: then answer 304. */
export function isUnchanged(request: FastifyRequest, version: number): boolean {
  const header = request.headers['if-none-match']
  return header?.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etagOf(version)) ?? false
}
