/**
 * Web chat: the hub's own channel. Visitors are principals of the API (their socket is api/stream), so there is no far end
 * here: what visitors say enters through the API, and what they are told they read from the store.
 */
import { Type } from 'typebox'
import { type Check, type ConnectorKind, everyPart, secret } from '../contract.ts'
import { Look } from './look.ts'
import { accepted } from './translate.ts'

const config = Type.Object(
  {
    origins: Type.Optional(
      Type.Array(Type.String({ pattern: '^https?://[^/\\s]+$', maxLength: 255 }), {
        title: 'Sites that may show it',
        description: 'As https://shop.example. Empty: any site.',
        words: {
          'zh-CN': { title: '允许嵌入的网站', description: '如 https://shop.example；不填则任何网站都可以。' },
          'zh-TW': { title: '允許嵌入的網站', description: '如 https://shop.example；不填則任何網站都可以。' },
        },
        maxItems: 50,
      }),
    ),
    look: Type.Optional(Look),
    identitySecrets: Type.Optional(
      Type.Array(secret({ minLength: 32, maxLength: 256 }), {
        title: 'Identity secrets',
        description:
          'With one of these the business signs who its visitor is: a JWT (HS256) with sub, exp within an hour, aud = the channel. Two while one is being replaced.',
        words: {
          'zh-CN': {
            title: '身份密钥',
            description:
              '您的网站用它签名访客身份：JWT（HS256），含 sub、一小时内的 exp、aud 为渠道编号。更换期间可以有两个，每个至少 32 个字符。',
          },
          'zh-TW': {
            title: '身分金鑰',
            description:
              '您的網站用它簽署訪客身分：JWT（HS256），含 sub、一小時內的 exp、aud 為管道編號。更換期間可以有兩個，每個至少 32 個字元。',
          },
        },
        maxItems: 2,
      }),
    ),
  },
  { additionalProperties: false },
)

export const webchat: ConnectorKind<typeof config> = {
  kind: 'webchat',
  title: 'Web chat',
  titles: { 'zh-CN': '网页客服', 'zh-TW': '網頁客服' },
  config,
  capabilities: {
    parts: everyPart,
    carries: 'message',
    text: { maxCharacters: 20_000 },
    initiate: 'always',
    idempotency: 'native',
    receipts: { delivered: true, read: true },
    typing: { in: true, out: true },
    recall: {},
  },
  exclusive: false,

  async open(_settings, hub) {
    hub.report({ state: 'online' })
    // What visitors read they read from the store: there it is gone.
    return { send: async (message) => accepted(message), recall: async () => {}, close: async () => {} }
  },

  probe: (settings, hub) => probe(settings.origins ?? [], hub.hookUrl),
}

async function* probe(origins: readonly string[], hookUrl: string): AsyncIterable<Check> {
  yield {
    name: 'Sites',
    ok: true,
    detail: origins.length === 0 ? 'Any site may show it.' : `It may be shown on ${origins.join(', ')}.`,
  }
  // Browsers show nothing of http on a page of https, except of their own machine: https://www.w3.org/TR/mixed-content/
  const { protocol, hostname, origin } = new URL(hookUrl)
  const isShown = protocol === 'https:' || /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname)
  const name = 'Address of the hub'
  if (isShown || (origins.length > 0 && origins.every((site) => site.startsWith('http:')))) {
    yield { name, ok: true, detail: `Pages load it from ${origin}.` }
    return
  }
  yield {
    name,
    ok: false,
    detail: `Pages load it from ${origin}; on sites with https browsers show nothing of it.`,
    mend: 'Serve the hub over https, and set server.publicUrl to that address.',
  }
}
