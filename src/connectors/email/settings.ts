/** What has to be known of a mailbox, as an administrator is asked for it. */
import { type Static, type TSchemaOptions, Type } from 'typebox'
import { egressProxy, secret } from '../contract.ts'

/** A setting's words in the console's languages: English, 简体, 繁體, each title and description. */
function said(en: [string, string], cn: [string, string], tw: [string, string]): TSchemaOptions {
  const words = ([title, description]: [string, string]) => ({ title, description })
  return { ...words(en), words: { 'zh-CN': words(cn), 'zh-TW': words(tw) } }
}

const address = { pattern: '^[^\\s@<>,;]+@[^\\s@<>,;]+\\.[^\\s@<>,;]+$', maxLength: 200 }
const host = { pattern: '^[A-Za-z0-9._-]+$|^\\[[0-9A-Fa-f:.]+\\]$|^[0-9A-Fa-f:.]+$', minLength: 1, maxLength: 253 }
const port = { minimum: 1, maximum: 65_535 }
const security = ['tls', 'starttls', 'none'] as const

const securityWords = (server: string) =>
  said(
    [
      `Encryption to the ${server} server`,
      'tls from the first byte, starttls after the greeting, none only within a network of your own.',
    ],
    [`${server} 加密方式`, 'tls：一开始就加密；starttls：问候之后加密；none：不加密，仅限自有网络内使用。'],
    [`${server} 加密方式`, 'tls：一開始就加密；starttls：問候之後加密；none：不加密，僅限自有網路內使用。'],
  )

export const config = Type.Object(
  {
    address: Type.String({
      ...said(
        ['Address', 'To which customers write, and from which they are answered.'],
        ['邮箱地址', '客户写信到此地址，回复也从此地址发出。'],
        ['信箱地址', '客戶寫信到此地址，回覆也從此地址寄出。'],
      ),
      ...address,
    }),
    name: Type.Optional(
      Type.String({
        ...said(
          ['Name before the address', 'As customers see it: Example Shop.'],
          ['发件人名称', '客户看到的名称，例如“示例商店”。'],
          ['寄件人名稱', '客戶看到的名稱，例如「示例商店」。'],
        ),
        maxLength: 100,
      }),
    ),
    aliases: Type.Optional(
      Type.Array(Type.String(address), {
        ...said(
          [
            'Further addresses',
            'Others whose mail lies in the same mailbox. Each is answered from the one that was written to.',
          ],
          ['其他地址', '收进同一邮箱的其他地址。客户写给哪个地址，就从哪个地址回复。'],
          ['其他地址', '收進同一信箱的其他地址。客戶寫給哪個地址，就從哪個地址回覆。'],
        ),
        maxItems: 50,
      }),
    ),
    login: Type.Optional(
      Type.String({
        ...said(
          ['Login name', 'The address unless given.'],
          ['登录名', '不填则用邮箱地址。'],
          ['登入名稱', '不填則用信箱地址。'],
        ),
        maxLength: 200,
      }),
    ),
    password: Type.Optional(
      secret(
        said(
          ['Password', 'For QQ, 163 and Gmail an authorisation code or app password, not that of the web page.'],
          ['密码', 'QQ、163、Gmail 等须填授权码或应用专用密码，而不是网页登录密码。'],
          ['密碼', 'QQ、163、Gmail 等須填授權碼或應用程式密碼，而不是網頁登入密碼。'],
        ),
      ),
    ),
    imapHost: Type.String({
      ...said(
        ['IMAP server', 'Where mail is fetched.'],
        ['IMAP 服务器', '收信服务器。'],
        ['IMAP 伺服器', '收信伺服器。'],
      ),
      ...host,
    }),
    imapPort: Type.Integer({
      ...said(
        ['IMAP port', '993, or 143 with starttls.'],
        ['IMAP 端口', '993；starttls 时为 143。'],
        ['IMAP 連接埠', '993；starttls 時為 143。'],
      ),
      ...port,
      default: 993,
    }),
    imapSecurity: Type.Enum(security, { ...securityWords('IMAP'), default: 'tls' }),
    smtpHost: Type.String({
      ...said(
        ['SMTP server', 'Where mail is handed in.'],
        ['SMTP 服务器', '发信服务器。'],
        ['SMTP 伺服器', '寄信伺服器。'],
      ),
      ...host,
    }),
    smtpPort: Type.Integer({
      ...said(
        ['SMTP port', '465, or 587 with starttls.'],
        ['SMTP 端口', '465；starttls 时为 587。'],
        ['SMTP 連接埠', '465；starttls 時為 587。'],
      ),
      ...port,
      default: 465,
    }),
    smtpSecurity: Type.Enum(security, { ...securityWords('SMTP'), default: 'tls' }),
    certificate: Type.Optional(
      Type.String({
        ...said(
          [
            'Certificate of your own authority',
            'PEM; only where the servers’ certificates come from no public authority.',
          ],
          ['自有 CA 证书', 'PEM 格式；仅当服务器证书不是公共机构签发时需要。'],
          ['自有 CA 憑證', 'PEM 格式；僅當伺服器憑證不是公共機構簽發時需要。'],
        ),
        pattern: '^\\s*-----BEGIN CERTIFICATE-----',
        maxLength: 20_000,
      }),
    ),
    proxy: Type.Optional(egressProxy()),
    oauth: Type.Optional(
      Type.Enum(
        ['google', 'microsoft'],
        said(
          ['Login by OAuth 2', 'Instead of a password: google or microsoft.'],
          ['OAuth 2 登录', '代替密码：google 或 microsoft。'],
          ['OAuth 2 登入', '代替密碼：google 或 microsoft。'],
        ),
      ),
    ),
    oauthClientId: Type.Optional(
      Type.String({
        ...said(
          ['OAuth client id', 'Of the application that you registered.'],
          ['OAuth 客户端 ID', '所注册应用的 ID。'],
          ['OAuth 用戶端 ID', '所註冊應用程式的 ID。'],
        ),
        maxLength: 500,
      }),
    ),
    oauthClientSecret: Type.Optional(
      secret(
        said(
          ['OAuth client secret', 'Of the same application.'],
          ['OAuth 客户端密钥', '同一应用的密钥。'],
          ['OAuth 用戶端密鑰', '同一應用程式的密鑰。'],
        ),
      ),
    ),
    oauthRefreshToken: Type.Optional(
      secret(
        said(
          ['OAuth refresh token', 'That the mailbox’s owner granted.'],
          ['OAuth 刷新令牌', '由邮箱所有者授权取得。'],
          ['OAuth 更新權杖', '由信箱擁有者授權取得。'],
        ),
      ),
    ),
    oauthTokenUrl: Type.Optional(
      Type.String({
        ...said(
          ['OAuth token address', 'Only where it is not the usual one, such as that of one Microsoft tenant.'],
          ['OAuth 令牌地址', '仅在与默认地址不同时填写，例如微软单一租户。'],
          ['OAuth 權杖網址', '僅在與預設網址不同時填寫，例如微軟單一租戶。'],
        ),
        format: 'uri',
        pattern: '^https?://',
        maxLength: 2048,
      }),
    ),
    folder: Type.String({
      ...said(
        ['Folder', 'Whose mail comes in.'],
        ['收信文件夹', '读取此文件夹的邮件。'],
        ['收信資料夾', '讀取此資料夾的郵件。'],
      ),
      minLength: 1,
      maxLength: 200,
      default: 'INBOX',
    }),
    backfillDays: Type.Integer({
      ...said(
        [
          'Days of history',
          'Mail of so many days before comes in too when the channel is first opened. It is not greeted.',
        ],
        ['历史天数', '首次连接时，把之前这么多天的邮件也收进来；不会自动问候。'],
        ['歷史天數', '首次連線時，把之前這麼多天的郵件也收進來；不會自動問候。'],
      ),
      minimum: 0,
      maximum: 365,
      default: 0,
    }),
    markSeen: Type.Boolean({
      ...said(
        ['Mark as read', 'Once a mail is kept here. Until then nothing is changed in the mailbox.'],
        ['标为已读', '邮件入库之后标记；在此之前不改动邮箱。'],
        ['標為已讀', '郵件入庫之後標記；在此之前不改動信箱。'],
      ),
      default: true,
    }),
    saveSent: Type.Boolean({
      ...said(
        ['Keep copies in Sent', 'Off for Gmail and Microsoft 365, which keep them by themselves.'],
        ['存入“已发送”', 'Gmail 和 Microsoft 365 会自行保存，应关闭。'],
        ['存入「寄件備份」', 'Gmail 和 Microsoft 365 會自行保存，應關閉。'],
      ),
      default: true,
    }),
    sentFolder: Type.Optional(
      Type.String({
        ...said(
          ['Folder of sent mail', 'Found by itself on most servers.'],
          ['已发送文件夹', '多数服务器可自动识别。'],
          ['寄件備份資料夾', '多數伺服器可自動識別。'],
        ),
        minLength: 1,
        maxLength: 200,
      }),
    ),
    subject: Type.Optional(
      Type.String({
        ...said(
          ['Subject of a first mail', 'Of mails that answer none.'],
          ['主动发信的主题', '用于不是回复的邮件。'],
          ['主動寄信的主旨', '用於不是回覆的郵件。'],
        ),
        minLength: 1,
        maxLength: 200,
      }),
    ),
    plusAddresses: Type.Boolean({
      ...said(
        [
          'Answers to plus addresses',
          'Only where mail to name+anything@ reaches name@: Gmail, Microsoft 365, most Postfix and Dovecot; not QQ and 163.',
        ],
        [
          '使用加号地址',
          '仅当发到 name+任意@ 的邮件能进入 name@ 时打开：Gmail、Microsoft 365、多数自建服务器可用；QQ、163 不可用。',
        ],
        [
          '使用加號地址',
          '僅當寄到 name+任意@ 的郵件能進入 name@ 時打開：Gmail、Microsoft 365、多數自建伺服器可用；QQ、163 不可用。',
        ],
      ),
      default: false,
    }),
    authservId: Type.Optional(
      Type.String({
        ...said(
          [
            'Name in Authentication-Results',
            'With which the mailbox’s own server signs its checks of senders; without it every sender is unverified.',
          ],
          ['验证结果服务器名', '本邮箱服务器在 Authentication-Results 中使用的名称；不填则发件人一律视为未验证。'],
          ['驗證結果伺服器名', '本信箱伺服器在 Authentication-Results 中使用的名稱；不填則寄件人一律視為未驗證。'],
        ),
        minLength: 1,
        maxLength: 253,
      }),
    ),
    dkimDomain: Type.Optional(
      Type.String({
        ...said(
          ['DKIM domain', 'Only where the SMTP server does not sign by itself.'],
          ['DKIM 域名', '仅当 SMTP 服务器不自行签名时填写。'],
          ['DKIM 網域', '僅當 SMTP 伺服器不自行簽署時填寫。'],
        ),
        maxLength: 253,
      }),
    ),
    dkimSelector: Type.Optional(
      Type.String({
        ...said(
          ['DKIM selector', 'The record’s name before ._domainkey.'],
          ['DKIM 选择器', '记录名中 ._domainkey 之前的部分。'],
          ['DKIM 選擇器', '記錄名中 ._domainkey 之前的部分。'],
        ),
        pattern: '^[A-Za-z0-9._-]+$',
        maxLength: 100,
      }),
    ),
    dkimPrivateKey: Type.Optional(
      secret({
        ...said(['DKIM private key', 'PEM.'], ['DKIM 私钥', 'PEM 格式。'], ['DKIM 私鑰', 'PEM 格式。']),
        maxLength: 10_000,
      }),
    ),
  },
  { additionalProperties: false },
)

export type EmailSettings = Static<typeof config>

/** All addresses of the channel in lower case, its main one first. */
export function addressesOf({ address, aliases = [] }: EmailSettings): string[] {
  return [address, ...aliases].map((one) => one.toLowerCase())
}
