/** A file as it is shown to whoever may see it: with the addresses at which its bytes are, signed for an hour. */
import { addressKey, addressLifeMs, type Disposition, signedPath } from '../core/conversations/file-addresses.ts'
import type { FileRow } from '../core/conversations/files.ts'
import type { StoredFile } from '../core/events/file-shapes.ts'
import { isPlayable, partTypeOf } from '../core/platform/file-kinds.ts'
import type { ServerParts } from './server.ts'

/** Shows the rows of one tenant. Addresses begin with the hub's public one. */
export function shownFiles(parts: ServerParts, tenantId: string, rows: readonly FileRow[]): StoredFile[] {
  const key = addressKey(parts.vault)
  const now = parts.clock()
  const expiresAt = new Date(Math.floor((now + addressLifeMs) / 60_000) * 60_000).toISOString()
  return rows.map((row) => {
    const address = (as: Disposition) =>
      parts.settings.publicUrl + signedPath(key, { tenantId, fileId: row.id, as }, now)
    return {
      id: row.id,
      state: row.state === 'awaited' || row.state === 'failed' ? row.state : 'ready',
      failure: row.failure,
      name: row.name,
      mediaType: row.mediaType,
      kind: partTypeOf(row.mediaType),
      bytes: row.bytes,
      sha256: row.sha256,
      width: row.width,
      height: row.height,
      messageId: row.messageId,
      createdAt: row.createdAt.toISOString(),
      expiresAt: row.expiresAt?.toISOString() ?? null,
      addresses: {
        download: address('attachment'),
        inline: isPlayable(row.mediaType) ? address('inline') : null,
        thumbnail: row.thumbnailBytes === null ? null : address('thumbnail'),
        expiresAt,
      },
    }
  })
}

/** Content-Disposition of RFC 6266: a name in ASCII for old readers, the whole one beside it. */
export function dispositionOf(kind: 'attachment' | 'inline', name: string): string {
  const plain = name.replace(/[^\x20-\x7e]|["\\%]/g, '_')
  const whole = encodeURIComponent(name).replace(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
  return `${kind}; filename="${plain}"; filename*=UTF-8''${whole}`
}
