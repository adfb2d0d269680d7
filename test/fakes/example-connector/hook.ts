/** The platform's calls: verified over their bytes, then read. TODO by its own rules, with the address where they stand. */
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { HookRequest, HookResult } from '../../../src/connectors/contract.ts'
import type { ExampleSettings } from './connector.ts'
import { fromNative } from './translate.ts'

/** How old a call may be: one that is played again later is refused. */
const toleranceSeconds = 300

export function hear({ method, headers, body, at }: HookRequest, { signingSecret }: ExampleSettings): HookResult {
  if (method !== 'POST') return answer(405, 'Only POST is understood.')
  const time = headers['x-timestamp'] ?? ''
  const wanted = createHmac('sha256', signingSecret).update(`${time}.`).update(body).digest()
  const given = Buffer.from(headers['x-signature'] ?? '', 'hex')
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return answer(401, 'The signature is wrong.')
  if (!(Math.abs(at / 1000 - Number(time)) <= toleranceSeconds)) return answer(401, 'The call is too old.')
  const event = fromNative(body)
  if (event === undefined) return answer(400, 'The body is not a message.')
  return { ...answer(200, 'ok'), events: [event] }
}

function answer(status: number, body: string): HookResult {
  return { events: [], reply: { status, body } }
}
