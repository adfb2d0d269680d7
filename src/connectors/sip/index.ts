/** The telephone, over SIP (RFC 3261): trunks and phones call, agents' phones ring. */
import { createSocket } from 'node:dgram'
import { type Static, Type } from 'typebox'
import { type Check, type ConnectorKind, type Hub, secret } from '../contract.ts'
import { SipConnector } from './connector.ts'

const config = Type.Object(
  {
    port: Type.Integer({
      title: 'Port',
      description: 'Where phones and trunks reach this channel, over UDP and TCP. Each channel has its own.',
      words: {
        'zh-CN': { title: '端口', description: '话机与中继接入本渠道的端口（UDP 与 TCP），每个渠道各用一个。' },
        'zh-TW': { title: '連接埠', description: '話機與中繼接入本管道的連接埠（UDP 與 TCP），每個管道各用一個。' },
      },
      minimum: 1024,
      maximum: 65_535,
      default: 5060,
    }),
    numbers: Type.Array(Type.String({ pattern: '^[0-9*#+]{1,32}$' }), {
      title: 'Numbers',
      description: 'What callers dial to get into the queue, as the trunk sends it.',
      words: {
        'zh-CN': { title: '服务号码', description: '来电拨打后进入排队的号码，按中继送来的格式填写。' },
        'zh-TW': { title: '服務號碼', description: '來電撥打後進入排隊的號碼，依中繼送來的格式填寫。' },
      },
      minItems: 1,
      maxItems: 100,
    }),
    trunks: Type.Optional(
      Type.Array(
        Type.String({ pattern: '^(\\d{1,3}(\\.\\d{1,3}){3}(/\\d{1,2})?|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*(/\\d{1,3})?)$' }),
        {
          title: 'Trunks',
          description: 'Addresses or networks whose calls are taken without a password. All others must log in.',
          words: {
            'zh-CN': { title: '中继地址', description: '来自这些地址或网段的呼叫无需密码，其余必须注册认证。' },
            'zh-TW': { title: '中繼位址', description: '來自這些位址或網段的呼叫無需密碼，其餘必須註冊認證。' },
          },
          maxItems: 100,
        },
      ),
    ),
    trunkServer: Type.Optional(
      Type.String({
        title: 'Way out',
        description: 'Where calls that go out are sent: host, host:port, and ;transport=tcp where it is not UDP.',
        words: {
          'zh-CN': {
            title: '外呼服务器',
            description: '外呼送往的中继地址：主机或主机:端口，非 UDP 时加 ;transport=tcp。',
          },
          'zh-TW': {
            title: '外撥伺服器',
            description: '外撥送往的中繼位址：主機或主機:連接埠，非 UDP 時加 ;transport=tcp。',
          },
        },
        pattern: '^(\\[[0-9A-Fa-f:]+\\]|[A-Za-z0-9.-]+)(:\\d{1,5})?(;transport=(udp|tcp))?$',
        maxLength: 200,
      }),
    ),
    trunkUser: Type.Optional(
      Type.String({
        title: 'Name at the trunk',
        description: 'What a challenge of the trunk is answered with.',
        words: {
          'zh-CN': { title: '中继账号', description: '中继要求认证时使用的账号。' },
          'zh-TW': { title: '中繼帳號', description: '中繼要求驗證時使用的帳號。' },
        },
        pattern: '^[^\\s<>"@;]+$',
        maxLength: 100,
      }),
    ),
    trunkPassword: Type.Optional(
      secret({
        title: 'Password at the trunk',
        words: { 'zh-CN': { title: '中继密码' }, 'zh-TW': { title: '中繼密碼' } },
        maxLength: 200,
      }),
    ),
    trunkCallerId: Type.Optional(
      Type.String({
        title: 'Shown number',
        description: 'What those who are called see, unless the plan of calls says otherwise.',
        words: {
          'zh-CN': { title: '外显号码', description: '被叫看到的号码。' },
          'zh-TW': { title: '外顯號碼', description: '被叫看到的號碼。' },
        },
        pattern: '^\\+?[0-9]{2,20}$',
      }),
    ),
  },
  { additionalProperties: false },
)

export type Settings = Static<typeof config>

export const sip: ConnectorKind<typeof config> = {
  kind: 'sip',
  title: 'Telephone (SIP)',
  titles: { 'zh-CN': '电话（SIP）', 'zh-TW': '電話（SIP）' },
  config,
  capabilities: {
    parts: { text: {} },
    carries: 'message',
    text: {},
    calls: true,
    initiate: 'never',
    idempotency: 'none',
    receipts: { delivered: false, read: false },
    typing: { in: false, out: false },
  },
  // Calls live in the process that has the port.
  exclusive: true,

  async open(settings, hub) {
    const connector = new SipConnector(settings, hub)
    try {
      await connector.start()
    } catch (error) {
      await connector.close()
      throw error
    }
    hub.report({ state: 'online' })
    return connector
  },

  probe,
}

/** Whether the port can be had; where the channel is open, it is taken by itself. */
async function* probe(settings: Settings, hub: Hub): AsyncIterable<Check> {
  const { host } = hub.calls.place
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
  const failure = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
    socket.once('error', resolve)
    socket.bind(settings.port, host, () => resolve(undefined))
  })
  socket.close()
  const name = 'Port'
  if (failure === undefined) yield { name, ok: true, detail: `${host}:${settings.port} is free.` }
  else if (failure.code === 'EADDRINUSE') {
    yield { name, ok: true, detail: `${host}:${settings.port} is in use: by this channel, if it is online.` }
  } else {
    yield {
      name,
      ok: false,
      detail: `${host}:${settings.port} cannot be had (${failure.code}).`,
      mend: 'Choose another port.',
    }
  }
}
