/** Whoever is given the address of a recording stands in the audit log, whichever way they asked. */
import type { FastifyRequest } from 'fastify'
import { recordingsAmong } from '../../core/calls/recordings.ts'
import type { TenantTx } from '../../core/platform/database.ts'
import { askedBy } from './auditing.ts'
import { addAuditEntry } from './entries.ts'

/** Call it in the transaction that reads these files. */
export async function auditRecordings(
  tx: TenantTx,
  request: FastifyRequest,
  fileIds: readonly string[],
): Promise<void> {
  for (const { callId, segment } of await recordingsAmong(tx, fileIds)) {
    await addAuditEntry(tx, {
      action: 'recording.read',
      subject: callId,
      ...askedBy(request),
      changes: [{ field: 'segment', after: segment }],
    })
  }
}
