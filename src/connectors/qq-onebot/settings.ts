/** The settings of a QQ account behind a OneBot gateway. */
import { type Static, Type } from 'typebox'
import { egressProxy, secret, words } from '../contract.ts'

export const config = Type.Object(
  {
    connection: Type.Optional(
      Type.Enum(['reverse-websocket', 'websocket', 'http'], {
        title: 'Connection',
        description:
          'reverse-websocket: the gateway dials the hub, also from behind a router. websocket: the hub dials the gateway. http: both call each other.',
        words: words('连接方式', '連線方式', {
          cn: 'reverse-websocket：网关连接汇流（反向 WebSocket，推荐）；websocket：汇流连接网关；http：双方互相调用。',
          tw: 'reverse-websocket：閘道連線至匯流（反向 WebSocket，建議）；websocket：匯流連線至閘道；http：雙方互相呼叫。',
        }),
        default: 'reverse-websocket',
      }),
    ),
    accessToken: secret({
      title: 'Access token',
      description: 'Of your choice, at least 12 characters; the same at the gateway.',
      words: words('访问令牌（access token）', '存取權杖（access token）', {
        cn: '自定，至少 12 个字符，与网关中一致。',
        tw: '自訂，至少 12 個字元，與閘道中一致。',
      }),
      pattern: '^[\\w.~+/=-]{12,256}$',
    }),
    address: Type.Optional(
      Type.String({
        title: 'Address of the gateway',
        description: 'ws://… for websocket, http://… for http; not for reverse-websocket.',
        words: words('网关地址', '閘道網址', {
          cn: 'websocket 填 ws://…，http 填 http://…；反向 WebSocket 不填。',
          tw: 'websocket 填 ws://…，http 填 http://…；反向 WebSocket 不填。',
        }),
        format: 'uri',
        pattern: '^(wss?|https?)://[^?#\\s]+$',
        maxLength: 2048,
      }),
    ),
    secret: Type.Optional(
      secret({
        title: 'Secret of the events',
        description: 'For http: signs what the gateway posts (X-Signature).',
        words: words('上报签名密钥（secret）', '上報簽章金鑰（secret）', {
          cn: '仅用于 http：网关用它对上报签名（X-Signature）。',
          tw: '僅用於 http：閘道用它對上報簽章（X-Signature）。',
        }),
        minLength: 12,
        maxLength: 256,
      }),
    ),
    account: Type.Optional(
      Type.String({
        title: 'QQ number',
        description: 'Given, the gateway may be logged in as nobody else.',
        words: words('QQ 号', 'QQ 號', {
          cn: '填写后，网关登录其他账号时拒绝连接。',
          tw: '填寫後，閘道登入其他帳號時拒絕連線。',
        }),
        pattern: '^[1-9][0-9]{4,15}$',
      }),
    ),
    groups: Type.Optional(
      Type.Enum(['mentioned', 'all', 'none'], {
        title: 'Groups',
        description: 'mentioned: what is said to the account with @. all: everything. none: nothing.',
        words: words('群消息', '群訊息', {
          cn: 'mentioned：只接收 @ 本账号的消息；all：全部；none：不接收。',
          tw: 'mentioned：只接收 @ 本帳號的訊息；all：全部；none：不接收。',
        }),
        default: 'mentioned',
      }),
    ),
    markRead: Type.Optional(
      Type.Boolean({
        title: 'Mark as read',
        description: 'What the hub has kept is marked as read in QQ.',
        words: words('标为已读', '標為已讀', {
          cn: '汇流收到的消息在 QQ 中标为已读。',
          tw: '匯流收到的訊息在 QQ 中標為已讀。',
        }),
        default: false,
      }),
    ),
    proxy: Type.Optional(egressProxy()),
  },
  { additionalProperties: false },
)

export type OnebotSettings = Static<typeof config>

/** How the account is connected. */
export function connectionOf({ connection = 'reverse-websocket' }: OnebotSettings) {
  return connection
}
