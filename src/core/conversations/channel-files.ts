/** Files that a channel names, in its settings or in its plan of calls: they stay as long as it does. */
import type { TenantTx } from '../platform/database.ts'
import { Fault, type FaultDetail } from '../platform/errors.ts'

/** A file that is named, and where it stands. */
export interface NamedFile {
  readonly pointer: string
  readonly fileId: string
  /** A sound; else a picture. */
  readonly isSound: boolean
}

/**
 * Keeps the files that the settings name. To be called once they are written, with the channel locked. Faults with `channel-file-unknown`, naming
 * each that is not there.
 */
export async function keepChannelFiles(tx: TenantTx, channelId: string, named: readonly NamedFile[]): Promise<void> {
  const errors = await keepNamedFiles(tx, channelId, named)
  if (errors.length === 0) return
  throw new Fault('invalid', 'channel-file-unknown', 'A file that the settings name is not there.', { errors })
}

/**
 * Keeps these for the channel; what it kept besides, and neither its settings nor its plan of calls names as they are written now, goes within a
 * day. They are pictures or sounds that a member or a program has uploaded, in no message and of no other channel. Answers with those that are not.
 */
export async function keepNamedFiles(
  tx: TenantTx,
  channelId: string,
  named: readonly NamedFile[],
): Promise<FaultDetail[]> {
  const ids = [...new Set(named.map(({ fileId }) => fileId))]
  await tx.run(
    `update files set kept_by = null, expires_at = now() + interval '1 day'
      where tenant_id = $1 and kept_by = $2
        and not exists (select from channels c left join call_plans p on p.tenant_id = c.tenant_id and p.channel_id = c.id
                         where c.tenant_id = $1 and c.id = $2 and c.removed_at is null
                           and strpos(concat(c.settings::text, p.plan::text), files.id) > 0)`,
    tx.tenantId,
    channelId,
  )
  if (ids.length === 0) return []
  const kept = await tx.query<{ id: string }>(
    `update files set kept_by = $2, expires_at = null
      where tenant_id = $1 and id = any($3::text[]) and state = 'ready' and message_id is null
        and uploader_kind <> 'visitor' and (case when id = any($4::text[]) then media_type like 'audio/%' else thumbnail_key is not null end)
        and coalesce(kept_by, $2) = $2
     returning id`,
    tx.tenantId,
    channelId,
    ids,
    named.flatMap(({ fileId, isSound }) => (isSound ? [fileId] : [])),
  )
  return named
    .filter(({ fileId }) => !kept.some(({ id }) => id === fileId))
    .map(({ pointer, isSound }) => ({
      pointer,
      detail: `names no ${isSound ? 'sound' : 'picture'} that may be used here`,
    }))
}
