/** Files that a channel's settings name: they stay as long as the settings name them. */
import type { TenantTx } from '../platform/database.ts'
import { Fault } from '../platform/errors.ts'

/** A file within settings, and where it stands in them. */
export interface NamedFile {
  readonly pointer: string
  readonly fileId: string
}

/**
 * Makes these the files that the channel keeps; what it kept besides goes within a day. They are pictures that a member or a
 * program has uploaded, in no message and of no other channel. Faults with `channel-file-unknown`, naming each that is not.
 */
export async function keepChannelFiles(tx: TenantTx, channelId: string, named: readonly NamedFile[]): Promise<void> {
  const ids = [...new Set(named.map(({ fileId }) => fileId))]
  await tx.run(
    `update files set kept_by = null, expires_at = now() + interval '1 day'
      where tenant_id = $1 and kept_by = $2 and thumbnail_key is not null and id <> all($3::text[])`,
    tx.tenantId,
    channelId,
    ids,
  )
  if (ids.length === 0) return
  const kept = await tx.query<{ id: string }>(
    `update files set kept_by = $2, expires_at = null
      where tenant_id = $1 and id = any($3::text[]) and state = 'ready' and message_id is null
        and uploader_kind <> 'visitor' and thumbnail_key is not null and coalesce(kept_by, $2) = $2
     returning id`,
    tx.tenantId,
    channelId,
    ids,
  )
  const strangers = named.filter(({ fileId }) => !kept.some(({ id }) => id === fileId))
  if (strangers.length === 0) return
  throw new Fault('invalid', 'channel-file-unknown', 'A picture that the settings name is not there.', {
    errors: strangers.map(({ pointer }) => ({ pointer, detail: 'names no picture that may be used here' })),
  })
}
