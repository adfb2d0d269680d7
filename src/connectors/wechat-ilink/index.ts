/** 个人微信 by Tencent's own bot interface (iLink): a bot that the owner of an account adds by scanning a code. */
import { type Static, Type } from 'typebox'
import { type Check, type ConnectorKind, egressProxy, gatewayAddress, type Hub, within, words } from '../contract.ts'
import { call, type Login, Refusal } from './api.ts'
import { IlinkConnector } from './connector.ts'

const address = (title: string, host: string, zhCN: string, zhTW: string) =>
  gatewayAddress({
    title,
    description: `Only for a gateway to ${host}.`,
    words: words(zhCN, zhTW, { cn: '仅在使用中转时填写。', tw: '僅在使用中轉時填寫。' }),
  })

const config = Type.Object(
  {
    pairingCode: Type.Optional(
      Type.String({
        title: 'Pairing code',
        description: 'Only when WeChat shows one on the phone after the code was scanned.',
        words: words('配对码', '配對碼', {
          cn: '扫码后手机上显示配对码时才填写。',
          tw: '掃碼後手機顯示配對碼時才填寫。',
        }),
        pattern: '^[A-Za-z0-9]{1,16}$',
      }),
    ),
    windowHours: Type.Optional(
      Type.Integer({
        title: 'Hours to answer in',
        description: 'After somebody’s last word. WeChat says nothing of its limits: what others found is 24.',
        words: words('可回复时长（小时）', '可回覆時長（小時）', {
          cn: '用户最后一次发言后可回复的时长；微信未公布，实测约 24 小时。',
          tw: '使用者最後一次發言後可回覆的時長；微信未公布，實測約 24 小時。',
        }),
        minimum: 1,
        maximum: 720,
        default: 24,
      }),
    ),
    replies: Type.Optional(
      Type.Integer({
        title: 'Answers to one word',
        description: 'How many; what others found is 10.',
        words: words('每次可回复条数', '每次可回覆則數', {
          cn: '微信未公布，实测约 10 条。',
          tw: '微信未公布，實測約 10 則。',
        }),
        minimum: 1,
        maximum: 1000,
        default: 10,
      }),
    ),
    proxy: Type.Optional(egressProxy()),
    apiRoot: address('Address of the API', 'ilinkai.weixin.qq.com', '接口地址', '介面網址'),
    cdnRoot: address('Address of files', 'novac2c.cdn.weixin.qq.com/c2c', '文件地址', '檔案網址'),
  },
  { additionalProperties: false },
)

const file = { maxBytes: 20_000_000, maxCaption: 0 }

export const wechatIlink: ConnectorKind<typeof config> = {
  kind: 'wechat-ilink',
  title: 'Personal WeChat (iLink)',
  titles: { 'zh-CN': '个人微信（iLink）', 'zh-TW': '個人微信（iLink）' },
  config,
  capabilities: {
    // Voices of bots are not played by WeChat.
    parts: { text: {}, image: file, video: file, file },
    carries: 'part',
    text: { maxBytes: 16_000 },
    tickets: 'needed',
    initiate: 'never',
    // It takes our name of a message, but does not promise to know it again.
    idempotency: 'none',
    receipts: { delivered: false, read: false },
    typing: { in: false, out: true, everyMs: 5000 },
    sendTimeoutMs: 70_000,
  },
  // WeChat hands each message to one who asks.
  exclusive: true,

  async open(settings, hub) {
    const connector = new IlinkConnector(settings, hub)
    await connector.start()
    return connector
  },

  probe: (settings: Static<typeof config>, hub) => probe(settings, hub),
}

async function* probe(_: Static<typeof config>, hub: Hub): AsyncIterable<Check> {
  const login = (await hub.memory.get('login')) as Login | null | undefined
  const name = 'Log-in'
  if (login == null) {
    const mend = 'Open the channel’s page, and scan the code with the WeChat account that is to answer.'
    yield { name, ok: false, detail: 'Nobody is logged in.', mend }
    return
  }
  const { token, baseUrl, userId } = login
  try {
    await call(hub.fetch, baseUrl, 'getconfig', within(8000, hub.signal), { token, body: { ilink_user_id: userId } })
    yield { name, ok: true, detail: `The bot speaks for …${(userId.split('@')[0] ?? '').slice(-4)}.` }
  } catch (error) {
    const isRefusal = error instanceof Refusal
    yield {
      name,
      ok: false,
      detail: isRefusal ? `WeChat says ${error.code}: ${error.message}` : 'WeChat cannot be reached.',
      mend: isRefusal
        ? 'Switch the channel off and on, and scan the code again.'
        : 'Check network, proxy and egress.allow.',
    }
  }
}
