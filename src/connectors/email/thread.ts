/**
 * How an answer finds its conversation: every mail of ours carries a token in its Message-ID (and, where the server knows plus
 * addresses, in its Reply-To). Message-IDs of others are chosen by whoever writes, the token only by us. Pure.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'
const macLength = 16
const tokenForm = /(?:^|[.+<])([0-9a-z]{26})\.([0-9a-z]{16})@/gi
/** RFC 5321, 4.5.3.1.1. */
const maxLocalPart = 64

/** The conversation, and 80 bits that only we can have made: what a mail program may write in lower or upper case. */
export function tokenOf(key: Buffer, conversationId: string): string {
  const bare = conversationId.slice(conversationId.indexOf('_') + 1)
  return `${bare}.${macOf(key, bare)}`
}

/** The conversation of the first token of ours in ids or addresses, nearest first; undefined where none holds. */
export function conversationIn(key: Buffer, given: readonly string[]): string | undefined {
  for (const one of given) {
    for (const [, bare = '', mac = ''] of one.matchAll(tokenForm)) {
      const expected = Buffer.from(macOf(key, bare.toLowerCase()))
      const found = Buffer.from(mac.toLowerCase())
      if (found.length === expected.length && timingSafeEqual(found, expected)) return `cnv_${bare.toLowerCase()}`
    }
  }
  return undefined
}

function macOf(key: Buffer, bare: string): string {
  const digest = createHmac('sha256', key).update(`conversation ${bare}`).digest()
  return Array.from(digest.subarray(0, macLength), (byte) => alphabet[byte & 31]).join('')
}

/** The Message-ID of a native message, without its brackets: the same at every attempt, so it tells whether one was taken. */
export function messageIdOf(
  key: Buffer,
  message: { readonly id: string; readonly conversationId: string },
  domain: string,
): string {
  return `${message.id}.${tokenOf(key, message.conversationId)}@${domain}`
}

/** Whether the id is of a mail that a channel with this key has sent. */
export function isOurs(key: Buffer, messageId: string): boolean {
  return messageId.startsWith('msg_') && conversationIn(key, [messageId]) !== undefined
}

/** `support+c.<token>@…`; undefined where the part before the @ would become too long. https://www.rfc-editor.org/rfc/rfc5233 */
export function plusAddress(address: string, token: string): string | undefined {
  const at = address.lastIndexOf('@')
  const local = `${address.slice(0, at)}+c.${token}`
  return local.length > maxLocalPart ? undefined : `${local}${address.slice(at)}`
}

/** The Message-IDs in a header, without their brackets, in its order. */
export function idsIn(header: string | undefined): string[] {
  return Array.from((header ?? '').matchAll(/<([^<>\s]{3,900})>/g), ([, id = '']) => id)
}
