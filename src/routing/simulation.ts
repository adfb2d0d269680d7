/**
 * What would have been: the traffic of a day through another configuration. Who came, how long each service took, when whoever left
 * had enough, and who was on duty are as they were; who is given what, and so when services begin and end, follows from the
 * configuration. What people did by hand (pull, assign, transfer, park) is not repeated. Pure.
 */
import { apply, nextDue } from './engine.ts'
import type { AgentConfig, Decision, EngineEvent, GroupConfig } from './model.ts'
import { type JournalRow, replay, type Stretch } from './replay.ts'
import { restore } from './restore.ts'
import { type GroupResult, Tally } from './simulation-tally.ts'

export interface Changes {
  readonly groups: readonly GroupConfig[]
  readonly members: readonly AgentConfig[]
}

export interface SimulationTask extends Stretch {
  /** Items that came from then to then are counted, in ms. What came before only sets the scene. */
  readonly from: number
  readonly to: number
  readonly targetMs: number
  readonly changes: Changes
  /** Steps of one run at most. */
  readonly maxSteps: number
}

export interface Result {
  readonly groups: readonly GroupResult[]
  readonly agents: readonly {
    readonly agentId: string
    readonly served: number
    readonly onlineMs: number
    readonly busyMs: number
  }[]
  /** Coefficients of variation among those on duty: 0 is perfectly even. */
  readonly fairness: { readonly servedPerHour: number | null; readonly occupancy: number | null }
}

export interface Comparison {
  /** Undefined when the replay came to the very decisions that were made then. */
  readonly differsAt: number | undefined
  readonly actual: Result
  /** Simulated with the configuration as it was: what the simulation itself makes of the day. */
  readonly baseline: Result
  readonly changed: Result
}

/** How people behaved, as far as the journal shows. */
interface Observed {
  /** How long each served item took, from its first assignment to its end. */
  readonly services: Map<string, number>
  /** How long those who left before anybody served them had patience. */
  readonly patience: Map<string, number>
  /** By group, for items whose end is not in the journal. */
  readonly usual: Map<string, number>
  readonly acceptMs: Map<string, number>
}

const usualAcceptMs = 5000
const usualServiceMs = 300_000

/** Replays, then simulates twice. Throws `RangeError` when a run takes more steps than allowed. */
export function compare(task: SimulationTask): Comparison {
  const tally = new Tally(task)
  const observer = new Observer()
  const { differsAt } = replay(task, (event, decisions, state) => {
    observer.see(event, decisions)
    tally.see(event.at, decisions, state)
    if (event.type === 'item.enqueue') tally.came(event, decisions)
  })
  const observed = observer.result()
  return {
    differsAt,
    actual: tally.result(),
    baseline: simulate(task, { groups: [], members: [] }, observed),
    changed: simulate(task, task.changes, observed),
  }
}

class Observer {
  readonly #came = new Map<string, { at: number; groupId: string }>()
  readonly #taken = new Map<string, number>()
  readonly #offered = new Map<string, { at: number; agentId: string }>()
  readonly #accepts = new Map<string, number[]>()
  readonly #services = new Map<string, number>()
  readonly #patience = new Map<string, number>()

  see(event: EngineEvent, decisions: readonly Decision[]): void {
    if (event.type === 'item.enqueue') this.#came.set(event.itemId, { at: event.at, groupId: event.groupId })
    for (const decision of decisions) {
      if (decision.type === 'offer') this.#offered.set(decision.offerId, { at: event.at, agentId: decision.agentId })
      if (decision.type === 'assign') {
        if (!this.#taken.has(decision.itemId)) this.#taken.set(decision.itemId, event.at)
        const offer = this.#offered.get(decision.offerId ?? '')
        if (offer !== undefined) push(this.#accepts, offer.agentId, event.at - offer.at)
      }
      if (decision.type === 'wrapUp' || decision.type === 'ended') this.#end(decision.itemId, event.at)
    }
  }

  #end(itemId: string, at: number): void {
    const taken = this.#taken.get(itemId)
    const came = this.#came.get(itemId)
    if (taken !== undefined) {
      if (!this.#services.has(itemId)) this.#services.set(itemId, Math.max(1, at - taken))
    } else if (came !== undefined) this.#patience.set(itemId, at - came.at)
  }

  result(): Observed {
    const byGroup = new Map<string, number[]>()
    for (const [itemId, ms] of this.#services) push(byGroup, this.#came.get(itemId)?.groupId ?? '', ms)
    const middle = (lists: Map<string, number[]>) => new Map([...lists].map(([id, list]) => [id, median(list)]))
    return {
      services: this.#services,
      patience: this.#patience,
      usual: middle(byGroup),
      acceptMs: middle(this.#accepts),
    }
  }
}

function push(lists: Map<string, number[]>, key: string, value: number): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [value])
  else list.push(value)
}

function median(list: readonly number[]): number {
  return list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0
}

/** Events in order of time, those of one moment in the order in which they were planned. */
class Agenda {
  readonly #heap: { at: number; n: number; event: EngineEvent }[] = []
  #n = 0

  add(event: EngineEvent): void {
    const heap = this.#heap
    heap.push({ at: event.at, n: this.#n++, event })
    for (let i = heap.length - 1; i > 0; ) {
      const parent = (i - 1) >> 1
      if (!isBefore(heap[i], heap[parent])) break
      this.#swap(i, parent)
      i = parent
    }
  }

  get nextAt(): number {
    return this.#heap[0]?.at ?? Number.POSITIVE_INFINITY
  }

  take(): EngineEvent | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (first === undefined || last === undefined || heap.length === 0) return first?.event
    heap[0] = last
    for (let i = 0; ; ) {
      const left = 2 * i + 1
      const right = left + 1
      const least = isBefore(heap[right], heap[left]) ? right : left
      if (!isBefore(heap[least], heap[i])) break
      this.#swap(i, least)
      i = least
    }
    return first.event
  }

  #swap(i: number, j: number): void {
    const heap = this.#heap
    const [a, b] = [heap[i], heap[j]]
    if (a !== undefined && b !== undefined) [heap[i], heap[j]] = [b, a]
  }
}

type Planned = { readonly at: number; readonly n: number } | undefined

function isBefore(a: Planned, b: Planned): boolean {
  if (a === undefined || b === undefined) return a !== undefined
  return a.at < b.at || (a.at === b.at && a.n < b.n)
}

function simulate(task: SimulationTask, changes: Changes, observed: Observed): Result {
  const { tenantId, records, rows, to, maxSteps } = task
  const groups = new Map(changes.groups.map((group) => [group.id, group]))
  const members = new Map(changes.members.map((member) => [member.id, member]))
  const state = restore(tenantId, {
    ...records,
    groups: records.groups.map((group) => groups.get(group.id) ?? group),
    members: records.members.map((member) => members.get(member.id) ?? member),
  })
  const agenda = new Agenda()
  for (const event of givenEvents(rows, groups, members, observed)) agenda.add(event)
  const tally = new Tally(task)
  const groupOf = new Map(records.items.map((item) => [item.id, item.groupId]))
  const endOf = (itemId: string, at: number): EngineEvent => {
    const usual = observed.usual.get(groupOf.get(itemId) ?? '') ?? usualServiceMs
    return { type: 'item.end', itemId, at: at + (observed.services.get(itemId) ?? usual) }
  }
  for (const item of records.items) if (item.state === 'active') agenda.add(endOf(item.id, state.at))
  for (let step = 0; ; step++) {
    if (step >= maxSteps) throw new RangeError('too many steps')
    const due = nextDue(state) ?? Number.POSITIVE_INFINITY
    const at = Math.min(due, agenda.nextAt)
    if (at > to) break
    const event = due <= agenda.nextAt ? ({ type: 'tick', at: due } as const) : agenda.take()
    if (event === undefined) break
    const decisions = apply(state, event)
    tally.see(state.at, decisions, state)
    if (event.type === 'item.enqueue') {
      groupOf.set(event.itemId, event.groupId)
      tally.came(event, decisions)
    }
    for (const decision of decisions) {
      if (decision.type === 'assign') agenda.add(endOf(decision.itemId, state.at))
      else if (decision.type === 'offer') {
        const { itemId, offerId, agentId, expiresAt } = decision
        const after = observed.acceptMs.get(agentId) ?? usualAcceptMs
        const answerAt = Math.min(state.at + after, expiresAt - 1)
        agenda.add({ type: 'item.accept', itemId, offerId, agentId, at: Math.max(state.at, answerAt) })
      } else if (decision.type === 'more') agenda.add({ type: 'tick', at: state.at })
    }
    state.changedItems = []
    state.changedAgents = []
  }
  return tally.result()
}

/** What is given: who came and when they would leave, who was on duty, and the configuration as it changed, but for what is tried. */
function* givenEvents(
  rows: readonly JournalRow[],
  groups: ReadonlyMap<string, GroupConfig>,
  members: ReadonlyMap<string, AgentConfig>,
  observed: Observed,
): Generator<EngineEvent> {
  for (const event of rows.flatMap((row) => row.events)) {
    switch (event.type) {
      case 'item.enqueue': {
        yield event
        const patience = observed.patience.get(event.itemId)
        if (patience !== undefined) yield { type: 'item.cancel', itemId: event.itemId, at: event.at + patience }
        break
      }
      case 'config.group':
        yield { ...event, group: groups.get(event.group.id) ?? event.group }
        break
      case 'config.agent':
        yield { ...event, agent: members.get(event.agent.id) ?? event.agent }
        break
      case 'agent.presence':
      case 'agent.link':
      case 'config.group-removed':
      case 'config.agent-removed':
        yield event
        break
      default:
    }
  }
}
