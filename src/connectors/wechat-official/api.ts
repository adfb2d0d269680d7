/** WeChat's server API for one account: how it gives tokens, and what its refusals mean. */
import { type Hub, NotAsked, Undelivered } from '../contract.ts'
import { CgiApi, Refusal } from '../wechat/cgi.ts'

export interface ApiSettings {
  readonly appId: string
  readonly appSecret: string
  readonly apiRoot?: string
}

const hourMs = 3_600_000

/**
 * The API under the token of the stable interface, which never takes the old one from a node that still uses it.
 * https://developers.weixin.qq.com/doc/service/api/base/api_getstableaccesstoken
 */
export function apiOf(
  { appId: appid, appSecret: secret, apiRoot = 'https://api.weixin.qq.com' }: ApiSettings,
  hub: Pick<Hub, 'fetch' | 'token'>,
): CgiApi {
  return new CgiApi(
    {
      name: 'WeChat',
      root: apiRoot,
      mint: (post, refused) =>
        post('stable_token', {
          grant_type: 'client_credential',
          appid,
          secret,
          force_refresh: refused !== undefined,
        }),
    },
    hub,
  )
}

/** What can be done about a refusal, by its number, in a sentence; undefined where only WeChat's own words are known. */
export function mendOf({ code, message }: Refusal): string | undefined {
  switch (code) {
    case 40013:
      return 'WeChat does not know the AppID: copy it from 设置与开发 → 基本配置.'
    case 40125:
    case 41004:
      return 'The AppSecret is wrong, or was reset: copy it from 设置与开发 → 基本配置.'
    case 40164: {
      const address = /invalid ip ([0-9a-f.:]+)/i.exec(message)?.[1] ?? 'this hub'
      return `Add the address ${address} to the IP 白名单 under 设置与开发 → 基本配置, or set a proxy whose address is there.`
    }
    case 48001:
      return 'The account has no permission for this interface: an unverified or personal account answers only in the call itself; set replies to passive.'
    case 50002:
      return 'WeChat has restricted the account: see its notices.'
    default:
      return undefined
  }
}

/** What a send that failed means. https://developers.weixin.qq.com/doc/service/api/customer/message/api_sendcustommessage */
export function verdict(error: unknown): Undelivered | undefined {
  if (error instanceof NotAsked) return new Undelivered('retry', 'WeChat gave no token.', { cause: error })
  if (!(error instanceof Refusal)) return undefined
  const { code, message } = error
  const sentence = `WeChat refused it (${code}): ${mendOf(error) ?? message}`
  switch (code) {
    case -1:
    case 45011:
      return new Undelivered('retry', sentence)
    case 45009:
      return new Undelivered('rate-limited', sentence, { afterMs: hourMs })
    case 45015:
    case 45047:
      return new Undelivered('window-closed', sentence)
    case 40003:
    case 43004:
    case 43019:
      return new Undelivered('recipient-gone', sentence)
    case 40001:
    case 40013:
    case 40014:
    case 40125:
    case 40164:
    case 41004:
    case 42001:
    case 50002:
      return new Undelivered('auth', sentence)
    default:
      return new Undelivered('rejected', sentence)
  }
}
