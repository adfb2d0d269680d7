/** Steady traffic: one arrival, one acceptance, one end, and so on; rates for each CPU-second, latencies of single events. */
import { Centre, cpu, median, memory, quantile, type Size } from './centre.ts'

export interface Steady extends Size {
  readonly events: number
}

export function steady(size: Steady) {
  const centre = new Centre(size)
  centre.open()
  centre.run(Math.min(50_000, size.events / 4))
  const waiting = [...centre.state.items.values()].filter(({ state }) => state === 'waiting').length
  const rates: number[] = []
  for (let run = 0; run < 3; run++) {
    const before = cpu()
    const done = centre.events
    centre.run(size.events)
    rates.push((centre.events - done) / (cpu() - before))
  }
  centre.events = 0
  centre.latencies = new Float64Array(size.events)
  centre.run(size.events)
  const sorted = centre.latencies.sort()
  return {
    eventsPerCpuSecond: Math.round(median(rates)),
    waiting,
    p50us: quantile(sorted, 0.5),
    p99us: quantile(sorted, 0.99),
    p999us: quantile(sorted, 0.999),
    ...memory(),
  }
}
