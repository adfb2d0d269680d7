/**
 * Whether a gateway that calls or dials is the one of the channel, and what it posts.
 * https://github.com/botuniverse/onebot-11/blob/master/communication/http-post.md and …/ws-reverse.md
 */
import { createHmac } from 'node:crypto'
import {
  type HookHub,
  type HookReply,
  type HookRequest,
  type HookResult,
  isSame,
  misplaced,
  objectIn,
  refuse,
} from '../contract.ts'
import { gatewayNote, tellsFilesByNotice } from './connector.ts'
import { connectionOf, type OnebotSettings } from './settings.ts'
import { fromEvent, isFileNotice, saidAt } from './translate.ts'

/** How far the gateway's clock and ours may be apart; what is played again later is refused. */
const toleranceMs = 15 * 60_000

/** The answer to a gateway that dials and is not ours; undefined when it is. */
export function refusalOf({ headers, path, query }: HookRequest, settings: OnebotSettings): HookReply | undefined {
  // Some gateways put the role behind the address: /ws.
  if (path !== '' && path !== '/' && path !== '/ws') return refusal(404, 'There is nothing at this address.')
  const shown = headers.authorization?.replace(/^(bearer|token)\s+/i, '') ?? query.get('access_token') ?? ''
  if (shown === '') return refusal(401, 'The access token is missing.')
  if (!isSame(shown, settings.accessToken)) return refusal(403, 'The access token is wrong.')
  const role = headers['x-client-role'] ?? 'Universal'
  if (role.toLowerCase() !== 'universal') {
    return refusal(400, 'Only a client of role Universal is understood: one connection for both, API and events.')
  }
  const self = headers['x-self-id']
  if (settings.account !== undefined && self !== undefined && self !== settings.account) {
    return refusal(403, 'The channel is for another QQ number.')
  }
  return undefined
}

function refusal(status: number, body: string): HookReply {
  return refuse(status, body).reply
}

/** What a gateway posts. It says nothing twice: what is not kept now is lost, so that its sockets are the better way. */
export async function hear(request: HookRequest, settings: OnebotSettings, hub: HookHub): Promise<HookResult> {
  const { method, headers, body, at } = request
  const elsewhere =
    connectionOf(settings) === 'http' ? misplaced(request) : refuse(404, 'There is nothing at this address.')
  if (elsewhere !== undefined) return elsewhere
  if (method !== 'POST') return refuse(405, 'Only POST is understood.', { allow: 'POST' })
  const { secret, account, groups = 'mentioned' } = settings
  if (secret === undefined) return refuse(403, 'The channel has no secret to know the gateway by.')
  const wanted = `sha1=${createHmac('sha1', secret).update(body).digest('hex')}`
  if (!isSame(headers['x-signature'] ?? '', wanted)) return refuse(401, 'The signature does not fit the secret.')
  const event = objectIn(body.toString())
  if (event === undefined) return refuse(400, 'The body is not an event.')
  const said = saidAt(event)
  if (said === undefined || Math.abs(said - at) > toleranceMs) {
    return refuse(403, 'The time of the event is too far from the time here.')
  }
  const self = String(event.self_id ?? '')
  if (account !== undefined && self !== account) return refuse(403, 'The channel is for another QQ number.')
  // What the gateway is decides only whether a notice of a file is heard.
  const gateway = isFileNotice(event)
    ? ((await hub.memory.get(gatewayNote)) as { name?: unknown } | undefined)
    : undefined
  const inbound = fromEvent(event, { self, groups, fileNotices: tellsFilesByNotice(gateway?.name) })
  return { events: inbound === undefined ? [] : [inbound], reply: { status: 204 } }
}
