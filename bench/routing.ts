/**
 * What the routing engine costs, alone: no I/O, full events and decisions, changes() taken in batches as the shell does.
 *
 * `node bench/routing.ts [B1 B2 …]` prints one line per scenario and ends with one line of JSON. Rates are events per second
 * of CPU time of this process, the median of three runs; latencies are of single apply() calls. The goals are those of
 * docs/benchmarks.md; `ratio` is the worst rate divided by its goal.
 */
import { apply, changes, createState, type State } from '../src/routing/engine.ts'
import type { EngineEvent } from '../src/routing/model.ts'

interface Scenario {
  readonly name: string
  readonly agents: number
  readonly groupsEach: number
  readonly backlog: number
  /** With a backlog of 0: the share of capacity in use. */
  readonly load: number
  readonly events: number
  readonly goal: number
}

const SCENARIOS: readonly Scenario[] = [
  { name: 'B1', agents: 100, groupsEach: 3, backlog: 0, load: 0.85, events: 400_000, goal: 250_000 },
  { name: 'B2', agents: 1000, groupsEach: 3, backlog: 20_000, load: 1, events: 300_000, goal: 150_000 },
  { name: 'B3', agents: 10_000, groupsEach: 3, backlog: 100_000, load: 1, events: 300_000, goal: 100_000 },
  { name: 'B3-surplus', agents: 10_000, groupsEach: 3, backlog: 0, load: 0.85, events: 300_000, goal: 40_000 },
  { name: 'B4', agents: 50_000, groupsEach: 10, backlog: 1_000_000, load: 1, events: 300_000, goal: 60_000 },
  { name: 'B5', agents: 50_000, groupsEach: 10, backlog: 0, load: 0.85, events: 200_000, goal: 40_000 },
]

const BATCH = 500
const CAPACITY = 4

/** Numerical Recipes' generator: the same traffic in every run. */
function dice(seed: number): (n: number) => number {
  let x = seed >>> 0
  return (n) => {
    x = (Math.imul(x, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((x / 2 ** 32) * n)
  }
}

class Centre {
  readonly state: State = createState('bench')
  readonly scenario: Scenario
  readonly roll = dice(7)
  readonly groups: number
  /** Items in service, to end one at random. */
  readonly active: { itemId: string; agentId: string }[] = []
  readonly offers: { offerId: string; agentId: string; itemId: string }[] = []
  at = 1_700_000_000_000
  items = 0
  events = 0
  latencies = new Float64Array(0)

  constructor(scenario: Scenario) {
    this.scenario = scenario
    this.groups = Math.min(2000, Math.max(12, Math.ceil(scenario.agents / 25)))
  }

  tell(event: EngineEvent): void {
    const index = this.events++
    const timed = index < this.latencies.length
    const start = timed ? performance.now() : 0
    const decisions = apply(this.state, event)
    if (timed) this.latencies[index] = (performance.now() - start) * 1000
    for (const decision of decisions) {
      if (decision.type === 'offer') this.offers.push(decision)
      else if (decision.type === 'assign') this.active.push(decision)
    }
    if (this.events % BATCH === 0) changes(this.state)
  }

  enqueue(): void {
    const isCall = this.roll(20) === 0
    this.tell({
      type: 'item.enqueue',
      at: this.at,
      itemId: `cnv_${this.items++}`,
      groupId: `g${this.roll(this.groups)}`,
      medium: isCall ? 'call' : 'chat',
      weight: isCall ? CAPACITY : 1,
      priority: this.roll(10) === 0 ? 1 : 0,
    })
  }

  accept(): void {
    const offer = this.offers.pop()
    if (offer) this.tell({ type: 'item.accept', at: this.at, offerId: offer.offerId, agentId: offer.agentId })
  }

  end(): void {
    const index = this.roll(this.active.length)
    const last = this.active.pop()
    if (!last) return
    const ended = this.active[index] ?? last
    if (ended !== last) this.active[index] = last
    this.tell({ type: 'item.end', at: this.at, itemId: ended.itemId, agentId: ended.agentId })
  }

  open(): void {
    const { agents, groupsEach, backlog, load } = this.scenario
    for (let g = 0; g < this.groups; g++) {
      const order = { by: 'aged', creditMs: 300_000 } as const
      this.tell({ type: 'config.group', at: this.at, group: { id: `g${g}`, acceptMode: 'manual', order } })
    }
    for (let a = 0; a < agents; a++) {
      const first = this.roll(this.groups)
      const memberships = Array.from({ length: groupsEach }, (_, i) => ({
        groupId: `g${(first + i * 7) % this.groups}`,
        tier: i % 2,
      }))
      this.tell({ type: 'config.agent', at: this.at, agent: { id: `agent_${a}`, capacity: CAPACITY, memberships } })
      this.tell({ type: 'agent.presence', at: this.at, agentId: `agent_${a}`, state: 'online' })
    }
    const target = Math.floor(agents * CAPACITY * load)
    const wanted = backlog > 0 ? target + backlog : target * 0.8
    while (this.items < wanted) {
      this.at += this.items % 10 === 0 ? 1 : 0
      this.enqueue()
      while (this.offers.length > 0) this.accept()
    }
  }

  /** One arrival, one acceptance, one end, and so on: the queue and the load stay as they are. */
  run(events: number): void {
    const until = this.events + events
    while (this.events < until) {
      this.at++
      this.end()
      this.enqueue()
      while (this.offers.length > 0) this.accept()
    }
  }
}

function cpu(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

function quantile(sorted: Float64Array, q: number): number {
  return Number((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0).toFixed(1))
}

function measure(scenario: Scenario) {
  const centre = new Centre(scenario)
  centre.open()
  centre.run(Math.min(50_000, scenario.events / 4))
  const waiting = [...centre.state.items.values()].filter(({ state }) => state === 'waiting').length
  const rates: number[] = []
  for (let run = 0; run < 3; run++) {
    const before = cpu()
    const done = centre.events
    centre.run(scenario.events)
    rates.push((centre.events - done) / (cpu() - before))
  }
  centre.events = 0
  centre.latencies = new Float64Array(scenario.events)
  centre.run(scenario.events)
  const sorted = centre.latencies.sort()
  const rate = Math.round(rates.sort((a, b) => a - b)[1] ?? 0)
  const figures = {
    eventsPerCpuSecond: rate,
    goal: scenario.goal,
    waiting,
    microseconds: { p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99), p999: quantile(sorted, 0.999) },
    megabytes: Math.round(process.memoryUsage().rss / 2 ** 20),
  }
  console.log(scenario.name, JSON.stringify(figures))
  return figures
}

const wanted = process.argv.slice(2)
const chosen = SCENARIOS.filter(({ name }) => (wanted.length === 0 ? name < 'B4' : wanted.includes(name)))
const figures = Object.fromEntries(chosen.map((scenario) => [scenario.name, measure(scenario)]))
const baseline = Object.fromEntries(chosen.map(({ name, goal }) => [name, goal]))
const ratio = Math.min(...Object.values(figures).map(({ eventsPerCpuSecond, goal }) => eventsPerCpuSecond / goal))
console.log(JSON.stringify({ name: 'routing', figures, baseline, ratio: Number(ratio.toFixed(2)) }))
