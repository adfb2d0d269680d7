/**
 * Whom customers know: who served them last, and whom they or their page asked for. For a whole batch, in statements that look
 * rows up by lists of ids: a subquery for each conversation was planned as a scan of the tenant. Reading only.
 */
import type { Tx } from '../core/platform/database.ts'

export interface Served {
  readonly agentId: string
  readonly at: Date
}

interface Asker {
  readonly id: string
  readonly contactId: string
}

/**
 * By conversation: whoever served it last, if it was reopened, else whoever served the one before of the customer, or of anybody
 * whom they were merged with.
 */
export async function readLastServed(
  tx: Tx,
  tenantIds: readonly string[],
  conversations: readonly Asker[],
): Promise<Map<string, Served>> {
  const own = await tx.query<Served & { id: string }>(
    `select distinct on (conversation_id) conversation_id as id, agent_id, started_at as at from assignments
      where tenant_id = any($1) and conversation_id = any($2) order by conversation_id, started_at desc`,
    tenantIds,
    conversations.map(({ id }) => id),
  )
  const found = new Map<string, Served>(own.map(({ id, ...served }) => [id, served]))
  const others = conversations.filter(({ id }) => !found.has(id))
  if (others.length === 0) return found
  const families = await readFamilies(tx, tenantIds, others)
  const before = await tx.query<Served & { id: string }>(
    `select distinct on (contact_id) contact_id as id, assignee_id as agent_id, closed_at as at from conversations
      where tenant_id = any($1) and contact_id = any($2) and status = 'closed' and assignee_id is not null
      order by contact_id, closed_at desc`,
    tenantIds,
    [...new Set([...families.values()].flat())],
  )
  const byContact = new Map(before.map(({ id, ...served }) => [id, served]))
  for (const { id, contactId } of others) {
    const served = (families.get(contactId) ?? []).flatMap((one) => byContact.get(one) ?? [])
    const last = served.sort((a, b) => b.at.getTime() - a.at.getTime())[0]
    if (last !== undefined) found.set(id, last)
  }
  return found
}

/** By contact: itself and all that are one person with it. */
async function readFamilies(
  tx: Tx,
  tenantIds: readonly string[],
  askers: readonly Asker[],
): Promise<Map<string, string[]>> {
  const rows = await tx.query<{ id: string; survivorId: string }>(
    'select id, coalesce(merged_into, id) as survivor_id from contacts where tenant_id = any($1) and id = any($2)',
    tenantIds,
    askers.map(({ contactId }) => contactId),
  )
  const merged = await tx.query<{ id: string; survivorId: string }>(
    'select id, merged_into as survivor_id from contacts where tenant_id = any($1) and merged_into = any($2)',
    tenantIds,
    rows.map(({ survivorId }) => survivorId),
  )
  const members = Map.groupBy(merged, ({ survivorId }) => survivorId)
  return new Map(
    rows.map(({ id, survivorId }) => [id, [survivorId, ...(members.get(survivorId) ?? []).map((one) => one.id)]]),
  )
}

/** By contact: the member whom their page's claim `agent` names, by id or number. */
export async function readDesignated(
  tx: Tx,
  tenantIds: readonly string[],
  contactIds: readonly string[],
): Promise<Map<string, string>> {
  const asking = await tx.query<{ tenantId: string; id: string; agent: string }>(
    `select tenant_id, id, claims->>'agent' as agent from contacts
      where tenant_id = any($1) and id = any($2) and claims ? 'agent'`,
    tenantIds,
    contactIds,
  )
  if (asking.length === 0) return new Map()
  const members = await tx.query<{ tenantId: string; id: string; number: string | null }>(
    `select tenant_id, id, number from members
      where tenant_id = any($1) and (id = any($2) or number = any($2)) and disabled_at is null order by id`,
    [...new Set(asking.map(({ tenantId }) => tenantId))],
    asking.map(({ agent }) => agent),
  )
  const found = new Map<string, string>()
  for (const { tenantId, id, agent } of asking) {
    const isMeant = (member: (typeof members)[number]) =>
      member.tenantId === tenantId && (member.id === agent || member.number === agent)
    const member = members.find(isMeant)
    if (member !== undefined) found.set(id, member.id)
  }
  return found
}
