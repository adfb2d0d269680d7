/**
 * Between WeChat's messages and ours, both ways. Pure. Names of fields:
 * https://developers.weixin.qq.com/doc/service/guide/product/message/Receiving_standard_messages.html and
 * https://developers.weixin.qq.com/doc/service/api/customer/message/api_sendcustommessage
 */

import type { Inbound, Outbound, Part, ReplyTicket } from '../../core/conversations/model.ts'
import { digest, pieces, unsupported } from '../contract.ts'
import type { Fields } from '../wechat/xml.ts'

type InboundMessage = Extract<Inbound, { kind: 'message' }>

/** Events that may begin a conversation. */
export const openingEvents = ['click', 'subscribe', 'scan'] as const
type OpeningEvent = (typeof openingEvents)[number]

export interface Reading {
  readonly appId: string
  /** Which events are somebody's words to us. */
  readonly opensOn: readonly string[]
  /** Answers go back in the call, and in no other way. */
  readonly passive: boolean
  /** When the call came, in ms since 1970. */
  readonly at: number
}

const secondMs = 1000
const minuteMs = 60_000
const hourMs = 3_600_000
/** How long WeChat keeps what customers send. */
const mediaMs = 72 * hourMs
/** How long a call that is held open can be answered. WeChat hangs up after five seconds. */
export const passiveMs = 4200

/** What an answer in the call has to know of it: its name, and how WeChat calls the account. */
export interface OpenCall {
  readonly call: string
  readonly self: string
}

/** What a verified call says; undefined for one that says nothing to us. */
export function fromFields(fields: ReadonlyMap<string, string>, reading: Reading): InboundMessage | undefined {
  const field = (name: string) => fields.get(name) ?? ''
  const peer = field('FromUserName')
  const seconds = Number(field('CreateTime'))
  const type = field('MsgType')
  if (peer === '' || peer.length > 200 || !Number.isSafeInteger(seconds) || seconds <= 0) return undefined
  const saidAt = seconds * secondMs
  const event = type === 'event' ? eventOf(field('Event')) : undefined
  if (type === 'event' && (event === undefined || !reading.opensOn.includes(event))) return undefined
  const parts = event === undefined ? partsOf(type, field, saidAt) : [wordsOf(event, field)]
  const messageId = field('MsgId')
  const name = event === undefined ? messageId : [peer, seconds, field('Event'), field('EventKey')].join(':')
  if (name === '') return undefined
  const key = `${event === undefined ? 'message' : 'event'}:${name.length <= 180 ? name : digest(name)}`
  return {
    kind: 'message',
    key,
    peer,
    at: new Date(saidAt).toISOString(),
    ...(messageId !== '' && { externalId: messageId.slice(0, 255) }),
    from: {
      kind: 'wechat',
      // An openid is of one account.
      scope: reading.appId,
      address: peer,
      // The platform tells no names any more.
      name: `微信用户 ${peer.slice(-4)}`,
      verified: true,
    },
    parts,
    ticket: ticketOf({ call: key, self: field('ToUserName') }, saidAt, event !== undefined, reading),
  }
}

/**
 * Five answers in 48 hours after a message, three in a minute after a menu's button, a new follower or a scanned code. An account without
 * the interface for that answers once, in the call itself.
 */
function ticketOf(reference: OpenCall, saidAt: number, isEvent: boolean, { passive, at }: Reading): ReplyTicket {
  if (passive) {
    return { kind: 'passive', reference, uses: 1, expiresAt: new Date(at + passiveMs).toISOString() }
  }
  return isEvent
    ? { kind: 'event', uses: 3, expiresAt: new Date(saidAt + minuteMs).toISOString() }
    : { kind: 'message', uses: 5, expiresAt: new Date(saidAt + 48 * hourMs).toISOString() }
}

function partsOf(type: string, field: (name: string) => string, saidAt: number): Part[] {
  const expiresAt = new Date(saidAt + mediaMs).toISOString()
  const blob = (name: string, mediaType: string) => ({
    locator: { mediaId: field('MediaId') },
    name,
    mediaType,
    expiresAt,
  })
  switch (type) {
    case 'text':
      return pieces(field('Content') || ' ').map((text) => ({ type: 'text', text }))
    case 'image':
      return [{ type: 'image', blob: blob('image.jpg', 'image/jpeg') }]
    case 'voice': {
      const transcript = field('Recognition').slice(0, 20_000)
      const voice = blob(`voice.${field('Format') || 'amr'}`, 'audio/amr')
      return [{ type: 'audio', blob: voice, ...(transcript !== '' && { transcript }) }]
    }
    case 'video':
    case 'shortvideo':
      return [{ type: 'video', blob: blob('video.mp4', 'video/mp4') }]
    case 'location': {
      const [lat, lon] = [Number(field('Location_X')), Number(field('Location_Y'))]
      if (!(Math.abs(lat) <= 90 && Math.abs(lon) <= 180)) return [unsupported(type, '[location]')]
      const name = field('Label').slice(0, 255)
      return [{ type: 'location', lat, lon, ...(name !== '' && { name }) }]
    }
    case 'link': {
      const [url, title, description] = [
        field('Url'),
        field('Title').slice(0, 500),
        field('Description').slice(0, 2000),
      ]
      if (url === '' || url.length > 2048) return [unsupported(type, title || '[link]')]
      return [{ type: 'link', url, ...(title !== '' && { title }), ...(description !== '' && { description }) }]
    }
    case 'miniprogrampage':
      return [
        { type: 'card', fallback: field('Title').slice(0, 500) || '[小程序]', title: field('Title').slice(0, 500) },
      ]
    default:
      return [unsupported(type.slice(0, 200) || 'unknown', `[${type.slice(0, 200)}]`)]
  }
}

function eventOf(event: string): OpeningEvent | undefined {
  return openingEvents.find((name) => name === event.toLowerCase())
}

/** A pressed button is what its key says; who follows or scans says where they come from. */
function wordsOf(event: OpeningEvent, field: (name: string) => string): Part {
  const key = field('EventKey').slice(0, 1000)
  if (event === 'click') return { type: 'text', text: key || '[菜单]' }
  const scene = key.replace(/^qrscene_/, '')
  const said = event === 'subscribe' ? '关注了公众号' : '扫描了二维码'
  return unsupported(event, scene === '' ? said : `${said}：${scene}`)
}

/** The kinds of media that are uploaded before they are sent. */
export const mediaKinds = { image: 'image', audio: 'voice', video: 'video' } as const
export type MediaKind = (typeof mediaKinds)[keyof typeof mediaKinds]

/** Which kind of media a part is to WeChat. */
export function mediaKindOf(part: Part): MediaKind | undefined {
  return part.type === 'image' || part.type === 'audio' || part.type === 'video' ? mediaKinds[part.type] : undefined
}

/** The body of a customer-service message. `mediaId` is that of the part's file. */
export function toMessage({ peer, parts: [part] }: Outbound, mediaId = ''): object {
  const message = (msgtype: string, content: object) => ({ touser: peer, msgtype, [msgtype]: content })
  switch (part?.type) {
    case 'text':
      return message('text', { content: part.text })
    case 'image':
      return message('image', { media_id: mediaId })
    case 'audio':
      return message('voice', { media_id: mediaId })
    case 'video':
      return message('video', { media_id: mediaId, title: part.blob.name ?? '', description: '' })
    case 'link': {
      const { url, title = url, description = '' } = part
      return message('news', { articles: [{ title, description, url, picurl: '' }] })
    }
    case 'choice':
      return message('msgmenu', {
        head_content: part.prompt,
        list: part.options.map(({ id, label }) => ({ id, content: label })),
        tail_content: '',
      })
    default:
      throw new TypeError(`A part of type ${part?.type} is none of WeChat's.`)
  }
}

/** The same as an answer within the call; a menu is words there. https://developers.weixin.qq.com/doc/service/guide/product/message/Passive_user_reply_message.html */
export function toPassive({ parts: [part] }: Outbound, mediaId = ''): Fields {
  switch (part?.type) {
    case 'text':
      return { MsgType: 'text', Content: part.text }
    case 'image':
      return { MsgType: 'image', Image: { MediaId: mediaId } }
    case 'audio':
      return { MsgType: 'voice', Voice: { MediaId: mediaId } }
    case 'video':
      return { MsgType: 'video', Video: { MediaId: mediaId, Title: part.blob.name ?? '', Description: '' } }
    case 'link': {
      const { url, title = url, description = '' } = part
      const article = { Title: title, Description: description, PicUrl: '', Url: url }
      return { MsgType: 'news', ArticleCount: 1, Articles: [article] }
    }
    case 'choice': {
      const lines = [part.prompt, ...part.options.map(({ label }, index) => `${index + 1}. ${label}`)]
      return { MsgType: 'text', Content: lines.join('\n') }
    }
    default:
      throw new TypeError(`A part of type ${part?.type} is none of WeChat's.`)
  }
}
