/** All that is kept of a person, in one document, for whoever asks what is known of them (PIPL, article 45). */
import { getContact } from '../contacts/contacts.ts'
import { contactFamily } from '../contacts/family.ts'
import { type AuthoredRow, authoredColumns, authoredMessages } from '../conversations/conversations.ts'
import { toMessage } from '../conversations/rows.ts'
import type { Contact, Message } from '../events/shapes.ts'
import type { TenantTx } from '../platform/database.ts'

export interface PersonData {
  readonly contact: Contact
  /** Those of their addresses that are on the blocklist. */
  readonly blockedIdentities: readonly {
    readonly kind: string
    readonly address: string
    readonly reason: string | null
  }[]
  readonly notes: readonly { readonly text: string; readonly createdAt: string }[]
  readonly conversations: readonly {
    readonly id: string
    readonly channelId: string
    readonly openedAt: string
    readonly closedAt: string | null
  }[]
  readonly messages: readonly Message[]
  readonly calls: readonly { readonly number: string; readonly startedAt: string; readonly endedAt: string | null }[]
  readonly tickets: readonly unknown[]
  readonly files: readonly {
    readonly id: string
    readonly name: string
    readonly mediaType: string
    readonly bytes: number
  }[]
}

/** Locks nothing. Faults: `contact-unknown`, `contact-erased`. */
export async function personData(tx: TenantTx, reference: string): Promise<PersonData> {
  const contact = await getContact(tx, reference)
  const family = await contactFamily(tx, contact.id)
  const all = <T>(sql: string) => tx.query<T>(sql, tx.tenantId, family)
  const messages = await all<AuthoredRow>(
    `select ${authoredColumns} from ${authoredMessages}
      where m.tenant_id = $1 and m.contact_id = any($2::text[]) order by m.created_at, m.id`,
  )
  return {
    contact,
    blockedIdentities: await all(
      `select b.kind, b.address, b.reason from blocked_identities b join identities i using (tenant_id, kind, scope, address)
        where tenant_id = $1 and i.contact_id = any($2::text[]) order by b.blocked_at, b.id`,
    ),
    notes: await all(
      `select text, to_json(created_at) #>> '{}' as created_at from contact_notes
        where tenant_id = $1 and contact_id = any($2::text[]) order by created_at, id`,
    ),
    conversations: await all(
      `select id, channel_id, to_json(opened_at) #>> '{}' as opened_at, to_json(closed_at) #>> '{}' as closed_at from conversations
        where tenant_id = $1 and contact_id = any($2::text[]) order by opened_at, id`,
    ),
    messages: messages.map((row) => toMessage(row, row.authorName)),
    calls: await all(
      `select k.number, to_json(k.started_at) #>> '{}' as started_at, to_json(k.ended_at) #>> '{}' as ended_at
         from calls k join conversations c on c.tenant_id = k.tenant_id and c.id = k.conversation_id
        where k.tenant_id = $1 and c.contact_id = any($2::text[]) order by k.started_at, k.id`,
    ),
    tickets: await all(
      `select number, subject, description, status, fields, tags, to_json(created_at) #>> '{}' as created_at,
              coalesce((select jsonb_agg(jsonb_build_object('kind', c.kind, 'text', c.text, 'createdAt', c.created_at) order by c.number)
                          from ticket_comments c where c.tenant_id = t.tenant_id and c.ticket_id = t.id), '[]') as comments
         from tickets t where tenant_id = $1 and contact_id = any($2::text[]) order by number`,
    ),
    files: await all(
      `select f.id, f.name, f.media_type, f.bytes from files f join messages m on m.tenant_id = f.tenant_id and m.id = f.message_id
        where f.tenant_id = $1 and m.contact_id = any($2::text[]) and f.state = 'ready' order by f.created_at, f.id`,
    ),
  }
}
