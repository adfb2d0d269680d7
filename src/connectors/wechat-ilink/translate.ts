/** Between WeChat's messages and ours, both ways. Pure. Names of fields as in the package's src/api/types.ts. */
import type { Inbound, Outbound, Part, PartBlob } from '../../core/conversations/model.ts'
import { textIn } from '../contract.ts'
import type { Answer, CdnFile, MediaKind } from './api.ts'

export interface Limits {
  /** How long after their word somebody may be answered, and how often. */
  readonly windowHours: number
  readonly replies: number
}

const hourMs = 3_600_000
const fromUser = 1
const peerOfGroup = 'group:'

/** What an answer has to know of what it answers. */
export interface Context {
  readonly token: string
}

/** What one of `msgs` says; undefined for what is no customer's. `botId` is ours: customers belong to it. */
export function fromMessage(message: Answer, botId: string, limits: Limits): Inbound | undefined {
  const { message_type, from_user_id: user, create_time_ms: at, delete_time_ms: takenAt } = message
  const id = textIn(message.message_id, 180) || textIn(message.client_id, 180)
  if (message_type !== fromUser || typeof user !== 'string' || user === '' || user.length > 190 || id === '')
    return undefined
  if (typeof at !== 'number' || !(at > 0 && at < 1e14)) return undefined
  const group = textIn(message.group_id, 180)
  const base = { peer: group === '' ? user : `${peerOfGroup}${group}`, at: new Date(at).toISOString() }
  if (typeof takenAt === 'number' && takenAt > 0) {
    const gone: Part = { type: 'unsupported', native: 'recall', fallback: '[消息已撤回]' }
    return { ...base, kind: 'edit', key: `taken:${id}`, externalId: id, parts: [gone] }
  }
  const items = (Array.isArray(message.item_list) ? message.item_list : []) as readonly Item[]
  const token = textIn(message.context_token, 8000)
  const replyTo = items
    .map(({ ref_msg }) => textIn(ref_msg?.svr_id ?? ref_msg?.message_item?.msg_id, 255))
    .find(Boolean)
  return {
    ...base,
    kind: 'message',
    key: `message:${id}`,
    externalId: id,
    from: { kind: 'wechat', scope: botId, address: user, name: `微信用户 ${nameOf(user).slice(-4)}`, verified: true },
    parts: items.length === 0 ? [{ type: 'text', text: ' ' }] : items.slice(0, 50).map(partOf),
    ...(replyTo !== undefined && { replyTo }),
    ...(group !== '' && { chat: { kind: 'group' } }),
    ...(token !== '' && {
      ticket: {
        kind: 'context',
        reference: { token } satisfies Context,
        uses: limits.replies,
        expiresAt: new Date(at + limits.windowHours * hourMs).toISOString(),
      },
    }),
  }
}

interface Media {
  readonly encrypt_query_param?: unknown
  readonly aes_key?: unknown
  readonly full_url?: unknown
}

interface Item {
  readonly type?: unknown
  readonly msg_id?: unknown
  readonly ref_msg?: { readonly svr_id?: unknown; readonly message_item?: Item }
  readonly text_item?: { readonly text?: unknown }
  readonly image_item?: { readonly media?: Media; readonly aeskey?: unknown }
  readonly voice_item?: { readonly media?: Media; readonly encode_type?: unknown; readonly text?: unknown }
  readonly file_item?: { readonly media?: Media; readonly file_name?: unknown; readonly len?: unknown }
  readonly video_item?: { readonly media?: Media; readonly video_size?: unknown }
}

/** By `encode_type`. */
const voices: Readonly<Record<number, string>> = { 1: 'pcm', 4: 'spx', 5: 'amr', 6: 'silk', 7: 'mp3', 8: 'ogg' }

function partOf({ type, text_item, image_item, voice_item, file_item, video_item }: Item): Part {
  switch (type) {
    case 1:
      return { type: 'text', text: textIn(text_item?.text, 20_000) || ' ' }
    case 2:
      return { type: 'image', blob: blobOf('image.jpg', image_item?.media, image_item?.aeskey) }
    case 3: {
      const transcript = textIn(voice_item?.text, 20_000)
      const blob = blobOf(`voice.${voices[Number(voice_item?.encode_type)] ?? 'silk'}`, voice_item?.media)
      return { type: 'audio', blob, ...(transcript !== '' && { transcript }) }
    }
    case 4:
      return { type: 'file', blob: blobOf(textIn(file_item?.file_name, 200) || 'file', file_item?.media) }
    case 5:
      return { type: 'video', blob: blobOf('video.mp4', video_item?.media) }
    default:
      return { type: 'unsupported', native: `item ${textIn(type, 20)}`, fallback: '[不支持的消息]' }
  }
}

function blobOf(name: string, media: Media | undefined, hexKey?: unknown): PartBlob {
  const url = textIn(media?.full_url, 4000)
  const locator: CdnFile = {
    param: textIn(media?.encrypt_query_param, 4000),
    key: keyOf(hexKey, media?.aes_key),
    ...(/^https?:\/\//.test(url) && { url }),
  }
  return { locator, name }
}

/** In hex. It comes in hex, in base64, or in base64 of hex; a file without a key is not sealed. */
function keyOf(hex: unknown, base64: unknown): string {
  if (typeof hex === 'string' && /^[0-9a-f]{32}$/i.test(hex)) return hex
  const bytes = Buffer.from(textIn(base64, 200), 'base64')
  if (bytes.length === 16) return bytes.toString('hex')
  const text = bytes.toString('latin1')
  return /^[0-9a-f]{32}$/i.test(text) ? text : ''
}

/** Names of people end in @im.wechat. */
function nameOf(user: string): string {
  return user.split('@')[0] || user
}

const kinds = { image: 'image', video: 'video', file: 'file' } as const

export function mediaKindOf(part: Part | undefined): MediaKind | undefined {
  return part !== undefined && part.type in kinds ? (part.type as MediaKind) : undefined
}

/** The body of sendmessage. `file` is that of the part, on the CDN. */
export function toMessage(
  { id, peer, parts: [part], ticket }: Outbound,
  file?: CdnFile & { rawSize: number; sealedSize: number },
): object {
  const { token } = (ticket?.reference ?? {}) as Partial<Context>
  const isGroup = peer.startsWith(peerOfGroup)
  return {
    msg: {
      from_user_id: '',
      to_user_id: isGroup ? '' : peer,
      ...(isGroup && { group_id: peer.slice(peerOfGroup.length) }),
      client_id: id,
      message_type: 2,
      message_state: 2,
      item_list: [itemOf(part, file)],
      ...(token !== undefined && { context_token: token }),
    },
  }
}

function itemOf(part: Part | undefined, file?: CdnFile & { rawSize: number; sealedSize: number }): object {
  if (part?.type === 'text') return { type: 1, text_item: { text: part.text } }
  if (file === undefined) throw new TypeError(`A part of type ${part?.type} is none of WeChat's.`)
  const media = { encrypt_query_param: file.param, aes_key: Buffer.from(file.key).toString('base64'), encrypt_type: 1 }
  switch (part?.type) {
    case 'image':
      return { type: 2, image_item: { media, mid_size: file.sealedSize } }
    case 'video':
      return { type: 5, video_item: { media, video_size: file.sealedSize } }
    case 'file':
      return { type: 4, file_item: { media, file_name: part.blob.name ?? 'file', len: String(file.rawSize) } }
    default:
      throw new TypeError(`A part of type ${part?.type} is none of WeChat's.`)
  }
}
