/** 微信客服, customers in WeChat served by a corporation of WeCom: https://developer.work.weixin.qq.com/document/path/94638 */
import { type Static, Type } from 'typebox'
import { type ConnectorKind, egressProxy, gatewayAddress, secret, words } from '../contract.ts'
import { WecomKfConnector } from './connector.ts'
import { hear } from './hook.ts'
import { probe } from './probe.ts'

const config = Type.Object(
  {
    corpId: Type.String({
      title: 'CorpID',
      description: 'At work.weixin.qq.com under 我的企业 → 企业信息.',
      words: words('企业 ID（CorpID）', '企業 ID（CorpID）', {
        cn: '企业微信管理后台“我的企业 → 企业信息”。',
        tw: '企業微信管理後台「我的企業 → 企業資訊」。',
      }),
      pattern: '^ww[A-Za-z0-9]{8,40}$',
    }),
    secret: secret({
      title: 'Secret',
      description: 'Of 微信客服 (应用管理 → 微信客服 → API), or of an application that may manage the account.',
      words: words('Secret', 'Secret', {
        cn: '“应用管理 → 微信客服 → API”中的 Secret，或有权管理该客服账号的自建应用的 Secret。',
        tw: '「應用管理 → 微信客服 → API」中的 Secret，或有權管理該客服帳號的自建應用的 Secret。',
      }),
      pattern: '^[A-Za-z0-9_-]{20,100}$',
    }),
    token: secret({
      title: 'Token',
      description: 'Of your choice, to 32 letters and digits; the same under 接收消息.',
      words: words('令牌（Token）', '權杖（Token）', {
        cn: '自定，32 位以内字母或数字，与“接收事件服务器”中一致。',
        tw: '自訂，32 位以內字母或數字，與「接收事件伺服器」中一致。',
      }),
      pattern: '^[A-Za-z0-9]{3,32}$',
    }),
    encodingAesKey: secret({
      title: 'EncodingAESKey',
      words: words('EncodingAESKey', 'EncodingAESKey', {
        cn: '43 位，与“接收事件服务器”中一致。',
        tw: '43 位，與「接收事件伺服器」中一致。',
      }),
      pattern: '^[A-Za-z0-9]{43}$',
    }),
    openKfIds: Type.Optional(
      Type.Array(Type.String({ pattern: '^[A-Za-z0-9_-]{3,64}$' }), {
        title: 'Accounts',
        description:
          'Which customer service accounts (open_kfid) the channel serves; all that the secret may manage unless said.',
        words: words('客服账号', '客服帳號', {
          cn: '本渠道接待的客服账号（open_kfid）；不填则为该 Secret 可管理的全部账号。',
          tw: '本渠道接待的客服帳號（open_kfid）；不填則為該 Secret 可管理的全部帳號。',
        }),
        uniqueItems: true,
        minItems: 1,
        maxItems: 50,
      }),
    ),
    welcome: Type.Optional(
      Type.String({
        title: 'Greeting',
        description:
          'Said to whoever opens the chat and has not been written to for two days. Not counted among the five answers.',
        words: words('欢迎语', '歡迎語', {
          cn: '用户进入会话时发送（48 小时内未收到过消息的用户），不占 5 条额度。',
          tw: '使用者進入對話時傳送（48 小時內未收過訊息的使用者），不占 5 則額度。',
        }),
        maxLength: 600,
      }),
    ),
    backfillDays: Type.Optional(
      Type.Integer({
        title: 'Days of history',
        description: 'What was said so long before the channel was there comes in, too. WeCom keeps three days.',
        words: words('补收天数', '補收天數', {
          cn: '首次启用时补收此前几天的消息；企业微信最多保留三天。',
          tw: '首次啟用時補收此前幾天的訊息；企業微信最多保留三天。',
        }),
        minimum: 0,
        maximum: 3,
        default: 0,
      }),
    ),
    proxy: Type.Optional(egressProxy()),
    apiRoot: gatewayAddress({
      title: 'Address of the API',
      description: 'Only for a gateway to qyapi.weixin.qq.com.',
      words: words('接口地址', '介面網址', { cn: '仅在使用中转时填写。', tw: '僅在使用中轉時填寫。' }),
    }),
  },
  { additionalProperties: false },
)

export const wecomKf: ConnectorKind<typeof config> = {
  kind: 'wecom-kf',
  title: 'WeChat customer service (WeCom)',
  titles: { 'zh-CN': '微信客服', 'zh-TW': '微信客服' },
  config,
  capabilities: {
    // https://developer.work.weixin.qq.com/document/path/90253
    parts: {
      text: {},
      image: { maxBytes: 10_000_000, mediaTypes: ['image/jpeg', 'image/png'], maxCaption: 0 },
      audio: { maxBytes: 2_000_000, mediaTypes: ['audio/amr'], maxCaption: 0 },
      video: { maxBytes: 10_000_000, mediaTypes: ['video/mp4'], maxCaption: 0 },
      file: { maxBytes: 20_000_000, maxCaption: 0 },
      location: {},
      choice: {},
    },
    carries: 'part',
    text: { maxBytes: 2048 },
    tickets: 'needed',
    initiate: 'never',
    // It takes our name of a message, but does not promise to know it again.
    idempotency: 'none',
    receipts: { delivered: false, read: false },
    typing: { in: false, out: false },
    recall: { withinMs: 120_000 },
    // A file goes to WeCom before its message does.
    sendTimeoutMs: 60_000,
  },
  // Whoever asks has to know how far it has been asked.
  exclusive: true,

  async open(settings, hub) {
    const connector = new WecomKfConnector(settings, hub)
    await connector.start()
    hub.report({ state: 'online' })
    return connector
  },

  async hook(request, settings) {
    return hear(request, settings)
  },

  probe: (settings: Static<typeof config>, hub) => probe(settings, hub),
}
