/** SIP messages as text (RFC 3261, 7 and 25): read from bytes, changed by header, written again. Pure. */

export interface SipMessage {
  /** Of a request; '' for a response. */
  readonly method: string
  readonly uri: string
  /** Of a response; 0 for a request. */
  readonly status: number
  readonly reason: string
  /** In their order, names in the long form. */
  readonly headers: [name: string, value: string][]
  readonly body: string
}

/** More than any phone says; a larger message is not read. */
export const maxMessageBytes = 32_768

const compact: Readonly<Record<string, string>> = {
  v: 'Via',
  f: 'From',
  t: 'To',
  i: 'Call-ID',
  m: 'Contact',
  l: 'Content-Length',
  c: 'Content-Type',
  k: 'Supported',
  s: 'Subject',
  e: 'Content-Encoding',
  r: 'Refer-To',
  b: 'Referred-By',
  o: 'Event',
  u: 'Allow-Events',
}

/** Headers that may stand several times on one line, parted by commas, and whose parts matter here. */
const lists = new Set(['via', 'route', 'record-route'])

/** The message; undefined for what is none, or lacks a header that every message has (RFC 3261, 8.1.1). */
export function parseMessage(bytes: Buffer): SipMessage | undefined {
  const message = readMessage(bytes)
  return message !== undefined && isWhole(message) ? message : undefined
}

/** The same of what the application says, which leaves to us what it does not care for. Bytes after the body's length are ignored. */
export function readMessage(bytes: Buffer): SipMessage | undefined {
  if (bytes.length > maxMessageBytes) return undefined
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const [first = '', ...lines] = bytes
    .toString('utf8', 0, end)
    .replace(/\r\n[ \t]+/g, ' ')
    .split('\r\n')
  const request = /^([A-Za-z.!%*_+`'~-]{1,32}) (\S{1,2000}) SIP\/2\.0$/.exec(first)
  const response = /^SIP\/2\.0 ([1-6]\d\d)(?: (.*))?$/.exec(first)
  if (request === null && response === null) return undefined
  const headers: [string, string][] = []
  for (const line of lines) {
    const colon = line.indexOf(':')
    if (colon < 1) return undefined
    const given = line.slice(0, colon).trim()
    const name = compact[given.toLowerCase()] ?? given
    const value = line.slice(colon + 1).trim()
    const values = lists.has(name.toLowerCase()) ? splitList(value) : [value]
    for (const one of values) headers.push([name, one])
  }
  const body = bytes.subarray(end + 4)
  const message: SipMessage = {
    method: request?.[1] ?? '',
    uri: request?.[2] ?? '',
    status: Number(response?.[1] ?? 0),
    reason: response?.[2] ?? '',
    headers,
    body: '',
  }
  const said = header(message, 'Content-Length')
  const length = said === undefined ? body.length : Number(said)
  if (!Number.isInteger(length) || length < 0 || length > body.length) return undefined
  return { ...message, body: body.toString('utf8', 0, length) }
}

function isWhole(message: SipMessage): boolean {
  const cseq = /^(\d{1,10}) (\S+)$/.exec(header(message, 'CSeq') ?? '')
  if (cseq === null || (message.method !== '' && cseq[2] !== message.method)) return false
  return ['Via', 'From', 'To', 'Call-ID'].every((name) => (header(message, name) ?? '') !== '')
}

/** The bytes of the message, with the length of its body. */
export function writeMessage(message: SipMessage): Buffer {
  const { method, uri, status, reason, body } = message
  const first = method === '' ? `SIP/2.0 ${status} ${reason}` : `${method} ${uri} SIP/2.0`
  const lines = message.headers.filter(([name]) => name.toLowerCase() !== 'content-length')
  const text = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  return Buffer.from(`${first}\r\n${text}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)
}

/** The first header of that name. */
export function header({ headers }: Pick<SipMessage, 'headers'>, name: string): string | undefined {
  const wanted = name.toLowerCase()
  return headers.find(([one]) => one.toLowerCase() === wanted)?.[1]
}

export function headersOf({ headers }: Pick<SipMessage, 'headers'>, name: string): string[] {
  const wanted = name.toLowerCase()
  return headers.filter(([one]) => one.toLowerCase() === wanted).map(([, value]) => value)
}

/** `;tag=` of a From or To. */
export function tagOf(value: string | undefined): string {
  return parameter(afterAddress(value ?? ''), 'tag') ?? ''
}

/** The URI in an address: what stands in angle brackets, or all before the first parameter. */
export function uriOf(value: string | undefined): string {
  const bracketed = /<([^>]*)>/.exec(value ?? '')?.[1]
  return bracketed ?? (value ?? '').split(';')[0]?.trim() ?? ''
}

/** Whom a SIP or tel URI names, percent-decoded (RFC 3261, 19.1.2); '' for other schemes. */
export function userOf(uri: string): string {
  const user = /^(?:sips?|tel):([^@;>?]+)/i.exec(uri)?.[1] ?? ''
  try {
    return decodeURIComponent(user)
  } catch {
    return user
  }
}

/** A parameter of a header or URI, without its quotes; '' for one without a value. */
export function parameter(value: string, name: string): string | undefined {
  const found = new RegExp(`;\\s*${name}(?:\\s*=\\s*("[^"]*"|[^;,>\\s]*))?(?=[;,>\\s]|$)`, 'i').exec(value)
  return found === null ? undefined : (found[1] ?? '').replace(/^"|"$/g, '')
}

export interface CSeq {
  readonly number: number
  readonly method: string
}

export function cseqOf(message: SipMessage): CSeq {
  const [number = '0', method = ''] = (header(message, 'CSeq') ?? '').split(' ')
  return { number: Number(number), method }
}

/** Where a SIP URI leads: `sip:user@host:port;transport=tcp`. Undefined for other schemes and names that are none. */
export interface Target {
  readonly transport: 'udp' | 'tcp'
  readonly host: string
  readonly port: number
}

export function targetOf(uri: string): Target | undefined {
  const found = /^sip:(?:[^@]*@)?(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(?::(\d{1,5}))?(;.*|\?.*)?$/i.exec(uri)
  if (found === null) return undefined
  const port = Number(found[2] ?? 5060)
  if (port < 1 || port > 65_535) return undefined
  const transport = parameter(found[3] ?? '', 'transport')?.toLowerCase() === 'tcp' ? 'tcp' : 'udp'
  return { transport, host: (found[1] ?? '').replace(/^\[|\]$/g, ''), port }
}

function afterAddress(value: string): string {
  const close = value.lastIndexOf('>')
  if (close >= 0) return value.slice(close + 1)
  const semicolon = value.indexOf(';')
  return semicolon < 0 ? '' : value.slice(semicolon)
}

/** At commas outside of quotes and angle brackets. */
export function splitList(value: string): string[] {
  return (value.match(/(?:"(?:[^"\\]|\\.)*"|<[^>]*>|[^,"<])+/g) ?? [])
    .map((one) => one.trim())
    .filter((one) => one !== '')
}
