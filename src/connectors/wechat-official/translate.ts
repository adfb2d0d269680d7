/**
 * Between WeChat's messages and ours, both ways. Pure. Names of fields:
 * https://developers.weixin.qq.com/doc/service/guide/product/message/Receiving_standard_messages.html and
 * https://developers.weixin.qq.com/doc/service/api/customer/message/api_sendcustommessage
 */

import type { Inbound, Outbound, Part, ReplyTicket } from '../../core/conversations/model.ts'
import { digest, pieces, unsupported } from '../contract.ts'
import type { Fields } from '../wechat/xml.ts'

type InboundMessage = Extract<Inbound, { kind: 'message' }>

/**
 * Events that may begin a conversation, all but two of them of buttons of the menu:
 * https://developers.weixin.qq.com/doc/service/guide/product/menu/Custom_Menu_Push_Events.html
 */
export const openingEvents = [
  'click',
  'subscribe',
  'scan',
  'scancode_push',
  'scancode_waitmsg',
  'pic_sysphoto',
  'pic_photo_or_album',
  'pic_weixin',
  'location_select',
  'view',
  'view_miniprogram',
] as const
type OpeningEvent = (typeof openingEvents)[number]

/** After these an answer is allowed: https://developers.weixin.qq.com/doc/service/guide/product/message/Customer_Service_Messages.html */
const answered: readonly OpeningEvent[] = ['click', 'subscribe', 'scan', 'scancode_push', 'scancode_waitmsg']
/** What begins a conversation where the channel says nothing: somebody speaks by it, and may be answered. */
export const opensOnItself: readonly OpeningEvent[] = ['click', 'scancode_push', 'scancode_waitmsg']

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
  const parts = event === undefined ? partsOf(type, field, saidAt) : [partOf(event, field)]
  const messageId = field('MsgId')
  const name = event === undefined ? messageId : [peer, seconds, field('Event'), field('EventKey')].join(':')
  if (name === '') return undefined
  const key = `${event === undefined ? 'message' : 'event'}:${name.length <= 180 ? name : digest(name)}`
  const ticket = ticketOf({ call: key, self: field('ToUserName') }, saidAt, event, reading)
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
    ...(ticket !== undefined && { ticket }),
  }
}

/**
 * Five answers in 48 hours after a message, three in a minute after a menu's button, a new follower or a scanned code, none after other
 * buttons. An account without the interface for that answers once, in the call itself.
 */
function ticketOf(
  reference: OpenCall,
  saidAt: number,
  event: OpeningEvent | undefined,
  { passive, at }: Reading,
): ReplyTicket | undefined {
  if (passive) {
    return { kind: 'passive', reference, uses: 1, expiresAt: new Date(at + passiveMs).toISOString() }
  }
  if (event === undefined) {
    return { kind: 'message', uses: 5, expiresAt: new Date(saidAt + 48 * hourMs).toISOString() }
  }
  if (!answered.includes(event)) return undefined
  return { kind: 'event', uses: 3, expiresAt: new Date(saidAt + minuteMs).toISOString() }
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
    case 'location':
      return [placeOf(type, field('Location_X'), field('Location_Y'), field('Label'))]
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

function placeOf(native: string, latitude: string, longitude: string, label: string, poi = ''): Part {
  const [lat, lon] = [Number(latitude), Number(longitude)]
  const [name, address] = poi === '' ? [label.trim(), ''] : [poi, label.trim()]
  if (latitude === '' || !(Math.abs(lat) <= 90 && Math.abs(lon) <= 180)) return unsupported(native, '[位置]')
  return {
    type: 'location',
    lat,
    lon,
    ...(name !== '' && { name: name.slice(0, 255) }),
    ...(address !== '' && { address: address.slice(0, 500) }),
  }
}

/**
 * What an event says. A pressed button is what its key says, a code what stands in it; who follows or scans says where they come from. Pictures that
 * are chosen by a button come as messages of their own.
 */
function partOf(event: OpeningEvent, field: (name: string) => string): Part {
  const key = field('EventKey').slice(0, 1000)
  const told = (said: string, more = key) => unsupported(event, more === '' ? said : `${said}：${more}`)
  switch (event) {
    case 'click':
      return { type: 'text', text: key || '[菜单]' }
    case 'scancode_push':
    case 'scancode_waitmsg': {
      const result = field('ScanCodeInfo/ScanResult').slice(0, 10_000)
      return result === '' ? told('扫描了二维码') : { type: 'text', text: result }
    }
    case 'location_select': {
      const at = (name: string) => field(`SendLocationInfo/${name}`)
      return placeOf(event, at('Location_X'), at('Location_Y'), at('Label'), at('Poiname'))
    }
    case 'subscribe':
      return told('关注了公众号', key.replace(/^qrscene_/, ''))
    case 'scan':
      return told('扫描了二维码')
    case 'view':
      return told('打开了链接')
    case 'view_miniprogram':
      return told('打开了小程序')
    default:
      return told(`通过菜单发送了 ${Number(field('SendPicsInfo/Count')) || 1} 张图片`)
  }
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
