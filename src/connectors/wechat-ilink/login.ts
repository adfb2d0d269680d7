/** Logging in: a code is shown, somebody scans it with their WeChat and says yes, and from then on the bot speaks for them. */
import { type Hub, within } from '../contract.ts'
import { type Answer, type ApiSettings, answerMs, call, type Login, publicRoot } from './api.ts'

export interface LoginSettings extends ApiSettings {
  readonly pairingCode?: string
}

/** A code that is shown. Kept, so that it is still the same one after a setting was changed. */
interface Attempt {
  readonly qrcode: string
  readonly scan: string
  readonly root: string
  readonly at: number
}

const attemptMs = 5 * 60_000
/** How long WeChat holds the question whether somebody has scanned. */
const holdMs = 40_000
const pauseMs = 1000

/** Resolves once somebody has logged in, which is kept by then. Rejects when WeChat cannot be asked, or the signal aborts. */
export async function logIn(settings: LoginSettings, hub: Hub, signal: AbortSignal): Promise<Login> {
  let attempt = (await hub.memory.get('attempt')) as Attempt | null | undefined
  let said = ''
  while (!signal.aborted) {
    if (attempt == null || Date.now() - attempt.at > attemptMs) {
      attempt = await begin(settings, hub, signal)
      said = ''
    }
    const detail = sentences[said] ?? 'Scan the code with WeChat.'
    hub.report({ state: 'needs-login', detail, scan: attempt.scan })
    const answer = await ask(attempt, settings, hub, signal)
    said = String(answer.status)
    if (said === 'confirmed') return keep(answer, attempt, hub)
    if (said === 'expired' || said === 'verify_code_blocked' || said === 'binded_redirect') attempt = undefined
    if (said === 'scaned_but_redirect' && attempt !== undefined && typeof answer.redirect_host === 'string') {
      attempt = { ...attempt, root: `https://${answer.redirect_host}` }
    }
    if (said !== 'wait') await new Promise((resolve) => setTimeout(resolve, pauseMs))
  }
  throw new Error('The channel is closed.')
}

const sentences: Readonly<Record<string, string>> = {
  scaned: 'The code was scanned: say yes on the phone.',
  need_verifycode: 'WeChat shows a pairing code on the phone: put it into the settings.',
}

async function begin({ apiRoot = publicRoot }: LoginSettings, hub: Hub, signal: AbortSignal): Promise<Attempt> {
  const body = { local_token_list: [] }
  const { qrcode, qrcode_img_content: scan } = await call(
    hub.fetch,
    apiRoot,
    'get_bot_qrcode?bot_type=3',
    within(answerMs, signal),
    { body },
  )
  if (typeof qrcode !== 'string' || typeof scan !== 'string') throw new Error('WeChat gave no code to scan.')
  const attempt: Attempt = { qrcode, scan, root: apiRoot, at: Date.now() }
  await hub.memory.set('attempt', attempt)
  return attempt
}

/** What became of the code. A question that is held longer than we wait is asked again. */
async function ask(
  { qrcode, root }: Attempt,
  { pairingCode }: LoginSettings,
  hub: Hub,
  signal: AbortSignal,
): Promise<Answer> {
  const query = new URLSearchParams({ qrcode, ...(pairingCode !== undefined && { verify_code: pairingCode }) })
  const timeout = AbortSignal.timeout(holdMs)
  return call(hub.fetch, root, `get_qrcode_status?${query}`, AbortSignal.any([timeout, signal])).catch(
    (error: unknown) => {
      if (timeout.aborted && !signal.aborted) return { status: 'wait' }
      throw error
    },
  )
}

async function keep(answer: Answer, { root }: Attempt, hub: Hub): Promise<Login> {
  const { bot_token: token, baseurl, ilink_bot_id, ilink_user_id } = answer
  if (typeof token !== 'string' || token === '') throw new Error('WeChat gave no token.')
  const baseUrl = typeof baseurl === 'string' && baseurl !== '' ? baseurl.replace(/\/+$/, '') : root
  const login: Login = { token, baseUrl, botId: String(ilink_bot_id ?? ''), userId: String(ilink_user_id ?? '') }
  await hub.memory.set('login', login)
  await hub.memory.set('attempt', null)
  // What was asked for before belongs to another log-in.
  await hub.memory.set('cursor', '')
  return login
}
