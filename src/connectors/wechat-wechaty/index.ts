/** 个人微信 and whatever else a puppet of wechaty's speaks: https://wechaty.js.org/docs/puppet-services/ */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Static, Type } from 'typebox'
import { type Check, type ConnectorKind, egressProxy, type Hub, secret, undelivered, words } from '../contract.ts'
import { packages, WechatyConnector } from './connector.ts'

const service = 'wechaty-puppet-service'

const config = Type.Object(
  {
    token: secret({
      title: 'Token of the puppet',
      description:
        'As your gateway was started with. One that begins with insecure_ goes with its default certificate.',
      words: words('Puppet 令牌', 'Puppet 權杖', { cn: '与网关启动时一致。', tw: '與閘道啟動時一致。' }),
      minLength: 8,
      maxLength: 300,
    }),
    endpoint: Type.Optional(
      Type.String({
        title: 'Gateway',
        description: 'host:port of the puppet service that you run.',
        words: words('网关地址', '閘道位址', {
          cn: '自建 Puppet 服务的 主机:端口。',
          tw: '自建 Puppet 服務的 主機:連接埠。',
        }),
        pattern: '^[A-Za-z0-9.-]+:[0-9]{1,5}$',
        maxLength: 300,
      }),
    ),
    caCertificate: Type.Optional(
      Type.String({
        title: 'Certificate of its authority',
        description: 'PEM. Without it the default of wechaty is trusted, whose key everybody has.',
        words: words('CA 证书', 'CA 憑證', {
          cn: 'PEM。不填则信任 wechaty 的默认证书，其私钥是公开的。',
          tw: 'PEM。不填則信任 wechaty 的預設憑證，其私鑰是公開的。',
        }),
        maxLength: 20_000,
      }),
    ),
    serverName: Type.Optional(
      Type.String({
        title: 'Name in its certificate',
        words: words('证书中的主机名', '憑證中的主機名稱'),
        pattern: '^[A-Za-z0-9.-]{1,253}$',
      }),
    ),
    puppet: Type.Optional(
      Type.String({
        title: 'Puppet',
        description: 'The package of another puppet, installed in packages/wechaty.',
        words: words('Puppet 包', 'Puppet 套件', {
          cn: '使用其他 puppet 时填写包名，须已安装在 packages/wechaty。',
          tw: '使用其他 puppet 時填寫套件名稱，須已安裝在 packages/wechaty。',
        }),
        pattern: '^(@[a-z0-9-]+/)?wechaty-puppet-[a-z0-9-]+$',
        maxLength: 100,
        default: service,
      }),
    ),
    proxy: Type.Optional(egressProxy()),
  },
  {
    additionalProperties: false,
    // Without an address it asks a directory on the net, and calls whatever that names.
    if: { properties: { puppet: { const: service } } },
    // biome-ignore lint/suspicious/noThenProperty: a word of JSON Schema.
    then: { required: ['endpoint'] },
  },
)

const file = { maxBytes: 25_000_000, maxCaption: 0 }

export const wechatWechaty: ConnectorKind<typeof config> = {
  kind: 'wechat-wechaty',
  title: 'Personal WeChat (wechaty)',
  titles: { 'zh-CN': '个人微信（wechaty）', 'zh-TW': '個人微信（wechaty）' },
  config,
  capabilities: {
    parts: { text: {}, image: file, audio: file, video: file, file, link: {} },
    carries: 'part',
    text: { maxCharacters: 2000 },
    initiate: 'always',
    idempotency: 'none',
    receipts: { delivered: false, read: false },
    typing: { in: false, out: false },
    // As long as WeChat's own programs let people; the puppet says whether it could: https://wechaty.js.org/docs/api/message
    recall: { withinMs: 120_000 },
    sendTimeoutMs: 60_000,
    // Accounts that write faster than people do are locked.
    pace: [{ scope: 'account', max: 20, perMs: 60_000 }],
  },
  // An account is logged in once.
  exclusive: true,

  async open(settings, hub) {
    const connector = new WechatyConnector(settings, hub)
    await connector.start()
    return connector
  },

  probe: (settings: Static<typeof config>, hub) => probe(settings, hub),
}

async function* probe(
  { puppet = service, endpoint, caCertificate, proxy }: Static<typeof config>,
  hub: Hub,
): AsyncIterable<Check> {
  const isThere = existsSync(join(packages, 'node_modules', puppet))
  const mend = `npm ci --omit=dev --prefix ${packages}`
  yield isThere
    ? { name: 'Packages', ok: true, detail: `${puppet} is installed.` }
    : { name: 'Packages', ok: false, detail: `${puppet} is not installed.`, mend }
  if (endpoint !== undefined && proxy !== undefined) yield await throughProxy(endpoint, hub)
  else if (endpoint !== undefined) {
    const host = endpoint.slice(0, endpoint.lastIndexOf(':'))
    const address = await hub.resolve(host).catch(() => undefined)
    yield address === undefined
      ? {
          name: 'Gateway',
          ok: false,
          detail: `${host} may not be called, or has no address.`,
          mend: 'Check the name, and egress.allow.',
        }
      : { name: 'Gateway', ok: true, detail: `${host} is ${address}.` }
  }
  yield caCertificate === undefined
    ? {
        name: 'Certificate',
        ok: false,
        detail: 'The default certificate of wechaty proves nothing: everybody has its key.',
        mend: 'Give the gateway a certificate of your own, and put its authority into the settings.',
      }
    : { name: 'Certificate', ok: true, detail: 'The gateway has to show one of your authority.' }
}

async function throughProxy(endpoint: string, hub: Hub): Promise<Check> {
  const at = endpoint.lastIndexOf(':')
  const name = 'Gateway'
  try {
    const socket = await hub.connect(endpoint.slice(0, at), Number(endpoint.slice(at + 1)))
    socket.destroy()
    return { name, ok: true, detail: `${endpoint} is there, through the proxy.` }
  } catch (error) {
    return {
      name,
      ok: false,
      detail: undelivered(error).message,
      mend: 'Check the gateway, the proxy, and egress.allow.',
    }
  }
}
