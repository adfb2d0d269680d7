/**
 * Between QQ's messages and ours, both ways. Pure. Names of fields:
 * https://bot.q.qq.com/wiki/develop/api-v2/server-inter/message/send-receive/event.html and …/send.html
 */

import type { Inbound, Outbound, Part, PartBlob, ReplyTicket } from '../../core/conversations/model.ts'
import { digest, objectIn, pieces } from '../contract.ts'

type InboundMessage = Extract<Inbound, { kind: 'message' }>

export type Fields = Readonly<Record<string, unknown>>

/** Events that may begin a conversation though nobody has said anything. */
export const openingEvents = ['friend-add', 'group-add'] as const

export interface Reading {
  readonly appId: string
  readonly opensOn: readonly string[]
}

/** What an answer has to name: the message or the event that it answers. */
export interface Answered {
  readonly msgId?: string
  readonly eventId?: string
}

const minuteMs = 60_000
/** How long a message can be answered, by https://bot.q.qq.com/wiki/develop/api-v2/server-inter/message/send-receive/send.html */
const windows = { user: 60 * minuteMs, group: 5 * minuteMs } as const
const answersToMessage = 5
/** For events QQ names no number. */
const answersToEvent = 1

/** What a verified event says; undefined for one that says nothing to us. */
export function fromEvent(type: string, event: Fields, eventId: string, reading: Reading): InboundMessage | undefined {
  switch (type) {
    case 'C2C_MESSAGE_CREATE':
    case 'GROUP_AT_MESSAGE_CREATE':
      return fromMessage(event, reading)
    case 'INTERACTION_CREATE':
      return fromButton(event, reading)
    case 'FRIEND_ADD':
      return reading.opensOn.includes('friend-add') ? fromArrival(event, eventId, '添加了机器人', reading) : undefined
    case 'GROUP_ADD_ROBOT':
      return reading.opensOn.includes('group-add')
        ? fromArrival(event, eventId, '将机器人加入了群', reading)
        : undefined
    default:
      return undefined
  }
}

function fromMessage(event: Fields, reading: Reading): InboundMessage | undefined {
  const id = word(event.id)
  const chat = chatOf(event)
  const at = momentOf(event.timestamp)
  const parts = partsOf(event)
  if (id === '' || chat === undefined || at === undefined || parts.length === 0) return undefined
  return {
    kind: 'message',
    key: `message:${shortened(id)}`,
    externalId: id.slice(0, 255),
    ...framed(chat, at, reading),
    parts,
    ticket: ticketOf(chat, { msgId: id }, at, answersToMessage),
  }
}

/** A pressed button is what it carries. */
function fromButton(event: Fields, reading: Reading): InboundMessage | undefined {
  const id = word(event.id)
  const chat = chatOf(event)
  const { resolved } = (event.data ?? {}) as { resolved?: Fields }
  const said = word(resolved?.button_data).slice(0, 2000) || word(resolved?.feature_id).slice(0, 200)
  const at = momentOf(event.timestamp)
  if (id === '' || chat === undefined || said === '' || at === undefined) return undefined
  return {
    kind: 'message',
    key: `button:${shortened(id)}`,
    ...framed(chat, at, reading),
    parts: [{ type: 'text', text: said }],
    ticket: ticketOf(chat, { eventId: id }, at, answersToEvent),
  }
}

function fromArrival(event: Fields, eventId: string, fallback: string, reading: Reading): InboundMessage | undefined {
  const chat = chatOf({ ...event, author: { member_openid: event.op_member_openid, user_openid: event.openid } })
  const at = momentOf(Number(event.timestamp))
  if (chat === undefined || at === undefined || eventId === '') return undefined
  return {
    kind: 'message',
    key: `event:${shortened(eventId)}`,
    ...framed(chat, at, reading),
    parts: [{ type: 'unsupported', native: chat.kind === 'group' ? 'GROUP_ADD_ROBOT' : 'FRIEND_ADD', fallback }],
    ticket: ticketOf(chat, { eventId }, at, answersToEvent),
  }
}

interface Chat {
  readonly kind: 'user' | 'group'
  readonly openid: string
  /** Who speaks: in a group it is another than whom is answered. */
  readonly address: string
  readonly name: string
}

function chatOf(event: Fields): Chat | undefined {
  const author = (event.author ?? {}) as Fields
  const group = word(event.group_openid).slice(0, 190)
  const member = word(author.member_openid) || word(event.group_member_openid)
  const user = word(author.user_openid) || word(event.user_openid)
  const address = (group === '' ? user : member).slice(0, 190)
  if (address === '') return undefined
  const chat = { address, name: word(author.username).slice(0, 255) || `QQ用户 ${address.slice(-4)}` }
  return group === '' ? { kind: 'user', openid: address, ...chat } : { kind: 'group', openid: group, ...chat }
}

function framed({ kind, openid, address, name }: Chat, at: number, { appId }: Reading) {
  return {
    peer: `${kind}:${openid}`,
    at: new Date(at).toISOString(),
    // An openid is of one bot; in a group it is of that group, too.
    from: { kind: 'qq-official', scope: appId, address, name, verified: true },
    ...(kind === 'group' && { chat: { kind: 'group' as const } }),
  }
}

function ticketOf({ kind }: Chat, reference: Answered, at: number, uses: number): ReplyTicket {
  const expiresAt = new Date(at + windows[kind]).toISOString()
  return { kind: reference.msgId === undefined ? 'event' : 'message', reference, expiresAt, uses }
}

/** RFC 3339, or seconds since 1970. */
function momentOf(value: unknown): number | undefined {
  const ms = typeof value === 'number' ? value * 1000 : Date.parse(word(value))
  return ms > 0 && ms < 32_503_680_000_000 ? ms : undefined
}

const maxParts = 50

function partsOf({ content, attachments }: Fields): Part[] {
  const words = spoken(word(content)).trim()
  const texts = pieces(words).map((text) => ({ type: 'text' as const, text }))
  const files = Array.isArray(attachments) ? attachments.slice(0, maxParts).flatMap(attachmentOf) : []
  return [...texts, ...files].slice(0, maxParts)
}

/** Faces come as `<faceType=1,faceId="14",ext="…">`, their name as JSON in base64. */
function spoken(content: string): string {
  return content.replace(/<faceType=\d+,faceId="([^"]{0,20})",ext="([^"]{0,2000})">/g, (_, id: string, ext: string) => {
    const name = word(objectIn(Buffer.from(ext, 'base64').toString())?.text)
    return name === '' ? `[表情 ${id}]` : `[${name.replace(/^[/[]+|\]$/g, '').slice(0, 60)}]`
  })
}

function attachmentOf(given: unknown): Part[] {
  if (given === null || typeof given !== 'object') return []
  const file = given as Fields
  const type = word(file.content_type).toLowerCase()
  const url = addressOf(file.voice_wav_url) || addressOf(file.url)
  if (url === '') return [{ type: 'unsupported', native: type.slice(0, 200) || 'attachment', fallback: '[附件]' }]
  const blob = (name: string, mediaType: string): PartBlob => ({
    locator: { url },
    name: (word(file.filename).split(/[/\\]/).at(-1) ?? '').slice(-255) || name,
    mediaType,
    ...numbered('size', file.size),
    ...numbered('width', file.width),
    ...numbered('height', file.height),
  })
  if (type.startsWith('image/')) return [{ type: 'image', blob: blob('image', type.slice(0, 127)) }]
  if (type.startsWith('video/')) return [{ type: 'video', blob: blob('video.mp4', type.slice(0, 127)) }]
  if (type === 'voice' || type.startsWith('audio/')) {
    const transcript = word(file.asr_refer_text).slice(0, 20_000)
    return [{ type: 'audio', blob: blob('voice', 'audio/amr'), ...(transcript !== '' && { transcript }) }]
  }
  return [{ type: 'file', blob: blob('file', 'application/octet-stream') }]
}

function numbered(name: 'size' | 'width' | 'height', value: unknown): Partial<PartBlob> {
  return Number.isSafeInteger(value) && Number(value) > 0 ? { [name]: Number(value) } : {}
}

/** QQ leaves the scheme out now and then. */
function addressOf(value: unknown): string {
  const text = word(value).slice(0, 4096)
  if (/^https?:\/\//i.test(text)) return text
  return /^(\/\/)?[a-z0-9-]+(\.[a-z0-9-]+)+\//i.test(text) ? `https://${text.replace(/^\/\//, '')}` : ''
}

export function word(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function shortened(id: string): string {
  return id.length <= 180 ? id : digest(id)
}

/** What media are to QQ. https://bot.q.qq.com/wiki/develop/api-v2/server-inter/message/send-receive/rich-media.html */
export const fileTypes: Readonly<Record<string, number>> = { image: 1, video: 2, audio: 3 }

/** Where messages and files of a chat go; undefined for a peer that is none of ours. */
export function pathOf(peer: string): string | undefined {
  const [, kind, openid = ''] = /^(user|group):(.+)$/s.exec(peer) ?? []
  return kind === undefined ? undefined : `/v2/${kind}s/${encodeURIComponent(openid)}`
}

/** The body of a message. `fileInfo` is what QQ calls the file of the part. */
export function toMessage({ parts: [part], ticket }: Outbound, fileInfo?: string): object {
  const { msgId, eventId } = (ticket?.reference ?? {}) as Answered
  const frame = {
    msg_seq: ticket?.use,
    ...(msgId !== undefined && { msg_id: msgId }),
    ...(eventId !== undefined && { event_id: eventId }),
  }
  if (part?.type === 'text') return { ...frame, msg_type: 0, content: part.text }
  // Without any content QQ refuses it.
  if (fileInfo !== undefined) return { ...frame, msg_type: 7, content: ' ', media: { file_info: fileInfo } }
  throw new TypeError(`A part of type ${part?.type} is none of QQ's.`)
}
