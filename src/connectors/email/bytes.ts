/** The bytes of a mail with its files, made anew each time they are read, signed where the account signs by itself. */
import { Readable } from 'node:stream'
import DKIM from 'nodemailer/lib/dkim'
import MailComposer from 'nodemailer/lib/mail-composer'
import type { OutgoingFile } from '../contract.ts'
import type { Draft } from './compose.ts'
import type { EmailSettings } from './settings.ts'

/** What most servers take is 25 MB as it travels, a third more than as it lies. */
const attachedBytes = 18 * 1024 * 1024

/** Those of the files that go along, and those that are linked to, because the mail would become too large. */
export function divided(files: readonly OutgoingFile[]): { attached: OutgoingFile[]; linked: OutgoingFile[] } {
  let room = attachedBytes
  const attached: OutgoingFile[] = []
  const linked: OutgoingFile[] = []
  for (const file of files) {
    if (file.size > room) linked.push(file)
    else {
      room -= file.size
      attached.push(file)
    }
  }
  return { attached, linked }
}

export function bytesOf({ fields }: Draft, files: readonly OutgoingFile[], settings: EmailSettings): Readable {
  const { attached, linked } = divided(files)
  const text = [fields.text, ...linked.map(({ name, link }) => `${name}: ${link}`)].filter((line) => line !== '')
  const mail = new MailComposer({
    ...fields,
    text: text.join('\n'),
    references: [...(fields.references ?? [])],
    attachments: attached.map((file) => ({
      filename: file.name,
      contentType: file.mediaType,
      content: Readable.from(contentOf(file), { objectMode: false }),
    })),
  }).compile()
  const { dkimDomain, dkimSelector, dkimPrivateKey } = settings
  const plain = mail.createReadStream()
  if (dkimDomain === undefined || dkimSelector === undefined || dkimPrivateKey === undefined) return plain
  // https://www.rfc-editor.org/rfc/rfc6376
  return new DKIM({ domainName: dkimDomain, keySelector: dkimSelector, privateKey: dkimPrivateKey }).sign(plain)
}

/** Opened when its turn comes. */
async function* contentOf(file: OutgoingFile): AsyncIterable<Buffer> {
  yield* await file.read()
}
