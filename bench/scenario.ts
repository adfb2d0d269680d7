/** What a scenario is given and what it answers with. */

export interface BenchOptions {
  readonly log: 'postgres' | 'kafka'
  readonly kafkaBrokers: readonly string[]
  /** How often subject and baseline are measured, in turn. */
  readonly rounds: number
  /** How long each measurement takes. */
  readonly seconds: number
  /** Tells whoever watches what goes on. */
  say(line: string): void
}

/** A figure's name carries its unit: `perSecond`, `p99Ms`, `cpuSeconds`. */
export type Figures = Readonly<Record<string, number | string | Readonly<Record<string, number>>>>

export interface BenchResult {
  readonly figures: Figures
  readonly baseline: Figures
  /** Subject over baseline, the median of the rounds. */
  readonly ratio: number
}

export interface Scenario {
  readonly name: string
  run(options: BenchOptions): Promise<BenchResult>
}
