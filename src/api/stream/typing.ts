/** Somebody is writing: told to the other side and to colleagues who see the conversation, kept nowhere. */
import { getConversation } from '../../core/conversations/conversations.ts'
import { type Audience, audienceOf } from '../../core/conversations/rows.ts'
import type { Signals } from '../../core/conversations/signals.ts'
import { viewerOf } from '../../core/conversations/visibility.ts'
import { contactOfVisitor, latestConversation } from '../../core/conversations/visitors.ts'
import type { Database } from '../../core/platform/database.ts'
import type { VisitorPrincipal } from '../../core/tenancy/principals.ts'
import type { Colleague } from '../colleagues.ts'

interface Parts {
  readonly db: Database
  readonly signals: Signals
}

/** An agent is writing. Faults with `conversation-unknown` when they may not see it. */
export async function signalTyping({ db, signals }: Parts, by: Colleague, conversationId: string): Promise<void> {
  const conversation = await db.transaction(by, (tx) => getConversation(tx, viewerOf(by), conversationId))
  signals.publish({
    type: 'typing',
    tenantId: by.tenantId,
    conversationId,
    by: { kind: 'member', id: by.id },
    audience: audienceOf(conversation),
  })
}

/** A visitor is writing: in their open conversation; nobody hears it while there is none. */
export async function signalVisitorTyping({ db, signals }: Parts, by: VisitorPrincipal): Promise<void> {
  const found = await openConversationOf(db, by)
  if (found === undefined) return
  signals.publish({
    type: 'typing',
    tenantId: by.tenantId,
    conversationId: found.id,
    by: { kind: 'contact', id: found.contactId },
    audience: audienceOf(found),
  })
}

/** Tells the agents who see a visitor's open conversation whether the visitor is there; answers with its id if there is one. */
export async function signalOnline(
  { db, signals }: Parts,
  who: VisitorPrincipal,
  online: boolean,
): Promise<string | undefined> {
  const found = await openConversationOf(db, who)
  if (found === undefined) return undefined
  signals.publish({
    type: 'visitor.online',
    tenantId: who.tenantId,
    conversationId: found.id,
    online,
    audience: audienceOf(found),
  })
  return found.id
}

/** Tells of those of these conversations that are open that their visitors are there. */
export async function signalOnlineAgain({ db, signals }: Parts, tenantId: string, ids: readonly string[]) {
  if (ids.length === 0) return
  const rows = await db.transaction({ id: 'stream', tenantId }, (tx) =>
    tx.query<Audience & { id: string }>(
      `select id, contact_id, held_by, group_id, assignee_id, participant_ids from conversations
        where tenant_id = $1 and id = any($2) and status <> 'closed'`,
      tenantId,
      ids,
    ),
  )
  for (const { id, ...audience } of rows) {
    signals.publish({ type: 'visitor.online', tenantId, conversationId: id, online: true, audience })
  }
}

function openConversationOf(db: Database, visitor: VisitorPrincipal) {
  return db.transaction(visitor, async (tx) => {
    const contactId = await contactOfVisitor(tx, { ...visitor, visitorId: visitor.id })
    if (contactId === undefined) return undefined
    const conversation = await latestConversation(tx, contactId)
    return conversation?.status === 'closed' ? undefined : conversation
  })
}
