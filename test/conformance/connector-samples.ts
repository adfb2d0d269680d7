/** One part of each type, as a platform or an agent might send it, and the bytes of those that carry a file. */
import { createHash } from 'node:crypto'
import sharp from 'sharp'
import type { Part } from '../../src/core/conversations/model.ts'

const picture = sharp({ create: { width: 6, height: 4, channels: 3, background: '#0a7' } })
/** An MPEG-4 file in name: all that is asked of it is how it begins. */
const film = Buffer.concat([
  Buffer.from('0000001c6674797069736f6d0000020069736f6d69736f32', 'hex'),
  Buffer.alloc(400, 7),
])

const bytesOf: Readonly<Record<string, Buffer>> = {
  'shoes.jpg': await picture.jpeg().toBuffer(),
  'voice.amr': Buffer.concat([Buffer.from('#!AMR\n'), Buffer.alloc(320, 0x3c)]),
  'clip.mp4': film,
  'invoice.pdf': Buffer.from('%PDF-1.4\n%\xe2\xe3\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF', 'latin1'),
  'cat.webp': await picture.webp().toBuffer(),
}

/** The bytes of a sample's file. */
export function sampleBytes(name: string | undefined): Buffer {
  const bytes = bytesOf[name ?? '']
  if (bytes === undefined) throw new Error(`There is no sample ${name}.`)
  return bytes
}

export function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

const blob = (name: string, mediaType: string) => ({ name, mediaType, size: sampleBytes(name).length })

export const samples: { readonly [Type in Part['type']]: Extract<Part, { type: Type }> } = {
  text: { type: 'text', text: '你好 👋🏽, hello' },
  image: { type: 'image', blob: blob('shoes.jpg', 'image/jpeg'), caption: 'These' },
  audio: { type: 'audio', blob: blob('voice.amr', 'audio/amr'), transcript: '我想退货' },
  video: { type: 'video', blob: blob('clip.mp4', 'video/mp4') },
  file: { type: 'file', blob: blob('invoice.pdf', 'application/pdf') },
  sticker: { type: 'sticker', blob: blob('cat.webp', 'image/webp') },
  location: { type: 'location', lat: 31.2397, lon: 121.4998, name: '外滩', address: '中山东一路' },
  contact: { type: 'contact', name: 'Han Meimei', phones: ['+8613800138000'], emails: ['han@example.com'] },
  link: { type: 'link', url: 'https://example.com/a', title: 'A page' },
  card: { type: 'card', fallback: 'Order 7', title: 'Order', fields: [{ name: 'No', value: '7' }] },
  choice: { type: 'choice', prompt: 'Which one?', options: [{ id: 'a', label: 'This' }] },
  template: { type: 'template', name: 'shipped', parameters: { no: 7 }, fallback: 'Order 7 was shipped' },
  unsupported: { type: 'unsupported', native: 'red-packet', fallback: 'A red packet' },
  forward: { type: 'forward', items: [{ from: 'Li', parts: [{ type: 'text', text: 'see below' }] }] },
}
