/** The half of the stand-in that answers: requests from the network, and what the application says to them. */
import type { Asking } from './asking.ts'
import { type Dialog, dialogOfServer, keyOfIncoming, randomToken } from './dialogs.ts'
import { cseqOf, header, headersOf, type SipMessage, type Target, tagOf, uriOf } from './message.ts'
import type { Stack } from './stand-in.ts'
import { localResponse, ServerTransaction, serverKey } from './transactions.ts'
import type { App, AppCommand } from './wire.ts'

/** More at once is a flood: what is new is not heard then. */
const maxTransactions = 5000
/** Headers of an answer that come from its request. */
const copied = new Set(['via', 'from', 'to', 'call-id', 'cseq', 'record-route', 'content-length'])

interface Asked {
  readonly key: string
  readonly transaction: ServerTransaction
  /** Ours, in every answer to it. */
  readonly tag: string
  dialog: Dialog | undefined
}

export class Answering {
  readonly #stack: Stack
  readonly #verbs: ReadonlySet<string>
  readonly #asking: Asking
  readonly #byKey = new Map<string, Asked>()
  readonly #byId = new Map<string, Asked>()
  /** Answered INVITEs that wait for their ACK, by dialog. */
  readonly #unacknowledged = new Map<string, ServerTransaction>()

  constructor(stack: Stack, verbs: ReadonlySet<string>, asking: Asking) {
    this.#stack = stack
    this.#verbs = verbs
    this.#asking = asking
  }

  receive(request: SipMessage, from: Target): void {
    const known = this.#byKey.get(serverKey(request))
    if (request.method === 'ACK') this.#acknowledged(request, from, known)
    else if (request.method === 'CANCEL') this.#cancelled(request, from, known)
    else if (known !== undefined) known.transaction.repeat()
    else if (this.#byKey.size < maxTransactions) this.#begin(request, from)
  }

  /** What the application answers. Refused once a final answer was given, by whomever. */
  respond(app: App, command: AppCommand, transactionId: string, given: SipMessage): void {
    const asked = this.#byId.get(transactionId)
    if (asked === undefined) {
      app.failed(command, 'there is no such transaction')
      return
    }
    const { transaction } = asked
    const isInvite = transaction.request.method === 'INVITE'
    const response = this.#answer(asked, given)
    if (isInvite && given.status > 100 && given.status < 300 && asked.dialog === undefined) {
      asked.dialog = dialogOfServer(transaction.request, response, transaction.from)
    }
    const { dialog } = asked
    const isAnswer = isInvite && given.status >= 200 && given.status < 300
    if (!transaction.respond(response, () => this.#neverAcknowledged(app, asked))) {
      app.failed(command, 'the transaction is over')
      return
    }
    if (isAnswer && dialog !== undefined) {
      this.#stack.dialogs.add(dialog)
      this.#unacknowledged.set(dialog.id, transaction)
    }
    if (given.status >= 200) this.#forgetLater(asked)
    if (transaction.request.method === 'BYE' && dialog !== undefined) this.#stack.dialogs.remove(dialog)
    const { from } = transaction
    app.done(command, response, { source: 'application', peer: from, transactionId, dialogId: dialog?.id ?? '' })
  }

  /** Whoever has not answered yet never will: no caller is left without a word (503), so that a trunk goes elsewhere. */
  giveUp(): void {
    for (const asked of [...this.#byId.values()]) {
      if (!asked.transaction.isFinal) this.#refuse(asked, 503, 'Service Unavailable')
    }
  }

  close(): void {
    this.giveUp()
    for (const { transaction } of this.#byId.values()) transaction.close()
  }

  #begin(request: SipMessage, from: Target): void {
    const transaction = new ServerTransaction(randomToken(), request, from, this.#stack)
    const asked: Asked = { key: serverKey(request), transaction, tag: randomToken(), dialog: undefined }
    this.#byKey.set(asked.key, asked)
    this.#byId.set(transaction.id, asked)
    const app = this.#stack.app()
    const isWithin = tagOf(header(request, 'To')) !== ''
    if (isWithin) {
      asked.dialog = this.#stack.dialogs.find(keyOfIncoming(request))
      if (asked.dialog === undefined) {
        this.#refuse(asked, 481, 'Call/Transaction Does Not Exist')
        return
      }
      const { number } = cseqOf(request)
      if (number <= asked.dialog.remoteSeq) {
        this.#refuse(asked, 500, 'Server Internal Error')
        return
      }
      asked.dialog.remoteSeq = number
      asked.dialog.source = from
      if (request.method === 'INVITE' && this.#crosses(asked, asked.dialog)) return
      const contact = uriOf(header(request, 'Contact'))
      if (request.method === 'INVITE' && contact !== '') asked.dialog.remoteTarget = contact
    }
    if (app === undefined) {
      this.#refuse(asked, 503, 'Service Unavailable')
      return
    }
    if (!isWithin && !this.#verbs.has(request.method)) {
      this.#refuse(asked, 405, 'Method Not Allowed')
      return
    }
    if (request.method === 'INVITE') transaction.respond(this.#plain(asked, 100, 'Trying'))
    const dialogId = asked.dialog?.id ?? ''
    app.tell(request, { source: 'network', peer: from, transactionId: transaction.id, dialogId })
  }

  /** Another INVITE within the call is not answered yet (RFC 3261, 14.2): where it is ours, both sides try again later. True where this one is refused. */
  #crosses(asked: Asked, dialog: Dialog): boolean {
    if (dialog.ourInvite?.isOver === false) this.#refuse(asked, 491, 'Request Pending')
    else if (dialog.theirInvite?.isFinal === false)
      this.#refuse(asked, 500, 'Server Internal Error', ['Retry-After', '2'])
    else dialog.theirInvite = asked.transaction
    return asked.transaction.isFinal
  }

  #acknowledged(ack: SipMessage, from: Target, known: Asked | undefined): void {
    if (known !== undefined) {
      known.transaction.acknowledged()
      return
    }
    const dialog = this.#stack.dialogs.find(keyOfIncoming(ack))
    if (dialog === undefined) return
    const waiting = this.#unacknowledged.get(dialog.id)
    if (waiting === undefined) return
    waiting.acknowledged()
    this.#unacknowledged.delete(dialog.id)
    this.#stack.app()?.tell(ack, { source: 'network', peer: from, transactionId: '', dialogId: dialog.id })
  }

  #cancelled(cancel: SipMessage, from: Target, known: Asked | undefined): void {
    const reply = new ServerTransaction('', cancel, from, this.#stack)
    const asked: Asked = { key: '', transaction: reply, tag: known?.tag ?? randomToken(), dialog: undefined }
    if (known === undefined) {
      reply.respond(this.#plain(asked, 481, 'Call/Transaction Does Not Exist'))
      return
    }
    reply.respond(this.#plain(asked, 200, 'OK'))
    if (known.transaction.isFinal) return
    this.#refuse(known, 487, 'Request Terminated')
    this.#stack.app()?.tell(cancel, {
      source: 'network',
      peer: from,
      transactionId: known.transaction.id,
      dialogId: known.dialog?.id ?? '',
    })
  }

  /** The caller has our answer, or has it not: without an ACK there is no call (RFC 3261, 13.3.1.4). */
  #neverAcknowledged(app: App, { dialog, transaction }: Asked): void {
    if (dialog === undefined || this.#unacknowledged.get(dialog.id) !== transaction) return
    this.#unacknowledged.delete(dialog.id)
    const bye = this.#asking.hangUp(dialog)
    if (bye === undefined) return
    const meta = { source: 'application', peer: transaction.from, dialogId: dialog.id } as const
    app.tell(bye, { ...meta, transactionId: 'unsolicited' })
  }

  #refuse(asked: Asked, status: number, reason: string, ...headers: SipMessage['headers']): void {
    asked.transaction.respond(this.#plain(asked, status, reason, headers))
    this.#forgetLater(asked)
  }

  #forgetLater({ key, transaction }: Asked): void {
    setTimeout(() => {
      transaction.close()
      this.#byKey.delete(key)
      this.#byId.delete(transaction.id)
    }, 65 * this.#stack.t1Ms).unref()
  }

  #plain(asked: Asked, status: number, reason: string, headers: SipMessage['headers'] = []): SipMessage {
    return this.#answer(asked, { method: '', uri: '', status, reason, headers, body: '' })
  }

  /** With what every answer takes from its request (RFC 3261, 8.2.6), our tag, and the way back through routers (RFC 3581). */
  #answer({ transaction, tag }: Asked, given: SipMessage): SipMessage {
    const { request, from } = transaction
    const base = localResponse(request, given.status, given.reason)
    const seen = `;received=${from.host};rport=${from.port}`
    let isTop = true
    const headers = base.headers.map(([name, value]): [string, string] => {
      if (name.toLowerCase() === 'to' && tagOf(value) === '' && given.status > 100) return [name, `${value};tag=${tag}`]
      if (name.toLowerCase() !== 'via' || !isTop) return [name, value]
      isTop = false
      return [name, value.replace(/;rport(=\d*)?(?=;|$)/i, '') + seen]
    })
    const isCall = request.method === 'INVITE' && given.status > 100 && given.status < 300
    const extra = given.headers.filter(([name]) => !copied.has(name.toLowerCase()))
    const has = (wanted: string) => extra.some(([name]) => name.toLowerCase() === wanted)
    if (isCall) {
      headers.push(...headersOf(request, 'Record-Route').map((value): [string, string] => ['Record-Route', value]))
      const transport = from.transport === 'tcp' ? ';transport=tcp' : ''
      if (!has('contact')) headers.push(['Contact', `<sip:${this.#stack.address}${transport}>`])
    }
    if (given.body !== '' && !has('content-type')) headers.push(['Content-Type', 'application/sdp'])
    return { ...base, headers: [...headers, ...extra], body: given.body }
  }
}
