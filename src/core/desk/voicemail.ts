/** A message left on the telephone as a ticket (留言), where the business wants one. */
import type { TenantTx } from '../platform/database.ts'
import type { KeyPrincipal } from '../tenancy/principals.ts'
import { createTicket } from './tickets.ts'

/** Makes the ticket of a call at whose end a message was left; the message itself stands in the conversation that it names. */
export async function ticketOfVoicemail(tx: TenantTx, callId: string): Promise<void> {
  const call = await tx.maybe<{ conversationId: string; contactId: string; groupId: string | null; number: string }>(
    `select k.conversation_id, c.contact_id, c.group_id, k.number from calls k
       join conversations c on c.tenant_id = k.tenant_id and c.id = k.conversation_id where k.tenant_id = $1 and k.id = $2`,
    tx.tenantId,
    callId,
  )
  if (call === undefined) return
  const { conversationId, contactId, groupId, number } = call
  await createTicket(tx, hub(tx.tenantId), {
    subject: `☎ 留言 Voicemail ${number}`.trim(),
    contactId,
    conversationId,
    groupId,
  })
}

/** The hub itself, where somebody has to be named. */
function hub(tenantId: string): KeyPrincipal {
  const permissions = new Set(['ticket:read-all', 'conversation:read-all', 'conversation:read'])
  return { kind: 'key', id: 'system:voicemail', tenantId, credential: '', permissions }
}
