/** A trunk that wants to be told where we are (REGISTER, RFC 3261, 10): told, told again in time, and what comes of it. */
import { setTimeout } from 'node:timers/promises'
import { randomToken } from './dialogs.ts'
import { parameter, splitList, uriOf } from './message.ts'
import type { Answered, Signalling } from './signalling.ts'
import type { Trunk } from './trunk.ts'

/** What a registrar has said, and what follows from it. */
export interface Registered {
  readonly outcome: 'registered' | 'refused' | 'failed'
  /** When it is asked next. */
  readonly waitMs: number
  /** How long the registration is to last, the next time it is asked for. */
  readonly seconds: number
}

const usualSeconds = 600
/** What a registrar may ask for instead (423). */
const mostSeconds = 86_400
/** Whoever refuses us may have been told of a new password meanwhile. */
const afterRefusalMs = 300_000
const afterFailure = { firstMs: 5000, mostMs: 300_000 }
/** A name or password that is wrong, or a name that is not there. */
const refusals: readonly number[] = [401, 403, 404, 407]

/** `status` 0: no answer. `granted` is how long it lasts, `least` what the registrar wants at least, `failures` how often it went wrong before. Pure. */
export function registeredBy(
  { status, granted, least }: { readonly status: number; readonly granted: number; readonly least: number },
  seconds: number,
  failures: number,
): Registered {
  if (status >= 200 && status < 300) {
    // In good time before it runs out, also when the first try is lost.
    return { outcome: 'registered', waitMs: Math.max(1000, granted * 800), seconds }
  }
  if (status === 423 && least > seconds && least <= mostSeconds) return { outcome: 'failed', waitMs: 0, seconds: least }
  if (refusals.includes(status)) return { outcome: 'refused', waitMs: afterRefusalMs, seconds }
  const waitMs = Math.min(afterFailure.mostMs, afterFailure.firstMs * 2 ** Math.min(failures, 10))
  return { outcome: 'failed', waitMs, seconds }
}

/** Where calls to us come from, as long as the registrar has said. */
export interface Standing {
  readonly address: string
  readonly untilMs: number
}

/**
 * What an answer makes of where we are registered. A renewal that fails or is refused takes nothing away: the registration before it stands until it
 * runs out. Pure.
 */
export function standingAfter(
  before: Standing | undefined,
  { outcome }: Pick<Registered, 'outcome'>,
  { address, granted }: { readonly address: string; readonly granted: number },
  now: number,
): Standing | undefined {
  return outcome === 'registered' ? { address, untilMs: now + granted * 1000 } : before
}

/** Undefined once it has run out. Pure. */
export function addressAt(standing: Standing | undefined, now: number): string | undefined {
  return standing !== undefined && now < standing.untilMs ? standing.address : undefined
}

export interface RegistrationParts {
  readonly trunk: Trunk
  readonly signalling: Signalling
  /** Whose registration it is, and what the trunk is to dial for calls to us. */
  readonly user: string
  readonly number: string
  /** Told whenever it goes otherwise than before; undefined: we are registered. */
  onChange(trouble: { readonly isRefused: boolean; readonly sentence: string } | undefined): void
}

export class Registration {
  readonly #parts: RegistrationParts
  /** One for all: so a registrar knows a repetition (RFC 3261, 10.2.4). */
  readonly #callId = `${randomToken()}${randomToken()}`
  readonly #tag = randomToken()
  #cseq = 1
  #seconds = usualSeconds
  #failures = 0
  #timer: NodeJS.Timeout | undefined
  #said: string | undefined = ''
  #standing: Standing | undefined
  #isOver = false

  constructor(parts: RegistrationParts) {
    this.#parts = parts
  }

  /** Where the trunk is with which we are registered: calls from there are its. */
  get address(): string | undefined {
    return addressAt(this.#standing, Date.now())
  }

  start(): void {
    void this.#renew()
  }

  /** The trunk sends no more calls here. Never throws. */
  async close(): Promise<void> {
    this.#isOver = true
    clearTimeout(this.#timer)
    if (this.address === undefined) return
    this.#standing = undefined
    // A trunk that is gone is not waited for.
    await Promise.race([this.#ask(0).catch(() => undefined), setTimeout(1000, undefined, { ref: false })])
  }

  async #renew(): Promise<void> {
    const found = await this.#ask(this.#seconds).catch((error: unknown) => String((error as Error).message))
    if (this.#isOver) return
    const answer = typeof found === 'string' ? undefined : found?.answer
    const read = { status: answer?.status ?? 0, granted: this.#granted(answer), least: numberIn(answer, 'Min-Expires') }
    const made = registeredBy(read, this.#seconds, this.#failures)
    const { outcome, waitMs, seconds } = made
    this.#seconds = seconds
    this.#failures = outcome === 'registered' ? 0 : this.#failures + 1
    const address = typeof found === 'object' ? found.address : ''
    this.#standing = standingAfter(this.#standing, made, { address, granted: read.granted }, Date.now())
    if (outcome === 'registered' || waitMs > 0) this.#tell(outcome, typeof found === 'string' ? found : read.status)
    this.#timer = globalThis.setTimeout(() => void this.#renew(), waitMs)
  }

  async #ask(seconds: number): Promise<{ answer: Answered | undefined; address: string }> {
    const { trunk, signalling, user, number } = this.#parts
    const { host, hostport, address, proxy, transport, auth } = await trunk.way()
    const me = `<sip:${user}@${host}>`
    const headers = {
      From: `${me};tag=${this.#tag}`,
      To: me,
      'Call-ID': this.#callId,
      CSeq: `${this.#cseq} REGISTER`,
      Contact: `<sip:${number}@localhost${transport === 'tcp' ? ';transport=tcp' : ''}>`,
      Expires: String(seconds),
    }
    // A challenge takes the next number.
    this.#cseq += 2
    const answer = await signalling.register({ uri: `sip:${hostport}`, proxy, headers, ...(auth && { auth }) })
    return { answer, address }
  }

  /** Of our own address where the registrar tells several, else of the answer, else what was asked for. */
  #granted(answer: Answered | undefined): number {
    const ours = splitList(answer?.get('Contact') ?? '').filter((contact) =>
      uriOf(contact).startsWith(`sip:${this.#parts.number}@`),
    )
    const times = ours.map((contact) => Number(parameter(contact.replace(/^.*>/, ''), 'expires') ?? Number.NaN))
    const known = times.filter((time) => Number.isInteger(time) && time > 0)
    return known.length > 0 ? Math.min(...known) : numberIn(answer, 'Expires') || this.#seconds
  }

  #tell(outcome: Registered['outcome'], why: string | number): void {
    const sentence =
      outcome === 'registered'
        ? undefined
        : outcome === 'refused'
          ? `The trunk refuses our name or password (${why}).`
          : typeof why === 'string'
            ? `The trunk cannot be asked: ${why}`
            : `The trunk does not take our registration (${why === 0 ? 'no answer' : why}).`
    if (sentence === this.#said) return
    this.#said = sentence
    this.#parts.onChange(sentence === undefined ? undefined : { isRefused: outcome === 'refused', sentence })
  }
}

function numberIn(answer: Answered | undefined, header: string): number {
  const value = Number(answer?.get(header) ?? 0)
  return Number.isInteger(value) && value > 0 ? value : 0
}
