/**
 * Asks for what customers have said, account by account, each from its own cursor, and asks for the next only when all of it is durable. A
 * call of WeCom's says when; calls can be lost, so it asks by itself, too: at the beginning and every few minutes.
 */
import { type Hub, within } from '../contract.ts'
import { type CgiApi, Refusal } from '../wechat/cgi.ts'
import { type CallNote, callNote } from './hook.ts'
import { type Customer, customerOf, type Entry, fromEntry, greetingIn, saidAt } from './translate.ts'

export interface SyncSettings {
  readonly corpId: string
  readonly openKfIds?: readonly string[]
  readonly welcome?: string
  readonly backfillDays?: number
}

/** Without the word of a call WeCom allows few questions. */
const askAnywayMs = 300_000
const tokenMs = 10 * 60_000
/** The word of a call is not, or no longer, good for asking. https://developer.work.weixin.qq.com/document/path/90313 */
const staleWord = 95007
const dayMs = 86_400_000
/** How long WeCom keeps what was said. */
const historyMs = 3 * dayMs
/** How often it is noted that all has been asked for where nothing is said: otherwise three quiet days would look like a gap. */
const noteMs = 3_600_000
const answerMs = 15_000
const entriesAtOnce = 1000
const customersAtOnce = 100
const mostCustomersKnown = 5000

/** Where we are in one account. */
interface Cursor {
  readonly cursor: string
  /** When everything up to it had been asked for, in ms since 1970. */
  readonly at: number
  /** What was said before this was there before the channel, in ms since 1970. */
  readonly since: number
  /** What was there before the channel has not all been passed yet: the first time ended before its last page. */
  readonly isBehind?: true
}

export class Sync {
  readonly #settings: SyncSettings
  readonly #api: CgiApi
  readonly #hub: Hub
  readonly #signal: AbortSignal
  readonly #askedAt = new Map<string, number>()
  readonly #heardAt = new Map<string, number>()
  readonly #customers = new Map<string, Customer>()
  #accounts: readonly string[] = []

  constructor(settings: SyncSettings, api: CgiApi, hub: Hub, signal: AbortSignal) {
    this.#settings = settings
    this.#api = api
    this.#hub = hub
    this.#signal = signal
  }

  /** Resolves when it is known which accounts there are. Rejects when there is none, or WeCom refuses. */
  async start(): Promise<void> {
    this.#accounts =
      this.#settings.openKfIds ?? (await listAccounts(this.#api, within(answerMs, this.#signal))).map(({ id }) => id)
    if (this.#accounts.length === 0) throw new Error('There is no customer service account that the secret may manage.')
  }

  /** Asks until the signal aborts. Rejects with what stopped it. */
  async run(): Promise<void> {
    while (!this.#signal.aborted) {
      const called = this.#hub.called(askAnywayMs)
      await this.#round()
      await called
    }
  }

  async #round(): Promise<void> {
    const anyone = await this.#called('')
    let isQuiet = anyone === undefined
    for (const openKfId of this.#accounts) {
      const call = (await this.#called(openKfId)) ?? anyone
      const isOverdue = Date.now() - (this.#askedAt.get(openKfId) ?? 0) >= askAnywayMs
      if (call === undefined && !isOverdue) continue
      isQuiet = false
      try {
        await this.#drain(openKfId, call?.token)
      } catch (error) {
        if (!(error instanceof Refusal) || (error.code !== 45009 && error.code !== -1)) throw error
        this.#hub.log.warn({ openKfId, code: error.code }, 'WeCom lets us ask again later')
      }
      this.#askedAt.set(openKfId, Date.now())
    }
    // Somebody was called about: perhaps an account that is new.
    if (isQuiet && this.#settings.openKfIds === undefined) await this.start()
  }

  /** The last call for that account, if it is news. */
  async #called(openKfId: string): Promise<CallNote | undefined> {
    const note = (await this.#hub.memory.get(callNote(openKfId))) as CallNote | undefined
    if (note === undefined || note.at === this.#heardAt.get(openKfId)) return undefined
    this.#heardAt.set(openKfId, note.at)
    return Date.now() - note.at < tokenMs ? note : undefined
  }

  async #drain(openKfId: string, said: string | undefined): Promise<void> {
    let token = said
    const place = `cursor:${openKfId}`
    const startedAt = Date.now()
    const kept = (await this.#hub.memory.get(place)) as Cursor | undefined
    const { backfillDays = 0 } = this.#settings
    let { cursor, since, at, isBehind } =
      kept ?? ({ cursor: '', since: wholeSecond(startedAt), at: startedAt, isBehind: true } as Cursor)
    const oldest = isBehind === true ? since - backfillDays * dayMs : 0
    const isOld = startedAt - at >= noteMs
    if (startedAt - at > historyMs) {
      await this.#hub.gap(new Date(at), new Date(startedAt - historyMs), 'WeCom keeps messages for three days.')
    }
    for (let more = true; more && !this.#signal.aborted; ) {
      const asked = { open_kfid: openKfId, cursor, limit: entriesAtOnce, voice_format: 0, ...(token && { token }) }
      const answer = await this.#api
        .call('kf/sync_msg', asked, within(answerMs, this.#signal))
        .catch((error: unknown) => {
          if (token === undefined || !(error instanceof Refusal) || error.code !== staleWord) throw error
          // Without one fewer questions are allowed, and what waits may take longer than it lasts.
          token = undefined
          return undefined
        })
      if (answer === undefined) continue
      const entries = (Array.isArray(answer.msg_list) ? (answer.msg_list as Entry[]) : []).filter(
        (entry) => (saidAt(entry) ?? 0) >= oldest,
      )
      await this.#hand(openKfId, entries, since)
      const next = typeof answer.next_cursor === 'string' ? answer.next_cursor : cursor
      // There may be more although nothing came with it; a cursor that stands still would never end.
      more = answer.has_more === 1 && next !== cursor
      const isNews = next !== cursor
      cursor = next
      at = startedAt
      if (isNews || isBehind === true || isOld) {
        const note: Cursor = { cursor, at, since, ...(isBehind === true && more && { isBehind }) }
        await this.#hub.memory.set(place, note)
      }
      for (const entry of entries) void this.#greet(entry)
    }
  }

  async #hand(openKfId: string, entries: readonly Entry[], since: number): Promise<void> {
    const customers = await this.#know(entries)
    const { corpId } = this.#settings
    const events = entries.flatMap((entry) => {
      const isHistory = (saidAt(entry) ?? 0) < since
      return fromEntry(entry, { corpId, openKfId, customers, isHistory }) ?? []
    })
    if (events.length > 0) await this.#hub.receive(events)
  }

  /** What WeCom calls the customers who speak. Nothing hangs on it: https://developer.work.weixin.qq.com/document/path/95159 */
  async #know(entries: readonly Entry[]): Promise<ReadonlyMap<string, Customer>> {
    const speakers = entries.filter(({ origin }) => origin === 3).flatMap((entry) => customerOf(entry) ?? [])
    const unknown = [...new Set(speakers)].filter((id) => !this.#customers.has(id))
    if (this.#customers.size + unknown.length > mostCustomersKnown) this.#customers.clear()
    for (let at = 0; at < unknown.length; at += customersAtOnce) {
      const external_userid_list = unknown.slice(at, at + customersAtOnce)
      const answer = await this.#api
        .call('kf/customer/batchget', { external_userid_list }, within(answerMs, this.#signal))
        .catch((err: unknown) => {
          this.#hub.log.debug({ err }, 'names of customers could not be asked for')
          return {}
        })
      for (const told of listed(answer, 'customer_list')) {
        const { external_userid, nickname, unionid } = told
        if (typeof external_userid !== 'string') continue
        this.#customers.set(external_userid, {
          ...(typeof nickname === 'string' && nickname !== '' && { nickname }),
          ...(typeof unionid === 'string' && unionid !== '' && { unionid }),
        })
      }
    }
    return this.#customers
  }

  /** Greets who has just come in. Its name makes a second greeting the same message; nothing hangs on it. https://developer.work.weixin.qq.com/document/path/95122 */
  async #greet(entry: Entry): Promise<void> {
    const { welcome = '' } = this.#settings
    const greeting = greetingIn(entry)
    if (welcome.trim() === '' || greeting === undefined || Date.now() > greeting.until) return
    const { code, msgid } = greeting
    const said = { code, msgid, msgtype: 'text', text: { content: welcome } }
    await this.#api.call('kf/send_msg_on_event', said, within(answerMs, this.#signal)).catch((err: unknown) => {
      this.#hub.log.warn({ err }, 'a customer could not be greeted')
    })
  }
}

/** WeCom tells whole seconds: what is said in the one in which we begin is not older than we are. */
function wholeSecond(ms: number): number {
  return ms - (ms % 1000)
}

export interface KfAccount {
  readonly id: string
  readonly name: string
  /** Whether we may send and assign on it. */
  readonly isOurs: boolean
}

/** https://developer.work.weixin.qq.com/document/path/94661 */
export async function listAccounts(api: CgiApi, signal: AbortSignal): Promise<KfAccount[]> {
  const accounts: KfAccount[] = []
  for (const limit = 100; ; ) {
    const page = listed(await api.call('kf/account/list', { offset: accounts.length, limit }, signal), 'account_list')
    accounts.push(
      ...page.map(({ open_kfid, name, manage_privilege }) => ({
        id: String(open_kfid),
        name: String(name ?? open_kfid),
        isOurs: manage_privilege !== false,
      })),
    )
    if (page.length < limit) return accounts
  }
}

function listed(answer: Readonly<Record<string, unknown>>, name: string): Readonly<Record<string, unknown>>[] {
  return Array.isArray(answer[name]) ? answer[name] : []
}
