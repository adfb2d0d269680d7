/** What the played gateway of qq-onebot.ts says, in OneBot's words. */
import { randomBytes } from 'node:crypto'
import type { Part } from '../../src/core/conversations/model.ts'
import { digestOf, sampleBytes } from '../conformance/connector-samples.ts'

export type Fields = Record<string, unknown>

/** What the gateway answers: `undefined` when it keeps silent. */
export type Answer = { status: string; retcode: number; data: unknown; wording?: string } | undefined

/** As a program of QQ sends it. Forwarded messages are kept for who asks for them. */
export function wireOf(part: Part | undefined, filesAt: string, forwards: Map<string, unknown>): unknown {
  const one = (type: string, data: object) => [{ type, data }]
  if (part !== undefined && 'blob' in part) {
    const { name = '', size } = part.blob
    const gone = name.startsWith('forgotten')
    const url = `${filesAt}/files/${name}`
    const data = { file: name, file_id: name, file_size: String(size), ...(!gone && { url }) }
    const caption = part.caption === undefined ? [] : one('text', { text: part.caption })
    if (part.type === 'image') return [...one('image', { ...data, sub_type: 0, summary: '' }), ...caption]
    if (part.type === 'sticker') return one('image', { ...data, sub_type: 1, summary: '[动画表情]' })
    return one(part.type === 'audio' ? 'record' : part.type, data)
  }
  switch (part?.type) {
    case 'text':
      return one('text', { text: part.text })
    case 'location':
      return one('location', {
        lat: String(part.lat),
        lon: String(part.lon),
        title: part.name,
        content: part.address,
      })
    case 'link':
      return one('share', { url: part.url, title: part.title })
    case 'forward': {
      const id = randomBytes(8).toString('base64url')
      const nodes = part.items.map(({ from, parts }) => ({
        sender: { user_id: 1, nickname: from },
        time: 1,
        message: wireOf(parts[0], filesAt, forwards),
      }))
      forwards.set(id, nodes)
      return one('forward', { id })
    }
    default:
      throw new Error(`This customer does not send ${part?.type}.`)
  }
}

export function ok(data: unknown): Answer {
  return { status: 'ok', retcode: 0, data }
}

export function refusal(retcode: number, wording: string): Answer {
  return { status: 'failed', retcode, data: null, wording }
}

export function handOut(name: string): Answer {
  if (name.startsWith('forgotten')) return refusal(1200, 'file not found')
  return ok({ file: `/app/.config/QQ/${name}`, base64: sampleBytes(name.replace('expired-', '')).toString('base64') })
}

export function partsOf(action: string, params: Fields): Part[] {
  const blobOf = (file: unknown) => ({
    locator: { sha256: digestOf(Buffer.from(String(file).replace('base64://', ''), 'base64')) },
  })
  if (action.startsWith('upload')) return [{ type: 'file', blob: blobOf(params.file) }]
  const segments = (params.message as { type: string; data: Fields }[]).filter(({ type }) => type !== 'reply')
  const words = segments.filter(({ type }) => type === 'text').map(({ data }) => String(data.text))
  const [first] = segments
  const types = { image: first?.data.sub_type === 1 ? 'sticker' : 'image', record: 'audio', video: 'video' } as const
  const type = types[first?.type as keyof typeof types]
  if (type === undefined) return [{ type: 'text', text: words.join('') }]
  return [{ type, blob: blobOf(first?.data.file), ...(words.length > 0 && { caption: words.join('') }) }]
}
