/**
 * drachtio-srf, as far as calls need it, in our words. Hides its traps: a cancelled INVITE that is answered all the same, a phone that rings
 * for ever, a hold that it tells only if nothing but one line of the SDP changed, promises that reject when the other side was faster.
 */
import Srf from 'drachtio-srf'
import { splitList, uriOf, userOf } from './message.ts'

/** A request or response of SIP, with headers by name. */
interface Message {
  readonly method: string
  readonly uri: string
  readonly body?: string
  readonly source_address: string
  readonly source_port: number
  readonly protocol: string
  get(name: string): string | undefined
  has(name: string): boolean
}

export interface IncomingRequest extends Message {
  on(event: 'cancel', listener: () => void): void
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
  /**
   * The other side wants somebody else to have the call (REFER, RFC 3515): a user of a SIP URI. It is told what came of it; false: nothing did.
   */
  onRefer(listener: (user: string) => Promise<boolean>): void
  /** The other side wants other media; the answer's SDP is returned. */
  onChange(listener: (sdp: string) => string | undefined): void
  /** Has it speak to another place (a re-INVITE). Resolves with its answer; rejects with CallFailed where there is none, or it refuses. */
  move(sdp: string): Promise<string>
  /** Hangs up. Never throws. */
  hangUp(): Promise<void>
}

export interface RingOptions {
  readonly uri: string
  readonly sdp: string
  readonly from: string
  /** Where it really is, if not where its URI says. */
  readonly proxy?: string
  /** What a challenge is answered with. */
  readonly auth?: { readonly username: string; readonly password: string }
  /** Media before the answer: a ringing tone, an announcement. */
  onProgress?(sdp: string): void
}

interface SentRequest {
  cancel(options: object, done: () => void): void
  on(event: 'authenticate', listener: (again: SentRequest) => void): void
}

export interface Ringing {
  /** Resolves with the leg, or rejects with CallFailed. */
  readonly answered: Promise<Leg>
  cancel(): void
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

interface SrfDialog {
  readonly connected: boolean
  readonly type: 'uas' | 'uac'
  readonly sip: { readonly callId: string; readonly localTag: string }
  readonly remote: { readonly sdp: string; readonly uri: string }
  readonly req: Message
  readonly res: Message
  on(event: 'destroy', listener: () => void): void
  on(event: 'modify' | 'info' | 'refer', listener: (request: Message, answer: Answer) => void): void
  destroy(): Promise<unknown>
  modify(sdp: string): Promise<unknown>
  request(options: object): Promise<unknown>
}

interface SrfClient {
  connect(options: object): void
  on(event: string, listener: (...values: never[]) => void): void
  use(method: string, handler: (request: IncomingRequest, answer: Answer) => void): void
  createUAS(request: IncomingRequest, answer: Answer, options: object): Promise<SrfDialog>
  createUAC(uri: string, options: object, progress: object): Promise<SrfDialog>
  request(
    uri: string,
    options: object,
    done: (error: Error | null, request?: { on(event: 'response', listener: () => void): void }) => void,
  ): void
  disconnect(): void
}

export interface SignallingOptions {
  readonly port: number
  readonly secret: string
  readonly handlers: Readonly<
    Record<'invite' | 'register' | 'options', (request: IncomingRequest, answer: Answer) => void>
  >
  onLost(reason: Error): void
}

export class Signalling {
  readonly #srf: SrfClient
  #isClosing = false

  private constructor(srf: SrfClient) {
    this.#srf = srf
  }

  /** Connects to a drachtio-server on this machine. Resolves once it takes calls for us. */
  static async connect({ port, secret, handlers, onLost }: SignallingOptions): Promise<Signalling> {
    const srf = new (Srf as unknown as new () => SrfClient)()
    const signalling = new Signalling(srf)
    for (const [method, handler] of Object.entries(handlers)) srf.use(method, handler)
    const connected = new Promise<void>((resolve, reject) => {
      srf.on('connect', (error: Error | null) => (error ? reject(error) : resolve()))
      srf.on('error', reject)
    })
    // It would come back by itself, without the calls that it had: the hub opens the whole channel anew instead.
    srf.on('close', () => {
      if (!signalling.#isClosing) onLost(new Error('The connection to the SIP server is gone.'))
    })
    srf.connect({ host: '127.0.0.1', port, secret, reconnect: { maxAttempts: 1 } })
    await connected
    return signalling
  }

  /** Answers a call that came. Rejects with CallFailed when the caller was faster. */
  async answer(request: IncomingRequest, answer: Answer, sdp: string): Promise<Leg> {
    try {
      return legOf(await this.#srf.createUAS(request, answer, { localSdp: sdp }))
    } catch (error) {
      throw new CallFailed(statusOf(error))
    }
  }

  /** Calls somebody. */
  ring({ uri, sdp, from, proxy, auth, onProgress }: RingOptions): Ringing {
    let sent: SentRequest | undefined
    let isCancelled = false
    const progress = {
      cbRequest: (error: Error | null, request: typeof sent) => {
        if (error) return
        sent = request
        // Challenged, it is sent anew, and that one is to be cancelled.
        request?.on('authenticate', (again) => {
          sent = again
          if (isCancelled) sent.cancel({}, () => {})
        })
        if (isCancelled) sent?.cancel({}, () => {})
      },
      cbProvisional: (response: Message) => {
        if (response.body) onProgress?.(response.body)
      },
    }
    const options = {
      localSdp: sdp,
      headers: { From: from },
      ...(proxy !== undefined && { proxy }),
      ...(auth !== undefined && { auth }),
    }
    const dialog = this.#srf.createUAC(uri, options, progress)
    return {
      answered: dialog.then(legOf, (error: unknown) => {
        throw new CallFailed(statusOf(error))
      }),
      cancel() {
        isCancelled = true
        sent?.cancel({}, () => {})
      },
    }
  }

  /**
   * Hangs up a leg of a process that is no more. The number of its BYE comes after all that the leg can have seen: numbers may be left out (RFC
   * 3261, 12.2.2), and stay below 2^31. Resolves when the leg is gone, or not to be reached.
   */
  release({ callId, local, remote, target, routes, source }: LegTrace): Promise<void> {
    const headers: Record<string, string> = { 'Call-ID': callId, From: local, To: remote, CSeq: '2000000000 BYE' }
    if (routes.length > 0) headers.Route = routes.join(', ')
    const first = routes[0] === undefined ? source : uriOf(routes[0])
    return new Promise((resolve) => {
      this.#srf.request(
        target,
        { method: 'BYE', headers, ...(first !== null && { proxy: first }) },
        (error, request) => {
          if (error !== null || request === undefined) resolve()
          else request.on('response', () => resolve())
        },
      )
    })
  }

  close(): void {
    this.#isClosing = true
    this.#srf.disconnect()
  }
}

function legOf(dialog: SrfDialog): Leg {
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
        const to = uriOf(request.get('Refer-To'))
        const user = userOf(to)
        const isNobody = user === '' || user.length > 50
        // An attended transfer names a call that we do not have (RFC 3891).
        if (isNobody || /[?&]replaces=/i.test(to)) return answer.send(isNobody ? 400 : 501)
        answer.send(202)
        void listener(user).then((isDone) => notify(dialog, isDone ? '200 OK' : '603 Decline'))
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
        await dialog.destroy()
      } catch {
        // The other side hung up first, or the server is gone: either way the leg is no more.
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
    if (status !== 491 || isAgain) throw new CallFailed(status)
  } finally {
    clearTimeout(timer)
  }
  await new Promise((resolve) => setTimeout(resolve, glareMs))
  return move(dialog, sdp, true)
}

/** Tells of a transfer's outcome (RFC 3515, 2.4.4). Whoever asked may be gone already. */
async function notify(dialog: SrfDialog, status: string): Promise<void> {
  const headers = {
    Event: 'refer',
    'Subscription-State': 'terminated;reason=noresource',
    'Content-Type': 'message/sipfrag;version=2.0',
  }
  await dialog.request({ method: 'NOTIFY', headers, body: `SIP/2.0 ${status}\r\n` }).catch(() => {})
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

function statusOf(error: unknown): number {
  const { status } = (error ?? {}) as { status?: unknown }
  return typeof status === 'number' ? status : 503
}
