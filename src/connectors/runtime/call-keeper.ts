/**
 * Keeps calls in step with what routing and people decide. Looks at every call of the channels that are open here whenever something was
 * decided, and tells each what its conversation's state calls for; the rows decide, so what is missed is seen with the next look.
 */
import { type LiveCall, readLiveCalls, settleAct } from '../../core/calls/live.ts'
import type { CallNews } from '../../core/calls/machine.ts'
import { wishesOf } from '../../core/calls/wishes.ts'
import type { Database, TenantTx } from '../../core/platform/database.ts'
import type { Logger } from '../../core/platform/log.ts'
import type { Wake } from '../../core/platform/wake.ts'
import { awaitOutcome, hintCommand, issueCommand } from '../../routing/commands.ts'
import type { Connector } from '../contract.ts'
import { newLeg, perform } from './call-acts.ts'
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
    // What is read of those may be from before they were told: an act would be done twice.
    const told = new Set(this.#busy)
    const calls = await this.#options.db.work('calls', tenants, (tx) =>
      readLiveCalls(tx, tenants, [...connectors.keys()]),
    )
    for (const call of calls) {
      const connector = connectors.get(call.channelId)
      if (connector === undefined || told.has(call.id)) continue
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
    for (const act of call.acts) {
      const outcome = await perform(this.#options, call, connector, act)
      await this.#transact(call, (tx) => settleAct(tx, act.id, outcome))
      this.#options.wake.hint('commands')
    }
    const wishes = wishesOf(record, call.standing, newLeg)
    let did = call.acts.length > 0
    for (const wish of wishes) {
      if (wish.wish === 'tell') did = (await tell(wish.news)) || did
      else if (wish.wish === 'pass-on') await this.#passOn(call, wish)
      else if (wish.wish === 'give') await this.#give(call, wish)
      else if (!(await this.#giveBack(call, wish.groupId))) await tell({ type: 'closed', by: 'hub' })
      if (wish.wish !== 'tell') did = true
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
    hintCommand(this.#options.wake, call.tenantId)
    // Until that is decided there is nothing more to see here.
    await this.#options.wake.wait('commands', 1000, this.#rounds.signal)
  }

  /** A caller who was handed over is theirs by routing's word as well; if they cannot have it, it goes back into a queue. */
  async #give(call: LiveCall, { memberId, offerId }: { memberId: string; offerId: string | null }): Promise<void> {
    const { conversationId, channelId, tenantId } = call
    const { db, wake } = this.#options
    let commandId = ''
    await this.#transact(call, async (tx) => {
      commandId = await issueCommand(
        tx,
        offerId === null
          ? { kind: 'assign', conversationId, memberId, override: true }
          : { kind: 'accept', offerId, memberId },
      )
    })
    hintCommand(wake, tenantId)
    const outcome = await awaitOutcome(db, wake, { id: channelId, tenantId }, commandId, 1000)
    // Said twice, it is theirs already.
    if (outcome?.result === 'refused' && outcome.assigneeId !== memberId) await this.#giveBack(call, null)
  }

  /** It waits in that group, or its own, at the place that it had. Answers whether there is a group. */
  async #giveBack(call: LiveCall, wanted: string | null): Promise<boolean> {
    const groupId = wanted ?? call.groupId
    if (groupId === null) return false
    const { conversationId } = call
    await this.#transact(call, async (tx) => {
      await issueCommand(tx, { kind: 'recall', conversationId })
      await issueCommand(tx, { kind: 'transfer', conversationId, groupId })
    })
    hintCommand(this.#options.wake, call.tenantId)
    await this.#options.wake.wait('commands', 1000, this.#rounds.signal)
    return true
  }

  #transact(call: LiveCall, work: (tx: TenantTx) => Promise<void>): Promise<void> {
    return this.#options.db.transaction({ id: call.channelId, tenantId: call.tenantId }, work)
  }
}
