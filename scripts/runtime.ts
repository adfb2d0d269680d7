/** What the scripts stand on: the repository's folder, its tools, and the Node that must run them. */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

export const root = join(import.meta.dirname, '..')

/** Ends the process with a plain sentence unless this Node is new enough. npm scripts find the right one by themselves. */
export function requireNode(major = 24): void {
  if (Number(process.versions.node.split('.')[0]) >= major) return
  console.error(
    `Node ${major} or newer is needed; this is ${process.version}. Use the npm scripts (npm test, npm run check), which ` +
      `find the Node that npm ci installs on Linux, or install Node ${major}.`,
  )
  process.exit(1)
}

/** A program of node_modules/.bin; faults when `npm ci` has not been run. */
export function tool(name: string): string {
  const path = join(root, 'node_modules', '.bin', name)
  if (!existsSync(path)) throw new Error(`${name} is not installed: run npm ci first.`)
  return path
}

/** The environment with node_modules/.bin first, so that every tool runs on the Node of this process. */
export function toolEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: [join(root, 'node_modules', '.bin'), process.env.PATH ?? ''].join(delimiter) }
}

export interface Outcome {
  readonly code: number
  readonly output: string
  readonly seconds: number
}

/** Runs a program to its end and keeps what it says, both streams in one. */
export function capture(command: string, args: readonly string[]): Promise<Outcome> {
  return run(command, args, { ...toolEnvironment(), FORCE_COLOR: '0', NO_COLOR: '1' }, 'pipe')
}

/** Runs a program to its end on this terminal. */
export function show(command: string, args: readonly string[], environment: NodeJS.ProcessEnv): Promise<Outcome> {
  return run(command, args, environment, 'inherit')
}

function run(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  stdout: 'pipe' | 'inherit',
): Promise<Outcome> {
  const begun = performance.now()
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, env, stdio: ['ignore', stdout, stdout] })
    const said: string[] = []
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => said.push(text))
    }
    // Ctrl-C reaches the child by itself; it only must not end us before the child has cleaned up.
    const wait = () => undefined
    const forward = (signal: NodeJS.Signals) => child.kill(signal)
    process.on('SIGINT', wait).on('SIGTERM', forward)
    child.on('error', reject)
    child.on('close', (code) => {
      process.off('SIGINT', wait).off('SIGTERM', forward)
      resolve({ code: code ?? 1, output: said.join(''), seconds: (performance.now() - begun) / 1000 })
    })
  })
}
