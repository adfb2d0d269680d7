/** What can be known of an account without a message: whether it is ours, what it may, whether WeChat reaches us. */
import type { Check, Hub } from '../contract.ts'
import type { CgiApi } from '../wechat/cgi.ts'
import { addressCheck, attempt } from '../wechat/checks.ts'
import { apiOf, mendOf } from './api.ts'
import type { HookSettings } from './hook.ts'

const answerMs = 8000

export async function* probe(settings: HookSettings, hub: Hub): AsyncIterable<Check> {
  const api = apiOf(settings, hub)
  const signal = AbortSignal.timeout(answerMs * 2)
  yield addressCheck('Address for WeChat', 'URL(服务器地址)', hub)
  const credentials = await attempt('AppID and AppSecret', () => api.token(signal), mendOf)
  if ('check' in credentials) {
    yield credentials.check
    return
  }
  yield { name: 'AppID and AppSecret', ok: true, detail: 'WeChat gave a token.' }
  yield await answering(api, settings, signal)
  yield await reachable(api, signal)
}

/** An account without the customer-service interface answers in the call only. A 测试号 has it, and no list of its people. */
async function answering(api: CgiApi, { replies }: HookSettings, signal: AbortSignal): Promise<Check> {
  const name = 'Answers'
  const asked = await attempt(name, () => api.call('customservice/getkflist', {}, signal), mendOf)
  const isDenied = 'refusal' in asked && asked.refusal?.code === 48001
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
async function reachable(api: CgiApi, signal: AbortSignal): Promise<Check> {
  const name = 'Network'
  const ask = () => api.call('callback/check', { action: 'all', check_operator: 'DEFAULT' }, signal)
  const asked = await attempt(name, ask, mendOf)
  if ('check' in asked) {
    return { name, ok: true, detail: 'WeChat does not test the network of this account.' }
  }
  const { dns = [], ping = [] } = asked.answer as { dns?: { ip?: string }[]; ping?: { package_loss?: string }[] }
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
