/** The part of the contract (contract.ts) for the settings of a kind: those that several kinds have, and what they are called. */
import { type TOptional, type TSchemaOptions, type TString, Type } from 'typebox'

/** Title and description of a setting in Chinese, for its `words`: simplified and traditional. */
export function words(zhCN: string, zhTW: string, more: { cn?: string; tw?: string } = {}) {
  return {
    'zh-CN': { title: zhCN, ...(more.cn !== undefined && { description: more.cn }) },
    'zh-TW': { title: zhTW, ...(more.tw !== undefined && { description: more.tw }) },
  }
}

/**
 * A setting that must not be seen again: a token, a key, a password. It is sealed when stored, shown as ****, never logged.
 * Only at the top level of `config`, alone or as the items of an array.
 */
export function secret(options: TSchemaOptions & { minLength?: number; maxLength?: number } = {}): TString {
  return Type.String({ maxLength: 4096, ...options, secret: true, writeOnly: true })
}

/**
 * The setting of a proxy that `fetch`, `dial` and `connect` go through, where the kind has one: for platforms that know us by our address, or that our own
 * network does not reach. It may carry a name and a password, so it is a secret.
 */
export function egressProxy(): TString {
  return secret({
    title: 'Proxy',
    description:
      'http://name:password@host:port or socks5://…, where calls to the platform must come from a certain address.',
    words: words('代理', '代理', {
      cn: '需要固定出口地址或无法直连时填写，如 http://用户名:密码@主机:端口 或 socks5://…。',
      tw: '需要固定出口位址或無法直連時填寫，如 http://使用者名稱:密碼@主機:連接埠 或 socks5://…。',
    }),
    pattern: '^(?:https?|socks5)://[^/?#\\s]+/?$',
    maxLength: 500,
    egressProxy: true,
  })
}

/** The setting of an address in place of the platform's own, for a gateway to it: without a slash at its end, a query or a fragment. */
export function gatewayAddress(options: {
  title: string
  description: string
  words: ReturnType<typeof words>
}): TOptional<TString> {
  return Type.Optional(Type.String({ ...options, format: 'uri', pattern: '^https?://[^?#]*[^/?#]$', maxLength: 2048 }))
}
