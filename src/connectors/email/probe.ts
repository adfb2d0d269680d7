/** "Test connection": every step by itself, each failed one with its mend. Nothing is sent, nothing in the mailbox changes. */
import { type Check, type Hub, Undelivered } from '../contract.ts'
import { LoginRefused, Mailbox } from './mailbox.ts'
import type { EmailSettings } from './settings.ts'
import { greet } from './smtp.ts'

export async function* probe(settings: EmailSettings, hub: Hub): AsyncIterable<Check> {
  yield* incomplete(settings)
  yield* reading(settings, hub)
  yield await sending(settings, hub)
}

function* incomplete(settings: EmailSettings): Iterable<Check> {
  const { oauth, oauthClientId, oauthRefreshToken, dkimDomain, dkimSelector, dkimPrivateKey } = settings
  if (oauth !== undefined && (oauthClientId === undefined || oauthRefreshToken === undefined)) {
    const mend = 'Fill in client id and refresh token, or use a password instead.'
    yield { name: 'OAuth', ok: false, detail: 'The login by OAuth is not complete.', mend }
  }
  const dkim = [dkimDomain, dkimSelector, dkimPrivateKey].filter((one) => one !== undefined).length
  if (dkim === 1 || dkim === 2) {
    const mend = 'DKIM takes domain, selector and private key together.'
    yield { name: 'DKIM', ok: false, detail: 'Mails go out unsigned.', mend }
  }
}

async function* reading(settings: EmailSettings, hub: Hub): AsyncIterable<Check> {
  const { imapHost, imapPort, folder, saveSent, sentFolder } = settings
  let mailbox: Mailbox
  try {
    mailbox = await Mailbox.open(settings, hub)
  } catch (error) {
    const [detail, mend] = reasonOf(error, 'IMAP', imapHost, imapPort)
    yield { name: 'IMAP', ok: false, detail, mend }
    return
  }
  try {
    yield { name: 'IMAP', ok: true, detail: `${imapHost} takes the login.` }
    yield await looked(mailbox, folder, 'Folder')
    if (!saveSent) return
    const sent = sentFolder ?? (await mailbox.sentFolder())
    if (sent === undefined) {
      const detail = 'The server does not say where sent mail lies; copies are not kept.'
      yield { name: 'Sent', ok: false, detail, mend: 'Name the folder of sent mail, or switch copies off.' }
    } else yield await looked(mailbox, sent, 'Sent')
  } finally {
    await mailbox.close()
  }
}

async function looked(mailbox: Mailbox, folder: string, name: string): Promise<Check> {
  try {
    const { messages } = await mailbox.look(folder)
    return { name, ok: true, detail: `${folder} holds ${messages} mails.` }
  } catch {
    const mend = 'Write its name as the server does, with the folders above it.'
    return { name, ok: false, detail: `There is no folder ${folder}.`, mend }
  }
}

async function sending(settings: EmailSettings, hub: Hub): Promise<Check> {
  const { smtpHost, smtpPort } = settings
  try {
    await greet(settings, hub)
    return { name: 'SMTP', ok: true, detail: `${smtpHost} takes the login.` }
  } catch (error) {
    const cause = error instanceof Undelivered && error.kind !== 'auth' ? (error.cause ?? error) : error
    const [detail, mend] = reasonOf(cause, 'SMTP', smtpHost, smtpPort)
    return { name: 'SMTP', ok: false, detail, mend }
  }
}

/** What stands against it, and what to do. */
function reasonOf(error: unknown, protocol: string, host: string, port: number): [detail: string, mend: string] {
  if (error instanceof LoginRefused || (error instanceof Undelivered && error.kind === 'auth')) {
    const mend =
      'Use an authorisation code or app password where the provider has them (QQ, 163, Gmail), and switch IMAP and SMTP on in its web page.'
    return [error.message, mend]
  }
  const { code = '' } = error as { code?: string }
  const at = `${host}:${port}`
  if (code === 'address-refused') {
    return [`${at} lies in a network that the hub must not call.`, 'The operator may allow it: egress.allow.']
  }
  if (code === 'proxy-failed') {
    const mend = 'Check the proxy’s address and login, and that it lets mail ports through: many allow 443 alone.'
    return [`${at} cannot be reached: ${(error as Error).message}`, mend]
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return [`${host} is not known.`, `Check the name of the ${protocol} server.`]
  if (/^(?:ERR_TLS|CERT|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO)/.test(code)) {
    return [
      `The certificate of ${at} is not believed (${code}).`,
      'Fill in the certificate of your own authority, or the name for which the server’s certificate is.',
    ]
  }
  const mend =
    'Check server, port and encryption: 993 and 465 go with tls, 143 and 587 with starttls. Firewalls often close port 25.'
  return [`${at} does not answer as a ${protocol} server${code === '' ? '' : ` (${code})`}.`, mend]
}
