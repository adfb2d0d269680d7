/** The half of the stand-in that asks: requests of the application, and what is answered to them. */
import { type Dialog, dialogOfClient, keyOfIncoming, nextHop, randomToken } from './dialogs.ts'
import { cseqOf, header, type SipMessage, type Target, tagOf, targetOf, uriOf, writeMessage } from './message.ts'
import type { Stack } from './stand-in.ts'
import { ClientTransaction, clientKey } from './transactions.ts'
import type { App, AppCommand, Meta } from './wire.ts'

/** Headers that we write ourselves. */
const ours = new Set([
  'via',
  'max-forwards',
  'from',
  'to',
  'call-id',
  'cseq',
  'contact',
  'content-type',
  'content-length',
])

export class Asking {
  readonly #stack: Stack
  readonly #byKey = new Map<string, ClientTransaction>()
  readonly #byId = new Map<string, ClientTransaction>()
  /** INVITEs that somebody has answered. */
  readonly #isAnswered = new WeakSet<SipMessage>()

  constructor(stack: Stack) {
    this.#stack = stack
  }

  /** A response came. One that nobody waits for any more is dropped; an answered INVITE is acknowledged again. */
  receive(response: SipMessage, from: Target): void {
    const transaction = this.#byKey.get(clientKey(response))
    if (transaction !== undefined) {
      transaction.receive(response)
      return
    }
    if (cseqOf(response).method !== 'INVITE' || response.status < 200 || response.status > 299) return
    const dialog = this.#stack.dialogs.find(keyOfIncoming(response))
    if (dialog === undefined) this.#letGo(response, from)
    else if (dialog.lastAck !== undefined) this.#stack.send(dialog.lastAck, nextHop(dialog) ?? from)
  }

  /**
   * A phone was picked up that a process before us had rung: it is told that nobody is there. Once for each answer, to where that came from, so
   * that nobody can have us send more than they do.
   */
  #letGo(response: SipMessage, from: Target): void {
    const dialog = { ...dialogOfClient(response, response, from), localSeq: cseqOf(response).number }
    for (const method of ['ACK', 'BYE']) {
      if (method === 'BYE') dialog.localSeq += 1
      const given: SipMessage = { method, uri: '', status: 0, reason: '', headers: [], body: '' }
      this.#stack.send(writeMessage(this.#inDialog(dialog, given, dialog.localSeq, from)), from)
    }
  }

  /** A request that stands for itself, or opens a call. `proxy` is where it goes instead of its URI. */
  start(app: App, command: AppCommand, given: SipMessage, proxy: string | undefined): void {
    const to = targetOf(proxy === undefined || proxy === '' ? given.uri : proxy)
    if (to === undefined) {
      app.failed(command, 'the address cannot be reached')
      return
    }
    const { address } = this.#stack
    const from = (header(given, 'From') ?? '<sip:anonymous@anonymous.invalid>').replace(/@localhost\b/, `@${address}`)
    const local = tagOf(from) === '' ? `${bracketed(from)};tag=${randomToken()}` : from
    const user = /^sips?:([^@]+)@/.exec(uriOf(from))?.[1] ?? 'tributary'
    const contact = header(given, 'Contact')?.replace(/@localhost\b/, `@${address}`)
    const headers: [string, string][] = [
      ['From', local],
      ['To', header(given, 'To') ?? `<${given.uri}>`],
      ['Call-ID', header(given, 'Call-ID') ?? `${randomToken()}${randomToken()}`],
      ['CSeq', header(given, 'CSeq') ?? `1 ${given.method}`],
    ]
    // A REGISTER without one only asks what is registered (RFC 3261, 10.2.3).
    if (contact !== undefined || given.method !== 'REGISTER') {
      headers.push(['Contact', contact ?? `<sip:${user}@${address}${to.transport === 'tcp' ? ';transport=tcp' : ''}>`])
    }
    this.#send(app, command, this.#complete(given, given.uri, headers, to), to, undefined)
  }

  /** A request within a call; an ACK goes straight onto the wire. */
  within(app: App, command: AppCommand, dialogId: string, given: SipMessage): void {
    const dialog = this.#stack.dialogs.get(dialogId)
    const to = dialog === undefined ? undefined : nextHop(dialog)
    if (dialog === undefined || to === undefined) {
      app.failed(command, 'there is no such dialog')
      return
    }
    if (given.method === 'ACK') {
      const ack = this.#inDialog(dialog, given, dialog.inviteSeq, to)
      dialog.lastAck = writeMessage(ack)
      this.#stack.send(dialog.lastAck, to)
      app.done(command, ack, { source: 'application', peer: to, transactionId: '', dialogId })
      return
    }
    dialog.localSeq += 1
    if (given.method === 'INVITE') dialog.inviteSeq = dialog.localSeq
    const sent = this.#send(app, command, this.#inDialog(dialog, given, dialog.localSeq, to), to, dialog)
    if (given.method === 'INVITE') dialog.ourInvite = sent
  }

  cancel(app: App, command: AppCommand, transactionId: string): void {
    const transaction = this.#byId.get(transactionId)
    transaction?.cancel()
    if (transaction === undefined || transaction.isOver) {
      app.failed(command, 'there is no such transaction')
      return
    }
    app.done(command, transaction.request, { source: 'application', peer: transaction.to, transactionId, dialogId: '' })
  }

  /** Ends a call of which the application need not know: its second half was never heard of. */
  hangUp(dialog: Dialog): SipMessage | undefined {
    const to = nextHop(dialog)
    this.#stack.dialogs.remove(dialog)
    if (to === undefined) return undefined
    dialog.localSeq += 1
    const given: SipMessage = { method: 'BYE', uri: '', status: 0, reason: '', headers: [], body: '' }
    const bye = this.#inDialog(dialog, given, dialog.localSeq, to)
    this.#transact(bye, to, () => {})
    return bye
  }

  close(): void {
    for (const transaction of this.#byId.values()) transaction.close()
  }

  #inDialog(dialog: Dialog, given: SipMessage, seq: number, to: Target): SipMessage {
    const { address } = this.#stack
    const contact = header(given, 'Contact') ?? `<sip:${address}${to.transport === 'tcp' ? ';transport=tcp' : ''}>`
    const headers: [string, string][] = [
      ...dialog.routes.map((route): [string, string] => ['Route', route]),
      ['From', dialog.local],
      ['To', dialog.remote],
      ['Call-ID', dialog.callId],
      ['CSeq', `${seq} ${given.method}`],
      ['Contact', contact.replace(/@localhost\b/, `@${address}`)],
    ]
    return this.#complete(given, dialog.remoteTarget || uriOf(dialog.remote), headers, to)
  }

  #complete(given: SipMessage, uri: string, headers: [string, string][], to: Target): SipMessage {
    const via = `SIP/2.0/${to.transport.toUpperCase()} ${this.#stack.address};branch=z9hG4bK${randomToken()};rport`
    const type = header(given, 'Content-Type') ?? 'application/sdp'
    return {
      ...given,
      uri,
      headers: [
        ['Via', via],
        ['Max-Forwards', '70'],
        ...headers,
        ...given.headers.filter(([name]) => !ours.has(name.toLowerCase())),
        ...(given.body === '' ? [] : [['Content-Type', type] as [string, string]]),
      ],
    }
  }

  #send(app: App, command: AppCommand, request: SipMessage, to: Target, dialog: Dialog | undefined): ClientTransaction {
    const transaction: ClientTransaction = this.#transact(request, to, (response) =>
      this.#heard(app, transaction, response, dialog),
    )
    const meta: Meta = { source: 'application', peer: to, transactionId: transaction.id, dialogId: dialog?.id ?? '' }
    app.done(command, request, meta)
    return transaction
  }

  #transact(request: SipMessage, to: Target, heard: (response: SipMessage) => void): ClientTransaction {
    const key = clientKey(request)
    const transaction = new ClientTransaction(randomToken(), request, to, this.#stack, (response) => {
      if (response.status >= 200) setTimeout(() => this.#forget(key, transaction), 64 * this.#stack.t1Ms).unref()
      // Never before whoever asked knows the name of what is answered.
      setImmediate(() => heard(response))
    })
    this.#byKey.set(key, transaction)
    this.#byId.set(transaction.id, transaction)
    return transaction
  }

  #forget(key: string, transaction: ClientTransaction): void {
    this.#byKey.delete(key)
    this.#byId.delete(transaction.id)
  }

  #heard(app: App, transaction: ClientTransaction, response: SipMessage, within: Dialog | undefined): void {
    const { request, to } = transaction
    const isAnswer = request.method === 'INVITE' && response.status >= 200 && response.status < 300
    const dialog = isAnswer && within === undefined ? this.#answered(request, response, to) : within
    if (isAnswer && dialog === undefined) return
    if (isAnswer && within !== undefined)
      within.remoteTarget = uriOf(header(response, 'Contact')) || within.remoteTarget
    const peer = dialog?.source ?? to
    app.tell(response, { source: 'network', peer, transactionId: transaction.id, dialogId: dialog?.id ?? '' })
    if (within !== undefined && request.method === 'BYE' && response.status >= 200) this.#stack.dialogs.remove(within)
  }

  /** The call that the answer opens; undefined for one that is known already, and for a second phone that answered too: it is let go. */
  #answered(request: SipMessage, response: SipMessage, to: Target): Dialog | undefined {
    const { dialogs } = this.#stack
    const known = dialogs.find(keyOfIncoming(response))
    if (known !== undefined) {
      if (known.lastAck !== undefined) this.#stack.send(known.lastAck, nextHop(known) ?? to)
      return undefined
    }
    const dialog = dialogOfClient(request, response, to)
    dialogs.add(dialog)
    const first = !this.#isAnswered.has(request)
    if (first) this.#isAnswered.add(request)
    else {
      const hop = nextHop(dialog) ?? to
      const ack: SipMessage = { method: 'ACK', uri: '', status: 0, reason: '', headers: [], body: '' }
      this.#stack.send(writeMessage(this.#inDialog(dialog, ack, dialog.inviteSeq, hop)), hop)
      this.hangUp(dialog)
    }
    return first ? dialog : undefined
  }
}

function bracketed(address: string): string {
  return address.includes('<') ? address : `<${address}>`
}
