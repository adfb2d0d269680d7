/** Offers as they are shown: what an agent is asked to accept. Reading only: the shard makes and ends them. */
import type { Offer } from '../core/events/shapes.ts'
import type { TenantTx } from '../core/platform/database.ts'

interface OfferRow extends Omit<Offer, 'expiresAt' | 'createdAt'> {
  readonly expiresAt: Date
  readonly createdAt: Date
}

const columns = `id, conversation_id, ticket_id, agent_id as member_id, group_id, state, reason, why, expires_at, created_at`

/** Offers that wait for an answer, oldest first: of one member, or of all. Never long: an agent has a handful. */
export async function listOpenOffers(tx: TenantTx, memberId: string | undefined): Promise<Offer[]> {
  const rows = await tx.query<OfferRow>(
    `select ${columns} from offers
      where tenant_id = $1 and state = 'open' and ($2::text is null or agent_id = $2) order by id limit 1000`,
    tx.tenantId,
    memberId ?? null,
  )
  return rows.map(shape)
}

/** An offer to that member; undefined when there is none of that id, or it is somebody else's. */
export async function findOffer(tx: TenantTx, id: string, memberId: string): Promise<Offer | undefined> {
  const row = await tx.maybe<OfferRow>(
    `select ${columns} from offers where tenant_id = $1 and id = $2 and agent_id = $3`,
    tx.tenantId,
    id,
    memberId,
  )
  return row && shape(row)
}

function shape({ expiresAt, createdAt, ...row }: OfferRow): Offer {
  return { ...row, expiresAt: expiresAt.toISOString(), createdAt: createdAt.toISOString() }
}
