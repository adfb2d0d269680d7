/**
 * `npm test`: the checks, then every test. `npm test -- PATH…` runs only those tests and no check.
 *
 * Outside servers come from the environment: KAFKA_BROKERS, CHROMIUM (the system's, if it is where Debian puts it). Tests
 * whose server is absent are skipped and named at the end; `--no-skip` or TRIBUTARY_NO_SKIP=1 makes each of them a failure,
 * as in CI. The last line is `N passed, N failed, N skipped`.
 */
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { requireNode, root, show, tool, toolEnvironment } from './runtime.ts'
import { type Report, tally } from './test-report.ts'

requireNode()

const own = new Set(['--no-skip', '--no-check'])
const given = process.argv.slice(2)
const forwarded = given.filter((argument) => !own.has(argument))
const isNoSkip = given.includes('--no-skip') || process.env.TRIBUTARY_NO_SKIP === '1'
const isWhole = forwarded.every((argument) => argument.startsWith('-'))

const environment = toolEnvironment()
if (isNoSkip) environment.TRIBUTARY_NO_SKIP = '1'
if (!environment.CHROMIUM && existsSync('/usr/bin/chromium')) environment.CHROMIUM = '/usr/bin/chromium'

let failures = 0
if (isWhole && !given.includes('--no-check')) {
  const check = await show(process.execPath, [join(root, 'scripts/check.ts')], environment)
  if (check.code !== 0) failures += 1
}

const folder = await mkdtemp(join(tmpdir(), 'tributary-tests-'))
const file = join(folder, 'report.json')
try {
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
  const { code } = await show(tool('vitest'), ['run', ...reporters, ...forwarded], environment)
  const report = await readFile(file, 'utf8').then(
    (text) => JSON.parse(text) as Report,
    () => undefined,
  )
  const { passed, failed, skipped } = tally(report, root)
  for (const line of skipped) console.log(`skipped ${line}`)
  failures += failed
  // A run can fail without a failed test: an error outside any, or no report at all.
  if (code !== 0 && failed === 0) {
    console.log(`The test runner ended with code ${code}.`)
    failures += 1
  }
  if (isNoSkip && skipped.length > 0) console.log('Skipping is forbidden in this run.')
  if (failures > 0 || (isNoSkip && skipped.length > 0)) process.exitCode = 1
  console.log(`${passed} passed, ${failures} failed, ${skipped.length} skipped`)
} finally {
  await rm(folder, { recursive: true, force: true })
}
