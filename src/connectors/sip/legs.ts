/** Halves of calls, as drachtio-srf has them: what one side does, what it is told, and by what it is found again. */
import { setTimeout as pause } from 'node:timers/promises'
import { splitList, uriOf } from './message.ts'
import { type Refer, type ReferWord, referToIn, statusOfRefer } from './referring.ts'

/** A request or response of SIP, with headers by name. */
export interface Message {
  readonly method: string
  readonly uri: string
  readonly body?: string
  readonly source_address: string
  readonly source_port: number
  readonly protocol: string
  get(name: string): string | undefined
  has(name: string): boolean
}

export interface Answer {
  readonly finalResponseSent: boolean
  send(status: number, options?: { headers?: Record<string, string>; body?: string }): void
}

/** By what a leg is found on the wire again, also by another process (RFC 3261, 12.2.1.1). Kept as JSON. */
export interface LegTrace {
  readonly callId: string
  /** Each with its tag. */
  readonly local: string
  readonly remote: string
  /** Their Contact. */
  readonly target: string
  readonly routes: readonly string[]
  /** Where their messages came from; null over a connection, which goes with its process. */
  readonly source: string | null
}

/** Half of a call: what we share with one phone or trunk. */
export interface Leg {
  readonly remoteSdp: string
  readonly trace: LegTrace
  /** Called once, when the other side hangs up or is lost. */
  onGone(listener: () => void): void
  /** Keys that are told in messages of their own (SIP INFO). */
  onKey(listener: (key: string) => void): void
  /** The other side wants somebody else to have the call. It is to be told what came of it. */
  onRefer(listener: (refer: Refer) => void): void
  /** The other side wants other media; the answer's SDP is returned. */
  onChange(listener: (sdp: string) => string | undefined): void
  /** Has it speak to another place (a re-INVITE). Resolves with its answer; rejects with CallFailed where there is none, or it refuses. */
  move(sdp: string): Promise<string>
  /** Hangs up. Never throws. Resolves whether the other side can know: false where the way to it broke. */
  hangUp(): Promise<boolean>
}

/** A call that was not answered, by its SIP status. */
export class CallFailed extends Error {
  readonly status: number
  constructor(status: number) {
    super(`The call was not answered: ${status}.`)
    this.name = 'CallFailed'
    this.status = status
  }
}

export interface SrfDialog {
  readonly connected: boolean
  readonly type: 'uas' | 'uac'
  readonly sip: { readonly callId: string; readonly localTag: string }
  readonly remote: { readonly sdp: string; readonly uri: string }
  readonly req: Message
  readonly res: Message
  on(event: 'destroy' | 'ack', listener: () => void): void
  on(event: 'modify' | 'info' | 'refer', listener: (request: Message, answer: Answer) => void): void
  destroy(): Promise<unknown>
  modify(sdp: string): Promise<unknown>
  /** How many it thinks are under way: one that was refused counts for ever, and the next would wait for its end. */
  readonly _reinvitesInProgress: { count: number }
  request(options: object): Promise<unknown>
}

/** Resolves once the caller has acknowledged our answer: true; or hung up, or was given up: false. */
export function acknowledged(dialog: SrfDialog): Promise<boolean> {
  return new Promise((resolve) => {
    dialog.on('ack', () => resolve(true))
    dialog.on('destroy', () => resolve(false))
    if (!dialog.connected) resolve(false)
  })
}

/** How long whom we answered has to acknowledge that before we hang up all the same. */
const ackMs = 4000

/** `settled`: no BYE before whom we answered has acknowledged it (RFC 3261, 15). */
export function legOf(
  dialog: SrfDialog,
  settled: Promise<unknown>,
  unlessGone: <Value>(work: Promise<Value>) => Promise<Value>,
): Leg {
  return {
    remoteSdp: dialog.remote.sdp,
    trace: traceOf(dialog),
    onGone(listener) {
      dialog.on('destroy', listener)
      // A BYE that came in one breath with our answer was told before anybody could listen.
      if (!dialog.connected) setImmediate(listener)
    },
    onKey: (listener) =>
      dialog.on('info', (request, answer) => {
        answer.send(200)
        const key = keyIn(request.body ?? '')
        if (key !== undefined) listener(key)
      }),
    onRefer: (listener) =>
      dialog.on('refer', (request, answer) => {
        const to = referToIn(uriOf(request.get('Refer-To')))
        if (to === undefined) return answer.send(400)
        answer.send(202)
        let told: Promise<void> | undefined
        listener({ ...to, tell: (word) => (told ??= notify(dialog, word)) })
      }),
    onChange: (listener) =>
      dialog.on('modify', (request, answer) => {
        const body = listener(request.body ?? '')
        if (body === undefined) answer.send(488)
        else answer.send(200, { body })
      }),
    move: (sdp) => move(dialog, sdp),
    async hangUp() {
      try {
        await unlessGone(Promise.race([settled, pause(ackMs, undefined, { ref: false })]))
        await unlessGone(dialog.destroy())
        return true
      } catch (error) {
        // Either the other side hung up first, or the server is gone, and the leg is there still.
        return !isGone(error)
      }
    },
  }
}

/** How long a phone has to answer a re-INVITE, and how long one waits that had one of its own under way (491; RFC 3261, 14.1). */
const [moveMs, glareMs] = [5000, 2100]

async function move(dialog: SrfDialog, sdp: string, isAgain = false): Promise<string> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new CallFailed(408)), moveMs)
  })
  try {
    return String(await Promise.race([dialog.modify(sdp), late]))
  } catch (error) {
    const status = error instanceof CallFailed ? error.status : statusOf(error)
    dialog._reinvitesInProgress.count = 0
    if (status !== 491 || isAgain) throw new CallFailed(status)
  } finally {
    clearTimeout(timer)
  }
  await pause(glareMs)
  return move(dialog, sdp, true)
}

/** How long a phone may take to answer what it is told of its transfer. */
const notifyMs = 1000

/** Tells of a transfer's outcome (RFC 3515, 2.4.4). Whoever asked may be gone already. */
async function notify(dialog: SrfDialog, word: ReferWord): Promise<void> {
  const headers = {
    Event: 'refer',
    'Subscription-State': 'terminated;reason=noresource',
    'Content-Type': 'message/sipfrag;version=2.0',
  }
  const body = `SIP/2.0 ${statusOfRefer[word]}\r\n`
  const told = dialog.request({ method: 'NOTIFY', headers, body }).catch(() => {})
  await Promise.race([told, pause(notifyMs, undefined, { ref: false })])
}

/** `application/dtmf-relay` says `Signal=5`, `application/dtmf` the key alone. */
function keyIn(body: string): string | undefined {
  const said = (/^\s*Signal\s*=\s*(\S+)/im.exec(body)?.[1] ?? body.trim()).toUpperCase()
  const named = ({ '10': '*', '11': '#' } as const)[said] ?? said
  return /^[0-9*#A-D]$/.test(named) ? named : undefined
}

function traceOf({ type, sip, remote, req, res }: SrfDialog): LegTrace {
  const isServer = type === 'uas'
  const theirs = isServer ? req : res
  const { source_address: host, source_port: port, protocol } = theirs
  const routes = splitList(theirs.get('Record-Route') ?? '')
  return {
    callId: sip.callId,
    local: isServer ? `${req.get('To')};tag=${sip.localTag}` : (req.get('From') ?? ''),
    remote: (isServer ? req.get('From') : res.get('To')) ?? '',
    target: remote.uri,
    routes: isServer ? routes : routes.reverse(),
    source: protocol === 'udp' ? `sip:${host.includes(':') ? `[${host}]` : host}:${port}` : null,
  }
}

/** The server, or the connection to it, is no more. */
function isGone(error: unknown): boolean {
  return error instanceof CallFailed || (error as { code?: string } | null)?.code === 'ESOCKETDESTROYED'
}

export function statusOf(error: unknown): number {
  const { status } = (error ?? {}) as { status?: unknown }
  return typeof status === 'number' ? status : 503
}
