/** One SIP channel, being served: who may call it, whose phones register with it, and the calls that it has. */
import { readdir } from 'node:fs/promises'
import { BlockList, isIP } from 'node:net'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { Outbound } from '../../core/conversations/model.ts'
import {
  type CallCare,
  type CallDesk,
  type CallNews,
  type CareMeans,
  type Connector,
  type Hub,
  type OutgoingCall,
  type Receipt,
  Undelivered,
} from '../contract.ts'
import { SipCall } from './call.ts'
import type { CallParts } from './call-parts.ts'
import { challenge, parseAnswer, verdictOn } from './digest.ts'
import { openMedia } from './engines.ts'
import type { Settings } from './index.ts'
import { Lockout } from './lockout.ts'
import { lookUp, lookupMs } from './lookup.ts'
import type { MediaEngine } from './media.ts'
import { parameter, targetOf, uriOf, userOf } from './message.ts'
import { Prompts } from './prompts.ts'
import { Registration } from './registration.ts'
import { voiceIn } from './sdp.ts'
import { openSipServer, type SipServer } from './servers.ts'
import { type Answer, type IncomingRequest, type LegTrace, Signalling } from './signalling.ts'
import { type Trunk, trunkOf } from './trunk.ts'
import { repairRecording } from './wav.ts'

/** How long a phone rings at most; an offer may end it sooner. */
const ringMs = 45_000
const registration = { leastSeconds: 60, mostSeconds: 3600 }
/** How long phones have to answer that we hang up, when the channel is let go. */
const farewellMs = 1500
/** Calls of one channel at once. */
const maxCalls = 500

type Open = Pick<CallParts, 'signalling' | 'media' | 'prompts'>

export class SipConnector implements Connector {
  readonly #settings: Settings
  readonly #hub: Hub
  readonly #desk: CallDesk
  readonly #calls = new Map<string, SipCall>()
  readonly #trunks: BlockList
  readonly #trunk: Trunk
  readonly #lockout = new Lockout()
  #server: SipServer | undefined
  #registration: Registration | undefined
  #signalling: Signalling | undefined
  #media: MediaEngine | undefined
  #prompts: Prompts | undefined
  #isClosing = false

  constructor(settings: Settings, hub: Hub) {
    this.#settings = settings
    this.#hub = hub
    this.#desk = hub.calls
    this.#trunks = networksOf(settings.trunks ?? [])
    this.#trunk = trunkOf(settings, hub)
  }

  /** Opens everything, and reports how it stands from then on. Rejects when the port is taken. */
  async start(): Promise<void> {
    const hears = (source: string) => this.#isTrunk(source) || this.#lockout.hears(source, Date.now())
    this.#server = await openSipServer(this.#desk, this.#settings.port, hears)
    const { language, prompts: own = {} } = this.#settings
    const folder = join(this.#desk.place.spool, 'prompts')
    const { prompts, refused } = await Prompts.open({ language, own, folder, hub: this.#hub })
    this.#prompts = prompts
    this.#media = await openMedia(this.#desk.place)
    this.#media.onLost(() => this.#hub.lost(new Error('The process that carries voices is gone.')))
    const orphans = await this.#desk.interrupt()
    await this.#salvage()
    this.#signalling = await Signalling.connect({
      ...this.#server.app,
      handlers: {
        invite: (request, answer) => this.#guarded(answer, this.#invited(request, answer)),
        register: (request, answer) => this.#guarded(answer, this.#registered(request, answer)),
        options: (_, answer) =>
          answer.send(200, { headers: { Allow: 'INVITE, ACK, CANCEL, BYE, OPTIONS, REGISTER, INFO, REFER' } }),
      },
      onLost: (reason) => this.#hub.lost(reason),
    })
    for (const { callId, wire } of orphans) void this.#release(this.#signalling, callId, wire as readonly LegTrace[])
    this.#report(refused, undefined)
    this.#register(this.#signalling, refused)
  }

  /** Where the trunk wants to be told where we are. */
  #register(signalling: Signalling, refused: readonly string[]): void {
    const { trunkRegisters, trunkServer, trunkUser, numbers } = this.#settings
    const [number = ''] = numbers
    if (!trunkRegisters) return
    if (trunkServer === undefined || trunkUser === undefined) {
      const sentence = 'To register, the way out and the name at the trunk must be set.'
      this.#report(refused, { isRefused: true, sentence })
      return
    }
    this.#registration = new Registration({
      trunk: this.#trunk,
      signalling,
      user: trunkUser,
      number,
      onChange: (trouble) => this.#report(refused, trouble),
    })
    this.#registration.start()
  }

  #report(refused: readonly string[], trouble: { isRefused: boolean; sentence: string } | undefined): void {
    const detail = [...(trouble === undefined ? [] : [trouble.sentence]), ...refused].join(' ')
    if (detail === '') this.#hub.report({ state: 'online' })
    else this.#hub.report({ state: trouble?.isRefused ? 'needs-login' : 'degraded', detail })
  }

  async send(_: Outbound): Promise<Receipt> {
    throw new Undelivered('rejected', 'A telephone line carries no written messages.')
  }

  async tellCall(callId: string, news: CallNews): Promise<boolean> {
    return (await this.#calls.get(callId)?.tell(news)) ?? false
  }

  async tendCall(callId: string, act: CallCare, means: CareMeans): Promise<boolean> {
    return (await this.#calls.get(callId)?.tend(act, means)) ?? false
  }

  async placeCall({ callId, record, number, memberId, extension }: OutgoingCall): Promise<void> {
    const open = this.#open()
    if (this.#calls.has(callId) || open === undefined) return
    const parts = this.#partsOf(callId, open, number)
    const call = new SipCall(parts, { callId, record, commands: [], changed: false }, undefined, number)
    this.#calls.set(callId, call)
    await call.tell({ type: 'rung', leg: 'first', memberId, extension, offerId: null })
  }

  async close(): Promise<void> {
    this.#isClosing = true
    const abandoned = Promise.all([...this.#calls.values()].map((call) => call.abandon()))
    // Whoever does not answer our BYE by then is let go by whoever opens the channel next.
    await Promise.all([
      Promise.race([abandoned, setTimeout(farewellMs, undefined, { ref: false })]),
      this.#registration?.close(),
    ])
    this.#signalling?.close()
    await abandoned
    await this.#server?.close()
    await this.#media?.close()
  }

  #guarded(answer: Answer, work: Promise<void>): void {
    work.catch((err: unknown) => {
      this.#hub.log.error({ err }, 'a request could not be answered')
      if (!answer.finalResponseSent) answer.send(500)
    })
  }

  async #invited(request: IncomingRequest, answer: Answer): Promise<void> {
    const open = this.#open()
    const dialled = userOf(request.uri)
    const isTrunk = this.#isTrunk(request.source_address)
    const phone = isTrunk ? undefined : await this.#authenticated(request, answer)
    if (!isTrunk && phone === undefined) return
    if (open === undefined || this.#calls.size >= maxCalls) return answer.send(503)
    const isForUs = this.#settings.numbers.includes(dialled)
    // A phone that has a caller asks somebody before it hands them over; others call nobody but us.
    const asking = phone === undefined || isForUs ? undefined : this.#talkOf(phone)
    if (!isForUs && asking === undefined) return answer.send(404)
    const offer = request.body ? voiceIn(request.body) : undefined
    if (request.body && offer === undefined) return answer.send(488)
    if (phone !== undefined && asking !== undefined) return asking.ask(phone, { request, answer, offer }, dialled)
    const from = request.get('P-Asserted-Identity') ?? request.get('From') ?? ''
    const number = phone ?? numberIn(from)
    const received = await this.#desk.receive({
      key: (request.get('Call-ID') ?? '').slice(0, 150),
      number,
      name: phone === undefined ? nameIn(from) : '',
      dialled,
    })
    if (received === undefined) return answer.send(603)
    const { callId, address } = received
    const isAsked = phone === undefined && number !== '' && received.record.state !== 'ended'
    const lookup = isAsked ? this.#lookUp(callId, address ?? number, dialled) : undefined
    const parts = this.#partsOf(callId, open, number || 'anonymous', lookup)
    this.#calls.set(callId, new SipCall(parts, received, { request, answer, offer }))
  }

  #talkOf(extension: string): SipCall | undefined {
    return [...this.#calls.values()].find((call) => call.isTalkOf(extension))
  }

  /** Resolves once it is noted what the business knows of a caller, or time is up; the call goes on meanwhile. Never rejects. */
  async #lookUp(callId: string, number: string, dialled: string): Promise<void> {
    if (this.#settings.lookupUrl === undefined) return
    const { fetch, log } = this.#hub
    const noted = lookUp(fetch, this.#settings, { callId, number, dialled })
      .then((lookup) => this.#desk.noteLookup(callId, lookup))
      .catch((err: unknown) => log.warn({ err, callId }, 'what is known of a caller could not be noted'))
    await Promise.race([noted, setTimeout(lookupMs)])
  }

  /** Undefined before everything is there, and once it is let go. */
  #open(): Open | undefined {
    if (this.#isClosing) return undefined
    const [signalling, media, prompts] = [this.#signalling, this.#media, this.#prompts]
    if (signalling === undefined || media === undefined || prompts === undefined) return undefined
    return { signalling, media, prompts }
  }

  /** `shown` is what phones see as who calls. */
  #partsOf(callId: string, open: Open, shown: string, lookup = Promise.resolve()): CallParts {
    return {
      ...open,
      lookup,
      desk: this.#desk,
      settings: this.#settings,
      log: this.#hub.log,
      ringMs,
      from: `<sip:${shown}@localhost>`,
      trunk: this.#trunk,
      isBusy: (extension) => [...this.#calls].some(([id, call]) => id !== callId && call.has(extension)),
      onOver: () => this.#calls.delete(callId),
    }
  }

  async #registered(request: IncomingRequest, answer: Answer): Promise<void> {
    const extension = await this.#authenticated(request, answer)
    if (extension === undefined) return
    if (userOf(uriOf(request.get('To'))) !== extension) return answer.send(403)
    const header = request.get('Contact')
    const contact = uriOf(header)
    const asked = Number(parameter((header ?? '').replace(/^.*>/, ''), 'expires') ?? request.get('Expires') ?? 3600)
    const { leastSeconds, mostSeconds } = registration
    const isLeaving = asked === 0 || header === '*'
    const seconds = isLeaving
      ? 0
      : Math.min(mostSeconds, Math.max(leastSeconds, Number.isInteger(asked) ? asked : 3600))
    if (header !== undefined) {
      if (!isLeaving && (targetOf(contact) === undefined || contact.length > 500)) return answer.send(400)
      const { source_address: host, source_port: port, protocol } = request
      const received = `sip:${host.includes(':') ? `[${host}]` : host}:${port};transport=${protocol}`
      await this.#desk.register(extension, { contact, received, seconds })
    }
    answer.send(
      200,
      header === undefined || isLeaving ? {} : { headers: { Contact: `<${contact}>;expires=${seconds}` } },
    )
  }

  /** The extension whose password was given; undefined when it was asked for, or was wrong, and that has been answered. */
  async #authenticated(request: IncomingRequest, answer: Answer): Promise<string | undefined> {
    const desk = this.#desk
    const address = request.source_address
    const now = Date.now()
    if (!this.#lockout.hears(address, now)) {
      answer.send(403)
      return undefined
    }
    const given = parseAnswer(desk, request.get('Authorization'))
    const ask = (stale: boolean) => answer.send(401, { headers: { 'WWW-Authenticate': challenge(desk, now, stale) } })
    if (given === undefined) {
      this.#noteShut(this.#lockout.challenged(address, now), address)
      ask(false)
      return undefined
    }
    const mayTry = this.#lockout.mayTry(given.username, address, now)
    const phone = mayTry ? await desk.phone(given.username) : undefined
    const verdict = phone?.digest && verdictOn(given, request.method, phone.digest, desk, now)
    if (phone !== undefined && verdict === 'right') {
      this.#lockout.right(address, phone.extension)
      return phone.extension
    }
    if (verdict === 'stale') ask(true)
    else {
      this.#hub.log.warn({ address }, 'a phone gave a wrong name or password')
      this.#noteShut(this.#lockout.wrong(address, given.username, now), address)
      answer.send(403)
    }
    return undefined
  }

  #noteShut(isShut: boolean, address: string): void {
    if (isShut) this.#hub.log.warn({ address }, 'an address guesses passwords: it is not answered for ten minutes')
  }

  /** One that is named, or that we are registered with. */
  #isTrunk(address: string): boolean {
    if (address === this.#registration?.address) return true
    return this.#trunks.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
  }

  /** Hangs up what a process before us left on the line; forgotten only then, so that it is done however often we fail, or have to close again. */
  async #release(signalling: Signalling, callId: string, legs: readonly LegTrace[]): Promise<void> {
    const areGone = await Promise.all(legs.map((leg) => signalling.release(leg)))
    if (areGone.includes(false)) return
    await this.#desk
      .note(callId, null)
      .catch((err: unknown) => this.#hub.log.warn({ err, callId }, 'legs are hung up, but noted still'))
  }

  /** What a crash left of recordings is kept with what they have. */
  async #salvage(): Promise<void> {
    const { spool } = this.#desk.place
    for (const name of await readdir(spool).catch(() => [])) {
      const found = /^(cal_[0-9a-z]{26})\.(\d{1,4})\.wav$/.exec(name)
      if (found === null) continue
      const path = join(spool, name)
      const durationMs = await repairRecording(path)
      await this.#desk.keep({ callId: found[1] ?? '', segment: Number(found[2]), path, durationMs })
    }
  }
}

function networksOf(trunks: readonly string[]): BlockList {
  const list = new BlockList()
  for (const trunk of trunks) {
    const [address = '', bits] = trunk.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    if (bits === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(bits), family)
  }
  return list
}

/** The number in a From: empty where it is withheld. */
function numberIn(from: string): string {
  const user = userOf(uriOf(from))
  return /^anonymous$|^restricted$|^unavailable$/i.test(user) ? '' : user
}

function nameIn(from: string): string {
  const name = /^\s*"((?:[^"\\]|\\.)*)"/.exec(from)?.[1] ?? ''
  return /^anonymous$/i.test(name) ? '' : name
}
