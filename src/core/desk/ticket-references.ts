/** Whom and what a ticket may name: each is looked up before anything is written, and a wrong one is pointed at. */
import { getContact } from '../contacts/contacts.ts'
import { getConversation } from '../conversations/conversations.ts'
import { viewerOf } from '../conversations/visibility.ts'
import type { TenantTx } from '../platform/database.ts'
import { Fault } from '../platform/errors.ts'
import type { KeyPrincipal, MemberPrincipal } from '../tenancy/principals.ts'

/** Faults with `member-unknown` unless all of them are members who are not disabled. */
export async function requireMembers(tx: TenantTx, ids: readonly string[], pointer: string): Promise<void> {
  const wanted = new Set(ids)
  if (wanted.size === 0) return
  const { found } = await tx.one<{ found: number }>(
    'select count(*)::int as found from members where tenant_id = $1 and id = any($2) and disabled_at is null',
    tx.tenantId,
    [...wanted],
  )
  if (found < wanted.size) {
    throw new Fault('invalid', 'member-unknown', 'There is no such member, or they are disabled.', {
      errors: [{ pointer, detail: 'names no member' }],
    })
  }
}

/** Faults with `group-unknown`. */
export async function requireTicketGroup(tx: TenantTx, id: string): Promise<void> {
  const found = await tx.maybe(
    'select 1 from skill_groups where tenant_id = $1 and id = $2 and removed_at is null',
    tx.tenantId,
    id,
  )
  if (found === undefined) {
    throw new Fault('invalid', 'group-unknown', `There is no skill group ${id}.`, {
      errors: [{ pointer: '/groupId', detail: 'names no skill group' }],
    })
  }
}

/**
 * Whose ticket it is: the contact of the conversation from which it is made, which its maker must see, or the one that is named.
 * Faults: `conversation-unknown`, `contact-unknown`, `ticket-contact-foreign` when both are named and do not belong together.
 */
export async function contactOfTicket(
  tx: TenantTx,
  by: MemberPrincipal | KeyPrincipal,
  contactId: string | null,
  conversationId: string | null,
): Promise<string | null> {
  const named = contactId === null ? null : (await getContact(tx, contactId)).id
  if (conversationId === null) return named
  const conversation = await getConversation(tx, viewerOf(by), conversationId)
  const theirs = (await getContact(tx, conversation.contactId)).id
  if (named !== null && named !== theirs) {
    throw new Fault('invalid', 'ticket-contact-foreign', 'The conversation is another contact’s.', {
      errors: [{ pointer: '/contactId', detail: 'is not who the conversation is with' }],
    })
  }
  return theirs
}
