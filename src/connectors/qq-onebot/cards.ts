/** QQ's rich messages, JSON and XML that its own programs draw: what of them can be read. */
import type { Part } from '../../core/conversations/model.ts'
import { isObject, objectIn, textIn } from '../contract.ts'
import { webAddress } from './segments.ts'

const longest = 100_000

type Fields = Readonly<Record<string, unknown>>

/** A place or a link where it is one, else a card with the line that QQ itself shows in its lists. */
export function fromJson(data: unknown): Part {
  const told = parsed(data)
  if (told === undefined) return { type: 'unsupported', native: 'json', fallback: '[卡片]' }
  const prompt = textIn(told.prompt) || textIn(told.desc) || '[卡片]'
  const [inner = {}] = Object.values(fieldsIn(told.meta)).filter(isObject)
  const [lat, lon] = [Number(inner.lat), Number(inner.lng)]
  if (inner.lat !== undefined && Math.abs(lat) <= 90 && Math.abs(lon) <= 180) {
    return { type: 'location', lat, lon, ...named(textIn(inner.name, 255)), ...addressed(textIn(inner.address, 1000)) }
  }
  const title = textIn(inner.title, 500)
  const url = [inner.jumpUrl, inner.qqdocurl, inner.url, inner.musicUrl].map(webAddress).find((one) => one !== '')
  if (url !== undefined) return link(url, title, textIn(inner.desc))
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
  if (isObject(data)) return data
  return typeof data === 'string' && data.length <= longest ? objectIn(data) : undefined
}

function fieldsIn(value: unknown): Fields {
  return isObject(value) ? value : {}
}

export function named(name: string): { name?: string } {
  return name === '' ? {} : { name }
}

export function addressed(address: string): { address?: string } {
  return address === '' ? {} : { address }
}
