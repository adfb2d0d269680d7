/** QQ 官方机器人 (bot API v2): https://bot.q.qq.com/wiki/develop/api-v2/ */
import { Type } from 'typebox'
import { type ConnectorKind, egressProxy, gatewayAddress, secret, words } from '../contract.ts'
import { QqConnector } from './connector.ts'
import { hear } from './hook.ts'
import { probe } from './probe.ts'
import { openingEvents } from './translate.ts'

const config = Type.Object(
  {
    appId: Type.String({
      title: 'AppID',
      description: 'At q.qq.com under 开发设置.',
      words: words('AppID（机器人 ID）', 'AppID（機器人 ID）', {
        cn: 'QQ 开放平台“开发设置”中。',
        tw: 'QQ 開放平台「開發設置」中。',
      }),
      pattern: '^[0-9]{6,20}$',
    }),
    appSecret: secret({
      title: 'AppSecret',
      description: 'Beside it; shown once.',
      words: words('AppSecret（机器人密钥）', 'AppSecret（機器人金鑰）', {
        cn: '同一页面，只显示一次。',
        tw: '同一頁面，只顯示一次。',
      }),
      pattern: '^[A-Za-z0-9]{8,64}$',
    }),
    opensOn: Type.Optional(
      Type.Array(Type.String({ pattern: `^(${openingEvents.join('|')})$` }), {
        title: 'Events that begin a conversation',
        description: 'friend-add: somebody adds the bot; group-add: a group does.',
        words: words('触发会话的事件', '觸發對話的事件', {
          cn: 'friend-add：用户添加机器人；group-add：机器人入群。',
          tw: 'friend-add：使用者新增機器人；group-add：機器人入群。',
        }),
        uniqueItems: true,
        maxItems: 2,
        default: [],
      }),
    ),
    proxy: Type.Optional(egressProxy()),
    apiRoot: gatewayAddress({
      title: 'Address of the API',
      description: 'Only for a gateway to bots.qq.com and api.sgroup.qq.com.',
      words: words('接口地址', '介面網址', {
        cn: '仅在使用中转时填写（同时代替 bots.qq.com 和 api.sgroup.qq.com）。',
        tw: '僅在使用中轉時填寫（同時代替 bots.qq.com 和 api.sgroup.qq.com）。',
      }),
    }),
  },
  { additionalProperties: false },
)

export const qqOfficial: ConnectorKind<typeof config> = {
  kind: 'qq-official',
  title: 'QQ bot',
  titles: { 'zh-CN': 'QQ 官方机器人', 'zh-TW': 'QQ 官方機器人' },
  config,
  capabilities: {
    // Of files only these three are open. https://bot.q.qq.com/wiki/develop/api-v2/server-inter/message/send-receive/rich-media.html
    parts: {
      text: {},
      image: { mediaTypes: ['image/jpeg', 'image/png'], maxCaption: 0 },
      audio: { mediaTypes: ['audio/amr'], maxCaption: 0 },
      video: { mediaTypes: ['video/mp4'], maxCaption: 0 },
    },
    carries: 'part',
    // QQ names no limit.
    text: { maxCharacters: 2000 },
    tickets: 'needed',
    // Since 2025-04-21 nothing is sent but answers.
    initiate: 'never',
    // The same msg_id and msg_seq are taken once.
    idempotency: 'native',
    receipts: { delivered: false, read: false },
    typing: { in: false, out: false },
    recall: { withinMs: 120_000 },
    // QQ fetches a file from us before it takes its message.
    sendTimeoutMs: 60_000,
  },
  // Calls come in wherever they are routed to, and nothing is asked for.
  exclusive: false,

  async open(settings, hub) {
    const connector = new QqConnector(settings, hub)
    hub.report({ state: 'online' })
    return connector
  },

  async hook(request, settings) {
    return hear(request, settings)
  },

  probe,
}
