/** 支付宝生活号, an account that people follow in Alipay: https://opendocs.alipay.com/fw/01kc83 */
import { type Static, Type } from 'typebox'
import {
  type Check,
  type ConnectorKind,
  egressProxy,
  gatewayAddress,
  type Hub,
  secret,
  undelivered,
  words,
} from '../contract.ts'
import { AlipayConnector, call, Refusal } from './connector.ts'
import { hear } from './hook.ts'
import { alipayKey, ownKey } from './signing.ts'

const address = (zhCN: string, zhTW: string, title: string) =>
  gatewayAddress({
    title,
    description: 'Only for the sandbox, or a gateway of your own.',
    words: words(zhCN, zhTW, { cn: '仅在沙箱环境或使用中转时填写。', tw: '僅在沙箱環境或使用中轉時填寫。' }),
  })

const config = Type.Object(
  {
    appId: Type.String({
      title: 'AppID',
      description: 'At open.alipay.com, on the page of the application.',
      words: {
        'zh-CN': { title: '应用 ID（AppID）', description: '开放平台控制台，应用详情页。' },
        'zh-TW': { title: '應用 ID（AppID）', description: '開放平台控制台，應用詳情頁。' },
      },
      pattern: '^\\d{16,20}$',
    }),
    privateKey: secret({
      title: 'Private key of the application',
      description: 'RSA2, 2048 bits, in PKCS8 or PKCS1; its public half is set at open.alipay.com.',
      words: {
        'zh-CN': { title: '应用私钥', description: 'RSA2（2048 位），PKCS8 或 PKCS1；对应的公钥设置在开放平台。' },
        'zh-TW': { title: '應用私鑰', description: 'RSA2（2048 位元），PKCS8 或 PKCS1；對應的公鑰設定於開放平台。' },
      },
      minLength: 400,
    }),
    alipayPublicKey: Type.String({
      title: 'Public key of Alipay',
      description: 'Shown beside yours after you have set it; not your own.',
      words: {
        'zh-CN': { title: '支付宝公钥', description: '设置应用公钥后显示；不是应用公钥。' },
        'zh-TW': { title: '支付寶公鑰', description: '設定應用公鑰後顯示；不是應用公鑰。' },
      },
      minLength: 200,
      maxLength: 2000,
    }),
    proxy: Type.Optional(egressProxy()),
    apiRoot: address('网关地址', '閘道網址', 'Address of the gateway'),
    fileRoot: address('文件网关地址', '檔案閘道網址', 'Address of the gateway for files'),
  },
  { additionalProperties: false },
)

export const alipay: ConnectorKind<typeof config> = {
  kind: 'alipay',
  title: 'Alipay life account',
  titles: { 'zh-CN': '支付宝生活号', 'zh-TW': '支付寶生活號' },
  config,
  capabilities: {
    parts: { text: {}, link: {} },
    carries: 'part',
    text: { maxCharacters: 500 },
    tickets: 'needed',
    initiate: 'never',
    idempotency: 'none',
    receipts: { delivered: false, read: false },
    typing: { in: false, out: false },
  },
  // Calls come in wherever they are routed to, and nothing is asked for.
  exclusive: false,

  async open(settings, hub) {
    // Faults now, and not with the first message.
    ownKey(settings)
    alipayKey(settings)
    hub.report({ state: 'online' })
    return new AlipayConnector(settings, hub)
  },

  async hook(request, settings) {
    return hear(request, settings)
  },

  probe,
}

async function* probe(settings: Static<typeof config>, hub: Hub): AsyncIterable<Check> {
  yield { name: 'Address', ok: true, detail: `应用网关: ${hub.hookUrl}` }
  try {
    ownKey(settings)
    alipayKey(settings)
    yield { name: 'Keys', ok: true, detail: 'Both can be read.' }
  } catch {
    const mend = 'Copy them once more: the private key as the tool saved it, Alipay’s public key from the page.'
    yield { name: 'Keys', ok: false, detail: 'One of them is no key.', mend }
    return
  }
  const name = 'Application'
  try {
    await call(settings, hub.fetch, 'alipay.open.public.info.query', {}, AbortSignal.timeout(8000))
    yield { name, ok: true, detail: 'Alipay knows the application and its key.' }
  } catch (error) {
    if (error instanceof Refusal) {
      const { code, subCode, message } = error
      const mend = subCode.includes('permission')
        ? 'Add the ability 生活号 to the application, and wait until it is granted.'
        : 'Compare AppID and keys with open.alipay.com → 开发设置.'
      yield { name, ok: false, detail: `Alipay says ${subCode || code}: ${message}`, mend }
    } else {
      yield { name, ok: false, detail: undelivered(error).message, mend: 'Check network, proxy and egress.allow.' }
    }
  }
}
