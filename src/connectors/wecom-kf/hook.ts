/** WeCom's calls say only that there is something to ask for: https://developer.work.weixin.qq.com/document/path/94670, sealed as https://developer.work.weixin.qq.com/document/path/90968 */
import { type HookRequest, type HookResult, refuse } from '../contract.ts'
import { answer, objection, opened, type Seal, sealedFields } from '../wechat/calls.ts'

export interface HookSettings {
  readonly corpId: string
  readonly token: string
  readonly encodingAesKey: string
}

/** What a call leaves behind: the word with which WeCom lets us ask as often as we like, for ten minutes. */
export interface CallNote {
  readonly token: string
  /** When it came, in ms since 1970. */
  readonly at: number
}

/** The name of the note of the last call for one account; for all of them where the call named none. */
export function callNote(openKfId: string): string {
  return `called:${openKfId}`
}

export function hear(request: HookRequest, settings: HookSettings): HookResult {
  const refused = objection(request)
  if (refused !== undefined) return refused
  const { token, encodingAesKey, corpId: receiver } = settings
  const seal: Seal = { token, encodingAesKey, receiver }
  if (request.method === 'GET') {
    const echo = opened(request.query.get('echostr') ?? '', request, seal)
    return typeof echo === 'string' ? refuse(403, echo) : answer(echo.text)
  }
  const said = sealedFields(request, seal)
  if ('reply' in said) return said
  const [event, word, account] = ['Event', 'Token', 'OpenKfId'].map((name) => said.get(name) ?? '')
  const done = answer('success')
  if (event !== 'kf_msg_or_event' || word === undefined || word.length > 200) return done
  if (account === undefined || !/^[\w-]{0,64}$/.test(account)) return done
  const note: CallNote = { token: word, at: request.at }
  return { ...done, note: { name: callNote(account), value: note } }
}
