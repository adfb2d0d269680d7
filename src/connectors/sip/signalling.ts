/**
 * drachtio-srf, as far as calls need it, in our words. Hides its traps: a cancelled INVITE that is answered all the same, a phone that rings
 * for ever, a hold that it tells only if nothing but one line of the SDP changed, promises that reject when the other side was faster.
 */
import Srf from 'drachtio-srf'

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

/** Half of a call: what we share with one phone or trunk. */
export interface Leg {
  readonly remoteSdp: string
  /** Called once, when the other side hangs up or is lost. */
  onGone(listener: () => void): void
  /** The other side wants other media; the answer's SDP is returned. */
  onChange(listener: (sdp: string) => string | undefined): void
  /** Hangs up. Never throws. */
  hangUp(): Promise<void>
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
  readonly remote: { readonly sdp: string }
  on(event: 'destroy', listener: () => void): void
  on(event: 'modify', listener: (request: Message, answer: Answer) => void): void
  destroy(): Promise<unknown>
}

interface SrfClient {
  connect(options: object): void
  on(event: string, listener: (...values: never[]) => void): void
  use(method: string, handler: (request: IncomingRequest, answer: Answer) => void): void
  createUAS(request: IncomingRequest, answer: Answer, options: object): Promise<SrfDialog>
  createUAC(uri: string, options: object, progress: object): Promise<SrfDialog>
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

  /** Rings a phone. `proxy` is where it really is, if not where its URI says. */
  ring(uri: string, sdp: string, from: string, proxy: string | undefined): Ringing {
    let sent: { cancel(options: object, done: () => void): void } | undefined
    let isCancelled = false
    const progress = {
      cbRequest: (error: Error | null, request: typeof sent) => {
        if (error) return
        sent = request
        if (isCancelled) sent?.cancel({}, () => {})
      },
    }
    const headers = { From: from }
    const dialog = this.#srf.createUAC(uri, { localSdp: sdp, headers, ...(proxy !== undefined && { proxy }) }, progress)
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

  close(): void {
    this.#isClosing = true
    this.#srf.disconnect()
  }
}

function legOf(dialog: SrfDialog): Leg {
  return {
    remoteSdp: dialog.remote.sdp,
    onGone(listener) {
      dialog.on('destroy', listener)
      // A BYE that came in one breath with our answer was told before anybody could listen.
      if (!dialog.connected) setImmediate(listener)
    },
    onChange: (listener) =>
      dialog.on('modify', (request, answer) => {
        const body = listener(request.body ?? '')
        if (body === undefined) answer.send(488)
        else answer.send(200, { body })
      }),
    async hangUp() {
      try {
        await dialog.destroy()
      } catch {
        // The other side hung up first, or the server is gone: either way the leg is no more.
      }
    },
  }
}

function statusOf(error: unknown): number {
  const { status } = (error ?? {}) as { status?: unknown }
  return typeof status === 'number' ? status : 503
}
