/** OneBot's events as what was said. Pure. https://github.com/botuniverse/onebot-11/tree/master/event */
import type { Inbound, Sender } from '../../core/conversations/model.ts'
import { textIn } from '../contract.ts'
import { type Hearing, partsOf } from './parts.ts'

export type Event = Readonly<Record<string, unknown>>

export interface Reading {
  readonly self: string
  /** Which messages of groups are for us. */
  readonly groups: 'mentioned' | 'all' | 'none'
  /** The gateway tells of files by a notice alone; others tell by a message as well. */
  readonly fileNotices: boolean
  readonly forwards?: Hearing['forwards']
  titleOf?(groupId: string): string | undefined
}

type InboundMessage = Extract<Inbound, { kind: 'message' }>

/** What an event says to us; undefined for one that says nothing, such as somebody joining a group. */
export function fromEvent(event: Event, reading: Reading): Inbound | undefined {
  if (event.post_type === 'message') return fromMessage(event, reading)
  if (isFileNotice(event)) return fromUpload(event, reading)
  if (event.post_type !== 'notice') return undefined
  switch (event.notice_type) {
    case 'friend_recall':
    case 'group_recall':
      return fromRecall(event, reading)
    default:
      return undefined
  }
}

/** Whether it tells of a file, and of nothing that somebody said. */
export function isFileNotice({ post_type, notice_type }: Event): boolean {
  return post_type === 'notice' && (notice_type === 'offline_file' || notice_type === 'group_upload')
}

/** When it was said, in ms since 1970; undefined when the event does not say. */
export function saidAt({ time }: Event): number | undefined {
  const seconds = Number(time)
  return Number.isSafeInteger(seconds) && seconds > 0 && seconds < 32_503_680_000 ? seconds * 1000 : undefined
}

/**
 * Where an answer goes: a person, a group, or a person whom only a group makes known to us (临时会话).
 * `private:<QQ>`, `group:<group>`, `temp:<group>:<QQ>`.
 */
export function peerOf(event: Event): string | undefined {
  const user = textIn(event.user_id, 64)
  const group = textIn(event.group_id, 64)
  if (event.message_type === 'group' || String(event.notice_type).startsWith('group')) {
    return group === '' ? undefined : `group:${group}`
  }
  const { group_id } = (event.sender ?? {}) as { group_id?: unknown }
  const through = group || textIn(group_id, 64)
  if (user === '') return undefined
  return event.sub_type === 'group' && through !== '' ? `temp:${through}:${user}` : `private:${user}`
}

function fromMessage(event: Event, reading: Reading): InboundMessage | undefined {
  const peer = peerOf(event)
  const at = saidAt(event)
  const id = textIn(event.message_id, 100)
  const { self, groups, forwards } = reading
  // Some gateways tell what the account says as if somebody else had.
  if (peer === undefined || at === undefined || id === '' || textIn(event.user_id, 64) === self) return undefined
  const { parts, mentions, replyTo } = partsOf(event.message ?? event.raw_message, {
    self,
    peer,
    ...(forwards !== undefined && { forwards }),
  })
  const isGroup = peer.startsWith('group:')
  if (isGroup && (groups === 'none' || (groups === 'mentioned' && !mentions.has(self)))) return undefined
  // Somebody who only calls us has said something, too.
  const said = parts.length === 0 && mentions.has(self) ? [{ type: 'text', text: '@' } as const] : parts
  if (said.length === 0) return undefined
  return {
    kind: 'message',
    // The number alone comes again with another gateway.
    key: `message:${peer}:${id}:${at / 1000}`,
    peer,
    at: new Date(at).toISOString(),
    externalId: id,
    from: senderOf(event),
    parts: said,
    ...(replyTo !== undefined && { replyTo }),
    ...chatOf(event, reading),
  }
}

function senderOf(event: Event): Sender {
  const { nickname, card } = (event.sender ?? {}) as { nickname?: unknown; card?: unknown }
  const { id, name } = (event.anonymous ?? {}) as { id?: unknown; name?: unknown }
  if (event.sub_type === 'anonymous') {
    const hidden = `anonymous:${textIn(event.group_id, 64)}:${textIn(id, 64)}`
    return { kind: 'qq', scope: 'anonymous', address: hidden, name: textIn(name, 255) || '匿名' }
  }
  const known = textIn(card, 255) || textIn(nickname, 255)
  return {
    kind: 'qq',
    // A QQ number is the same for everybody.
    scope: '',
    address: textIn(event.user_id, 64),
    verified: true,
    ...(known !== '' && { name: known }),
  }
}

function chatOf(event: Event, { titleOf }: Reading): Pick<InboundMessage, 'chat'> {
  if (event.message_type !== 'group' && event.notice_type !== 'group_upload') return {}
  const title = textIn(event.group_name, 255) || titleOf?.(textIn(event.group_id, 64))
  return { chat: { kind: 'group', ...(title && { title }) } }
}

/**
 * The customer has taken a message back: it is shown as such from now on. One of ours that somebody has taken back, on the phone of the account
 * or as an owner of the group, has failed in the end.
 */
function fromRecall(event: Event, { self }: Reading): Inbound | undefined {
  const peer = peerOf(event)
  const at = saidAt(event)
  const externalId = textIn(event.message_id, 100)
  if (peer === undefined || at === undefined || externalId === '') return undefined
  const base = { key: `recall:${peer}:${externalId}:${at / 1000}`, peer, at: new Date(at).toISOString(), externalId }
  if (textIn(event.user_id, 64) === self) {
    return { kind: 'receipt', ...base, state: 'failed', reason: 'It was taken back in QQ.' }
  }
  return { kind: 'edit', ...base, parts: [{ type: 'unsupported', native: 'recall', fallback: '[撤回了一条消息]' }] }
}

/** go-cqhttp and Lagrange tell of files by notices. https://docs.go-cqhttp.org/event/#群文件上传 */
function fromUpload(event: Event, reading: Reading): InboundMessage | undefined {
  const peer = peerOf(event)
  const at = saidAt(event)
  const file = (event.file ?? {}) as Event
  const isGroup = event.notice_type === 'group_upload'
  if (peer === undefined || at === undefined || !reading.fileNotices) return undefined
  if (textIn(event.user_id, 64) === reading.self || (isGroup && reading.groups !== 'all')) return undefined
  const segment = { type: 'file', data: { file: file.name, url: file.url, file_id: file.id, size: file.size } }
  const { parts } = partsOf([segment], { self: reading.self, peer })
  return {
    kind: 'message',
    key: `file:${peer}:${textIn(file.id, 80) || textIn(file.name, 80)}:${at / 1000}`,
    peer,
    at: new Date(at).toISOString(),
    from: senderOf(event),
    parts,
    ...chatOf(event, reading),
  }
}
