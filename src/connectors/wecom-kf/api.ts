/** WeCom's server API for one corporation's customer service: how it gives tokens, and what its refusals mean. */
import { type Hub, NotAsked, Undelivered } from '../contract.ts'
import { CgiApi, Refusal } from '../wechat/cgi.ts'

export interface ApiSettings {
  readonly corpId: string
  readonly secret: string
  readonly apiRoot?: string
}

const hourMs = 3_600_000

/** A token is the same until it expires, however often it is asked for: https://developer.work.weixin.qq.com/document/path/91039 */
export function apiOf(
  { corpId: corpid, secret: corpsecret, apiRoot = 'https://qyapi.weixin.qq.com' }: ApiSettings,
  hub: Pick<Hub, 'fetch' | 'token'>,
): CgiApi {
  const mint = (post: Parameters<ConstructorParameters<typeof CgiApi>[0]['mint']>[0]) =>
    post('gettoken', undefined, { corpid, corpsecret })
  return new CgiApi({ name: 'WeCom', root: apiRoot, mint }, hub)
}

/** The address from which WeCom saw us call, which it names with every refusal. */
export function seenFrom({ message }: Refusal): string | undefined {
  return /from ip: ([0-9a-f.:]+)/i.exec(message)?.[1]?.replace(/[.:]+$/, '')
}

/** What can be done about a refusal, by its number, in a sentence; undefined where only WeCom's own words are known. https://developer.work.weixin.qq.com/document/path/90313 */
export function mendOf(refusal: Refusal): string | undefined {
  switch (refusal.code) {
    case 40013:
      return 'WeCom does not know the CorpID: copy it from 我的企业 → 企业信息.'
    case 40001:
      return 'The secret is wrong: copy it from 应用管理 → 微信客服 → API, or of the application that may manage the account.'
    case 60020:
      return `Add the address ${seenFrom(refusal) ?? 'of this hub'} to the 企业可信IP of the application, or set a proxy whose address is there.`
    case 48002:
    case 301002:
      return 'Let the application manage the account: 应用管理 → 微信客服 → 可调用接口的应用.'
    case 95011:
    case 95012:
    case 95016:
    case 95017:
      return 'Switch the interface on for the account: 应用管理 → 微信客服 → 通过API管理微信客服帐号.'
    case 95000:
    case 95004:
      return 'The customer service account is not there any more, or belongs to another corporation.'
    default:
      return undefined
  }
}

/** What a send that failed means. https://developer.work.weixin.qq.com/document/path/94677 */
export function verdict(error: unknown): Undelivered | undefined {
  if (error instanceof NotAsked) return new Undelivered('retry', 'WeCom gave no token.', { cause: error })
  if (!(error instanceof Refusal)) return undefined
  const { code, message } = error
  const sentence = `WeCom refused it (${code}): ${mendOf(error) ?? message}`
  switch (code) {
    case -1:
      return new Undelivered('retry', sentence)
    case 45009:
      return new Undelivered('rate-limited', sentence, { afterMs: hourMs })
    case 95001:
    case 95002:
    case 95013:
      return new Undelivered('window-closed', sentence)
    case 40003:
    case 40096:
    case 60111:
    case 84061:
      return new Undelivered('recipient-gone', sentence)
    case 40001:
    case 40013:
    case 40014:
    case 41001:
    case 42001:
    case 48002:
    case 60020:
    case 95011:
    case 95012:
    case 95016:
    case 95017:
    case 301002:
      return new Undelivered('auth', sentence)
    default:
      return new Undelivered('rejected', sentence)
  }
}
