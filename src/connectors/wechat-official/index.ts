/** 微信公众号 (service and subscription accounts, 测试号, and 小程序客服): https://developers.weixin.qq.com/doc/service/guide/ */
import { type Static, Type } from 'typebox'
import { type ConnectorKind, egressProxy, gatewayAddress, secret, words } from '../contract.ts'
import { apiOf } from './api.ts'
import { WechatConnector } from './connector.ts'
import { hear } from './hook.ts'
import { menuSetting } from './menu.ts'
import { keepMenu } from './menu-upkeep.ts'
import { probe } from './probe.ts'
import { openingEvents, opensOnItself } from './translate.ts'

const config = Type.Object(
  {
    appId: Type.String({
      title: 'AppID',
      description: 'At mp.weixin.qq.com under 设置与开发 → 基本配置; of a 测试号 on its page.',
      words: words('开发者 ID（AppID）', '開發者 ID（AppID）', {
        cn: '公众平台“设置与开发 → 基本配置”，测试号在测试号页面。',
        tw: '公眾平台「設定與開發 → 基本配置」，測試號在測試號頁面。',
      }),
      pattern: '^wx[A-Za-z0-9]{8,32}$',
    }),
    appSecret: secret({
      title: 'AppSecret',
      words: words('开发者密码（AppSecret）', '開發者密碼（AppSecret）'),
      pattern: '^[A-Za-z0-9]{16,64}$',
    }),
    token: secret({
      title: 'Token',
      description: 'Of your choice, 3 to 32 letters and digits; the same under 服务器配置.',
      words: words('令牌（Token）', '權杖（Token）', {
        cn: '自定 3 到 32 位字母或数字，与“服务器配置”中一致。',
        tw: '自訂 3 到 32 位字母或數字，與「伺服器配置」中一致。',
      }),
      pattern: '^[A-Za-z0-9]{3,32}$',
    }),
    encodingAesKey: Type.Optional(
      secret({
        title: 'EncodingAESKey',
        description:
          'Needed for 安全模式, which you should choose: without it bodies are not signed. A 测试号 has none.',
        words: words('消息加解密密钥（EncodingAESKey）', '訊息加解密金鑰（EncodingAESKey）', {
          cn: '请选用“安全模式”并填写；明文模式下消息体没有签名。测试号没有此项。',
          tw: '請選用「安全模式」並填寫；明文模式下訊息內容沒有簽章。測試號沒有此項。',
        }),
        pattern: '^[A-Za-z0-9]{43}$',
      }),
    ),
    replies: Type.Optional(
      Type.Enum(['customer-service', 'passive'], {
        title: 'Answers',
        description:
          'customer-service: up to five within 48 hours. passive, for accounts without that permission: one, within five seconds.',
        words: words('回复方式', '回覆方式', {
          cn: 'customer-service：48 小时内最多 5 条；passive：未认证账号，5 秒内 1 条。',
          tw: 'customer-service：48 小時內最多 5 則；passive：未認證帳號，5 秒內 1 則。',
        }),
        default: 'customer-service',
      }),
    ),
    opensOn: Type.Optional(
      Type.Array(Type.String({ pattern: `^(${openingEvents.join('|')})$` }), {
        title: 'Events that begin a conversation',
        description:
          'click: a button of the menu; scancode_push, scancode_waitmsg: a code scanned by one; subscribe: a new follower; scan: a code of the account scanned by a follower; others: see the documentation.',
        words: words('触发会话的事件', '觸發對話的事件', {
          cn: 'click：菜单点击；scancode_push、scancode_waitmsg：菜单扫码；subscribe：新关注；scan：已关注者扫带参数二维码；其余见文档。',
          tw: 'click：選單點擊；scancode_push、scancode_waitmsg：選單掃碼；subscribe：新關注；scan：已關注者掃帶參數二維碼；其餘見文件。',
        }),
        uniqueItems: true,
        maxItems: openingEvents.length,
        default: [...opensOnItself],
      }),
    ),
    menu: menuSetting,
    proxy: Type.Optional(egressProxy()),
    apiRoot: gatewayAddress({
      title: 'Address of the API',
      description: 'Only for a gateway to api.weixin.qq.com.',
      words: words('接口地址', '介面網址', { cn: '仅在使用中转时填写。', tw: '僅在使用中轉時填寫。' }),
    }),
  },
  { additionalProperties: false },
)

export const wechatOfficial: ConnectorKind<typeof config> = {
  kind: 'wechat-official',
  title: 'WeChat official account',
  titles: { 'zh-CN': '微信公众号', 'zh-TW': '微信公眾號' },
  config,
  capabilities: {
    // https://developers.weixin.qq.com/doc/service/api/material/temporary/api_uploadtempmedia
    parts: {
      text: {},
      image: { maxBytes: 2_000_000, mediaTypes: ['image/jpeg', 'image/png', 'image/gif'], maxCaption: 0 },
      audio: { maxBytes: 2_000_000, mediaTypes: ['audio/amr', 'audio/mpeg'], maxCaption: 0 },
      video: { maxBytes: 10_000_000, mediaTypes: ['video/mp4'], maxCaption: 0 },
      link: {},
      choice: {},
    },
    carries: 'part',
    text: { maxBytes: 2048 },
    tickets: 'needed',
    initiate: 'never',
    idempotency: 'none',
    receipts: { delivered: false, read: false },
    // https://developers.weixin.qq.com/doc/service/api/customer/message/api_typing: fifteen seconds, not again meanwhile.
    typing: { in: false, out: true, everyMs: 15_000 },
    // A file goes to WeChat before its message does.
    sendTimeoutMs: 60_000,
  },
  // Calls come in wherever they are routed to, and nothing is asked for.
  exclusive: false,

  async open(settings, hub) {
    hub.report({ state: 'online' })
    void keepMenu(settings, apiOf(settings, hub), hub)
    return new WechatConnector(settings, hub)
  },

  async hook(request, settings) {
    return hear(request, settings)
  },

  probe: (settings: Static<typeof config>, hub) => probe(settings, hub),
}
