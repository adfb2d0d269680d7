/**
 * `npm run conformance -- KIND`: the connector suite (test/conformance/connector.ts) for one kind, or for all without a
 * name. Needs no outside server: the embedded PostgreSQL is both store and log.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const [kind, ...rest] = process.argv.slice(2)

if (kind !== undefined && !existsSync(join(root, 'test/fakes', `${kind}.ts`))) {
  console.error(`There is no test/fakes/${kind}.ts: the far end that the suite speaks to (see test/fakes/far-end.ts).`)
  process.exit(2)
}

const vitest = join(root, 'node_modules/vitest/vitest.mjs')
const child = spawn(process.execPath, [vitest, 'run', 'test/conformance/connector.test.ts', ...rest], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, ...(kind !== undefined && { TRIBUTARY_CONFORMANCE_KIND: kind }) },
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal))
child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)))
