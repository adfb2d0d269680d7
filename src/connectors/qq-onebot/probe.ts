/** What can be known of a gateway without a message: whether it is there, who is logged in, what it can do beyond the standard. */
import { type Check, type Hub, textIn, Undelivered, undelivered } from '../contract.ts'
import { gatewayNote } from './connector.ts'
import { type Gateway, Refused, SocketGateway } from './gateway.ts'
import { reach } from './open.ts'
import { connectionOf, type OnebotSettings } from './settings.ts'

const answerMs = 5000

export async function* probe(settings: OnebotSettings, hub: Hub): AsyncIterable<Check> {
  const connection = connectionOf(settings)
  if (connection !== 'websocket') yield address(settings, hub)
  if (connection === 'reverse-websocket') {
    yield await dialledIn(hub)
    return
  }
  const name = 'Gateway'
  if (settings.address === undefined) {
    yield {
      name,
      ok: false,
      detail: 'The address of the gateway is missing.',
      mend: 'Set address: ws://… or http://….',
    }
    return
  }
  let gateway: Awaited<ReturnType<typeof reach>>
  try {
    gateway = await reach(settings, hub)
  } catch (error) {
    const { kind, message } = undelivered(error)
    yield {
      name,
      ok: false,
      detail: kind === 'unknown' ? 'The gateway cannot be reached, or refuses the connection.' : message,
      mend: 'Check the address, and the gateway’s log: is the access token the same? Private addresses need egress.allow.',
    }
    return
  }
  const ignored = () => {}
  if (gateway instanceof SocketGateway) void gateway.read(ignored, ignored)
  try {
    yield* ask(gateway)
  } finally {
    gateway.close()
  }
}

/** What to enter at the gateway. */
function address(settings: OnebotSettings, { hookUrl }: Hub): Check {
  const name = 'Address for the gateway'
  if (connectionOf(settings) === 'reverse-websocket') {
    return { name, ok: true, detail: `WebSocket client of the gateway: ${hookUrl}, with the access token.` }
  }
  if (settings.secret === undefined) {
    const mend = 'Set secret, and the same at the gateway.'
    return { name, ok: false, detail: 'Without a secret nothing is believed that the gateway posts.', mend }
  }
  return { name, ok: true, detail: `HTTP client of the gateway: ${hookUrl}, with the secret.` }
}

/** A test must not take the gateway's place: what it said when it dialled is all that is asked. */
async function dialledIn({ memory, hookUrl }: Hub): Promise<Check> {
  const known = (await memory.get(gatewayNote)) as { name?: unknown; self?: unknown } | undefined
  const name = 'Gateway'
  if (known !== undefined) {
    return {
      name,
      ok: true,
      detail: `${textIn(known.name) || 'A gateway'} has dialled in, last as ${textIn(known.self)}. The state of the channel says how it is now.`,
    }
  }
  const mend = `Add a WebSocket client (反向 WebSocket) to ${hookUrl} at the gateway, with the access token.`
  return { name, ok: false, detail: 'No gateway has dialled in yet.', mend }
}

async function* ask(gateway: Gateway): AsyncIterable<Check> {
  const call = (action: string) => gateway.call(action, {}, AbortSignal.timeout(answerMs))
  try {
    const info = (await call('get_login_info')) as { user_id?: unknown; nickname?: unknown }
    yield { name: 'Account', ok: true, detail: `Logged in as ${textIn(info?.nickname)} (${textIn(info?.user_id)}).` }
    const status = (await call('get_status')) as { online?: unknown }
    yield status?.online === false
      ? { name: 'Login', ok: false, detail: 'QQ has logged the account out.', mend: 'Log in again at the gateway.' }
      : { name: 'Login', ok: true, detail: 'The account is online.' }
    const version = (await call('get_version_info')) as { app_name?: unknown; app_version?: unknown }
    yield { name: 'Gateway', ok: true, detail: `${textIn(version?.app_name)} ${textIn(version?.app_version)}` }
  } catch (error) {
    yield failed(error)
  }
}

function failed(error: unknown): Check {
  const name = 'Gateway'
  if (error instanceof Refused) {
    const isToken = error.code === 1401 || error.code === 1403
    return {
      name,
      ok: false,
      detail: isToken ? 'The gateway refuses the access token.' : `The gateway says ${error.code}: ${error.message}`,
      mend: isToken ? 'Enter the same access token on both sides.' : 'Look into the gateway’s log.',
    }
  }
  const detail = error instanceof Undelivered ? error.message : 'The gateway failed.'
  return { name, ok: false, detail, mend: 'Check address, network and egress.allow.' }
}
