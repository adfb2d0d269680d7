/** The routing engine alone; the scenarios and their figures stand in bench/routing.ts. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import type { BenchResult, Scenario } from '../scenario.ts'

export const scenario: Scenario = {
  name: 'routing',
  run({ say }) {
    // A process of its own, with nothing else in its memory.
    const child = spawn(process.execPath, [join(import.meta.dirname, '../routing.ts')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let last = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const lines = (last + text).split('\n')
      last = lines.pop() ?? ''
      for (const line of lines) {
        say(line)
        if (line.startsWith('{')) result = JSON.parse(line) as BenchResult
      }
    })
    let result: BenchResult | undefined
    return new Promise((resolve, reject) => {
      child.on('error', reject)
      child.on('close', (code) => {
        if (result === undefined) reject(new Error(`bench/routing.ts ended with ${code} and no result.`))
        else resolve({ figures: result.figures, baseline: result.baseline, ratio: result.ratio })
      })
    })
  },
}
