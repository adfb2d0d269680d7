/**
 * What comes in: the mails of one folder, in the order of their numbers, each handed to the hub before the place is noted up to which all is
 * known. A crash between the two brings a mail again, and the hub recognises it; nothing in the mailbox changes before a mail is kept.
 */
import { checkInbound, type Hub } from '../contract.ts'
import { type Bounce, bounceIn } from './bounce.ts'
import type { Mailbox } from './mailbox.ts'
import { readHead, readName, readWords } from './read.ts'
import { MailRefused } from './refusals.ts'
import type { EmailSettings } from './settings.ts'
import type { Sight } from './sight.ts'
import { hasLostName, type MimeNode, planOf, refusalOf } from './structure.ts'
import type { Threads } from './threads.ts'
import { fromMail, type Heard, type Mail, type Own, type Said } from './translate.ts'

/**
 * Up to where all is known. https://www.rfc-editor.org/rfc/rfc9051#section-2.3.1.1: a new mail has a greater UID than all before it, as long as UIDVALIDITY stays.
 * No MODSEQ (https://www.rfc-editor.org/rfc/rfc7162): it finds changed flags, which nobody asks for here, and no mail that the UID does not; nor does it spare a look, since
 * our own \Seen raises it, and a look from the last UID on is one question.
 */
interface Cursor {
  readonly uidValidity: string
  /** The last number that was dealt with. */
  readonly uid: number
  /** Numbers up to this one were there when the reading began: of them, only what the server received `since` is taken in. */
  readonly oldTo: number
  readonly since: string
  /** They are from before the channel was there. */
  readonly isHistory: boolean
  /** When that was so. */
  readonly notedAt: string
  /** The mail behind it that the server did not hand out, and how often it was asked for it. */
  readonly refused?: { readonly uid: number; readonly times: number }
}

const atOnce = 20
/** A mail that the server refuses so often is left in the mailbox. The hub opens that anew between, later each time. */
const askings = 8
const textBytes = 1_000_000
const reportBytes = 64 * 1024
/** The head of one part. */
const partHeadBytes = 16 * 1024
const dayMs = 86_400_000
/** The server tells times in whole seconds. */
const wholeSecondMs = 1000
/** What was taken in is recognised for at least so long. */
const recognisedMs = 25 * dayMs
/** An event has at most 256 KB as JSON. */
const eventBytes = 250_000

export class Inbox {
  readonly #settings: EmailSettings
  readonly #hub: Hub
  readonly #own: Own
  readonly #threads: Threads
  #cursor: Cursor | undefined

  constructor(settings: EmailSettings, hub: Hub, own: Own, threads: Threads) {
    this.#settings = settings
    this.#hub = hub
    this.#own = own
    this.#threads = threads
  }

  /** Opens the folder where it was left: at the end of what was there when the channel is new, anew when the server has numbered anew. */
  async open(mailbox: Mailbox): Promise<void> {
    const { uidValidity, nextUid } = await mailbox.select(this.#settings.folder)
    const kept = (await this.#hub.memory.get('cursor')) as Cursor | undefined
    if (kept?.uidValidity === uidValidity) {
      this.#cursor = kept
      return
    }
    if (kept !== undefined) return this.#beginAnew(uidValidity, nextUid - 1, kept)
    const { backfillDays } = this.#settings
    const since = new Date(Date.now() - backfillDays * dayMs).toISOString()
    const oldTo = nextUid - 1
    await this.#note({ uidValidity, since, uid: backfillDays > 0 ? 0 : oldTo, oldTo, isHistory: true })
  }

  /** The server counts from one again: all is read once more, and what was taken in is recognised, as far back as it is remembered. */
  async #beginAnew(uidValidity: string, oldTo: number, kept: Cursor): Promise<void> {
    const back = new Date(Date.now() - recognisedMs).toISOString()
    const since = kept.since > back ? kept.since : back
    this.#hub.log.warn({ since }, 'the mail server has numbered the folder anew; it is read again')
    if (kept.notedAt < back) {
      const reason = 'The mail server numbered the folder anew while the channel was away for long.'
      await this.#hub.gap(new Date(kept.notedAt), new Date(back), reason)
    }
    await this.#note({ uidValidity, since, uid: 0, oldTo, isHistory: false })
  }

  /** Takes in all that is new. Rejects when the hub does not keep it, the server refuses it (`MailRefused`) or the connection breaks; then it comes again. */
  async drain(mailbox: Mailbox): Promise<void> {
    for (;;) {
      const cursor = this.#cursor
      if (cursor === undefined) return
      // The server compares days, in a zone of its own.
      const since = cursor.uid === 0 ? new Date(Date.parse(cursor.since) - dayMs) : undefined
      const uids = await mailbox.uidsFrom(cursor.uid + 1, since)
      if (uids.length === 0) {
        if (Date.now() - Date.parse(cursor.notedAt) > dayMs) await this.#note(cursor)
        return
      }
      for (let at = 0; at < uids.length; at += atOnce) await this.#take(mailbox, uids.slice(at, at + atOnce))
    }
  }

  async #take(mailbox: Mailbox, uids: readonly number[]): Promise<void> {
    const stored: number[] = []
    let held: MailRefused | undefined
    for (const sight of await mailbox.sights(uids)) {
      this.#hub.signal.throwIfAborted()
      try {
        if (await this.#takeOne(mailbox, sight)) stored.push(sight.uid)
      } catch (error) {
        if (!(error instanceof MailRefused)) throw error
        if (this.#timesRefused(error) === askings)
          await this.#refuse(sight, `mail-unreadable: the server does not hand it out, ${error.said}`)
        else held = error
      }
      if (held !== undefined) break
    }
    const cursor = this.#cursor
    if (cursor !== undefined) {
      const { refused: _, ...place } = cursor
      const refused = held && { uid: held.uid, times: this.#timesRefused(held) }
      const uid = held === undefined ? (uids.at(-1) ?? cursor.uid) : held.uid - 1
      await this.#note({ ...place, uid, ...(refused && { refused }) })
    }
    if (this.#settings.markSeen) await mailbox.markSeen(stored)
    if (held !== undefined) throw held
  }

  /** With this time. */
  #timesRefused({ uid }: MailRefused): number {
    const before = this.#cursor?.refused
    return before?.uid === uid ? before.times + 1 : 1
  }

  /** Whether it is kept now. Rejects with `MailRefused`. */
  async #takeOne(mailbox: Mailbox, sight: Sight): Promise<boolean> {
    const cursor = this.#cursor
    if (cursor === undefined) return false
    const { uidValidity } = cursor
    // Not for what is new: the server's clock may be behind ours.
    const isOld = sight.uid <= cursor.oldTo
    if (isOld && sight.receivedAt.getTime() + wholeSecondMs < Date.parse(cursor.since)) return false
    const isHistory = isOld && cursor.isHistory
    // Somebody has dealt with it already.
    if (isHistory && sight.isAnswered) return false
    const { structure, refused } = sight
    if (refused !== undefined) throw refused
    if (structure === undefined)
      return this.#refuse(sight, 'mail-unreadable: the server’s description of it cannot be read')
    const refusal = refusalOf(structure, sight.bytes)
    if (refusal !== undefined) return this.#refuse(sight, refusal)
    const found = await this.#read(mailbox, { ...sight, structure }, { uidValidity, isHistory })
    if (found === undefined || found === 'ours') return false
    if ('refusal' in found) return this.#refuse(sight, found.refusal)
    if ('messageId' in found) {
      await this.#hub.receipt(found.recipient || 'bounce', found.messageId, 'failed', found.reason)
      return true
    }
    const fault = faultOf(found)
    if (fault !== undefined) return this.#refuse(sight, `mail-not-understood: ${fault}`)
    await this.#threads.remember(found.peer, found.answerable)
    await this.#hub.receive(found.events)
    return true
  }

  /** Undefined for one that is gone meanwhile, and for a report that tells of no failure of ours. */
  async #read(
    mailbox: Mailbox,
    { uid, structure, receivedAt }: Sight & { readonly structure: MimeNode },
    at: { readonly uidValidity: string; readonly isHistory: boolean },
  ): Promise<ReturnType<typeof fromMail> | Bounce | undefined> {
    const { blocks, files, report } = planOf(structure)
    if (report !== undefined) return this.#readReport(mailbox, uid, report)
    const texts = blocks.flatMap(({ plain, html }) => [plain, html].filter((node) => node !== undefined))
    const wanted = texts.map((node) => ({ part: node.part ?? '1', maxBytes: textBytes }))
    const lost = files.filter(hasLostName)
    const heads = lost.flatMap(({ part }) =>
      part === undefined ? [] : { part: `${part}.mime`, maxBytes: partHeadBytes },
    )
    const bytes = await mailbox.read(uid, [...wanted, ...heads])
    if (bytes === undefined) return undefined
    const missing = wanted.find(({ part }) => !bytes.parts.has(part.toLowerCase()))
    if (missing !== undefined) return { refusal: `mail-unreadable: the server does not hand out part ${missing.part}` }
    const said = async (node: MimeNode | undefined): Promise<Said | undefined> => {
      const found = node === undefined ? undefined : bytes.parts.get((node.part ?? '1').toLowerCase())
      if (node === undefined || found === undefined) return undefined
      return { ...(await readWords(node, found)), node, isCut: (node.size ?? 0) > textBytes }
    }
    const words: Mail['blocks'][number][] = []
    for (const block of blocks) {
      const [plain, html] = [await said(block.plain), await said(block.html)]
      words.push({ ...(plain && { plain }), ...(html && { html }) })
    }
    const charsets = texts.flatMap(({ parameters }) => parameters?.charset ?? [])
    const head = await readHead(bytes.head, charsets)
    const named = await Promise.all(
      files.map(async (node) => {
        const own = node.part === undefined ? bytes.head : bytes.parts.get(`${node.part}.mime`)
        const name = own !== undefined && lost.includes(node) ? await readName(own, charsets) : undefined
        return name === undefined ? node : { ...node, dispositionParameters: { filename: name } }
      }),
    )
    const position = { uidValidity: at.uidValidity, uid }
    return fromMail({ head, position, receivedAt, blocks: words, files: named, isHistory: at.isHistory }, this.#own)
  }

  async #readReport(
    mailbox: Mailbox,
    uid: number,
    { status, original }: NonNullable<ReturnType<typeof planOf>['report']>,
  ): Promise<Bounce | undefined> {
    const [of, about] = [status.part ?? '2', original?.part ?? '3']
    const parts = [of, about].map((part) => ({ part, maxBytes: reportBytes }))
    const bytes = await mailbox.read(uid, parts)
    const text = (part: string) => bytes?.parts.get(part.toLowerCase())?.toString('latin1') ?? ''
    const bounce = bounceIn(text(of), text(about))
    if (bounce === undefined) this.#hub.log.info({ uid }, 'a report that speaks of no mail of ours was left alone')
    return bounce
  }

  /** It stays in the mailbox, unread, and administrators see that it was not taken in. */
  async #refuse({ uid, receivedAt }: Sight, reason: string): Promise<false> {
    this.#hub.log.warn({ uid, reason }, 'a mail was refused')
    await this.#hub.gap(receivedAt, receivedAt, `A mail was left in the mailbox: ${reason}.`)
    return false
  }

  async #note(place: Omit<Cursor, 'notedAt'>): Promise<void> {
    const cursor = { ...place, notedAt: new Date().toISOString() }
    await this.#hub.memory.set('cursor', cursor)
    this.#cursor = cursor
  }
}

/** Why the hub would not take it: one mail must not hold up all behind it. */
function faultOf({ events }: Heard): string | undefined {
  try {
    for (const event of events) {
      checkInbound(event)
      if (Buffer.byteLength(JSON.stringify(event)) > eventBytes) return 'it is too large'
    }
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}
