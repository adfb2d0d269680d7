/** What comes all at once: everybody logs in, everything falls due, many kinds of requirements. */
import { apply, changes, createState } from '../../src/routing/engine.ts'
import type { Decision, EngineEvent } from '../../src/routing/model.ts'
import { CAPACITY, Centre, cpu, dice, median, memory, quantile } from './centre.ts'

const AT = 1_700_000_000_000

/** B7: so many agents log in onto a backlog, each is filled at once. */
export function shiftStart(agents: number, backlog: number) {
  const centre = new Centre({ agents, groupsEach: 10, backlog, load: 0 })
  centre.open()
  const { state } = centre
  for (const id of state.agents.keys()) {
    for (const item of state.agents.get(id)?.items.slice() ?? [])
      apply(state, { type: 'item.end', at: centre.at, itemId: item.id })
    apply(state, { type: 'agent.presence', at: centre.at, agentId: id, state: 'offline' })
  }
  while (state.items.size < backlog) centre.enqueue()
  changes(state)
  let longest = 0
  let offers = 0
  const before = cpu()
  for (const agentId of state.agents.keys()) {
    const start = performance.now()
    offers += apply(state, { type: 'agent.presence', at: centre.at, agentId, state: 'online' }).length
    longest = Math.max(longest, performance.now() - start)
  }
  return { cpuSeconds: round(cpu() - before), offers, longestMs: round(longest), ...memory() }
}

/** B8: timers of a million waiting items are due in one moment; in between others go on. */
export function timerStorm(items: number) {
  const state = createState('bench')
  const steps = [{}, { afterMs: 60_000, groupId: 'other' }]
  apply(state, { type: 'config.group', at: AT, group: { id: 'g', steps } })
  apply(state, { type: 'config.group', at: AT, group: { id: 'other' } })
  for (let i = 0; i < items; i++)
    apply(state, { type: 'item.enqueue', at: AT, itemId: `cnv_${i}`, groupId: 'g', medium: 'chat' })
  changes(state)
  const latencies: number[] = []
  const timed = (event: EngineEvent): Decision[] => {
    const start = performance.now()
    const decisions = apply(state, event)
    latencies.push(performance.now() - start)
    return decisions
  }
  const before = cpu()
  let slices = 0
  for (let more = true; more; slices++) {
    const tick = timed({ type: 'tick', at: AT + 60_000 })
    more = tick.at(-1)?.type === 'more'
    timed({ type: 'item.enqueue', at: AT + 60_000, itemId: `new_${slices}`, groupId: 'g', medium: 'chat' })
    changes(state)
  }
  const sorted = Float64Array.from(latencies).sort()
  return { cpuSeconds: round(cpu() - before), slices, p99ms: quantile(sorted, 0.99), ...memory() }
}

const SKILLS = ['s0', 's1', 's2', 's3', 's4']
const GROUPS = 50

/** B9: hundreds of different requirements over agents with five skills in five levels. */
export function requirementClasses(agents: number, classes: number, events: number) {
  const roll = dice(11)
  const state = createState('bench')
  for (let g = 0; g < GROUPS; g++)
    apply(state, { type: 'config.group', at: AT, group: { id: `g${g}`, acceptMode: 'auto', strategy: 'best-skill' } })
  for (let a = 0; a < agents; a++) {
    const skills = SKILLS.map((skill) => ({ skill, level: 1 + roll(5) }))
    const memberships = [{ groupId: `g${roll(GROUPS)}` }]
    apply(state, { type: 'config.agent', at: AT, agent: { id: `a${a}`, capacity: CAPACITY, memberships, skills } })
    apply(state, { type: 'agent.presence', at: AT, agentId: `a${a}`, state: 'online' })
  }
  const kinds = Array.from({ length: classes }, () => ({
    groupId: `g${roll(GROUPS)}`,
    requirements: [0, 1, 2].map(() => ({ skill: SKILLS[roll(5)] as string, level: 2 + roll(4) })),
  }))
  let serial = 0
  const active: string[] = []
  const tell = (event: EngineEvent) => {
    for (const decision of apply(state, event)) if (decision.type === 'assign') active.push(decision.itemId)
  }
  const enqueue = (kind: (typeof kinds)[number]) =>
    tell({ type: 'item.enqueue', at: AT, itemId: `c${serial++}`, medium: 'chat', ...kind })
  const firsts = kinds.map((kind) => {
    const start = performance.now()
    enqueue(kind)
    return performance.now() - start
  })
  const any = () => kinds[roll(classes)] as (typeof kinds)[number]
  for (let i = 0; i < agents / 5; i++) enqueue(any())
  const rates = [0, 1, 2].map(() => {
    const before = cpu()
    for (let i = 0; i < events; i += 2) {
      enqueue(any())
      const index = roll(active.length)
      const itemId = active[index] as string
      active[index] = active.at(-1) as string
      active.pop()
      tell({ type: 'item.end', at: AT, itemId })
      if (i % 500 === 0) changes(state)
    }
    return events / (cpu() - before)
  })
  const sorted = Float64Array.from(firsts, (ms) => ms * 1000).sort()
  return {
    eventsPerCpuSecond: Math.round(median(rates)),
    newClassP50us: quantile(sorted, 0.5),
    newClassP99us: quantile(sorted, 0.99),
    ...memory(),
  }
}

function round(seconds: number): number {
  return Number(seconds.toFixed(2))
}
