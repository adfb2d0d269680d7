/** WeChat's calls: verified, unsealed, read. https://developers.weixin.qq.com/doc/service/guide/dev/push/ */
import type { HookReply, HookRequest, HookResult } from '../contract.ts'
import type { WechatSettings } from './connector.ts'
import { isSigned, unseal } from './envelope.ts'
import { fromFields, passiveMs } from './translate.ts'
import { fieldsOf } from './xml.ts'

export interface HookSettings extends WechatSettings {
  readonly replies?: 'customer-service' | 'passive'
  readonly opensOn?: readonly string[]
}

const longestBody = 64 * 1024
/** How far WeChat's clock and ours may be apart; a call that is played again later is refused. */
const toleranceSeconds = 600

export function hear(request: HookRequest, settings: HookSettings): HookResult {
  const { query, method } = request
  const [timestamp, nonce] = [query.get('timestamp') ?? '', query.get('nonce') ?? '']
  if (request.path !== '' && request.path !== '/') return refuse(404, 'There is nothing at this address.')
  if (!isSigned(query.get('signature'), settings.token, timestamp, nonce)) {
    return refuse(403, 'The signature does not fit the token of the channel.')
  }
  if (!(Math.abs(request.at / 1000 - Number(timestamp)) <= toleranceSeconds)) {
    return refuse(403, 'The timestamp is too far from the time here.')
  }
  if (method === 'GET') return answer(query.get('echostr') ?? '')
  if (method !== 'POST') return refuse(405, 'Only GET and POST are understood.', { allow: 'GET, POST' })
  if (request.body.length > longestBody) return refuse(413, 'A call has at most 64 KB.')
  const said = read(request, settings)
  if (typeof said === 'string') return refuse(said === broken ? 400 : 403, said)
  return heard(said, request, settings)
}

const broken = 'The body is not XML as WeChat writes it.'

/** The fields of what was said, or why they are not believed. */
function read(
  { query, body }: HookRequest,
  { token, encodingAesKey, appId }: WechatSettings,
): ReadonlyMap<string, string> | string {
  const outer = fieldsOf(textOf(body) ?? '')
  if (outer === undefined) return broken
  // With a key nothing is believed that is not sealed: else whoever saw one call could say anything.
  if (encodingAesKey === undefined) return outer
  const envelope = outer.get('Encrypt')
  const [timestamp, nonce] = [query.get('timestamp') ?? '', query.get('nonce') ?? '']
  if (envelope === undefined) return 'The channel has an EncodingAESKey, and the call is not sealed.'
  if (!isSigned(query.get('msg_signature'), token, timestamp, nonce, envelope)) {
    return 'The signature does not fit what is sealed.'
  }
  const text = unseal(envelope, encodingAesKey, appId)
  if (text === undefined) return 'It was sealed with another key, or for another account.'
  return fieldsOf(text) ?? broken
}

function heard(fields: ReadonlyMap<string, string>, { at }: HookRequest, settings: HookSettings): HookResult {
  const { appId, replies, opensOn = ['click'] } = settings
  const passive = replies === 'passive'
  const event = fromFields(fields, { appId, opensOn, passive, at })
  const done = answer('success')
  if (event === undefined) return done
  return { ...done, events: [event], ...(passive && { open: { name: event.key, forMs: passiveMs } }) }
}

function textOf(body: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body)
  } catch {
    return undefined
  }
}

function answer(body: string): HookResult {
  return { events: [], reply: { status: 200, body } }
}

function refuse(status: number, body: string, headers: Record<string, string> = {}): HookResult {
  const reply: HookReply = { status, body, headers }
  return { events: [], reply }
}
