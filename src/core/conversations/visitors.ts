/**
 * Visitors of a web chat: who a browser is to us. A visitor is nobody in particular until the business vouches for them with
 * a signed word; what the page says by itself stays a claim. Tokens are random and stored as hashes.
 */

import { getContact, lockContact } from '../contacts/contacts.ts'
import { contactFamily } from '../contacts/family.ts'
import { findContactByIdentity } from '../contacts/identities.ts'
import { emit } from '../events/outbox.ts'
import type { Database, TenantTx } from '../platform/database.ts'
import { newId, newSecret } from '../platform/ids.ts'
import { tokenHash } from '../platform/secrets.ts'
import { storable, storableText } from '../platform/text.ts'
import { type ConversationRow, conversationColumns } from './rows.ts'

/** Whose words a browser's are; `subject` is the business's own id of the person. */
export interface VisitorIdentity {
  readonly channelId: string
  /** `vis_…` */
  readonly visitorId: string
  readonly subject: string | null
}

export interface VisitorSession {
  readonly token: string
  readonly visitorId: string
  readonly subject: string | null
  readonly expiresAt: Date
}

export interface VisitorArrival {
  readonly channelId: string
  /** The token that the browser holds, if it holds one that is good on this channel. */
  readonly known?: { readonly token: string; readonly visitorId: string; readonly subject: string | null }
  /** Whom the business vouches for. */
  readonly identity?: { readonly subject: string; readonly name?: string }
  readonly claims?: Readonly<Record<string, string>>
  readonly now: number
  readonly lifeMs: number
}

/**
 * Begins a visitor's session or prolongs the one they hold. A browser that becomes somebody gets a new token and stays the same visitor;
 * one that becomes somebody else is a new visitor, so nothing of the one before is seen or said in their name.
 */
export async function openVisitorSession(tx: TenantTx, arrival: VisitorArrival): Promise<VisitorSession> {
  const { known, identity, channelId } = arrival
  const expiresAt = new Date(arrival.now + arrival.lifeMs)
  const claims = arrival.claims === undefined ? null : JSON.stringify(storable(arrival.claims))
  const name = identity?.name ?? arrival.claims?.name ?? null
  const keep = known !== undefined && (identity === undefined || identity.subject === known.subject)
  if (keep) {
    const kept = await tx.run(
      `update visitor_tokens set expires_at = $3, seen_at = now(), claims = coalesce($4, claims), name = coalesce($5, name)
        where tenant_id = $1 and token_hash = $2`,
      tx.tenantId,
      tokenHash(known.token),
      expiresAt,
      claims,
      name === null ? null : storableText(name).slice(0, 255),
    )
    if (kept > 0) return { token: known.token, visitorId: known.visitorId, subject: known.subject, expiresAt }
  }
  const stays = known !== undefined && known.subject === null
  const visitorId = stays ? known.visitorId : newId('vis')
  const subject = identity?.subject ?? null
  if (stays) {
    await tx.run(
      `delete from visitor_tokens where tenant_id = $1 and token_hash = $2`,
      tx.tenantId,
      tokenHash(known.token),
    )
  }
  const token = `tbv_${newSecret()}`
  await tx.run(
    `insert into visitor_tokens (tenant_id, token_hash, channel_id, visitor_id, subject, claims, name, expires_at)
     values ($1, $2, $3, $4, $5, coalesce($6, '{}'::jsonb), $7, $8)`,
    tx.tenantId,
    tokenHash(token),
    channelId,
    visitorId,
    subject,
    claims,
    name === null ? null : storableText(name).slice(0, 255),
    expiresAt,
  )
  if (subject !== null) await recognise(tx, { channelId, visitorId, subject })
  return { token, visitorId, subject, expiresAt }
}

/**
 * What an anonymous visitor said before they became somebody stays theirs: if the person is new to us, the visitor's contact is
 * the person's from now on, unless it is somebody's already.
 */
async function recognise(tx: TenantTx, visitor: VisitorIdentity & { readonly subject: string }): Promise<void> {
  const { channelId, visitorId, subject } = visitor
  const anonymous = await findContactByIdentity(tx, { kind: 'visitor', scope: channelId, address: visitorId })
  if (anonymous === undefined) return
  const contact = await lockContact(tx, anonymous)
  const added = await tx.run(
    `insert into identities (tenant_id, kind, scope, address, contact_id, verified)
     select tenant_id, 'customer', scope, $3, contact_id, true from identities
      where tenant_id = $1 and kind = 'visitor' and scope = $2 and address = $4
        and not exists (select 1 from identities where tenant_id = $1 and contact_id = any($5::text[]) and kind = 'customer' and scope = $2)
     on conflict do nothing`,
    tx.tenantId,
    channelId,
    subject,
    visitorId,
    await contactFamily(tx, contact.id),
  )
  if (added === 0) return
  await tx.run(
    `update contacts set updated_at = now(), version = version + 1 where tenant_id = $1 and id = $2`,
    tx.tenantId,
    contact.id,
  )
  await emit(tx, 'contact.updated', contact.id, { contact: await getContact(tx, contact.id) })
}

/** What goes with a visitor's messages: their name and what the page claims of them. Undefined when the session is over. */
export async function visitorWords(
  db: Database,
  token: string,
): Promise<{ readonly name: string | null; readonly claims: Record<string, string> } | undefined> {
  const rows = await db.ground<{ name: string | null; claims: Record<string, string> }>(
    `select name, claims from visitor_tokens where token_hash = $1`,
    tokenHash(token),
  )
  return rows[0]
}

/** By which identity a visitor's contact is known. */
export function addressOfVisitor(visitor: VisitorIdentity): { kind: string; scope: string; address: string } {
  return visitor.subject === null
    ? { kind: 'visitor', scope: visitor.channelId, address: visitor.visitorId }
    : { kind: 'customer', scope: visitor.channelId, address: visitor.subject }
}

/** The contact that a visitor is; undefined until the first message has been taken in. */
export function contactOfVisitor(tx: TenantTx, visitor: VisitorIdentity): Promise<string | undefined> {
  return findContactByIdentity(tx, addressOfVisitor(visitor))
}

/** The conversation that a contact's next word would go on, or the last one. */
export async function latestConversation(tx: TenantTx, contactId: string): Promise<ConversationRow | undefined> {
  return tx.maybe<ConversationRow>(
    `select ${conversationColumns} from conversations c where c.tenant_id = $1 and c.contact_id = any($2::text[])
      order by c.status <> 'closed' desc, c.opened_at desc limit 1`,
    tx.tenantId,
    await contactFamily(tx, contactId),
  )
}
