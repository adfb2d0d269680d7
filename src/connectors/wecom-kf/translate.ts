/**
 * Between WeCom's customer service messages and ours, both ways. Pure. Names of fields:
 * https://developer.work.weixin.qq.com/document/path/94670 and https://developer.work.weixin.qq.com/document/path/94677
 */

import type { Inbound, Outbound, Part } from '../../core/conversations/model.ts'
import { digest, pieces, textIn, unsupported } from '../contract.ts'

/** One entry of `msg_list`. */
export interface Entry {
  readonly msgid?: unknown
  readonly open_kfid?: unknown
  readonly external_userid?: unknown
  readonly send_time?: unknown
  readonly origin?: unknown
  readonly msgtype?: unknown
  readonly [content: string]: unknown
}

/** What WeCom tells of a customer. */
export interface Customer {
  readonly nickname?: string
  readonly unionid?: string
}

export interface Reading {
  readonly corpId: string
  /** Which account was asked. */
  readonly openKfId: string
  readonly customers: ReadonlyMap<string, Customer>
  /** It was said before the channel was there. */
  readonly isHistory: boolean
}

const hourMs = 3_600_000
/** How long an answer may be given to a message, and how often. */
const windowMs = 48 * hourMs
const answers = 5
/** How long WeCom keeps what customers send. */
const mediaMs = 72 * hourMs
const fromCustomer = 3
const fromSystem = 4

/** The chat with one customer of one account: an account's customers answer to it alone. */
function peerOf(openKfId: string, externalUserId: string): string {
  return `${openKfId}/${externalUserId}`
}

/** The two halves of a peer. */
export function addressIn(peer: string): { open_kfid: string; touser: string } {
  const at = peer.indexOf('/')
  return { open_kfid: peer.slice(0, at), touser: peer.slice(at + 1) }
}

/** Whom an entry is about; undefined for one that names nobody. */
export function customerOf(entry: Entry): string | undefined {
  const { external_userid = (entry.event as Entry | undefined)?.external_userid } = entry
  return typeof external_userid === 'string' && /^[\w-]{1,100}$/.test(external_userid) ? external_userid : undefined
}

/** When it was said, in ms since 1970; undefined when it does not say. */
export function saidAt({ send_time }: Entry): number | undefined {
  return typeof send_time === 'number' && send_time > 0 && send_time < 1e11 ? send_time * 1000 : undefined
}

/** What an entry says; undefined for what says nothing to us: answers of WeCom's own people, and changes of their rota. */
export function fromEntry(entry: Entry, reading: Reading): Inbound | undefined {
  const customer = customerOf(entry)
  const at = saidAt(entry)
  const { msgid } = entry
  if (customer === undefined || at === undefined || typeof msgid !== 'string' || msgid === '') return undefined
  const base = {
    key: `msgid:${msgid.length <= 180 ? msgid : digest(msgid)}`,
    peer: peerOf(reading.openKfId, customer),
    at: new Date(at).toISOString(),
  }
  if (entry.origin === fromSystem || entry.msgtype === 'event') return fromEvent(entry.event as Fields, base)
  if (entry.origin !== fromCustomer) return undefined
  const { nickname = `微信用户 ${customer.slice(-4)}`, unionid } = reading.customers.get(customer) ?? {}
  return {
    ...base,
    kind: 'message',
    externalId: msgid.slice(0, 255),
    from: {
      kind: 'wecom',
      // An external_userid is of one corporation.
      scope: reading.corpId,
      address: customer,
      name: nickname.slice(0, 255),
      verified: true,
      ...(unionid !== undefined && { claims: { unionid } }),
    },
    parts: partsOf(entry, at),
    ticket: { kind: 'message', uses: answers, expiresAt: new Date(at + windowMs).toISOString() },
    ...(reading.isHistory && { automatic: true }),
  }
}

/** A customer who has just opened the chat, and may be greeted: with what word, until when. */
export function greetingIn(entry: Entry): { code: string; msgid: string; until: number } | undefined {
  const { event_type, welcome_code } = (entry.event ?? {}) as Fields
  const at = saidAt(entry)
  if (event_type !== 'enter_session' || typeof welcome_code !== 'string' || welcome_code === '') return undefined
  if (at === undefined || typeof entry.msgid !== 'string') return undefined
  return { code: welcome_code, msgid: nameOf(`welcome ${entry.msgid}`), until: at + 20_000 }
}

type Fields = Readonly<Record<string, unknown>>
type Base = Pick<Inbound, 'key' | 'peer' | 'at'>

function fromEvent(event: Fields | undefined, base: Base): Inbound | undefined {
  switch (event?.event_type) {
    case 'msg_send_fail': {
      const externalId = textIn(event.fail_msgid, 255)
      if (externalId === '') return undefined
      return {
        ...base,
        kind: 'receipt',
        externalId,
        state: 'failed',
        reason: failures[Number(event.fail_type)] ?? failures[0],
      }
    }
    case 'user_recall_msg': {
      const externalId = textIn(event.recall_msgid, 255)
      if (externalId === '') return undefined
      return { ...base, kind: 'edit', externalId, parts: [unsupported('recall', '[消息已撤回]')] }
    }
    default:
      return undefined
  }
}

/** By `fail_type`. */
const failures: Record<number, string> & { 0: string } = {
  0: 'WeCom did not deliver it, and says no reason.',
  1: 'The customer service account was deleted.',
  2: 'The application was closed.',
  4: 'The conversation is over: 48 hours have passed.',
  5: 'The conversation was ended.',
  6: 'More than five messages were sent.',
  8: 'The corporation is not verified.',
  10: 'The customer refuses messages.',
  11: 'No member of the corporation has logged in to WeCom.',
  12: 'Messages of this type are not allowed.',
}

function partsOf(entry: Entry, at: number): Part[] {
  const type = textIn(entry.msgtype, 200) || 'unknown'
  const said = (entry[type] ?? {}) as Fields
  const blob = (name: string, mediaType?: string) => ({
    locator: { mediaId: textIn(said.media_id, 1000) },
    name,
    ...(mediaType !== undefined && { mediaType }),
    expiresAt: new Date(at + mediaMs).toISOString(),
  })
  switch (type) {
    case 'text':
      return pieces(textIn(said.content, 100_000) || ' ').map((text) => ({ type: 'text', text }))
    case 'image':
      return [{ type: 'image', blob: blob('image.jpg', 'image/jpeg') }]
    case 'voice':
      return [{ type: 'audio', blob: blob('voice.amr', 'audio/amr') }]
    case 'video':
      return [{ type: 'video', blob: blob('video.mp4', 'video/mp4') }]
    case 'file':
      return [{ type: 'file', blob: blob('file') }]
    case 'location':
      return [locationOf(said)]
    case 'link': {
      const [url, title, description] = [textIn(said.url, 2049), textIn(said.title, 500), textIn(said.desc, 2000)]
      if (url === '' || url.length > 2048) return [unsupported(type, title || '[链接]')]
      return [{ type: 'link', url, ...(title !== '' && { title }), ...(description !== '' && { description }) }]
    }
    case 'business_card':
      return [{ type: 'contact', name: textIn(said.userid, 200) || '[名片]' }]
    case 'miniprogram': {
      const title = textIn(said.title, 500)
      return [{ type: 'card', fallback: title || '[小程序]', ...(title !== '' && { title }) }]
    }
    case 'merged_msg':
      return [forwardOf(said)]
    case 'msgmenu':
      return [{ type: 'text', text: textIn(said.head_content, 2000) || '[菜单]' }]
    case 'channels_shop_product':
      return [
        cardOf('[视频号商品]', said.title, [
          ['价格', said.sales_price],
          ['小店', said.shop_nickname],
        ]),
      ]
    case 'channels_shop_order':
      return [
        cardOf('[视频号订单]', said.product_titles, [
          ['订单', said.order_id],
          ['价格', said.price_wording],
          ['状态', said.state],
        ]),
      ]
    default:
      return [unsupported(type, textIn(said.title, 500) || `[${type}]`)]
  }
}

function locationOf(said: Fields): Part {
  const { latitude: lat, longitude: lon } = said
  const isPlace = typeof lat === 'number' && typeof lon === 'number' && Math.abs(lat) <= 90 && Math.abs(lon) <= 180
  if (!isPlace) return unsupported('location', textIn(said.name, 255) || '[位置]')
  const [name, address] = [textIn(said.name, 255), textIn(said.address, 500)]
  return { type: 'location', lat, lon, ...(name !== '' && { name }), ...(address !== '' && { address }) }
}

/** Chats that were passed on: each message's content is JSON within JSON. */
function forwardOf(said: Fields): Part {
  const items = (Array.isArray(said.item) ? said.item : []).slice(0, 100).map((item: Fields) => {
    let text = ''
    try {
      const content = JSON.parse(textIn(item.msg_content, 20_000)) as Record<string, Fields | undefined>
      text = textIn(content.text?.content, 4000)
    } catch {}
    const from = textIn(item.sender_name, 200)
    return {
      ...(from !== '' && { from }),
      parts: [{ type: 'text' as const, text: text || `[${textIn(item.msgtype, 50)}]` }],
    }
  })
  return items.length === 0
    ? unsupported('merged_msg', textIn(said.title, 500) || '[聊天记录]')
    : { type: 'forward', items }
}

function cardOf(fallback: string, title: unknown, fields: readonly (readonly [string, unknown])[]): Part {
  const named = textIn(title, 500)
  const told = fields.flatMap(([name, value]) =>
    textIn(value, 500) === '' ? [] : [{ name, value: textIn(value, 500) }],
  )
  const line = [fallback, named].filter(Boolean).join(' ')
  return {
    type: 'card',
    fallback: line,
    ...(named !== '' && { title: named }),
    ...(told.length > 0 && { fields: told }),
  }
}

/** Our name of a message as WeCom takes it: at most 32 of its characters. */
export function nameOf(id: string): string {
  return /^[\w-]{1,32}$/.test(id) ? id : digest(id).slice(0, 32)
}

/** The kinds of media that are uploaded before they are sent. */
const mediaKinds = { image: 'image', audio: 'voice', video: 'video', file: 'file' } as const

export function mediaKindOf(part: Part | undefined): string | undefined {
  return part !== undefined && part.type in mediaKinds ? mediaKinds[part.type as keyof typeof mediaKinds] : undefined
}

/** What a menu takes: ten lines of 128 bytes each under a head of 1,024. */
const [mostOptions, longestLabel, longestHead] = [10, 128, 1024]
const bytes = (text: string) => Buffer.byteLength(text)

/** The body of `kf/send_msg`. `mediaId` is that of the part's file. */
export function toMessage({ id, peer, parts: [part] }: Outbound, mediaId = ''): object {
  const message = (msgtype: string, content: object) => ({
    ...addressIn(peer),
    msgid: nameOf(id),
    msgtype,
    [msgtype]: content,
  })
  switch (part?.type) {
    case 'text':
      return message('text', { content: part.text })
    case 'image':
    case 'audio':
    case 'video':
    case 'file':
      return message(mediaKinds[part.type], { media_id: mediaId })
    case 'location':
      return message('location', {
        latitude: part.lat,
        longitude: part.lon,
        ...(part.name !== undefined && { name: part.name }),
        ...(part.address !== undefined && { address: part.address }),
      })
    case 'choice': {
      const { prompt, options } = part
      const fits =
        options.length <= mostOptions &&
        bytes(prompt) <= longestHead &&
        options.every(({ id: name, label }) => bytes(label) <= longestLabel && bytes(name) <= longestLabel)
      if (!fits) {
        const lines = [prompt, ...options.map(({ label }, index) => `${index + 1}. ${label}`)]
        return message('text', { content: lines.join('\n') })
      }
      const list = options.map(({ id: name, label }) => ({ type: 'click', click: { id: name, content: label } }))
      return message('msgmenu', { head_content: prompt, list })
    }
    default:
      throw new TypeError(`A part of type ${part?.type} is none of WeCom's.`)
  }
}
