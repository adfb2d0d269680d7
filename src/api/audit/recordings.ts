/** Whoever is given the address of a recording stands in the audit log, whichever way they asked. */
import type { FastifyRequest } from 'fastify'
import { recordingsAmong } from '../../core/calls/recordings.ts'
import type { TenantTx } from '../../core/platform/database.ts'
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
      credential: request.asker?.credential ?? null,
      address: request.ip,
      userAgent: request.headers['user-agent']?.slice(0, 300) ?? null,
      requestId: request.id,
      changes: [{ field: 'segment', after: segment }],
    })
  }
}
