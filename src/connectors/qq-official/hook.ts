/** QQ's calls: verified, then read. https://bot.q.qq.com/wiki/develop/api-v2/dev-prepare/interface-framework/event-emit.html */
import { type HookRequest, type HookResult, misplaced, objectIn, oversized, refuse } from '../contract.ts'
import { isSigned, proofOf } from './signature.ts'
import { type Fields, fromEvent, word } from './translate.ts'

export interface HookSettings {
  readonly appId: string
  readonly appSecret: string
  readonly opensOn?: readonly string[]
}

/** How far QQ's clock and ours may be apart; a call that is played again later is refused. */
const toleranceSeconds = 600

const dispatch = 0
const acknowledged = 12
const validation = 13

export function hear(request: HookRequest, settings: HookSettings): HookResult {
  const { method, headers, body, at } = request
  const elsewhere = misplaced(request)
  if (elsewhere !== undefined) return elsewhere
  if (method !== 'POST') return refuse(405, 'Only POST is understood.', { allow: 'POST' })
  const tooLong = oversized(request)
  if (tooLong !== undefined) return tooLong
  const appId = headers['x-bot-appid']
  if (appId !== undefined && appId !== settings.appId) return refuse(403, 'The call is for another bot.')
  const payload = objectIn(textOf(body) ?? '')
  if (payload?.op === validation) return prove(payload.d, settings)
  const timestamp = headers['x-signature-timestamp'] ?? ''
  if (!isSigned(settings, timestamp, body, headers['x-signature-ed25519'] ?? '')) {
    return refuse(401, 'The signature does not fit the secret of the bot.')
  }
  if (!(Math.abs(at / 1000 - Number(timestamp)) <= toleranceSeconds)) {
    return refuse(403, 'The timestamp is too far from the time here.')
  }
  if (payload === undefined) return refuse(400, 'The body is not a JSON object.')
  return heard(payload, settings)
}

/** QQ asks this once, when the address is entered, and does not sign it. */
function prove(asked: unknown, settings: HookSettings): HookResult {
  const { plain_token, event_ts } = (asked ?? {}) as { plain_token?: unknown; event_ts?: unknown }
  const signature = proofOf(settings, plain_token, event_ts)
  if (signature === undefined) return refuse(400, 'That is nothing which QQ asks with.')
  return answer({ plain_token, signature })
}

function heard({ op, t, d, id }: Fields, { appId, opensOn = [] }: HookSettings): HookResult {
  const done = answer({ op: acknowledged, d: 0 })
  if (op !== dispatch || d === null || typeof d !== 'object') return done
  const event = fromEvent(word(t), d as Fields, word(id), { appId, opensOn })
  return event === undefined ? done : { ...done, events: [event] }
}

function textOf(body: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body)
  } catch {
    return undefined
  }
}

function answer(body: object): HookResult {
  const headers = { 'content-type': 'application/json' }
  return { events: [], reply: { status: 200, headers, body: JSON.stringify(body) } }
}
