/** Calls of WeChat's and WeCom's servers to us: signed words in the address, sealed XML in the body. */
import { type HookRequest, type HookResult, misplaced, oversized, refuse, textsInXml } from '../contract.ts'
import { isSigned, unseal } from './envelope.ts'

export interface Seal {
  readonly token: string
  readonly encodingAesKey: string
  /** Whom it is sealed for: the AppID of the account, or the id of the corporation. */
  readonly receiver: string
}

/** How far their clock and ours may be apart; a call that is played again later is refused. */
const toleranceSeconds = 600

/** What stands in the address of every call. */
export function stampOf({ query }: HookRequest): { timestamp: string; nonce: string } {
  return { timestamp: query.get('timestamp') ?? '', nonce: query.get('nonce') ?? '' }
}

/** Why a call is refused before anybody reads what it says; undefined when there is no reason. */
export function objection(request: HookRequest): HookResult | undefined {
  const { method, at } = request
  const elsewhere = misplaced(request)
  if (elsewhere !== undefined) return elsewhere
  if (!(Math.abs(at / 1000 - Number(stampOf(request).timestamp)) <= toleranceSeconds)) {
    return refuse(403, 'The timestamp is too far from the time here.')
  }
  if (method !== 'GET' && method !== 'POST') {
    return refuse(405, 'Only GET and POST are understood.', { allow: 'GET, POST' })
  }
  return oversized(request)
}

/** What is sealed in one word of a call, once its signature is right; else why it is not believed. */
export function opened(sealed: string, request: HookRequest, seal: Seal): { text: string } | string {
  const { timestamp, nonce } = stampOf(request)
  if (!isSigned(request.query.get('msg_signature'), seal.token, timestamp, nonce, sealed)) {
    return 'The signature does not fit what is sealed.'
  }
  const text = unseal(sealed, seal.encodingAesKey, seal.receiver)
  return text === undefined ? 'It was sealed with another key, or for another account.' : { text }
}

/** By their path below the root, such as `ScanCodeInfo/ScanResult`. */
export type Fields = ReadonlyMap<string, string>

/** The fields of a body as it came; undefined when it is no XML of theirs. */
export function outerFields({ body }: HookRequest): Fields | undefined {
  try {
    return textsInXml(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch {
    return undefined
  }
}

/** The fields of what a body has sealed, or the call's refusal. Nothing is believed that is not sealed: else whoever saw one call could say anything. */
export function sealedFields(request: HookRequest, seal: Seal): Fields | HookResult {
  const outer = outerFields(request)
  if (outer === undefined) return notXml
  const envelope = outer.get('Encrypt')
  if (envelope === undefined) return refuse(403, 'The channel has an EncodingAESKey, and the call is not sealed.')
  const inner = opened(envelope, request, seal)
  if (typeof inner === 'string') return refuse(403, inner)
  return textsInXml(inner.text) ?? notXml
}

export const notXml = refuse(400, 'The body is not XML as WeChat writes it.')

export function answer(body: string): HookResult {
  return { events: [], reply: { status: 200, body } }
}
