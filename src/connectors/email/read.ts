/** From the bytes of a mail's head and of its texts to words: charsets, encodings and folded lines are mailparser's work. */
import { type AddressObject, simpleParser } from 'mailparser'
import type { Fields } from './automatic.ts'
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

export async function readHead(bytes: Buffer): Promise<Head> {
  const parsed = await simpleParser(Buffer.concat([bytes, Buffer.from('\r\n\r\n')]), plainly)
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

/** The words of a text node, from its bytes as they travel. HTML comes in words too. */
export async function readWords(node: MimeNode, bytes: Buffer): Promise<Words> {
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
