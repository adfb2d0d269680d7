/** What can be known of a corporation's customer service without a message: whether it is ours, what we may, from where WeCom sees us. */
import type { Check, Hub } from '../contract.ts'
import { addressCheck, attempt } from '../wechat/checks.ts'
import { apiOf, mendOf, seenFrom } from './api.ts'
import type { KfSettings } from './connector.ts'
import { type CallNote, callNote } from './hook.ts'
import { type KfAccount, listAccounts } from './sync.ts'

const answerMs = 16_000

export async function* probe(settings: KfSettings, hub: Hub): AsyncIterable<Check> {
  const api = apiOf(settings, hub)
  const signal = AbortSignal.timeout(answerMs)
  yield addressCheck('Address for WeCom', 'URL', hub, true)
  const credentials = await attempt('CorpID and secret', () => api.token(signal), mendOf)
  if ('check' in credentials) {
    yield credentials.check
    return
  }
  yield { name: 'CorpID and secret', ok: true, detail: 'WeCom gave a token.' }
  // Nobody has this name: what WeCom says against it says from where it sees us.
  const nobody = { open_kfid: 'wk-nobody', external_userid: 'wm-nobody' }
  const asked = await attempt('Outgoing address', () => api.call('kf/service_state/get', nobody, signal), mendOf)
  const seen = 'refusal' in asked && asked.refusal !== undefined ? seenFrom(asked.refusal) : undefined
  if ('refusal' in asked && asked.refusal?.code === 60020) yield asked.check
  else if (seen !== undefined) {
    yield { name: 'Outgoing address', ok: true, detail: `WeCom sees the hub call from ${seen}.` }
  }
  const listed = await attempt('Accounts', () => listAccounts(api, signal), mendOf)
  yield 'check' in listed ? listed.check : accounts(listed.answer, settings)
  yield await calls('check' in listed ? [] : listed.answer, hub)
}

function accounts(all: readonly KfAccount[], { openKfIds }: KfSettings): Check {
  const name = 'Accounts'
  const missing = (openKfIds ?? []).filter((id) => !all.some((account) => account.id === id))
  const served = all.filter(({ id }) => openKfIds?.includes(id) ?? true)
  const told = served
    .map(({ id, name: called, isOurs }) => `${called} (${id})${isOurs ? '' : ', only read'}`)
    .join(', ')
  if (missing.length > 0) {
    const mend = 'Take them from the settings, or let the application manage them.'
    return { name, ok: false, detail: `Not there, or not to be seen with this secret: ${missing.join(', ')}.`, mend }
  }
  if (served.length === 0) {
    const mend = 'Make one under 应用管理 → 微信客服, and let the application manage it.'
    return { name, ok: false, detail: 'There is no customer service account that the secret may manage.', mend }
  }
  if (served.some(({ isOurs }) => !isOurs)) {
    const mend = 'Let the application manage them: 应用管理 → 微信客服 → 通过API管理微信客服帐号.'
    return { name, ok: false, detail: `${told}. What is only read cannot be answered.`, mend }
  }
  return { name, ok: true, detail: told }
}

/** Without calls messages come a few minutes late. */
async function calls(all: readonly KfAccount[], { memory }: Hub): Promise<Check> {
  const notes = await Promise.all(['', ...all.map(({ id }) => id)].map((id) => memory.get(callNote(id))))
  const last = Math.max(0, ...notes.map((note) => (note as CallNote | undefined)?.at ?? 0))
  const name = 'Calls'
  if (last > 0) return { name, ok: true, detail: `WeCom called last at ${new Date(last).toISOString()}.` }
  return {
    name,
    ok: false,
    detail: 'WeCom has not called yet: messages come, but up to five minutes late.',
    mend: 'Paste the address above, token and key under 应用管理 → 微信客服 → API → 接收事件服务器.',
  }
}
