/** What a connector is given, for one account while it is served here. */
import { reportChannelGap, reportChannelState } from '../../core/conversations/served-channels.ts'
import type { Bus } from '../../core/events/bus.ts'
import { type Lease, proveLease } from '../../core/events/leases.ts'
import type { Tx } from '../../core/platform/database.ts'
import { Fault } from '../../core/platform/errors.ts'
import type { Logger } from '../../core/platform/log.ts'
import type { Wake } from '../../core/platform/wake.ts'
import type { ChannelState, HookHub, Hub } from '../contract.ts'
import { callDesk, type Telephony } from './call-desk.ts'
import type { Egress, Ways } from './egress.ts'
import { type ChannelFileParts, fileToSend, keepFile } from './files.ts'
import { memoryOf, sharedToken } from './memory.ts'
import { answerPassively } from './passive-replies.ts'
import { receiptEvent, receiveInbound, receiveWhatFits } from './receive.ts'
import { cleanLog } from './redact.ts'
import { isDialled, type Served } from './served.ts'

export interface HubParts extends ChannelFileParts {
  readonly bus: Bus
  readonly egress: Egress
  readonly wake: Wake
  readonly log: Logger
  /** What calls need; where there is none, connectors cannot carry any. */
  readonly telephony?: Telephony
}

/** A hub with its handle, which the connector does not see. */
export interface OpenHub {
  readonly hub: Hub
  /** As `hub.report`, also after `close`: what the runtime itself has to say of the account. */
  report(state: ChannelState): void
  /** Aborts `hub.signal`; from now on the connector's reports and losses count no more. */
  release(): void
  /** Resolves when the last report is written, or could not be. */
  settled(): Promise<void>
}

/** Reports that follow each other faster than this are one: the last. */
const reportPauseMs = 250

export function openHub(parts: HubParts, served: Served, onLost: (reason: Error) => void, lease?: Lease): OpenHub {
  const { db, bus } = parts
  const { tenantId, channelId } = served
  const abort = new AbortController()
  const log = logFor(parts.log, served)
  const tokens = new Map<string, Promise<string>>()
  const reports = new Reports(async (state) => {
    await db.work(channelId, [tenantId], async (tx) => {
      await fence(tx, lease)
      await reportChannelState(tx, { tenantId, channelId }, state)
    })
  }, log)
  const clean = (state: ChannelState): ChannelState => ({
    state: state.state,
    ...(state.detail !== undefined && { detail: served.redactor.text(state.detail).slice(0, 500) }),
    ...(state.scan !== undefined && { scan: state.scan.slice(0, 4000) }),
  })

  const hub: Hub = {
    channelId,
    hookUrl: hookUrlOf(parts, served),
    fetch: egressOf(parts, served).fetch,
    dial: egressOf(parts, served).dial,
    connect: egressOf(parts, served).connect,
    resolve: parts.egress.resolve,
    memory: memoryOf(parts, served, lease),
    log,
    signal: abort.signal,
    get calls() {
      return callDesk(parts, served)
    },
    async receive(events) {
      for (const { event, fault } of await receiveWhatFits(bus, { tenantId, channelId }, events)) {
        log.error({ err: fault, key: event.key }, 'a message was left out')
        const at = new Date(Date.parse(event.at) >= 0 ? event.at : Date.now())
        await hub.gap(at, at, `A message was left out: ${fault.message}`)
      }
    },
    receipt: (peer, externalId, state, reason) =>
      receiveInbound(bus, { tenantId, channelId }, [receiptEvent(peer, externalId, state, reason, new Date())]),
    answer: (name, reply) => answerPassively(parts, served, name, reply),
    called: (withinMs) => parts.wake.wait(`hook:${channelId}`, withinMs, abort.signal),
    report(state) {
      if (!abort.signal.aborted) reports.say(clean(state))
    },
    lost(reason) {
      if (!abort.signal.aborted) onLost(reason)
    },
    async gap(from, to, reason) {
      await db.work(channelId, [tenantId], async (tx) => {
        await fence(tx, lease)
        const gap = { from, to, reason: served.redactor.text(reason).slice(0, 500) }
        await reportChannelGap(tx, { tenantId, channelId }, gap)
      })
    },
    token(name, mint, refused) {
      const place = `${name} ${refused ?? ''}`
      const known = tokens.get(place) ?? sharedToken(parts, served, name, mint, refused)
      tokens.set(place, known)
      known.finally(() => tokens.delete(place)).catch(() => {})
      return known
    },
    keep: (file) => keepFile(parts, served, file),
    file: (blob) => fileToSend(parts, served, blob),
  }
  return {
    hub,
    report: (state) => reports.say(clean(state)),
    release: () => abort.abort(new Fault('unavailable', 'channel-released', 'The account is let go.')),
    settled: () => reports.settled(),
  }
}

/** What a hook is given on any node. */
export function hookHub(parts: HubParts, served: Served): HookHub {
  const memory = memoryOf(parts, served)
  return {
    channelId: served.channelId,
    hookUrl: hookUrlOf(parts, served),
    fetch: egressOf(parts, served).fetch,
    memory: { get: (name) => memory.get(name) },
    log: logFor(parts.log, served),
  }
}

/** The way out of an account: through its own proxy, where it has one. */
export function egressOf({ egress }: Pick<HubParts, 'egress'>, { proxy }: Served): Ways {
  return proxy === undefined ? egress : egress.through(proxy)
}

/** Where the platform calls a channel, or dials it: then the address is that of a WebSocket. */
export function hookUrlOf(
  { publicUrl }: Pick<HubParts, 'publicUrl'>,
  served: Pick<Served, 'kind' | 'channelId' | 'settings'>,
): string {
  const { kind, channelId } = served
  return `${isDialled(served) ? publicUrl.replace(/^http/, 'ws') : publicUrl}/hooks/${kind.kind}/${channelId}`
}

export function logFor(log: Logger, served: Served): Logger {
  return cleanLog(log, { channelId: served.channelId, kind: served.kind.kind }, served.redactor)
}

async function fence(tx: Tx, lease: Lease | undefined): Promise<void> {
  if (lease !== undefined) await proveLease(tx, lease)
}

/** Writes the last of what was said, one write at a time; gives up after a few failures, since states are said again. */
class Reports {
  readonly #write: (state: ChannelState) => Promise<void>
  readonly #log: Logger
  #waiting: ChannelState | undefined
  #writing: Promise<void> | undefined

  constructor(write: (state: ChannelState) => Promise<void>, log: Logger) {
    this.#write = write
    this.#log = log
  }

  say(state: ChannelState): void {
    this.#waiting = state
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined
    })
  }

  async settled(): Promise<void> {
    await this.#writing
  }

  async #writeAll(): Promise<void> {
    let failures = 0
    while (this.#waiting !== undefined && failures < 5) {
      const state = this.#waiting
      this.#waiting = undefined
      try {
        await this.#write(state)
      } catch (err) {
        if (err instanceof Fault && err.code === 'lease-lost') return
        this.#waiting ??= state
        failures += 1
        this.#log.warn({ err }, 'the state of a channel could not be kept')
      }
      await new Promise((resolve) => setTimeout(resolve, reportPauseMs * (1 + failures * failures)))
    }
  }
}
