/** The part of the contract (contract.ts) for platforms that call us by HTTP: what is refused in words, whom we believe, where they reach us. */
import { timingSafeEqual } from 'node:crypto'
import type { HookReply, HookRequest, HookResult } from './contract.ts'

const longestBody = 64 * 1024
/** By name or number: this machine, and networks that no platform reaches. Addresses of IPv6 are in brackets. */
const unreachable = /^(localhost|127\.|10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|\[)/

/** A call that is not taken: nothing of it becomes an event. */
export function refuse(status: number, body: string, headers: Record<string, string> = {}): HookResult {
  const reply: HookReply = { status, body, headers }
  return { events: [], reply }
}

/** The refusal of a call to an address below the channel's own, where there is nothing; undefined for the channel's own. */
export function misplaced({ path }: HookRequest): HookResult | undefined {
  return path === '' || path === '/' ? undefined : refuse(404, 'There is nothing at this address.')
}

/** The refusal of a call with more in it than platforms whose files come by themselves ever say; undefined for every other. */
export function oversized({ body }: HookRequest): HookResult | undefined {
  return body.length > longestBody ? refuse(413, 'A call has at most 64 KB.') : undefined
}

/** Whether two texts are the same, in a time that tells only whether their lengths are. */
export function isSame(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)]
  return a.length === b.length && timingSafeEqual(a, b)
}

/** Whether the address of a channel looks like one that a platform could call. */
export function isPublic(hookUrl: string): boolean {
  const { hostname } = new URL(hookUrl)
  return !unreachable.test(hostname) && hostname.includes('.')
}
