import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, onTestFinished, test } from 'vitest'
import { armCrash, crashPoint, crashPoints } from '../../../src/core/platform/crash-points.ts'
import { root } from '../laws/source-files.ts'

afterEach(() => armCrash(undefined))

/** How a process ends that passes crash points: what it said before, what it left in the log, the signal. */
async function endOf(at: string, passes: readonly string[]) {
  const directory = mkdtempSync(join(tmpdir(), 'tributary-crash-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const log = join(directory, 'crashes')
  const program = `
    import { writeSync } from 'node:fs'
    import { armCrash, crashPoint } from '${root}/src/core/platform/crash-points.ts'
    armCrash('${at}', '${log}')
    for (const point of ${JSON.stringify(passes)}) { writeSync(1, point + '\\n'); crashPoint(point) }
    writeSync(1, 'alive\\n')`
  const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', program]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk
  })
  const signal = await new Promise<string | null>((resolve) => child.on('close', (_, by) => resolve(by)))
  let crashes = ''
  try {
    crashes = readFileSync(log, 'utf8')
  } catch {
    // It passed by.
  }
  return { signal, said: said.trim().split('\n'), crashes }
}

test('a process dies at the point that is armed, at once, and leaves its name', async () => {
  const passes = ['relay:before-commit', 'relay:before-publish', 'relay:before-advance']
  expect(await endOf('relay:before-publish', passes)).toEqual({
    signal: 'SIGKILL',
    said: passes.slice(0, 2),
    crashes: 'relay:before-publish\n',
  })
})

test('it dies the nth time it comes by, and not before', async () => {
  const passes = ['dispatch:before-send', 'dispatch:after-send', 'dispatch:before-send', 'dispatch:before-send']
  expect(await endOf('dispatch:before-send:3', passes)).toMatchObject({ signal: 'SIGKILL', said: passes })
  expect(await endOf('dispatch:before-send:4', passes)).toMatchObject({
    signal: null,
    said: [...passes, 'alive'],
    crashes: '',
  })
})

test('a name that is not known is refused, and nothing is armed', () => {
  for (const name of [
    'nowhere',
    'ingest',
    'ingest:',
    'ingest:before',
    'ingest:before-commit:',
    'ingest:before-commit:x',
    ':3',
  ]) {
    expect(() => armCrash(name)).toThrow(/no crash point/)
  }
  for (const point of crashPoints) crashPoint(point)
})

test('disarmed, every point is passed by', () => {
  armCrash('ingest:before-commit')
  armCrash('')
  crashPoint('ingest:before-commit')
  armCrash('ingest:before-commit')
  armCrash(undefined)
  for (const point of crashPoints) crashPoint(point)
})
