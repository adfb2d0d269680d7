/** Between Alipay's messages and ours, both ways. Pure. Fields of what comes in: https://opendocs.alipay.com/fw/01kc84; of what goes out: https://opendocs.alipay.com/apis/api_6/alipay.open.public.message.custom.send */
import type { Inbound, Outbound, Part } from '../../core/conversations/model.ts'

/** Texts of the elements by their path below the root, such as `Text/Content`. */
export type Fields = ReadonlyMap<string, string>

/** How long after a customer's word they can be written to. */
const windowMs = 48 * 3_600_000
const mediaMs = 72 * 3_600_000

/** Whom a call is about, by the number that a user has everywhere; empty when it names nobody. */
export function userIn(fields: Fields): string {
  return fields.get('FromAlipayUserId') || fields.get('FromUserId') || ''
}

/** What a verified call says; undefined when it is not somebody's message. */
export function fromFields(fields: Fields, appId: string): Inbound | undefined {
  const field = (name: string) => fields.get(name) ?? ''
  const user = userIn(fields)
  const saidAt = Number(field('CreateTime'))
  const id = field('MsgId')
  if (!/^\d{10,32}$/.test(user) || id === '' || id.length > 180 || !(saidAt > 0)) return undefined
  const parts = partsOf(field('MsgType'), field, saidAt)
  return {
    kind: 'message',
    key: `message:${id}`,
    externalId: id,
    peer: user,
    at: new Date(saidAt).toISOString(),
    // An Alipay user has one number everywhere; whoever has it need not be the same to another account.
    from: {
      kind: 'alipay',
      scope: appId,
      address: user,
      name: nameIn(field('UserInfo')) ?? `支付宝用户 ${user.slice(-4)}`,
      verified: true,
    },
    parts,
    ticket: { kind: 'message', expiresAt: new Date(saidAt + windowMs).toISOString() },
  }
}

function partsOf(type: string, field: (name: string) => string, saidAt: number): Part[] {
  if (type === 'text') return [{ type: 'text', text: field('Text/Content').slice(0, 20_000) || ' ' }]
  if (type === 'image') {
    const ending = /^[a-z]{3,4}$/.exec(field('Image/Format').toLowerCase())?.[0] ?? 'jpg'
    const locator = { mediaId: field('Image/MediaId').slice(0, 500) }
    const expiresAt = new Date(saidAt + mediaMs).toISOString()
    return [{ type: 'image', blob: { locator, name: `image.${ending}`, expiresAt } }]
  }
  const native = type.slice(0, 100) || 'unknown'
  return [{ type: 'unsupported', native, fallback: field('ActionParam').slice(0, 500) || `[${native}]` }]
}

/** Somebody's name as Alipay veils it: `张*`. */
function nameIn(info: string): string | undefined {
  try {
    const { user_name } = JSON.parse(info) as { user_name?: unknown }
    return typeof user_name === 'string' && user_name !== '' ? user_name.slice(0, 255) : undefined
  } catch {
    return undefined
  }
}

/** The content of one native message, in the customer's list of chats. It has exactly one part, of a type that the capabilities name. */
export function toNative({ peer, parts: [part] }: Outbound): object {
  const message = (msg_type: string, content: object) => ({ to_user_id: peer, msg_type, ...content, chat: '1' })
  if (part?.type === 'text') return message('text', { text: { content: part.text } })
  if (part?.type === 'link') {
    const { url, title = url, description = title } = part
    return message('image-text', { articles: [{ title, desc: description, url, action_name: '查看' }] })
  }
  throw new TypeError(`A part of type ${part?.type} is none of the platform's.`)
}
