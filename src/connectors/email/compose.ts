/** From what an agent says to the mail that carries it. Pure. */
import type { Outbound } from '../../core/conversations/model.ts'
import { automaticFields } from './automatic.ts'
import { sanitized } from './html.ts'
import { messageIdOf, plusAddress, tokenOf } from './thread.ts'
import type { Answerable } from './translate.ts'

export interface Writer {
  readonly key: Buffer
  /** The main address of the channel, and the name that stands before it. */
  readonly address: string
  readonly name?: string | undefined
  /** Of a mail that answers none. */
  readonly subject: string
  /** Whether answers come to `address+anything@…`. */
  readonly plusAddresses: boolean
}

/** A mail as nodemailer's composer takes it, and its envelope. https://nodemailer.com/message */
export interface Draft {
  readonly messageId: string
  readonly envelope: { readonly from: string; readonly to: readonly string[] }
  readonly fields: {
    readonly from: { readonly name: string; readonly address: string }
    readonly to: string
    readonly replyTo?: string
    readonly subject: string
    readonly messageId: string
    readonly inReplyTo?: string
    readonly references?: readonly string[]
    readonly headers: Readonly<Record<string, string>>
    readonly text: string
    readonly html?: string
    readonly disableFileAccess: true
    readonly disableUrlAccess: true
  }
}

/** The mail of one native message; the same whenever it is sent again. `answered` is the mail that it answers, if it answers one. */
export function toDraft(message: Outbound, answered: Answerable | undefined, writer: Writer): Draft {
  const address = answered?.from ?? writer.address
  const messageId = messageIdOf(writer.key, message, address.slice(address.lastIndexOf('@') + 1))
  const texts = message.parts.flatMap((part) => (part.type === 'text' ? [part] : []))
  const text = texts.map((part) => part.text).join('\n')
  const html = texts.length === 1 && texts[0]?.html !== undefined ? sanitized(texts[0].html, () => false) : ''
  const own = texts.find((part) => part.subject !== undefined)?.subject
  const back = writer.plusAddresses ? plusAddress(address, tokenOf(writer.key, message.conversationId)) : undefined
  const to = answered?.to ?? message.peer
  const references = [...(answered?.references ?? []), answered?.messageId ?? ''].filter((id) => id !== '')
  return {
    messageId,
    envelope: { from: address, to: [to] },
    fields: {
      from: { name: writer.name ?? '', address },
      to,
      ...(back !== undefined && { replyTo: back }),
      subject: oneLine(own ?? (answered === undefined ? writer.subject : answerTo(answered.subject, writer.subject))),
      messageId: `<${messageId}>`,
      ...(answered !== undefined && answered.messageId !== '' && { inReplyTo: `<${answered.messageId}>` }),
      ...(references.length > 0 && { references: references.map((id) => `<${id}>`) }),
      headers: message.automatic ? automaticFields : {},
      text,
      ...(html !== '' && { html }),
      disableFileAccess: true,
      disableUrlAccess: true,
    },
  }
}

/** `Re: …`, however often and in whatever language it was answered before. */
export function answerTo(subject: string, otherwise: string): string {
  const bare = subject
    .replace(/^(?:\s*(?:re|aw|sv|antw|回复|答复|回覆|答覆|返信)\s*(?:\[\d+\])?\s*[:：])+\s*/i, '')
    .trim()
  return `Re: ${bare === '' ? otherwise : bare}`
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim().slice(0, 500)
}
