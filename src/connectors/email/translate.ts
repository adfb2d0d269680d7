/** From a mail that was read to what the hub takes in. Pure. */
import { createHash } from 'node:crypto'
import type { Inbound, Part } from '../../core/conversations/model.ts'
import { isAutomatic } from './automatic.ts'
import { sanitized } from './html.ts'
import { quotedFrom } from './quotes.ts'
import type { Head, MailAddress, Words } from './read.ts'
import { contentIdOf, type MimeNode, nameOf } from './structure.ts'
import { conversationIn, idsIn, isOurs } from './thread.ts'

type InboundMessage = Extract<Inbound, { kind: 'message' }>

/** Where a mail lies, and how it is found again when the server has numbered all anew. https://www.rfc-editor.org/rfc/rfc9051#section-2.3.1.1 */
export interface Position {
  readonly uidValidity: string
  readonly uid: number
  readonly messageId?: string
}

/** Where a file lies: what a part says of it until the hub has fetched it. */
export interface FilePosition extends Position {
  readonly part: string
  /** It is the text of the mail itself: in UTF-8, whatever it was written in. */
  readonly asWords?: true
}

export interface Said extends Words {
  readonly node: MimeNode
  /** There is more of it than was read. */
  readonly isCut: boolean
}

export interface Mail {
  readonly head: Head
  readonly position: Position
  /** When the server received it. */
  readonly receivedAt: Date
  /** What is said, place by place. */
  readonly blocks: readonly { readonly plain?: Said; readonly html?: Said }[]
  readonly files: readonly MimeNode[]
  /** From before the channel was there. */
  readonly isHistory: boolean
}

/** What has to be known of the account. */
export interface Own {
  readonly key: Buffer
  /** The addresses of the channel, in lower case, the first being its main one. */
  readonly addresses: readonly string[]
  /** The name by which its server signs its checks of senders. https://www.rfc-editor.org/rfc/rfc8601 */
  readonly authservId?: string | undefined
}

/** What an answer must know of the mail that it answers. */
export interface Answerable {
  /** Without brackets; '' for a mail without one. */
  readonly messageId: string
  readonly references: readonly string[]
  readonly subject: string
  /** Where the answer goes, as it was written. */
  readonly to: string
  /** Which of our addresses it was written to. */
  readonly from: string
}

export interface Heard {
  readonly events: readonly InboundMessage[]
  readonly peer: string
  readonly answerable: Answerable
}

const textCharacters = 20_000
const textBytes = 100_000
const htmlBytes = 90_000
const partsAtOnce = 45
const maxPeer = 200

/** What the mail says; `ours` for a copy of one that we sent; a sentence for one that cannot be taken in. */
export function fromMail(mail: Mail, own: Own): Heard | 'ours' | { readonly refusal: string } {
  const { head } = mail
  const [messageId = ''] = idsIn(head.fields.get('message-id')?.[0])
  if (isOurs(own.key, messageId)) return 'ours'
  const from = head.from.find(isUsable)
  if (from === undefined) return { refusal: 'mail-without-sender: no address in From' }
  const address = normal(from.address)
  const back = head.replyTo.find(isUsable) ?? from
  const peer = normal(back.address)
  const parts = partsOf(mail, messageId)
  if (parts.length === 0) parts.push({ type: 'text', text: head.subject || '(empty)' })
  const { fields } = head
  const references = [...idsIn(fields.get('in-reply-to')?.[0]), ...idsIn(fields.get('references')?.[0]).reverse()]
  const addressed = [...head.to, ...head.cc].map((one) => one.address)
  const conversationId = conversationIn(own.key, [...addressed, ...references])
  const automatic =
    mail.isHistory || isAutomatic(fields, address) || own.addresses.includes(address) || own.addresses.includes(peer)
  const key = keyOf(head, messageId)
  const thread = {
    ...(conversationId !== undefined && { conversationId }),
    ...(references.length > 0 && {
      references: [...new Set(references)].filter((id) => id.length <= 255).slice(0, 20),
    }),
  }
  const said: Omit<InboundMessage, 'key' | 'parts' | 'externalId'> = {
    kind: 'message',
    peer,
    at: mail.receivedAt.toISOString(),
    from: {
      kind: 'email',
      scope: '',
      address,
      verified: isVouchedFor(head, own.authservId),
      ...(from.name !== '' && { name: from.name.slice(0, 255) }),
    },
    ...(Object.keys(thread).length > 0 && { thread }),
    ...(automatic && { automatic }),
  }
  const events = chunks(parts, partsAtOnce).map(
    (some, index): InboundMessage => ({
      ...said,
      key: index === 0 ? key : `${key}/${index + 1}`,
      parts: some,
      ...(index === 0 && messageId !== '' && messageId.length <= 255 && { externalId: messageId }),
    }),
  )
  const to = addressed.map((one) => withoutPlus(one.toLowerCase())).find((one) => own.addresses.includes(one))
  return {
    events,
    peer,
    answerable: {
      messageId,
      references: references.slice(0, 20).reverse(),
      subject: head.subject.slice(0, 500),
      to: back.address,
      from: to ?? own.addresses[0] ?? '',
    },
  }
}

/** `support+anything@…` is `support@…`. */
function withoutPlus(address: string): string {
  return address.replace(/\+[^@]*@/, '@')
}

/** As contacts keep addresses. */
function normal(address: string): string {
  return address.normalize('NFKC').toLowerCase()
}

function isUsable({ address }: MailAddress): boolean {
  return address.length <= maxPeer && /^[^\s@<>,;]+@[^\s@<>,;]+$/.test(address)
}

/**
 * Recognises the same mail for ever, also under another number: after the server has numbered all anew, and when one mail reaches two
 * addresses of the mailbox. More than the Message-ID, which anybody may choose.
 */
function keyOf({ fields }: Head, messageId: string): string {
  const named = ['message-id', 'date', 'from', 'subject'].map((name) => fields.get(name) ?? [])
  const all = messageId === '' ? [...fields] : named
  return `mail:${createHash('sha256').update(JSON.stringify(all)).digest('base64url')}`
}

/** Whether the account's own server found that the domain of From vouches for the mail. */
function isVouchedFor({ fields }: Head, authservId: string | undefined): boolean {
  if (authservId === undefined) return false
  // The topmost is the last that was added; others may have been in the mail when it came.
  const [verdict = ''] = fields.get('authentication-results') ?? []
  const [server = ''] = verdict.split(/[\s;]/)
  return server.toLowerCase() === authservId.toLowerCase() && /;\s*dmarc=pass\b/i.test(verdict)
}

function partsOf({ head, blocks, files, ...mail }: Mail, messageId: string): Part[] {
  const position = { ...mail.position, ...(messageId !== '' && { messageId }) }
  const said = blocks.flatMap(({ plain, html }) => {
    const best = plain !== undefined && plain.text.trim() !== '' ? plain : html
    return best !== undefined && best.text.trim() !== '' ? [best] : []
  })
  const text = said.map((one) => one.text).join('\n\n') || head.subject
  const kept = cut(text, textBytes)
  const html = htmlOf(blocks, files)
  const quoted = quotedFrom(kept)
  const texts = pieces(kept, textCharacters).map(({ text, from }, index): Part => {
    const offset = quoted === undefined ? undefined : Math.max(0, quoted - from)
    return {
      type: 'text',
      text,
      ...(index === 0 && head.subject !== '' && { subject: head.subject.slice(0, 500) }),
      ...(index === 0 && html.kept !== '' && { html: html.kept }),
      ...(offset !== undefined && offset < text.length && { quotedFrom: offset }),
    }
  })
  // What is too long to be read in one piece lies beside it, whole.
  const long = kept.length < text.length ? said : said.filter(({ isCut }) => isCut)
  const beside = long.map(({ node }) => fileOf(node, position, node.type === 'text/html' ? 'mail.html' : 'mail.txt'))
  const attached = files.map((file): Part => {
    const part = fileOf(file, position)
    const contentId = contentIdOf(file)
    const isPlaced = contentId !== undefined && html.shown.get(contentId) === file
    return isPlaced && 'blob' in part ? { ...part, blob: { ...part.blob, contentId } } : part
  })
  return [...texts, ...beside, ...attached]
}

/** What is kept of the HTML ('' for nothing), and the files that it shows, by their Content-ID. */
function htmlOf(blocks: Mail['blocks'], files: readonly MimeNode[]): { kept: string; shown: Map<string, MimeNode> } {
  const shown = new Map<string, MimeNode>()
  const [block, ...others] = blocks
  const kept = sanitized((others.length === 0 && block?.html?.html) || '', (contentId) => {
    const file = files.find((one) => contentIdOf(one) === contentId)
    if (file !== undefined) shown.set(contentId, file)
    return file !== undefined
  })
  const isKept = Buffer.byteLength(JSON.stringify(kept)) <= htmlBytes
  return isKept ? { kept, shown } : { kept: '', shown: new Map() }
}

function fileOf(node: MimeNode, position: Position, otherwise?: string): Part {
  const name = nameOf(node) ?? (node.type === 'message/rfc822' ? 'mail.eml' : otherwise)
  const [family] = node.type.split('/')
  const type = family === 'image' || family === 'audio' || family === 'video' ? family : 'file'
  const size =
    node.size === undefined ? undefined : node.encoding === 'base64' ? Math.floor((node.size * 73) / 100) : node.size
  return {
    type,
    blob: {
      locator: { ...position, part: node.part ?? '1', ...(otherwise !== undefined && { asWords: true }) },
      mediaType: node.type.slice(0, 127),
      ...(name !== undefined && { name }),
      ...(size !== undefined && { size }),
    },
  }
}

/** At most so many bytes, without half a character. */
function cut(text: string, bytes: number): string {
  if (Buffer.byteLength(text) <= bytes) return text
  return Buffer.from(text)
    .subarray(0, bytes)
    .toString('utf8')
    .replace(/\ufffd+$/, '')
}

function pieces(text: string, characters: number): { text: string; from: number }[] {
  const found: { text: string; from: number }[] = []
  for (let from = 0; from < text.length; ) {
    const rest = text.slice(from, from + characters)
    const line = rest.lastIndexOf('\n')
    let length = from + characters >= text.length || line < characters / 2 ? rest.length : line + 1
    // Not between the halves of a character.
    if (/[\ud800-\udbff]$/.test(rest.slice(0, length)) && length > 1) length -= 1
    const piece = rest.slice(0, length)
    if (piece.trim() !== '') found.push({ text: piece, from })
    from += length
  }
  return found
}

function chunks<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, index) => all.slice(index * size, (index + 1) * size))
}
