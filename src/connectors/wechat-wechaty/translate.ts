/** Between a puppet's messages and ours. Pure. https://wechaty.js.org/docs/api/message */
import type { Inbound, Part } from '../../core/conversations/model.ts'
import { unsupported } from '../contract.ts'
import type { Said } from './protocol.ts'

const hourMs = 3_600_000

/** What somebody said; undefined for what says nothing. */
export function fromSaid(said: Said, now: number): Inbound | undefined {
  const { id, selfId, talkerId, roomId } = said
  const peer = roomId === '' ? talkerId : roomId
  if (id === '' || peer === '' || peer.length > 200 || talkerId.length > 255) return undefined
  const at = timeOf(said.timestamp, now)
  const base = { peer, at: new Date(at).toISOString() }
  const key = `message:${id}`.slice(0, 200)
  if (said.type === 13 && said.text !== '' && said.text.length <= 255) {
    return { ...base, kind: 'edit', key, externalId: said.text, parts: [unsupported('recall', '[消息已撤回]')] }
  }
  const name = said.talker.slice(0, 255)
  return {
    ...base,
    kind: 'message',
    key,
    externalId: id.slice(0, 255),
    // Puppets of the web call people anew with each log-in; others know them by one name for as long as the account lasts.
    from: {
      kind: 'wechat',
      scope: selfId.slice(0, 200),
      address: talkerId,
      name: name === '' ? `微信用户 ${talkerId.slice(-4)}` : name,
      verified: true,
    },
    parts: [partOf(said, at)],
    ...(roomId !== '' && { chat: { kind: 'group', ...(said.room !== '' && { title: said.room.slice(0, 255) }) } }),
  }
}

/** In ms since 1970, whichever of the two the puppet means; now where it says none. */
function timeOf(timestamp: number, now: number): number {
  const ms = timestamp < 1e11 ? timestamp * 1000 : timestamp
  return Number.isFinite(ms) && ms > 0 && ms < now + hourMs ? Math.trunc(ms) : now
}

function partOf({ id, type, text, filename, detail }: Said, at: number): Part {
  const blob = (name: string) => ({
    locator: { messageId: id },
    name: filename.slice(0, 200) || name,
    expiresAt: new Date(at + 24 * hourMs).toISOString(),
  })
  const word = (name: string, atMost: number) => {
    const value = detail[name]
    return typeof value === 'string' ? value.slice(0, atMost) : ''
  }
  switch (type) {
    case 1:
      return { type: 'file', blob: blob('file') }
    case 2:
      return { type: 'audio', blob: blob('voice.silk') }
    case 3:
      // What puppets put into the text of a card is mostly XML.
      return {
        type: 'contact',
        name: word('name', 200) || (text.startsWith('<') ? '' : text.slice(0, 200)) || '[名片]',
      }
    case 5:
      return { type: 'sticker', blob: blob('emoji.gif') }
    case 6:
      return { type: 'image', blob: blob('image.jpg') }
    case 7:
      return { type: 'text', text: text.slice(0, 20_000) || ' ' }
    case 8: {
      const { latitude: lat, longitude: lon } = detail
      const isPlace = typeof lat === 'number' && typeof lon === 'number' && Math.abs(lat) <= 90 && Math.abs(lon) <= 180
      const [name, address] = [word('name', 255), word('address', 500)]
      if (!isPlace) return unsupported('location', name || '[位置]')
      return { type: 'location', lat, lon, ...(name !== '' && { name }), ...(address !== '' && { address }) }
    }
    case 9: {
      const title = word('title', 500)
      return { type: 'card', fallback: title || '[小程序]', ...(title !== '' && { title }) }
    }
    case 14: {
      const [url, title, description] = [word('url', 2049), word('title', 500), word('description', 2000)]
      if (url === '' || url.length > 2048) return unsupported('link', title || '[链接]')
      return { type: 'link', url, ...(title !== '' && { title }), ...(description !== '' && { description }) }
    }
    case 15:
      return { type: 'video', blob: blob('video.mp4') }
    default:
      return unsupported(names[type] ?? `type ${type}`, words[type] ?? '[不支持的消息]')
  }
}

const names: Readonly<Record<number, string>> = {
  4: 'chat-history',
  10: 'group-note',
  11: 'transfer',
  12: 'red-envelope',
  13: 'recalled',
  16: 'post',
}
const words: Readonly<Record<number, string>> = {
  4: '[聊天记录]',
  10: '[群公告]',
  11: '[转账]',
  12: '[红包]',
  13: '[消息已撤回]',
  16: '[动态]',
}
