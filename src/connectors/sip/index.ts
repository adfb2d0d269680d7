/** The telephone, over SIP (RFC 3261): trunks and phones call, agents' phones ring. */
import { type Static, Type } from 'typebox'
import { type ConnectorKind, secret } from '../contract.ts'
import { SipConnector } from './connector.ts'
import { probe } from './probing.ts'
import type { PromptName } from './prompts.ts'

const named = (title: string, simplified: string, traditional: string) =>
  Type.Optional(
    Type.String({
      pattern: '^fil_[0-9a-z]{26}$',
      file: 'audio',
      title,
      words: { 'zh-CN': { title: simplified }, 'zh-TW': { title: traditional } },
    }),
  )
const spoken = <Code extends string>(code: Code, title: string, simplified: string, traditional: string) =>
  Type.Literal(code, { title, words: { 'zh-CN': { title: simplified }, 'zh-TW': { title: traditional } } })

const sounds: Record<PromptName, ReturnType<typeof named>> = {
  welcome: named('Welcome', '欢迎语', '歡迎語'),
  notice: named('That talks are recorded', '录音告知', '錄音告知'),
  music: named('Music while they wait', '等待音乐', '等待音樂'),
  busy: named('Before their place in line', '排队播报前的提示', '排隊播報前的提示'),
  transfer: named('On the way to somebody else', '转接提示', '轉接提示'),
  closed: named('Outside the hours', '非工作时间提示', '非工作時間提示'),
  'menu-invalid': named('A key that leads nowhere', '按键无效提示', '按鍵無效提示'),
  'message-before': named('Before a message', '留言前的提示', '留言前的提示'),
  'message-after': named('After a message', '留言后的提示', '留言後的提示'),
  survey: named('Survey', '评价提示', '評價提示'),
  'survey-after': named('After the survey', '评价后的提示', '評價後的提示'),
  goodbye: named('Goodbye', '结束语', '結束語'),
}

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
    trunkRegisters: Type.Boolean({
      title: 'The trunk wants us to register',
      description: 'With the name and password above. Calls from it come to the first number.',
      words: {
        'zh-CN': { title: '向中继注册', description: '用上面的账号与密码注册；中继来电进入第一个服务号码。' },
        'zh-TW': { title: '向中繼註冊', description: '用上面的帳號與密碼註冊；中繼來電進入第一個服務號碼。' },
      },
      default: false,
    }),
    lookupUrl: Type.Optional(
      Type.String({
        title: 'Who calls: address to ask',
        description:
          'Asked for each call with ?number=…, within 800 ms: what it answers is seen by the agent before their phone rings.',
        words: {
          'zh-CN': {
            title: '来电查询地址',
            description: '来电时以 ?number=… 查询（限 800 毫秒），结果在振铃前显示给客服。',
          },
          'zh-TW': {
            title: '來電查詢位址',
            description: '來電時以 ?number=… 查詢（限 800 毫秒），結果在響鈴前顯示給客服。',
          },
        },
        format: 'uri',
        pattern: '^https?://',
        maxLength: 500,
      }),
    ),
    lookupToken: Type.Optional(
      secret({
        title: 'Who calls: token',
        description: 'Goes with each question as a bearer token.',
        words: {
          'zh-CN': { title: '来电查询令牌', description: '随每次查询以 Bearer 方式发送。' },
          'zh-TW': { title: '來電查詢權杖', description: '隨每次查詢以 Bearer 方式傳送。' },
        },
        maxLength: 500,
      }),
    ),
    language: Type.Union([spoken('zh', 'Chinese', '中文', '中文'), spoken('en', 'English', '英语', '英語')], {
      title: 'Language of prompts',
      words: { 'zh-CN': { title: '提示音语言' }, 'zh-TW': { title: '提示音語言' } },
      default: 'zh',
    }),
    record: Type.Boolean({
      title: 'Record talks',
      words: { 'zh-CN': { title: '通话录音' }, 'zh-TW': { title: '通話錄音' } },
      default: true,
    }),
    notice: Type.Boolean({
      title: 'Say that talks are recorded',
      description:
        'Each caller hears it to its end before they talk with anybody. Where the law asks for it, leave it on.',
      words: {
        'zh-CN': { title: '录音告知', description: '接通人工前完整播放录音告知。法规要求告知的，请保持开启。' },
        'zh-TW': { title: '錄音告知', description: '接通真人前完整播放錄音告知。法規要求告知的，請保持開啟。' },
      },
      default: true,
    }),
    keepDays: Type.Integer({
      title: 'Days that recordings are kept',
      description: 'Older ones are removed. 0: they are kept as long as their conversation.',
      words: {
        'zh-CN': { title: '录音保留天数', description: '超过天数的录音将被删除，0 为与会话同期保留。' },
        'zh-TW': { title: '錄音保留天數', description: '超過天數的錄音將被刪除，0 為與對話同期保留。' },
      },
      minimum: 0,
      maximum: 3650,
      default: 0,
    }),
    announceSeconds: Type.Integer({
      title: 'Seconds between announcements',
      description: 'How often a caller who waits hears where they stand in line, and how long it will be. 0: never.',
      words: {
        'zh-CN': { title: '排队播报间隔（秒）', description: '排队中每隔多久播报一次位置与预计等待时间，0 为不播报。' },
        'zh-TW': { title: '排隊播報間隔（秒）', description: '排隊中每隔多久播報一次位置與預計等待時間，0 為不播報。' },
      },
      minimum: 0,
      maximum: 600,
      default: 30,
    }),
    prompts: Type.Optional(
      Type.Object(sounds, {
        title: 'Own prompts',
        description: 'Sounds that are played instead of those that the hub brings.',
        words: {
          'zh-CN': { title: '自定义提示音', description: '替换内置的提示音。' },
          'zh-TW': { title: '自訂提示音', description: '取代內建的提示音。' },
        },
        additionalProperties: false,
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
    return connector
  },

  probe,
}
