/** E-mail: one mailbox, read over IMAP and answered over SMTP. */
import type { ConnectorKind } from '../contract.ts'
import { EmailConnector, locked } from './connector.ts'
import { LoginRefused } from './mailbox.ts'
import { probe } from './probe.ts'
import { config } from './settings.ts'
import { sendMs } from './smtp.ts'

/** What is larger goes as a link. What is said of a file is said in the mail. */
const file = { maxBytes: 18 * 1024 * 1024, maxCaption: 0 }

export const email: ConnectorKind<typeof config> = {
  kind: 'email',
  title: 'E-mail',
  titles: { 'zh-CN': '电子邮件', 'zh-TW': '電子郵件' },
  config,
  capabilities: {
    parts: { text: {}, image: file, audio: file, video: file, file, sticker: file },
    carries: 'message',
    text: { maxCharacters: 100_000 },
    initiate: 'always',
    // A Message-ID of ours is looked for in the folder of sent mail.
    idempotency: 'lookup',
    receipts: { delivered: false, read: false },
    typing: { in: false, out: false },
    pace: [{ scope: 'account', max: 60, perMs: 60_000 }],
    sendTimeoutMs: sendMs,
  },
  // Two readers would take each mail in twice as often, and move one cursor.
  exclusive: true,

  async open(settings, hub) {
    try {
      const connector = await EmailConnector.open(settings, hub)
      hub.report({ state: 'online' })
      return connector
    } catch (error) {
      if (error instanceof LoginRefused) return locked(error.message, hub)
      throw error
    }
  },

  probe,
}
