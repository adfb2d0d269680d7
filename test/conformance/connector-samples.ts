/** One part of each type, as a platform or an agent might send it. */
import type { Part } from '../../src/core/conversations/model.ts'

const blob = (name: string, mediaType: string) => ({ name, mediaType, size: 1234, locator: { id: `media-${name}` } })

export const samples: { readonly [Type in Part['type']]: Extract<Part, { type: Type }> } = {
  text: { type: 'text', text: '你好 👋🏽, hello' },
  image: { type: 'image', blob: blob('shoes.png', 'image/png'), caption: 'These' },
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
