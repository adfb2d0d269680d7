/** What can be known of an account without a message: whether it is ours, what it may, whether WeChat reaches us. */
import type { Check, Hub } from '../contract.ts'
import { type Answer, type CgiApi, Refusal } from '../wechat/cgi.ts'
import { addressCheck, attempt } from '../wechat/checks.ts'
import { apiOf, mendOf } from './api.ts'
import type { HookSettings } from './hook.ts'
import { menuCheck } from './menu-upkeep.ts'

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
  yield await account(api, signal)
  yield await answering(api, settings, signal)
  if (settings.menu !== undefined) yield await menuCheck(settings.menu, api, signal)
  yield await reachable(api, signal)
}

/** What an account may, as it is asked and as it is called. */
const abilities = {
  'message/custom/send': 'customer-service messages',
  'message/custom/typing': 'typing',
  'media/upload': 'files',
  'menu/create': 'menus',
  'message/template/send': 'template messages',
  'user/info': 'people’s data',
} as const
type Ability = keyof typeof abilities

/**
 * What the account is and may. WeChat tells the type only to some (https://developers.weixin.qq.com/doc/oplatform/openApi/miniprogram-management/basic-info-management/api_getaccountbasicinfo.html);
 * else it is read from what the account may call today (https://developers.weixin.qq.com/doc/service/api/apimanage/api_getapiquota.html), by
 * https://developers.weixin.qq.com/doc/offiaccount/Getting_Started/Explanation_of_interface_privileges.html
 */
async function account(api: CgiApi, signal: AbortSignal): Promise<Check> {
  const name = 'Account'
  const [basics, ...asked] = await Promise.all([
    api.call('account/getaccountbasicinfo', {}, signal).catch(() => undefined),
    ...(Object.keys(abilities) as Ability[]).map(async (path) => ({ path, may: await mayCall(api, path, signal) })),
  ])
  const known = asked.filter(({ may }) => may !== undefined)
  const may = new Set(known.flatMap((one) => (one.may ? one.path : [])))
  const listed = (wanted: boolean) =>
    known.flatMap(({ path, may }) => (may === wanted ? abilities[path] : [])).join(', ') || 'nothing of it'
  const kind = (basics && kindTold(basics)) ?? (known.length > 0 ? kindRead(may) : undefined)
  if (kind === undefined) return { name, ok: true, detail: 'WeChat does not tell of what kind the account is.' }
  const abilitiesTold = known.length > 0 ? ` It may: ${listed(true)}. It may not: ${listed(false)}.` : ''
  return { name, ok: true, detail: `${kind}${abilitiesTold}` }
}

/** Undefined where WeChat does not say. */
async function mayCall(api: CgiApi, path: Ability, signal: AbortSignal): Promise<boolean | undefined> {
  try {
    const { quota } = await api.call('openapi/quota/get', { cgi_path: `/cgi-bin/${path}` }, signal)
    const { daily_limit } = (quota ?? {}) as { daily_limit?: unknown }
    return typeof daily_limit === 'number' ? daily_limit > 0 : undefined
  } catch (error) {
    return error instanceof Refusal && error.code === noSuchPermission ? false : undefined
  }
}

/** The account may not ask for it: could not use this cgi_path, no permission. */
const noSuchPermission = 76022

function kindTold(basics: Answer): string | undefined {
  const { account_type, wx_verify_info } = basics as {
    account_type?: number
    wx_verify_info?: { qualification_verify?: boolean }
  }
  const kind = { 1: 'A subscription account (订阅号)', 2: 'A service account (服务号)', 3: 'A mini program (小程序)' }[
    account_type ?? 0
  ]
  if (kind === undefined) return undefined
  return `${kind}, ${wx_verify_info?.qualification_verify === true ? 'verified' : 'not verified'}.`
}

function kindRead(may: ReadonlySet<Ability>): string {
  if (!may.has('message/custom/send')) return 'By what it may, an account that is not verified, or a personal one.'
  return may.has('message/template/send')
    ? 'By what it may, a verified service account (服务号), or a 测试号.'
    : 'By what it may, a verified subscription account (订阅号).'
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
