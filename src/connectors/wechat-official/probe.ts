/** What can be known of an account without a message: whether it is ours, what it may, whether WeChat reaches us. */
import { type Check, type Hub, undelivered } from '../contract.ts'
import { mendOf, Refusal, WechatApi } from './api.ts'
import type { HookSettings } from './hook.ts'

const answerMs = 8000

export async function* probe(settings: HookSettings, hub: Hub): AsyncIterable<Check> {
  const api = new WechatApi(settings, hub)
  const signal = AbortSignal.timeout(answerMs * 2)
  yield address(hub)
  const credentials = await attempt('AppID and AppSecret', () => api.token(signal))
  if (typeof credentials !== 'string') {
    yield credentials
    return
  }
  yield { name: 'AppID and AppSecret', ok: true, detail: 'WeChat gave a token.' }
  yield await answering(api, settings, signal)
  yield await reachable(api, signal)
}

/** The address to paste, and whether WeChat can call it at all. https://developers.weixin.qq.com/doc/service/guide/dev/start/ */
function address({ hookUrl }: Hub): Check {
  const { hostname, port } = new URL(hookUrl)
  const isPublic = !/^(localhost|127\.|10\.|192\.168\.|\[)/.test(hostname) && hostname.includes('.')
  const name = 'Address for WeChat'
  if (isPublic && port === '') return { name, ok: true, detail: `URL(服务器地址): ${hookUrl}` }
  return {
    name,
    ok: false,
    detail: `WeChat cannot call ${hookUrl}.`,
    mend: 'Set server.publicUrl to a public address on port 80 or 443.',
  }
}

/** An account without the customer-service interface answers in the call only. A 测试号 has it, and no list of its people. */
async function answering(api: WechatApi, { replies }: HookSettings, signal: AbortSignal): Promise<Check> {
  const name = 'Answers'
  const asked = await attempt(name, () => api.call('customservice/getkflist', {}, signal))
  const isDenied = 'code' in asked && asked.code === 48001
  if (replies === 'passive') {
    return { name, ok: true, detail: 'The channel answers in the call: once, within five seconds, no later.' }
  }
  if (!isDenied) return { name, ok: true, detail: 'The account may send customer-service messages.' }
  return {
    name,
    ok: false,
    detail: 'The account may not send customer-service messages: it is unverified, or a personal one.',
    mend: 'Verify it (微信认证), use a 测试号 to try, or set replies to passive: then only automatic answers within five seconds arrive.',
  }
}

/** WeChat itself looks whether it reaches us. https://developers.weixin.qq.com/doc/service/api/base/api_callbackcheck */
async function reachable(api: WechatApi, signal: AbortSignal): Promise<Check> {
  const name = 'Network'
  const asked = await attempt(name, () =>
    api.call('callback/check', { action: 'all', check_operator: 'DEFAULT' }, signal),
  )
  if ('ok' in asked && typeof asked.ok === 'boolean' && 'name' in asked) {
    return { name, ok: true, detail: 'WeChat does not test the network of this account.' }
  }
  const { dns = [], ping = [] } = asked as { dns?: { ip?: string }[]; ping?: { package_loss?: string }[] }
  const lost = ping.filter(({ package_loss }) => package_loss !== undefined && package_loss !== '0%')
  const found = dns.map(({ ip }) => ip).filter(Boolean)
  if (found.length === 0) return { name, ok: true, detail: 'WeChat does not call any address of this account yet.' }
  return {
    name,
    ok: lost.length === 0,
    detail: `WeChat finds ${found.join(', ')}${lost.length > 0 ? ' and does not always reach it' : ' and reaches it'}.`,
    ...(lost.length > 0 && { mend: 'Look at firewall and name server of that address.' }),
  }
}

/** What came of asking; the failed check otherwise, with the number of the refusal. */
async function attempt<T>(name: string, ask: () => Promise<T>): Promise<T | (Check & { code?: number })> {
  try {
    return await ask()
  } catch (error) {
    if (!(error instanceof Refusal)) {
      const { message } = undelivered(error)
      return { name, ok: false, detail: message, mend: 'Check network, proxy and egress.allow.' }
    }
    const { code, message } = error
    const mend = mendOf(error)
    return { name, ok: false, detail: `WeChat says ${code}: ${message}`, code, ...(mend !== undefined && { mend }) }
  }
}
