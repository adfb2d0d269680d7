/** Between Telegram's messages and ours, both ways. Pure. Names of fields: https://core.telegram.org/bots/api */
import type { CallbackQuery, Message, MessageEntity, MessageReactionUpdated, Update, User } from 'node-telegram-bot-api'
import type { Inbound, Outbound, Part, PartBlob, Sender } from '../../core/conversations/model.ts'
import { pieces } from '../contract.ts'

/** The kinds of update that are understood, as `getUpdates` is asked for them. */
export const understood = ['message', 'edited_message', 'message_reaction', 'callback_query']

type InboundMessage = Extract<Inbound, { kind: 'message' }>

/** What an update says; undefined for one that says nothing to us, such as somebody joining a group. */
export function fromUpdate(update: Update): Inbound | undefined {
  if ('message' in update) return fromMessage(update.message)
  if ('edited_message' in update) return fromEdit(update.edited_message)
  if ('message_reaction' in update) return fromReaction(update.message_reaction, update.update_id)
  if ('callback_query' in update) return fromButton(update.callback_query)
  return undefined
}

function fromMessage(message: Message): InboundMessage | undefined {
  const { chat, from } = message
  const parts = partsOf(message)
  if (from === undefined || parts.length === 0) return undefined
  const externalId = idOf(chat.id, message.message_id)
  const answered = message.reply_to_message
  return {
    kind: 'message',
    key: `message:${externalId}`,
    peer: String(chat.id),
    at: new Date(message.date * 1000).toISOString(),
    externalId,
    from: senderOf(from),
    parts,
    ...(answered !== undefined && { replyTo: idOf(chat.id, answered.message_id) }),
    ...chatOf(chat),
  }
}

function fromEdit(message: Message): Inbound | undefined {
  const parts = partsOf(message)
  if (message.from === undefined || parts.length === 0 || message.edit_date === undefined) return undefined
  const externalId = idOf(message.chat.id, message.message_id)
  return {
    kind: 'edit',
    key: `edit:${externalId}:${message.edit_date}`,
    peer: String(message.chat.id),
    at: new Date(message.edit_date * seconds).toISOString(),
    externalId,
    parts,
  }
}

/** Whoever reacts without a name, as a group's administrators may, is not told of. */
function fromReaction({ chat, message_id, user, date, new_reaction }: MessageReactionUpdated, update: number) {
  if (user === undefined) return undefined
  const externalId = idOf(chat.id, message_id)
  return {
    kind: 'reaction',
    key: `reaction:${externalId}:${update}`,
    peer: String(chat.id),
    at: new Date(date * seconds).toISOString(),
    externalId,
    from: senderOf(user),
    emojis: new_reaction.map((reaction) => ('emoji' in reaction ? reaction.emoji : '⭐')).slice(0, 20),
  } as const
}

/** A pressed button is its label, said in answer to the message that has it. */
function fromButton(query: CallbackQuery): InboundMessage | undefined {
  const { message, from, data } = query
  if (message === undefined || data === undefined) return undefined
  const keyboard = 'reply_markup' in message ? (message.reply_markup?.inline_keyboard ?? []) : []
  const pressed = keyboard.flat().find((button) => 'callback_data' in button && button.callback_data === data)
  return {
    kind: 'message',
    key: `button:${query.id}`,
    peer: String(message.chat.id),
    // The platform does not say when.
    at: new Date().toISOString(),
    from: senderOf(from),
    parts: [{ type: 'text', text: pressed?.text ?? data }],
    replyTo: idOf(message.chat.id, message.message_id),
    ...chatOf(message.chat),
  }
}

function chatOf(chat: Message['chat']): Pick<InboundMessage, 'chat'> {
  if (chat.type === 'private') return {}
  return { chat: { kind: 'group', ...(chat.title !== undefined && { title: chat.title.slice(0, 255) }) } }
}

function senderOf(user: User): Sender {
  const name = [user.first_name, user.last_name].filter(Boolean).join(' ').slice(0, 255)
  return {
    kind: 'telegram',
    // A user's number is the same for every bot.
    scope: '',
    address: String(user.id),
    verified: true,
    ...(name !== '' && { name }),
    claims: {
      ...(user.username !== undefined && { username: user.username }),
      ...(user.language_code !== undefined && { language: user.language_code }),
    },
  }
}

interface NativeFile {
  readonly file_id: string
  readonly file_size?: number
  readonly mime_type?: string
  readonly file_name?: string
  readonly width?: number
  readonly height?: number
  readonly duration?: number
}

const seconds = 1000

function partsOf(message: Message): Part[] {
  const caption =
    message.caption === undefined ? {} : { caption: spoken(message.caption, message.caption_entities).slice(0, 4096) }
  const picture = message.photo?.reduce((a, b) => (a.width * a.height > b.width * b.height ? a : b))
  // A hundred addresses behind words make more of it than one part holds.
  if (message.text !== undefined) {
    return pieces(spoken(message.text, message.entities)).map((text) => ({ type: 'text', text }))
  }
  if (picture !== undefined) return [{ type: 'image', blob: blobOf(picture, 'image/jpeg', 'photo.jpg'), ...caption }]
  if (message.voice) return [{ type: 'audio', blob: blobOf(message.voice, 'audio/ogg', 'voice.ogg'), ...caption }]
  if (message.audio) return [{ type: 'audio', blob: blobOf(message.audio, 'audio/mpeg', 'audio'), ...caption }]
  // A moving picture comes as a video and, for older programs, as a document beside it.
  const video = message.video ?? message.animation ?? message.video_note
  if (video) return [{ type: 'video', blob: blobOf(video, 'video/mp4', 'video.mp4'), ...caption }]
  if (message.document) {
    return [{ type: 'file', blob: blobOf(message.document, 'application/octet-stream', 'file'), ...caption }]
  }
  if (message.sticker) {
    return [{ type: 'sticker', blob: blobOf(message.sticker, stickerType(message.sticker), 'sticker') }]
  }
  if (message.venue) {
    const { location, title, address } = message.venue
    const place = { name: title.slice(0, 255), address: address.slice(0, 1000) }
    return [{ type: 'location', lat: location.latitude, lon: location.longitude, ...place }]
  }
  if (message.location) return [{ type: 'location', lat: message.location.latitude, lon: message.location.longitude }]
  if (message.contact) {
    const { first_name, last_name, phone_number, vcard } = message.contact
    const name = [first_name, last_name].filter(Boolean).join(' ').slice(0, 255)
    const emails = [...(vcard ?? '').matchAll(/^EMAIL[^:\r\n]*:(.+)$/gim)].map(([, email = '']) => email.trim())
    const known = emails.filter((email) => email !== '' && email.length <= 255).slice(0, 20)
    return [{ type: 'contact', name, phones: [phone_number.slice(0, 64)], ...(known.length > 0 && { emails: known }) }]
  }
  const native = unshown.find((name) => name in message)
  return native === undefined ? [] : [{ type: 'unsupported', native, fallback: `[${native}]` }]
}

/** The words, with the address behind each link that shows other words. Offsets count UTF-16 units. */
function spoken(text: string, entities: readonly MessageEntity[] = []): string {
  return entities
    .filter((entity) => entity.type === 'text_link')
    .toSorted((a, b) => b.offset - a.offset)
    .reduce((said, { offset, length, url }) => {
      const end = offset + length
      return said.slice(offset, end) === url ? said : `${said.slice(0, end)} (${url})${said.slice(end)}`
    }, text)
}

/** What a person says that we cannot show; everything else that is left is news of a group, and nobody's words. */
const unshown = ['poll', 'dice', 'story', 'game', 'checklist', 'paid_media', 'invoice', 'gift', 'live_photo'] as const

function stickerType(sticker: { readonly is_animated?: boolean; readonly is_video?: boolean }): string {
  if (sticker.is_video) return 'video/webm'
  return sticker.is_animated ? 'application/gzip' : 'image/webp'
}

function blobOf(file: NativeFile, mediaType: string, name: string): PartBlob {
  return {
    locator: { fileId: file.file_id },
    mediaType: (file.mime_type ?? mediaType).slice(0, 127),
    name: (file.file_name ?? name).slice(-255),
    ...(file.file_size !== undefined && { size: file.file_size }),
    ...(file.width !== undefined && { width: file.width }),
    ...(file.height !== undefined && { height: file.height }),
    ...(file.duration !== undefined && { durationMs: file.duration * seconds }),
  }
}

/** A message's number counts in its chat alone. */
export function idOf(chatId: number | string, messageId: number): string {
  return `${chatId}:${messageId}`
}

/** A method of the Bot API with its parameters. */
export type Call =
  | { readonly method: 'sendMessage'; readonly params: { readonly text: string } & Frame }
  | {
      readonly method: 'sendLocation'
      readonly params: { readonly latitude: number; readonly longitude: number } & Frame
    }
  | {
      readonly method: 'sendVenue'
      readonly params: { latitude: number; longitude: number; title: string; address: string } & Frame
    }
  | {
      readonly method: 'sendContact'
      readonly params: { readonly phone_number: string; readonly first_name: string; readonly vcard?: string } & Frame
    }
  | { readonly method: FileMethod; readonly blob: PartBlob; readonly params: { readonly caption?: string } & Frame }

export type FileMethod = (typeof fileMethods)[number]
export const fileMethods = [
  'sendPhoto',
  'sendAnimation',
  'sendVoice',
  'sendAudio',
  'sendVideo',
  'sendSticker',
  'sendDocument',
] as const

interface Frame {
  readonly chat_id: string
  readonly reply_parameters?: { readonly message_id: number; readonly allow_sending_without_reply: true }
  readonly reply_markup?: { inline_keyboard: { text: string; callback_data: string }[][] }
}

/** A button carries at most this much. https://core.telegram.org/bots/api#inlinekeyboardbutton */
const buttonBytes = 64

/** How one native message is sent. It has exactly one part, of a type that the capabilities name. */
export function toCall({ peer, parts, replyTo }: Outbound): Call {
  const [part] = parts
  const frame: Frame = { chat_id: peer, ...answering(peer, replyTo) }
  switch (part?.type) {
    case 'text':
      return { method: 'sendMessage', params: { ...frame, text: part.text } }
    case 'image':
    case 'audio':
    case 'video':
    case 'file':
    case 'sticker': {
      const method = methodFor(part)
      const caption = method === 'sendSticker' || part.caption === undefined ? {} : { caption: part.caption }
      return { method, blob: part.blob, params: { ...frame, ...caption } }
    }
    case 'location': {
      const place = { latitude: part.lat, longitude: part.lon }
      if (part.name === undefined) return { method: 'sendLocation', params: { ...frame, ...place } }
      return {
        method: 'sendVenue',
        params: { ...frame, ...place, title: part.name, address: part.address ?? part.name },
      }
    }
    case 'contact': {
      const [phone] = part.phones ?? []
      // Telegram takes a person by their phone only.
      if (phone === undefined) {
        const text = [part.name, ...(part.emails ?? [])].join('\n')
        return { method: 'sendMessage', params: { ...frame, text } }
      }
      const vcard = { ...((part.emails ?? []).length > 0 && { vcard: vcardOf(part) }) }
      return { method: 'sendContact', params: { ...frame, phone_number: phone, first_name: part.name, ...vcard } }
    }
    case 'choice': {
      const keyboard = part.options.map(({ id, label }, index) => [
        { text: label, callback_data: Buffer.byteLength(id) <= buttonBytes ? id : `#${index}` },
      ])
      const reply_markup = { inline_keyboard: keyboard }
      return { method: 'sendMessage', params: { ...frame, text: part.prompt, reply_markup } }
    }
    default:
      throw new TypeError(`A part of type ${part?.type} is none of Telegram's.`)
  }
}

/** RFC 2426, which Telegram keeps to two kilobytes. */
function vcardOf({ name, phones = [], emails = [] }: Extract<Part, { type: 'contact' }>): string {
  const safe = (value: string) => value.replace(/[\r\n]+/g, ' ').replace(/([,;\\])/g, '\\$1')
  const lines = [
    `FN:${safe(name)}`,
    ...phones.map((phone) => `TEL:${safe(phone)}`),
    ...emails.map((email) => `EMAIL:${safe(email)}`),
  ]
  return ['BEGIN:VCARD', 'VERSION:3.0', ...lines.slice(0, 20), 'END:VCARD'].join('\n')
}

const photoBytes = 10_000_000
/** The longer side and the proportion that a photo may have. https://core.telegram.org/bots/api#sendphoto */
const photoSides = { sum: 10_000, ratio: 20 }
const stickerBytes = 512_000

/** What Telegram does not take as what it is, it takes as a document. https://core.telegram.org/bots/api#sending-files */
function methodFor({ type, blob }: Extract<Part, { blob: unknown }>): FileMethod {
  const { mediaType = '', size = 0, width = 1, height = 1 } = blob
  const isPhoto =
    ['image/jpeg', 'image/png', 'image/webp'].includes(mediaType) &&
    size <= photoBytes &&
    width + height <= photoSides.sum &&
    Math.max(width, height) <= photoSides.ratio * Math.min(width, height)
  if (type === 'file') return 'sendDocument'
  if (type === 'sticker' && mediaType === 'image/webp' && size <= stickerBytes) return 'sendSticker'
  if (isPhoto) return 'sendPhoto'
  if (mediaType === 'image/gif') return 'sendAnimation'
  if (mediaType === 'audio/ogg') return 'sendVoice'
  if (mediaType === 'audio/mpeg' || mediaType === 'audio/mp4') return 'sendAudio'
  return mediaType === 'video/mp4' ? 'sendVideo' : 'sendDocument'
}

function answering(peer: string, replyTo: string | undefined): Pick<Frame, 'reply_parameters'> {
  if (replyTo === undefined || !replyTo.startsWith(`${peer}:`)) return {}
  const message_id = Number(replyTo.slice(peer.length + 1))
  if (!Number.isSafeInteger(message_id)) return {}
  return { reply_parameters: { message_id, allow_sending_without_reply: true } }
}
