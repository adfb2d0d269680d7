/**
 * SIP transactions (RFC 3261, 17): what is sent again until it is answered, and what is answered again when it is asked again. Time is
 * counted in T1, so that a test can shorten it.
 */
import { cseqOf, header, headersOf, parameter, type SipMessage, type Target, writeMessage } from './message.ts'

export interface Wire {
  send(bytes: Buffer, to: Target): void
  /** RFC 3261, 17.1.1.1: 500 ms. */
  readonly t1Ms: number
}

/** The longest pause between two of the same. */
const t2 = 8
/** How many T1 until it is given up. */
const patience = 64

/** Sends until `stop`, or until it is given up. Over TCP it is sent once: the wire does the rest. */
class Repeating {
  readonly #wire: Wire
  #timer: NodeJS.Timeout | undefined
  #deadline: NodeJS.Timeout | undefined

  constructor(wire: Wire, send: () => void, reliable: boolean, cap: number, onGivenUp: () => void) {
    this.#wire = wire
    send()
    const again = (pause: number) => {
      this.#timer = setTimeout(() => {
        send()
        again(Math.min(pause * 2, cap))
      }, pause * wire.t1Ms)
    }
    if (!reliable) again(1)
    this.#deadline = setTimeout(() => {
      this.stop()
      onGivenUp()
    }, patience * wire.t1Ms)
  }

  /** Nothing is sent again; the deadline stays. */
  quiet(): void {
    clearTimeout(this.#timer)
  }

  /** The deadline goes too. */
  stop(): void {
    clearTimeout(this.#timer)
    clearTimeout(this.#deadline)
  }

  after(): number {
    return patience * this.#wire.t1Ms
  }
}

/** Somebody asks, we answer. */
export class ServerTransaction {
  readonly id: string
  readonly request: SipMessage
  readonly from: Target
  readonly #wire: Wire
  #last: Buffer | undefined
  #sending: Repeating | undefined
  #isFinal = false

  constructor(id: string, request: SipMessage, from: Target, wire: Wire) {
    this.id = id
    this.request = request
    this.from = from
    this.#wire = wire
  }

  get isFinal(): boolean {
    return this.#isFinal
  }

  /** Answers; a final answer to an INVITE is sent until its ACK comes, or `onUnacknowledged` is called. False after a final one. */
  respond(response: SipMessage, onUnacknowledged: () => void = () => {}): boolean {
    if (this.#isFinal) return false
    const bytes = writeMessage(response)
    this.#last = bytes
    const send = () => this.#wire.send(bytes, this.from)
    if (response.status < 200) {
      send()
      return true
    }
    this.#isFinal = true
    if (this.request.method !== 'INVITE') send()
    else this.#sending = new Repeating(this.#wire, send, false, t2, onUnacknowledged)
    return true
  }

  /** The same request came again. */
  repeat(): void {
    if (this.#last !== undefined) this.#wire.send(this.#last, this.from)
  }

  acknowledged(): void {
    this.#sending?.stop()
  }

  close(): void {
    this.#sending?.stop()
  }
}

/** We ask. */
export class ClientTransaction {
  readonly id: string
  readonly request: SipMessage
  readonly to: Target
  readonly #wire: Wire
  readonly #heard: (response: SipMessage) => void
  readonly #sending: Repeating
  #isProceeding = false
  #final: number | undefined
  #isCancelled = false

  /** `heard` is told every provisional response, and one final one: 408 when none comes. Later 2xx, which are repeats, are told as well. */
  constructor(id: string, request: SipMessage, to: Target, wire: Wire, heard: (response: SipMessage) => void) {
    this.id = id
    this.request = request
    this.to = to
    this.#wire = wire
    this.#heard = heard
    const cap = request.method === 'INVITE' ? patience : t2
    const bytes = writeMessage(request)
    const send = () => wire.send(bytes, to)
    this.#sending = new Repeating(wire, send, to.transport === 'tcp', cap, () => this.#giveUp())
  }

  get isOver(): boolean {
    return this.#final !== undefined
  }

  receive(response: SipMessage): void {
    const isInvite = this.request.method === 'INVITE'
    if (response.status < 200) {
      if (this.#final !== undefined) return
      this.#isProceeding = true
      // A phone may ring as long as it likes: whoever waits for it cancels.
      if (isInvite) this.#sending.stop()
      if (this.#isCancelled) this.#sendCancel()
      this.#heard(response)
      return
    }
    this.#sending.stop()
    if (isInvite && response.status >= 300)
      this.#wire.send(writeMessage(acknowledgement(this.request, response)), this.to)
    if (this.#final !== undefined && !(isInvite && response.status < 300)) return
    this.#final = response.status
    this.#heard(response)
  }

  /** Not before something has answered (RFC 3261, 9.1): until then it is only noted. */
  cancel(): void {
    if (this.#final !== undefined || this.#isCancelled) return
    this.#isCancelled = true
    if (this.#isProceeding) this.#sendCancel()
  }

  close(): void {
    this.#sending.stop()
  }

  #sendCancel(): void {
    const { request } = this
    const keep = new Set(['from', 'to', 'call-id', 'route', 'max-forwards'])
    const headers: [string, string][] = [['Via', headersOf(request, 'Via')[0] ?? '']]
    for (const [name, value] of request.headers) if (keep.has(name.toLowerCase())) headers.push([name, value])
    headers.push(['CSeq', `${cseqOf(request).number} CANCEL`])
    const cancel: SipMessage = { ...request, method: 'CANCEL', headers, body: '' }
    const bytes = writeMessage(cancel)
    this.#wire.send(bytes, this.to)
    // If it is lost the phone rings on: once more, and then the INVITE counts as over.
    setTimeout(() => {
      if (this.#final === undefined) this.#wire.send(bytes, this.to)
    }, this.#wire.t1Ms * 2).unref()
    setTimeout(() => {
      if (this.#final === undefined) this.receive(localResponse(request, 487, 'Request Terminated'))
    }, this.#sending.after()).unref()
  }

  #giveUp(): void {
    if (this.#final === undefined) this.receive(localResponse(this.request, 408, 'Request Timeout'))
  }
}

/** A response that the other side never gave. */
export function localResponse(request: SipMessage, status: number, reason: string): SipMessage {
  const keep = new Set(['via', 'from', 'to', 'call-id', 'cseq'])
  const headers = request.headers.filter(([name]) => keep.has(name.toLowerCase()))
  return { method: '', uri: '', status, reason, headers, body: '' }
}

/** RFC 3261, 17.1.1.3: the ACK of a refusal belongs to the transaction. */
function acknowledgement(request: SipMessage, response: SipMessage): SipMessage {
  const headers: [string, string][] = [
    ['Via', headersOf(request, 'Via')[0] ?? ''],
    ...headersOf(request, 'Route').map((value): [string, string] => ['Route', value]),
    ['From', header(request, 'From') ?? ''],
    ['To', header(response, 'To') ?? ''],
    ['Call-ID', header(request, 'Call-ID') ?? ''],
    ['CSeq', `${cseqOf(request).number} ACK`],
    ['Max-Forwards', '70'],
  ]
  return { method: 'ACK', uri: request.uri, status: 0, reason: '', headers, body: '' }
}

/** What names the transaction of a request that came (RFC 3261, 17.2.3); ACK and CANCEL name that of their INVITE. */
export function serverKey(request: SipMessage): string {
  const via = headersOf(request, 'Via')[0] ?? ''
  const method = request.method === 'ACK' || request.method === 'CANCEL' ? 'INVITE' : request.method
  const sentBy = /^SIP\/2\.0\/\S+\s+([^;\s]+)/i.exec(via)?.[1] ?? ''
  const branch = parameter(via, 'branch') ?? ''
  return `${method} ${sentBy} ${branch} ${header(request, 'Call-ID') ?? ''}`
}

/** What names our own transaction in a response. */
export function clientKey(response: SipMessage): string {
  return `${cseqOf(response).method} ${parameter(headersOf(response, 'Via')[0] ?? '', 'branch') ?? ''}`
}
