/** Those on the business's side: members and programs, not visitors. */
import type { FastifyRequest } from 'fastify'
import type { KeyPrincipal, MemberPrincipal } from '../core/tenancy/principals.ts'

export type Colleague = MemberPrincipal | KeyPrincipal

/** A request's member or key, on routes that name a permission of theirs. */
export function colleagueOf(request: FastifyRequest): Colleague {
  const { principal } = request
  if (principal.kind === 'visitor') throw new TypeError('A route for members and keys was reached by a visitor.')
  return principal
}
