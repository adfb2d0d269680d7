/**
 * drachtio-srf, as far as calls need it, in our words. Hides its traps: a cancelled INVITE that is answered all the same, a phone that rings
 * for ever, a hold that it tells only if nothing but one line of the SDP changed, promises that reject when the other side was faster.
 */
import Srf from 'drachtio-srf'
import {
  type Answer,
  acknowledged,
  CallFailed,
  type Leg,
  type LegTrace,
  legOf,
  type Message,
  type SrfDialog,
  statusOf,
} from './legs.ts'
import { uriOf } from './message.ts'

export { type Answer, CallFailed, type Leg, type LegTrace } from './legs.ts'

export interface IncomingRequest extends Message {
  on(event: 'cancel', listener: () => void): void
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

interface SrfClient {
  connect(options: object): void
  on(event: string, listener: (...values: never[]) => void): void
  use(method: string, handler: (request: IncomingRequest, answer: Answer) => void): void
  createUAS(request: IncomingRequest, answer: Answer, options: object): Promise<SrfDialog>
  createUAC(uri: string, options: object, progress: object): Promise<SrfDialog>
  request(
    uri: string,
    options: object,
    done: (
      error: Error | null,
      request?: { on(event: 'response', listener: (response: Answered) => void): void },
    ) => void,
  ): void
  disconnect(): void
}

/** What a registrar is asked (RFC 3261, 10). */
export interface RegisterOptions {
  readonly uri: string
  readonly proxy: string
  readonly auth?: RingOptions['auth']
  readonly headers: Readonly<Record<string, string>>
}

/** How a request that stands for itself was answered. */
export interface Answered {
  readonly status: number
  get(name: string): string | undefined
}

export interface SignallingOptions {
  /** This machine unless said. */
  readonly host?: string
  readonly port: number
  readonly secret: string
  readonly handlers: Readonly<
    Record<'invite' | 'register' | 'options', (request: IncomingRequest, answer: Answer) => void>
  >
  onLost(reason: Error): void
}

export class Signalling {
  readonly #srf: SrfClient
  /** What waits for the server: when that is gone nobody else answers. */
  readonly #waiting = new Set<() => void>()
  #isGone = false
  #isClosing = false

  private constructor(srf: SrfClient) {
    this.#srf = srf
  }

  /** Connects to a drachtio-server. Resolves once it takes calls for us. */
  static async connect({ host = '127.0.0.1', port, secret, handlers, onLost }: SignallingOptions): Promise<Signalling> {
    const srf = new (Srf as unknown as new () => SrfClient)()
    const signalling = new Signalling(srf)
    for (const [method, handler] of Object.entries(handlers)) srf.use(method, handler)
    const connected = new Promise<void>((resolve, reject) => {
      srf.on('connect', (error: Error | null) => (error ? reject(error) : resolve()))
      srf.on('error', reject)
    })
    // It would come back by itself, without the calls that it had: the hub opens the whole channel anew instead.
    srf.on('close', () => {
      signalling.#lose()
      if (!signalling.#isClosing) onLost(new Error('The connection to the SIP server is gone.'))
    })
    srf.connect({ host, port, secret, reconnect: { maxAttempts: 1 } })
    await connected
    return signalling
  }

  /**
   * Answers a call that came. Where the caller has named no voice yet, `sdp` offers ours, and the leg is there once they have chosen (RFC 3261,
   * 13.2.1). Rejects with CallFailed when the caller was faster, or never chose.
   */
  async answer(request: IncomingRequest, answer: Answer, sdp: string): Promise<Leg> {
    const dialog = await this.#unlessGone(this.#srf.createUAS(request, answer, { localSdp: sdp })).catch((error) => {
      throw new CallFailed(statusOf(error))
    })
    const settled = acknowledged(dialog)
    if (!request.body && !(await this.#unlessGone(settled))) throw new CallFailed(408)
    return this.#legOf(dialog, settled)
  }

  #legOf(dialog: SrfDialog, settled: Promise<unknown> = Promise.resolve()): Leg {
    return legOf(dialog, settled, (work) => this.#unlessGone(work))
  }

  /** Rejects when the server goes before it is done. */
  #unlessGone<Value>(work: Promise<Value>): Promise<Value> {
    return new Promise((resolve, reject) => {
      const fail = () => reject(new CallFailed(503))
      if (this.#isGone) fail()
      this.#waiting.add(fail)
      work.then(resolve, reject).finally(() => this.#waiting.delete(fail))
    })
  }

  #lose(): void {
    this.#isGone = true
    for (const fail of this.#waiting) fail()
    this.#waiting.clear()
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
      answered: this.#unlessGone(dialog).then(
        (answered) => this.#legOf(answered),
        (error: unknown) => {
          throw new CallFailed(statusOf(error))
        },
      ),
      cancel() {
        isCancelled = true
        sent?.cancel({}, () => {})
      },
    }
  }

  /**
   * Hangs up a leg of a process that is no more. The number of its BYE comes after all that the leg can have seen: numbers may be left out (RFC
   * 3261, 12.2.2), and stay below 2^31. Resolves with true when the leg is gone, or not to be reached; with false when the server is gone before that
   * is known.
   */
  release({ callId, local, remote, target, routes, source }: LegTrace): Promise<boolean> {
    const headers: Record<string, string> = { 'Call-ID': callId, From: local, To: remote, CSeq: '2000000000 BYE' }
    if (routes.length > 0) headers.Route = routes.join(', ')
    const first = routes[0] === undefined ? source : uriOf(routes[0])
    return this.#ask(target, { method: 'BYE', headers, ...(first !== null && { proxy: first }) }).then(
      () => true,
      () => false,
    )
  }

  /** Asks a registrar. Resolves with what it answers in the end; undefined where it cannot be asked, or the server is gone. */
  register({ uri, proxy, auth, headers }: RegisterOptions): Promise<Answered | undefined> {
    const options = { method: 'REGISTER', proxy, headers: { ...headers }, ...(auth !== undefined && { auth }) }
    return this.#ask(uri, options).catch(() => undefined)
  }

  /** Rejects when the server is gone. */
  #ask(uri: string, options: object): Promise<Answered | undefined> {
    const answered = new Promise<Answered | undefined>((resolve) => {
      this.#srf.request(uri, options, (error, request) => {
        if (error !== null || request === undefined) resolve(undefined)
        else request.on('response', (response) => response.status >= 200 && resolve(response))
      })
    })
    return this.#unlessGone(answered)
  }

  close(): void {
    this.#isClosing = true
    try {
      this.#srf.disconnect()
    } catch {
      // The server was gone before.
    }
    this.#lose()
  }
}
