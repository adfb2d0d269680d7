/** What the business itself knows of a caller, noted with the call before a phone rings for it. */
import { audienceOf } from '../conversations/rows.ts'
import type { CallLookup } from '../events/call-shapes.ts'
import { emit } from '../events/outbox.ts'
import type { TenantTx } from '../platform/database.ts'
import { storable } from '../platform/text.ts'
import { lockCall } from './calls.ts'
import { toCall } from './rows.ts'

/** Notes it, and tells everybody who sees the call. Locks its conversation. Faults with `call-unknown`. */
export async function noteLookup(tx: TenantTx, callId: string, given: CallLookup, at: number): Promise<void> {
  const { row } = await lockCall(tx, callId)
  const lookup = storable(given)
  await tx.run(
    'update calls set lookup = $3 where tenant_id = $1 and id = $2',
    tx.tenantId,
    callId,
    JSON.stringify(lookup),
  )
  await emit(tx, 'call.updated', row.conversationId, { call: toCall({ ...row, lookup }, at), ...audienceOf(row) })
}
