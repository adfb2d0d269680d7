/** Makes the account's menu the one of its channel, and tells whether it is. */
import { setTimeout as pause } from 'node:timers/promises'
import { type Check, digest, type Hub, within } from '../contract.ts'
import { type CgiApi, Refusal } from '../wechat/cgi.ts'
import { attempt } from '../wechat/checks.ts'
import { mendOf } from './api.ts'
import type { Menu } from './menu.ts'

const answerMs = 12_000
const hourMs = 3_600_000
const unauthorised = 48001
/** https://developers.weixin.qq.com/doc/service/api/custommenu/api_getmenu: there is none. */
const noMenu = 46003
/** The note of what was set last: a digest; null while that is not known. */
const note = 'menu'

/**
 * Sets the menu where it is not the one that was set last for that account. What hinders it is told as the state of the channel and tried
 * again, after a minute at first, an hour at most, until the account is let go: only then, or when it is set, does it resolve. It
 * never rejects, and nothing waits for it. On several nodes it may be set several times: a call replaces the whole menu, so the last is as good as the first.
 */
export async function keepMenu(
  { appId, menu }: { readonly appId: string; readonly menu?: Menu },
  api: CgiApi,
  hub: Hub,
  firstPauseMs = 60_000,
): Promise<void> {
  let failed = false
  for (let pauseMs = firstPauseMs; !hub.signal.aborted; pauseMs = Math.min(2 * pauseMs, hourMs)) {
    try {
      await (menu === undefined ? forget(hub) : set(appId, menu, api, hub))
      if (failed) hub.report({ state: 'online' })
      return
    } catch (error) {
      if (hub.signal.aborted) return
      hub.log.warn({ err: error }, 'the menu of the account is not as its channel wants it')
      failed = menu !== undefined
      if (failed) hub.report({ state: 'degraded', detail: hindrance(error) })
    }
    await pause(pauseMs, undefined, { signal: hub.signal, ref: false }).catch(() => {})
  }
}

async function set(appId: string, menu: Menu, api: CgiApi, { memory, signal }: Hub): Promise<void> {
  const wanted = digest(JSON.stringify([appId, menu]))
  if ((await memory.get(note)) === wanted) return
  // Should its outcome stay unknown, the menu before it is not taken for what is there.
  await memory.set(note, null)
  if (menu.length > 0) await api.call('menu/create', { button: menu }, within(answerMs, signal))
  else await api.call('menu/delete', undefined, within(answerMs, signal)).catch(gone)
  await memory.set(note, wanted)
}

/** The account is left to others from now on: whatever they make of its menu, one that comes back into the settings is set. */
async function forget({ memory }: Hub): Promise<void> {
  if (typeof (await memory.get(note)) === 'string') await memory.set(note, null)
}

function gone(error: unknown): void {
  if (!(error instanceof Refusal) || error.code !== noMenu) throw error
}

function hindrance(error: unknown): string {
  if (!(error instanceof Refusal)) return 'The menu is not set: WeChat did not answer. It is tried again.'
  return `The menu is not set: WeChat refused it (${error.code}): ${menuMend(error) ?? error.message}`
}

function menuMend(refusal: Refusal): string | undefined {
  if (refusal.code !== unauthorised) return mendOf(refusal)
  return 'The account has no permission for menus: verify it (微信认证), or leave the menu out of the settings.'
}

/** Whether the account shows the menu of the channel, by the names of its buttons: of the rest WeChat tells more than it was given. */
export async function menuCheck(menu: Menu, api: CgiApi, signal: AbortSignal): Promise<Check> {
  const name = 'Menu'
  const ask = async () => {
    const { menu: told } = await api.call('menu/get', undefined, signal)
    return namesOf((told as { button?: Menu } | undefined)?.button)
  }
  const asked = await attempt(name, ask, menuMend)
  if ('check' in asked && asked.refusal?.code !== noMenu) return asked.check
  const shown = 'answer' in asked ? asked.answer : ''
  if (shown === namesOf(menu)) return { name, ok: true, detail: 'The account shows the menu of the channel.' }
  return {
    name,
    ok: false,
    detail: 'The account shows another menu than that of the channel.',
    mend: 'Look at the state of the channel. If somebody else has set the menu since, take it out of the settings and save, then put it in again.',
  }
}

function namesOf(menu: Menu | undefined): string {
  const names = (menu ?? []).map(({ name, sub_button }) => [name, (sub_button ?? []).map((one) => one.name)])
  return names.length === 0 ? '' : JSON.stringify(names)
}
