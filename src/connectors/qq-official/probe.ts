/** What can be known of a bot without a message: whether it is ours, whether QQ lets us call, where it calls us. */
import { type Check, type Hub, isPublic, undelivered } from '../contract.ts'
import { type ApiSettings, mendOf, QqApi, Refusal } from './api.ts'
import { word } from './translate.ts'

const answerMs = 15_000
/** https://bot.q.qq.com/wiki/develop/api-v2/dev-prepare/interface-framework/event-emit.html */
const ports = ['', '80', '8080', '8443']

export async function* probe(settings: ApiSettings, hub: Hub): AsyncIterable<Check> {
  const api = new QqApi(settings, hub)
  const signal = AbortSignal.timeout(answerMs)
  yield address(hub)
  const token = await attempt('AppID and AppSecret', () => api.token(signal))
  if (typeof token !== 'string') {
    yield token
    return
  }
  yield { name: 'AppID and AppSecret', ok: true, detail: 'QQ gave a token.' }
  // The white list counts from here on.
  const name = 'Bot'
  const bot = await attempt(name, () => api.call('GET', '/users/@me', undefined, signal))
  yield 'ok' in bot && typeof bot.ok === 'boolean'
    ? (bot as Check)
    : { name, ok: true, detail: `The bot is ${word((bot as { username?: unknown }).username) || settings.appId}.` }
}

/** The address to paste, and whether QQ can call it at all. */
function address({ hookUrl }: Hub): Check {
  const { port, protocol } = new URL(hookUrl)
  const name = 'Address for QQ'
  if (isPublic(hookUrl) && protocol === 'https:' && ports.includes(port)) {
    return { name, ok: true, detail: `回调地址: ${hookUrl}` }
  }
  const mend = 'Set server.publicUrl to a public https address on port 443, 80, 8080 or 8443.'
  return { name, ok: false, detail: `QQ cannot call ${hookUrl}.`, mend }
}

/** What came of asking; the failed check otherwise. */
async function attempt<T>(name: string, ask: () => Promise<T>): Promise<T | Check> {
  try {
    return await ask()
  } catch (error) {
    if (!(error instanceof Refusal)) {
      const { message } = undelivered(error)
      return { name, ok: false, detail: message, mend: 'Check network, proxy and egress.allow.' }
    }
    const { code, status, message } = error
    const mend = mendOf(error)
    return { name, ok: false, detail: `QQ says ${code || status}: ${message}`, ...(mend !== undefined && { mend }) }
  }
}
