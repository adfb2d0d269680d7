/** Files that a channel's settings name: they stay as long as the settings name them. */
import type { TenantTx } from '../platform/database.ts'
import { Fault } from '../platform/errors.ts'

/** A file within settings, and where it stands in them. */
export interface NamedFile {
  readonly pointer: string
  readonly fileId: string
  /** A sound; else a picture. */
  readonly isSound: boolean
}

/**
 * Makes these the files that the channel keeps; what it kept besides goes within a day, unless its plan of calls names it. They are pictures or sounds that a member or a
 * program has uploaded, in no message and of no other channel. Faults with `channel-file-unknown`, naming each that is not.
 */
export async function keepChannelFiles(tx: TenantTx, channelId: string, named: readonly NamedFile[]): Promise<void> {
  const ids = [...new Set(named.map(({ fileId }) => fileId))]
  await tx.run(
    `update files set kept_by = null, expires_at = now() + interval '1 day'
      where tenant_id = $1 and kept_by = $2 and id <> all($3::text[])
        and not exists (select from call_plans p join channels c on c.tenant_id = p.tenant_id and c.id = p.channel_id
                         where p.tenant_id = $1 and p.channel_id = $2 and c.removed_at is null and strpos(p.plan::text, files.id) > 0)`,
    tx.tenantId,
    channelId,
    ids,
  )
  if (ids.length === 0) return
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
  const strangers = named.filter(({ fileId }) => !kept.some(({ id }) => id === fileId))
  if (strangers.length === 0) return
  throw new Fault('invalid', 'channel-file-unknown', 'A file that the settings name is not there.', {
    errors: strangers.map(({ pointer, isSound }) => ({
      pointer,
      detail: `names no ${isSound ? 'sound' : 'picture'} that may be used here`,
    })),
  })
}
