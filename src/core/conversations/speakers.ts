/** Who may speak for the business in a conversation, and who decides on it. */
import { Fault } from '../platform/errors.ts'
import type { KeyPrincipal, MemberPrincipal } from '../tenancy/principals.ts'

/** Faults with `reply-not-yours` unless the author may speak for the business in this conversation. */
export function requireSpeaker(
  author: MemberPrincipal | KeyPrincipal,
  of: { readonly assigneeId: string | null; readonly participantIds: readonly string[] },
): void {
  if (!of.participantIds.includes(author.id)) requireHolder(author, of.assigneeId)
}

/** The same for what its holder alone decides, such as its end: who takes part has no say in it. */
export function requireHolder(author: MemberPrincipal | KeyPrincipal, assigneeId: string | null): void {
  if (author.kind === 'member' && author.role === 'agent' && assigneeId !== author.id) {
    throw new Fault('forbidden', 'reply-not-yours', 'Only the agent whom it is assigned to may do this.')
  }
}
