/** Telegram, as a bot: https://core.telegram.org/bots/api */
import type { WebhookInfo } from 'node-telegram-bot-api'
import { type Static, Type } from 'typebox'
import { type Check, type ConnectorKind, egressProxy, gatewayAddress, type Hub, secret, words } from '../contract.ts'
import { apiOf, TelegramConnector, verdict } from './connector.ts'
import { hear } from './hook.ts'

const config = Type.Object(
  {
    token: secret({
      title: 'Token of the bot',
      description: '@BotFather gives it: /newbot, or /token for a bot that is there.',
      words: {
        'zh-CN': { title: '机器人令牌', description: '由 @BotFather 提供：/newbot 新建，或 /token 查看已有机器人。' },
        'zh-TW': { title: '機器人權杖', description: '由 @BotFather 提供：/newbot 新增，或 /token 查看既有機器人。' },
      },
      pattern: '^[0-9]{3,20}:[A-Za-z0-9_-]{30,64}$',
    }),
    updates: Type.Optional(
      Type.Enum(['poll', 'webhook'], {
        title: 'How messages come',
        description:
          'poll: the hub asks, and needs no public address. webhook: Telegram calls, by https on port 443, 80, 88 or 8443.',
        words: {
          'zh-CN': {
            title: '接收方式',
            description: 'poll：轮询，无需公网地址；webhook：Telegram 推送，需要 https 公网地址。',
          },
          'zh-TW': {
            title: '接收方式',
            description: 'poll：輪詢，無需公網位址；webhook：Telegram 推送，需要 https 公網位址。',
          },
        },
        default: 'poll',
      }),
    ),
    proxy: Type.Optional(egressProxy()),
    apiRoot: gatewayAddress({
      title: 'Address of the Bot API',
      description: 'Only for a Bot API server of your own, or a gateway to it.',
      words: words('Bot API 地址', 'Bot API 網址', {
        cn: '仅在自建 Bot API 服务器或使用中转时填写。',
        tw: '僅在自建 Bot API 伺服器或使用中轉時填寫。',
      }),
    }),
  },
  { additionalProperties: false },
)

const file = { maxBytes: 50_000_000, maxCaption: 1024 }

export const telegram: ConnectorKind<typeof config> = {
  kind: 'telegram',
  title: 'Telegram',
  config,
  capabilities: {
    // https://core.telegram.org/bots/api#sending-files
    parts: {
      text: {},
      image: file,
      audio: file,
      video: file,
      file,
      sticker: { maxBytes: 512_000, maxCaption: 0 },
      location: {},
      contact: {},
      choice: {},
    },
    carries: 'part',
    text: { maxCharacters: 4096 },
    // A person has to press Start once; from then on there is no window.
    initiate: 'always',
    idempotency: 'none',
    receipts: { delivered: false, read: false },
    // https://core.telegram.org/bots/api#sendchataction
    typing: { in: false, out: true, everyMs: 5000 },
    // https://core.telegram.org/bots/api#deletemessage
    recall: { withinMs: 48 * 3_600_000 },
    // A file takes longer than words.
    sendTimeoutMs: 60_000,
    // https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
    pace: [
      { scope: 'account', max: 30, perMs: 1000 },
      { scope: 'peer', max: 20, perMs: 20_000 },
    ],
  },
  // Telegram hands each message to one who asks, and refuses the second.
  exclusive: true,

  async open(settings, hub) {
    const connector = new TelegramConnector(settings, hub)
    await connector.start()
    hub.report({ state: 'online' })
    return connector
  },

  async hook(request, settings) {
    return hear(request, settings)
  },

  probe,
}

/** How messages come, and what stands in their way. */
function messages(info: WebhookInfo, { updates }: Static<typeof config>, { hookUrl }: Hub): Check {
  const name = 'Messages'
  const waiting = `${info.pending_update_count} wait.`
  if (updates !== 'webhook') {
    const other = info.url === '' ? '' : ' A hook of another program is set; it is taken away when the channel opens.'
    return { name, ok: true, detail: waiting + other }
  }
  const mend = 'Set server.publicUrl to an https address on port 443, 80, 88 or 8443 that Telegram reaches.'
  const { protocol, port } = new URL(hookUrl)
  if (protocol !== 'https:' || !['', '80', '88', '8443'].includes(port)) {
    return { name, ok: false, detail: `Telegram cannot call ${hookUrl}.`, mend }
  }
  const failed = info.url === hookUrl ? info.last_error_message : undefined
  if (failed !== undefined) return { name, ok: false, detail: `${waiting} Telegram says: ${failed}`, mend }
  return { name, ok: true, detail: `${waiting} Telegram calls ${hookUrl}.` }
}

async function* probe(settings: Static<typeof config>, hub: Hub): AsyncIterable<Check> {
  const api = apiOf(settings, hub)
  const signal = AbortSignal.timeout(10_000)
  try {
    const bot = await api.getMe(signal)
    yield { name: 'Token', ok: true, detail: `The bot is @${bot.username ?? bot.first_name}.` }
    yield {
      name: 'Groups',
      ok: true,
      detail:
        bot.can_read_all_group_messages === true
          ? 'It reads everything in groups.'
          : 'In groups it reads only what is said to it: /setprivacy at @BotFather changes that.',
    }
    yield messages(await api.getWebhookInfo(signal), settings, hub)
  } catch (error) {
    const { kind, message } = verdict(error)
    yield {
      name: 'Token',
      ok: false,
      detail: message,
      mend:
        kind === 'auth'
          ? 'Copy the token from @BotFather once more.'
          : 'From networks that cannot reach api.telegram.org, set a proxy, or name a gateway as address of the Bot API.',
    }
  }
}
