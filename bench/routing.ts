/**
 * What the routing engine costs, alone: no I/O, full events and decisions, changes() taken in batches as the shell does.
 *
 * `node bench/routing.ts [B1 B2 …]` measures each scenario in a process of its own, prints one line for it, and ends with one
 * line of JSON. Rates are events per second of CPU time, the median of three runs; latencies are of single apply() calls.
 * `ratio` is the worst figure divided by its goal, or its goal by it where less is better. Without names all are measured:
 * B4, B5 and B7 take a gigabyte and some minutes.
 */
import { spawnSync } from 'node:child_process'
import { steady } from './routing-engine/steady.ts'
import { requirementClasses, shiftStart, timerStorm } from './routing-engine/storms.ts'

type Figures = Readonly<Record<string, number>>

interface Scenario {
  readonly measure: () => Figures
  /** At least so much of each figure. */
  readonly atLeast?: Figures
  /** At most. */
  readonly atMost?: Figures
}

const rate = (goal: number) => ({ eventsPerCpuSecond: goal })

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  B1: {
    measure: () => steady({ agents: 100, groupsEach: 3, backlog: 0, load: 0.85, events: 400_000 }),
    atLeast: rate(250_000),
  },
  B2: {
    measure: () => steady({ agents: 1000, groupsEach: 3, backlog: 20_000, load: 1, events: 300_000 }),
    atLeast: rate(150_000),
  },
  B3: {
    measure: () => steady({ agents: 10_000, groupsEach: 3, backlog: 100_000, load: 1, events: 300_000 }),
    atLeast: rate(100_000),
    atMost: { p99us: 50 },
  },
  // With B18: the memory of a million waiting.
  B4: {
    measure: () => steady({ agents: 50_000, groupsEach: 10, backlog: 1_000_000, load: 1, events: 300_000 }),
    atLeast: rate(60_000),
    atMost: { p99us: 100, p999us: 5000, megabytes: 1024 },
  },
  B5: {
    measure: () => steady({ agents: 50_000, groupsEach: 10, backlog: 0, load: 0.85, events: 200_000 }),
    atLeast: rate(40_000),
  },
  // B6, the cost of an event at 50,000 agents by that at 100, is computed from these two.
  'B6-small': { measure: () => steady({ agents: 100, groupsEach: 3, backlog: 200, load: 1, events: 300_000 }) },
  'B6-large': { measure: () => steady({ agents: 50_000, groupsEach: 3, backlog: 100_000, load: 1, events: 300_000 }) },
  B7: { measure: () => shiftStart(50_000, 1_000_000), atMost: { cpuSeconds: 5, longestMs: 20 } },
  B8: { measure: () => timerStorm(1_000_000), atMost: { cpuSeconds: 5, p99ms: 20 } },
  B9: {
    measure: () => requirementClasses(50_000, 500, 200_000),
    atLeast: rate(50_000),
    atMost: { newClassP99us: 2000 },
  },
}

/** How far the figures are from their goals: 1 is reached. */
function ratioOf(figures: Figures, { atLeast = {}, atMost = {} }: Scenario): number {
  const more = Object.entries(atLeast).map(([name, goal]) => (figures[name] ?? 0) / goal)
  const less = Object.entries(atMost).map(([name, goal]) => goal / (figures[name] ?? Number.POSITIVE_INFINITY))
  return Math.min(...more, ...less)
}

const [first, ...others] = process.argv.slice(2)
const alone = first === undefined || others.length > 0 ? undefined : SCENARIOS[first]
if (alone !== undefined) {
  const figures = alone.measure()
  const ratio = ratioOf(figures, alone)
  console.log(
    JSON.stringify({ name: `routing ${first}`, figures, baseline: { ...alone.atLeast, ...alone.atMost }, ratio }),
  )
} else {
  const chosen = Object.keys(SCENARIOS).filter((name) => first === undefined || [first, ...others].includes(name))
  const figures: Record<string, Figures> = {}
  const baseline: Record<string, Figures> = {}
  let ratio = Number.POSITIVE_INFINITY
  for (const name of chosen) {
    const child = spawnSync(process.execPath, [import.meta.filename, name], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    if (child.status !== 0) throw new Error(`${name} ended with ${child.status ?? child.signal}.`)
    const result = JSON.parse(child.stdout)
    console.log(name, JSON.stringify(result.figures))
    figures[name] = result.figures
    baseline[name] = result.baseline
    if (result.ratio !== null) ratio = Math.min(ratio, result.ratio)
  }
  const [small, large] = [figures['B6-small']?.eventsPerCpuSecond, figures['B6-large']?.eventsPerCpuSecond]
  if (small !== undefined && large !== undefined) {
    figures.B6 = { costRatio: Number((small / large).toFixed(2)) }
    baseline.B6 = { costRatio: 6 }
    ratio = Math.min(ratio, (6 * large) / small)
  }
  console.log(JSON.stringify({ name: 'routing', figures, baseline, ratio: Number(ratio.toFixed(2)) }))
}
