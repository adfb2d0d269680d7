/** From the bytes of a mail's head and of its texts to words: charsets, encodings and folded lines are mailparser's work. */
import { type AddressObject, simpleParser } from 'mailparser'
import type { Fields } from './automatic.ts'
import { charsetOf, inUtf8 } from './charset.ts'
import type { MimeNode } from './structure.ts'

export interface MailAddress {
  readonly address: string
  readonly name: string
}

/** The head of a mail. */
export interface Head {
  readonly fields: Fields
  readonly from: readonly MailAddress[]
  readonly replyTo: readonly MailAddress[]
  readonly to: readonly MailAddress[]
  readonly cc: readonly MailAddress[]
  readonly subject: string
}

const plainly = { skipTextToHtml: true, skipImageLinks: true, skipTextLinks: true }

/** `charsets` are those that the texts of the mail say of themselves: bytes of the head that were never encoded are most often in the same. */
export async function readHead(bytes: Buffer, charsets: readonly string[] = []): Promise<Head> {
  const parsed = await simpleParser(Buffer.concat([inUtf8(bytes, charsets), Buffer.from('\r\n\r\n')]), plainly)
  const fields = new Map<string, string[]>()
  for (const { key, line } of parsed.headerLines) {
    const value = line.slice(line.indexOf(':') + 1).replace(/\r?\n[ \t]+/g, ' ')
    fields.set(key, [...(fields.get(key) ?? []), value.trim()])
  }
  return {
    fields,
    from: addressesOf(parsed.from),
    replyTo: addressesOf(parsed.replyTo),
    to: addressesOf(parsed.to),
    cc: addressesOf(parsed.cc),
    subject: (parsed.subject ?? '').replace(/\s+/g, ' ').trim(),
  }
}

function addressesOf(given: AddressObject | AddressObject[] | undefined): MailAddress[] {
  const flat = (list: AddressObject['value']): AddressObject['value'] =>
    list.flatMap((one) => (one.group === undefined ? [one] : flat(one.group)))
  return flat([given ?? []].flat().flatMap(({ value }) => value)).flatMap(({ address, name }) =>
    address === undefined || address === '' ? [] : [{ address, name: name.trim() }],
  )
}

export interface Words {
  readonly text: string
  /** As it came: not to be shown. */
  readonly html?: string
}

/** The name of a file, from the bytes of its own head, where the server's description has lost it; undefined where there is none. */
export async function readName(bytes: Buffer, charsets: readonly string[]): Promise<string | undefined> {
  const head = inUtf8(bytes, charsets).toString().trimEnd()
  // Whatever it says that it is, it is read as a file.
  const asFile = head
    .replace(/^(content-disposition:\s*)[\w-]+/im, '$1attachment')
    .replace(/^(content-type:\s*)[\w.+/-]+/im, '$1application/octet-stream')
  const parsed = await simpleParser(`${asFile}\r\n\r\nx`, plainly)
  return parsed.attachments[0]?.filename
}

/** The words of a text node, from its bytes as they travel. HTML comes in words too. */
export async function readWords(node: MimeNode, bytes: Buffer): Promise<Words> {
  const words = await wordsIn(node, bytes)
  const { charset: told = '' } = node.parameters ?? {}
  if (!/^(?:|us-ascii|ascii|utf-?8|unknown.*)$/i.test(told) || !isGarbled(words.text)) return words
  const charset = charsetOf(decoded(node, bytes))
  return charset === undefined ? words : wordsIn({ ...node, parameters: { ...node.parameters, charset } }, bytes)
}

/** What the bytes of a text were before they were made fit to travel. https://www.rfc-editor.org/rfc/rfc2045#section-6 */
function decoded({ encoding }: MimeNode, bytes: Buffer): Buffer {
  if (encoding === 'base64') return Buffer.from(bytes.toString('latin1'), 'base64')
  if (encoding !== 'quoted-printable') return bytes
  const plain = bytes
    .toString('latin1')
    .replace(/=[ \t]*\r?\n/g, '')
    .replace(/=([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(plain, 'latin1')
}

/** Most of what is not ASCII could not be read, so that it was written in another charset than is said, or in one that is not said. */
function isGarbled(text: string): boolean {
  const foreign = text.match(/\P{ASCII}/gu) ?? []
  return foreign.filter((one) => one === '\ufffd').length * 2 > foreign.length
}

async function wordsIn(node: MimeNode, bytes: Buffer): Promise<Words> {
  const parsed = await simpleParser(Buffer.concat([mimeHead(node), bytes]), plainly)
  const html = typeof parsed.html === 'string' ? parsed.html : undefined
  return { text: tidy(parsed.text ?? ''), ...(html !== undefined && { html }) }
}

function tidy(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .replace(/[ \t]+$/gm, '')
    .trimEnd()
}

/** What the server said of it, said to the parser. */
function mimeHead({ type, parameters = {}, encoding }: MimeNode): Buffer {
  const quoted = (value: string) => `"${value.replace(/[\r\n]/g, ' ').replace(/["\\]/g, '\\$&')}"`
  const told = ['charset', 'format', 'delsp'].flatMap((name) => {
    const value = parameters[name]
    return value === undefined ? [] : [`; ${name}=${quoted(value)}`]
  })
  const clean = (token: string) => token.replace(/[^\w./+-]/g, '')
  const lines = [`Content-Type: ${clean(type)}${told.join('')}`]
  if (encoding !== undefined && encoding !== '') lines.push(`Content-Transfer-Encoding: ${clean(encoding)}`)
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`)
}
