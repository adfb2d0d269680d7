/** How WeChat's servers seal and sign, written a second time: what the connectors make is opened with this, and the other way. */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

export interface Call {
  readonly query: Readonly<Record<string, string>>
  readonly body: string
}

export function sealed(text: string, aesKey: string, receiver: string): string {
  const key = Buffer.from(`${aesKey}=`, 'base64')
  const length = Buffer.alloc(4)
  length.writeUInt32BE(Buffer.byteLength(text))
  const plain = Buffer.concat([randomBytes(16), length, Buffer.from(text), Buffer.from(receiver)])
  const rest = 32 - (plain.length % 32)
  const cipher = createCipheriv('aes-256-cbc', key, key.subarray(0, 16)).setAutoPadding(false)
  return Buffer.concat([cipher.update(plain), cipher.update(Buffer.alloc(rest, rest)), cipher.final()]).toString(
    'base64',
  )
}

export function unsealed(text: string, aesKey: string): string {
  const key = Buffer.from(`${aesKey}=`, 'base64')
  const decipher = createDecipheriv('aes-256-cbc', key, key.subarray(0, 16)).setAutoPadding(false)
  const plain = Buffer.concat([decipher.update(text, 'base64'), decipher.final()])
  return plain.subarray(20, 20 + plain.readUInt32BE(16)).toString()
}

export function newAesKey(): string {
  return randomBytes(33).toString('hex').slice(0, 42).concat('A')
}

export function sha1(...words: string[]): string {
  return createHash('sha1').update(words.sort().join('')).digest('hex')
}

export function cdata(value: unknown): string {
  return `<![CDATA[${String(value ?? '').replaceAll(']]>', ']]]]><![CDATA[>')}]]>`
}

/** A call with one thing changed in turn, each so that it must not be believed. `seal` makes an honest one of any text. */
export function forgeries(
  xml: string,
  seal: (xml: string, facts?: { at?: number; receiver?: string }) => Call,
): Record<string, Call> {
  const honest = seal(xml)
  const now = Math.floor(Date.now() / 1000)
  const query = (name: string, value: string): Call => ({ ...honest, query: { ...honest.query, [name]: value } })
  return {
    'a bit of what is sealed': {
      ...honest,
      body: honest.body.replace(/(<Encrypt><!\[CDATA\[..)(.)/, (_, a, b) => a + (b === 'A' ? 'B' : 'A')),
    },
    'another time': query('timestamp', String(now + 1)),
    'an old time, well signed': seal(xml, { at: now - 700 }),
    'another nonce': query('nonce', 'other'),
    'a bit of the signature of what is sealed': query('msg_signature', `${honest.query.msg_signature?.slice(0, -1)}g`),
    'no signature': query('msg_signature', ''),
    'not sealed': { ...honest, body: xml },
    'for another account': seal(xml, { receiver: 'wx0000000000000000' }),
    'with a document type': seal(`<!DOCTYPE xml [<!ENTITY a "b">]>${xml}`),
    'with an entity of its own': seal(xml.replace('</xml>', '<More>&a;</More></xml>')),
    'more than 64 KB': seal(xml.replace('</xml>', `<More>${'x'.repeat(70_000)}</More></xml>`)),
  }
}

export async function post(url: string | undefined, { query, body }: Call): Promise<{ status: number; body: string }> {
  const response = await fetch(`${url}?${new URLSearchParams(query)}`, {
    method: 'POST',
    headers: { 'content-type': 'text/xml' },
    body,
  })
  return { status: response.status, body: await response.text() }
}

export async function bytesOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

/** The file in an upload; undefined when there is none, or its length was not told beforehand. */
export async function fileIn(
  request: IncomingMessage,
  bytes: Buffer,
): Promise<{ name: string; bytes: Uint8Array } | undefined> {
  const headers = { 'content-type': request.headers['content-type'] ?? '' }
  const file = (await new Response(new Uint8Array(bytes), { headers }).formData()).get('media')
  if (typeof file !== 'object' || file === null || request.headers['content-length'] === undefined) return undefined
  return { name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) }
}
