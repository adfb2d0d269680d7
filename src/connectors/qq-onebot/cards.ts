/** QQ's rich messages, JSON and XML that its own programs draw: what of them can be read. */
import type { Part } from '../../core/conversations/model.ts'
import { webAddress, word } from './segments.ts'

const longest = 100_000

type Fields = Readonly<Record<string, unknown>>

/** A place or a link where it is one, else a card with the line that QQ itself shows in its lists. */
export function fromJson(data: unknown): Part {
  const told = parsed(data)
  if (told === undefined) return { type: 'unsupported', native: 'json', fallback: '[卡片]' }
  const prompt = word(told.prompt) || word(told.desc) || '[卡片]'
  const [inner = {}] = Object.values(fieldsIn(told.meta)).filter(isFields)
  const [lat, lon] = [Number(inner.lat), Number(inner.lng)]
  if (inner.lat !== undefined && Math.abs(lat) <= 90 && Math.abs(lon) <= 180) {
    return { type: 'location', lat, lon, ...named(word(inner.name, 255)), ...addressed(word(inner.address, 1000)) }
  }
  const title = word(inner.title, 500)
  const url = [inner.jumpUrl, inner.qqdocurl, inner.url, inner.musicUrl].map(webAddress).find((one) => one !== '')
  if (url !== undefined) return link(url, title, word(inner.desc))
  return { type: 'card', fallback: prompt, ...(title !== '' && { title }) }
}

export function fromXml(data: unknown): Part {
  const xml = typeof data === 'string' ? data.slice(0, longest) : ''
  const attribute = (name: string) => {
    const found = new RegExp(`\\b${name}="([^"]{1,2000})"`).exec(xml)?.[1] ?? ''
    return found.replace(/&(lt|gt|quot|apos|amp);/g, (_, entity: string) => entities[entity] ?? '')
  }
  const brief = attribute('brief')
  const url = webAddress(attribute('url'))
  if (url !== '') return link(url, brief.slice(0, 500), '')
  return { type: 'card', fallback: brief || '[卡片]' }
}

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' }

export function link(url: string, title: string, description: string): Part {
  return { type: 'link', url, ...(title !== '' && { title }), ...(description !== '' && { description }) }
}

function parsed(data: unknown): Fields | undefined {
  if (isFields(data)) return data
  if (typeof data !== 'string' || data.length > longest) return undefined
  try {
    const value: unknown = JSON.parse(data)
    return isFields(value) ? value : undefined
  } catch {
    return undefined
  }
}

function fieldsIn(value: unknown): Fields {
  return isFields(value) ? value : {}
}

function isFields(value: unknown): value is Fields {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

export function named(name: string): { name?: string } {
  return name === '' ? {} : { name }
}

export function addressed(address: string): { address?: string } {
  return address === '' ? {} : { address }
}
