/** Our messages as OneBot's actions. Pure. https://github.com/botuniverse/onebot-11/blob/master/api/public.md */
import type { Outbound } from '../../core/conversations/model.ts'
import type { OutgoingFile } from '../contract.ts'
import type { Segment } from './segments.ts'

export interface Action {
  readonly action: string
  readonly params: Readonly<Record<string, unknown>>
}

/** A file as the gateway is given it: its name, and `base64://…` or an address. */
export interface Source {
  readonly name: string
  readonly file: string
}

/** Larger files go as an address, which the gateway fetches from us. */
export const largestInline = 8_000_000

/** Whom an action is for; undefined for a peer that is none of ours. */
export function target(peer: string): Readonly<Record<string, unknown>> | undefined {
  const [, kind, first = '', user] = /^(private|group|temp):(\d{1,20})(?::(\d{1,20}))?$/.exec(peer) ?? []
  if (kind === 'group' && user === undefined) return { group_id: Number(first) }
  if (kind === 'private' && user === undefined) return { user_id: Number(first) }
  return kind === 'temp' && user !== undefined ? { user_id: Number(user), group_id: Number(first) } : undefined
}

const native: Readonly<Record<string, string>> = { image: 'image', sticker: 'image', audio: 'record', video: 'video' }

/** How a message is sent: one part, of a type that the capabilities name. `source` is that of its file. */
export function toAction({ peer, parts: [part], replyTo }: Outbound, source?: Source): Action {
  const to = target(peer) ?? {}
  const isGroup = peer.startsWith('group:')
  if (part?.type === 'file') {
    // Extensions of go-cqhttp, which NapCat, LLBot and Lagrange have as well.
    return {
      action: isGroup ? 'upload_group_file' : 'upload_private_file',
      params: { ...to, file: source?.file, name: source?.name },
    }
  }
  const segments: Segment[] = []
  const type = native[part?.type ?? '']
  // A voice or a film stands alone.
  const mayAnswer = type === undefined || type === 'image'
  if (mayAnswer && replyTo !== undefined && /^-?\d{1,20}$/.test(replyTo)) {
    segments.push({ type: 'reply', data: { id: replyTo } })
  }
  if (part?.type === 'text') segments.push({ type: 'text', data: { text: part.text } })
  else if (type !== undefined && source !== undefined) {
    segments.push({ type, data: { file: source.file, ...(part?.type === 'sticker' && { sub_type: 1 }) } })
    const caption = part !== undefined && 'caption' in part ? part.caption : undefined
    if (caption !== undefined) segments.push({ type: 'text', data: { text: caption } })
  } else throw new TypeError(`A part of type ${part?.type} is none of QQ's.`)
  return { action: isGroup ? 'send_group_msg' : 'send_private_msg', params: { ...to, message: segments } }
}

/** Where the gateway cannot send files: in words, with an address. */
export function inWords({ peer }: Outbound, { name, link }: OutgoingFile): Action {
  const action = peer.startsWith('group:') ? 'send_group_msg' : 'send_private_msg'
  return { action, params: { ...target(peer), message: [{ type: 'text', data: { text: `[文件] ${name}\n${link}` } }] } }
}
