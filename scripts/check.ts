/**
 * `npm run check`: everything that can be said of the code without running the hub. Types, lint and format, the laws of
 * the house (test/unit/laws), generated files. Ends with 1 when one of them fails.
 */
import { capture, requireNode, tool } from './runtime.ts'

requireNode()

interface Step {
  readonly name: string
  /** What mends most failures of it. */
  readonly mend: string
  readonly command: string
  readonly args: readonly string[]
}

const steps: readonly Step[] = [
  {
    name: 'types',
    mend: 'see tsconfig.json',
    command: tool('tsc'),
    args: ['-p', 'tsconfig.json', '--pretty', 'false'],
  },
  {
    name: 'lint and format',
    mend: 'npm run format mends most of it',
    command: tool('biome'),
    args: ['check', '--colors=off', '--max-diagnostics=40', '.'],
  },
  {
    name: 'laws',
    mend: 'each title says what must hold; ARCHITECTURE.md says why',
    command: tool('vitest'),
    args: ['run', 'test/unit/laws', '--reporter=default'],
  },
  {
    name: 'generated files',
    mend: 'npm run docs writes them anew',
    command: process.execPath,
    args: ['scripts/docs.ts', '--check'],
  },
]

const running = steps.map((step) => ({ step, outcome: capture(step.command, step.args) }))
const failed: string[] = []
for (const { step, outcome } of running) {
  const { code, output, seconds } = await outcome
  console.log(`${code === 0 ? 'ok    ' : 'FAILED'}  ${step.name} (${seconds.toFixed(1)} s)`)
  if (code === 0) continue
  failed.push(step.name)
  console.log(output.trimEnd().replace(/^/gm, '        '))
  console.log(`        → ${step.mend}`)
}
if (failed.length > 0) {
  console.log(`The checks failed: ${failed.join(', ')}.`)
  process.exitCode = 1
}
