/** SIP dialogs (RFC 3261, 12): what both sides of a call must remember to speak of it again. Pure, but for the ids. */
import { randomBytes } from 'node:crypto'
import { cseqOf, header, headersOf, type SipMessage, type Target, tagOf, targetOf, uriOf } from './message.ts'

export interface Dialog {
  readonly id: string
  readonly callId: string
  /** Our own address and the other's, each with its tag. */
  readonly local: string
  readonly remote: string
  readonly routes: readonly string[]
  /** Its Contact: where requests go. */
  remoteTarget: string
  /** Where its messages really come from. */
  source: Target
  localSeq: number
  remoteSeq: number
  /** Of our last INVITE, whose ACK has the same number. */
  inviteSeq: number
  /** That INVITE, where it is one within the call, and their last one: whether each is answered. */
  ourInvite?: { readonly isOver: boolean }
  theirInvite?: { readonly isFinal: boolean }
  /** What acknowledged ours, to be sent again when the answer comes again. */
  lastAck?: Buffer
}

export function randomToken(): string {
  return randomBytes(8).toString('hex')
}

/** Of a call that came to us, as we answer it. */
export function dialogOfServer(request: SipMessage, response: SipMessage, source: Target): Dialog {
  return {
    id: randomToken(),
    callId: header(request, 'Call-ID') ?? '',
    local: header(response, 'To') ?? '',
    remote: header(request, 'From') ?? '',
    routes: headersOf(request, 'Record-Route'),
    remoteTarget: uriOf(header(request, 'Contact')),
    source,
    localSeq: 0,
    remoteSeq: cseqOf(request).number,
    inviteSeq: 0,
  }
}

/** Of a call that we made, as it is answered. */
export function dialogOfClient(request: SipMessage, response: SipMessage, source: Target): Dialog {
  const { number } = cseqOf(request)
  return {
    id: randomToken(),
    callId: header(request, 'Call-ID') ?? '',
    local: header(request, 'From') ?? '',
    remote: header(response, 'To') ?? '',
    routes: headersOf(response, 'Record-Route').reverse(),
    remoteTarget: uriOf(header(response, 'Contact')),
    source,
    localSeq: number,
    remoteSeq: 0,
    inviteSeq: number,
  }
}

/** By which the dialog of a message that came from the network is found. */
export function keyOfIncoming(message: SipMessage): string {
  const isRequest = message.method !== ''
  const [local, remote] = isRequest ? (['To', 'From'] as const) : (['From', 'To'] as const)
  return keyOf(header(message, 'Call-ID') ?? '', tagOf(header(message, local)), tagOf(header(message, remote)))
}

export function keyOfDialog({ callId, local, remote }: Dialog): string {
  return keyOf(callId, tagOf(local), tagOf(remote))
}

function keyOf(callId: string, localTag: string, remoteTag: string): string {
  return `${callId} ${localTag} ${remoteTag}`
}

/**
 * Where the next request goes: along its route, else to its Contact; but to where its messages come from when that Contact is an address of
 * a network that they have left.
 */
export function nextHop(dialog: Dialog): Target | undefined {
  const [first] = dialog.routes
  if (first !== undefined) return targetOf(uriOf(first))
  const target = targetOf(dialog.remoteTarget)
  if (target === undefined) return dialog.source
  return target.host !== dialog.source.host && isPrivate(target.host) ? dialog.source : target
}

/** RFC 1918, 6598, 3927 and loopback. */
export function isPrivate(host: string): boolean {
  return /^(10\.|127\.|192\.168\.|169\.254\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.)/.test(
    host,
  )
}
