/**
 * Saying that something changed here. The event is a row of the transaction that made the change, so there is never one
 * without the other; the relay (relay.ts) carries it on.
 */
import type { TenantTx, Tx } from '../platform/database.ts'
import { newId } from '../platform/ids.ts'
import { storable } from '../platform/text.ts'
import { textArray } from '../platform/text-array.ts'
import type { EventData, EventName } from './catalogue.ts'

export interface Emission<Name extends EventName = EventName> {
  readonly type: Name
  readonly tenantId: string
  /** What it is about: the id of a conversation, contact, channel… Events of one subject stay in order. */
  readonly subject: string
  readonly data: EventData<Name>
  /** The event or command that led to this one. */
  readonly causationId?: string
}

/** Checked in tests: every emission's data against the catalogue. Unset in production, where the types have to do. */
let inspector: ((emission: Emission) => void) | undefined

export function inspectEmissions(inspect: ((emission: Emission) => void) | undefined): void {
  inspector = inspect
}

/**
 * Emits within the transaction. Call it among the last statements, with the subject's row locked: order of rows of one
 * subject is then order of commits.
 */
export function emit<Name extends EventName>(
  tx: TenantTx,
  type: Name,
  subject: string,
  data: EventData<Name>,
  causationId?: string,
): Promise<void> {
  return emitAll(tx, [
    { type, tenantId: tx.tenantId, subject, data, ...(causationId !== undefined && { causationId }) },
  ])
}

/** The same for many at once, of any tenants that the transaction may write for. Order is kept. */
export async function emitAll(tx: Tx, emissions: readonly Emission[]): Promise<void> {
  if (emissions.length === 0) return
  if (inspector !== undefined) emissions.forEach(inspector)
  await tx.run(
    `insert into outbox (tenant_id, event_id, type, subject, data, actor_id, causation_id)
     select t, e, y, s, d::jsonb, $6, c
       from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $7::text[])
            with ordinality as u (t, e, y, s, d, c, n)
      order by n`,
    textArray(emissions.map((emission) => emission.tenantId)),
    textArray(emissions.map(() => newId('evt'))),
    textArray(emissions.map((emission) => emission.type)),
    textArray(emissions.map((emission) => emission.subject)),
    textArray(emissions.map((emission) => JSON.stringify(storable(emission.data)))),
    tx.actorId,
    textArray(emissions.map((emission) => emission.causationId ?? null)),
  )
}
