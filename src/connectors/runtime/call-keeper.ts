/**
 * Keeps calls in step with what routing and people decide. Looks at every call of the channels that are open here whenever something was
 * decided, and tells each what its conversation's state calls for; the rows decide, so what is missed is seen with the next look.
 */
import { isCare, type LiveCall, readLiveCalls, settleAct } from '../../core/calls/live.ts'
import type { CallNews } from '../../core/calls/machine.ts'
import { wishesOf } from '../../core/calls/wishes.ts'
import type { Database, TenantTx } from '../../core/platform/database.ts'
import { newSecret } from '../../core/platform/ids.ts'
import type { Logger } from '../../core/platform/log.ts'
import type { Wake } from '../../core/platform/wake.ts'
import { issueCommand } from '../../routing/commands.ts'
import type { Connector } from '../contract.ts'
import { Rounds } from './rounds.ts'
import type { Supervisor } from './supervisor.ts'

export interface CallKeeperOptions {
  readonly db: Database
  readonly wake: Wake
  readonly supervisor: Pick<Supervisor, 'open'>
  readonly log: Logger
  /** How often it looks without a hint; 500 ms unless said. */
  readonly pollMs?: number
}

const actOf = {
  'hang-up': { type: 'closed', by: 'agent' },
  hold: { type: 'held' },
  resume: { type: 'resumed' },
} as const

function dialled(leg: string, number: string): CallNews {
  return { type: 'rung', leg, memberId: null, extension: '', number, offerId: null }
}

export class CallKeeper {
  readonly #options: CallKeeperOptions
  readonly #rounds: Rounds
  /** Calls that are being told something: they are looked at again afterwards. */
  readonly #busy = new Set<string>()
  readonly #under = new Set<Promise<void>>()
  #off: (() => void)[] = []

  constructor(options: CallKeeperOptions) {
    this.#options = options
    this.#rounds = new Rounds({
      everyMs: options.pollMs ?? 500,
      // Hints come with everything that is said in chats: ten rounds a second are enough for a telephone.
      gatherMs: 50,
      round: () => this.#round(),
      onFailure: (err) => options.log.warn({ err }, 'the calls that go on could not be read'),
    })
  }

  start(): void {
    const { wake } = this.#options
    // The shard says `commands` when it has decided, the API `calls` when somebody asks something of one, everybody `outbox`.
    this.#off = (['outbox', 'commands', 'calls'] as const).map((name) => wake.on(name, () => this.#rounds.nudge()))
    this.#rounds.start()
  }

  /** Never throws. */
  async stop(): Promise<void> {
    for (const off of this.#off) off()
    await this.#rounds.stop()
    await Promise.all(this.#under)
  }

  async #round(): Promise<void> {
    const open = this.#options.supervisor.open().filter(({ connector }) => connector.tellCall !== undefined)
    if (open.length === 0) return
    const connectors = new Map(open.map(({ served, connector }) => [served.channelId, connector]))
    const tenants = [...new Set(open.map(({ served }) => served.tenantId))]
    const calls = await this.#options.db.work('calls', tenants, (tx) =>
      readLiveCalls(tx, tenants, [...connectors.keys()]),
    )
    for (const call of calls) {
      const connector = connectors.get(call.channelId)
      if (connector === undefined || this.#busy.has(call.id)) continue
      this.#busy.add(call.id)
      const work = this.#tend(call, connector)
        .catch((err: unknown) => this.#options.log.warn({ err, callId: call.id }, 'a call could not be told something'))
        .then((didSomething) => {
          this.#busy.delete(call.id)
          this.#under.delete(work)
          if (didSomething === true) this.#rounds.nudge()
        })
      this.#under.add(work)
    }
  }

  /** Answers whether there was anything to do. */
  async #tend(call: LiveCall, connector: Connector): Promise<boolean> {
    const { record, outgoing } = call
    if (outgoing !== null && record.state === 'received') {
      await connector.placeCall?.({ callId: call.id, record, ...outgoing })
      return true
    }
    const tell = async (news: CallNews) => (await connector.tellCall?.(call.id, news)) ?? false
    for (const { id, act, data, actorId } of call.acts) {
      const made = isCare(act)
        ? ((await connector.tendCall?.(call.id, act, call.standing.phones[actorId])) ?? false)
        : await tell(act === 'dial' ? dialled(newSecret().slice(0, 12), data?.number ?? '') : actOf[act])
      await this.#transact(call, (tx) => settleAct(tx, id, made ? 'done' : 'refused'))
      this.#options.wake.hint('commands')
    }
    const wishes = wishesOf(record, call.standing, () => newSecret().slice(0, 12))
    let did = call.acts.length > 0
    for (const wish of wishes) {
      if (wish.wish === 'tell') did = (await tell(wish.news)) || did
      else {
        await this.#passOn(call, wish)
        did = true
      }
    }
    return did
  }

  /** Their phone does not answer, or there is none: they count as away, and the call goes back into its queue at its place. */
  async #passOn(call: LiveCall, { memberId, offerId }: { memberId: string; offerId: string | null }): Promise<void> {
    await this.#transact(call, async (tx) => {
      await issueCommand(tx, { kind: 'presence', memberId, state: 'away', reason: 'phone' })
      if (offerId !== null) await issueCommand(tx, { kind: 'decline', offerId, memberId, reason: 'phone' })
      else if (call.groupId !== null) {
        await issueCommand(tx, { kind: 'transfer', conversationId: call.conversationId, groupId: call.groupId })
      }
    })
    this.#options.wake.hint('outbox')
    // Until that is decided there is nothing more to see here.
    await this.#options.wake.wait('commands', 1000, this.#rounds.signal)
  }

  #transact(call: LiveCall, work: (tx: TenantTx) => Promise<void>): Promise<void> {
    return this.#options.db.transaction({ id: call.channelId, tenantId: call.tenantId }, work)
  }
}
