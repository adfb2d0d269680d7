/** SIPp, the far end of telephone calls: phones and trunks by scenario (test/sip). https://sipp.readthedocs.io */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freeUdpPort } from './udp-ports.ts'

const scenarios = join(import.meta.dirname, '../sip')

/** Where SIPp is (Debian's sip-tester); undefined where it is not. */
export const sippPath: string | undefined =
  process.env.SIPP || (existsSync('/usr/bin/sipp') ? '/usr/bin/sipp' : undefined)

export interface SippRun {
  /** Resolves once the scenario came to its end; rejects with what went wrong. */
  readonly done: Promise<void>
  readonly port: number
  stop(): void
}

export interface SippOptions {
  /** Where it calls or registers; a phone that waits needs none. */
  readonly target?: number
  /** Words of the scenario in square brackets. */
  readonly keys?: Readonly<Record<string, string | number>>
  readonly port?: number
  readonly transport?: 'udp' | 'tcp'
  /** Per cent of packets that get lost. */
  readonly lost?: number
  /** How many calls, and how many of them begin in a second. */
  readonly calls?: number
  readonly rate?: number
  /** How long it waits before it sends something a second time (RFC 3261's T1); 500 ms unless said. */
  readonly t1Ms?: number
}

/** Runs SIPp for the tests of one file. */
export class Sipp {
  readonly #folder = mkdtempSync(join(tmpdir(), 'tributary-sipp-'))
  readonly #running = new Set<ChildProcess>()

  /** A file of G.711 μ-law with so many seconds of a tone. */
  tone(hertz: number, seconds = 20): string {
    const path = join(this.#folder, `${hertz}.ulaw`)
    if (!existsSync(path)) {
      const samples = Array.from({ length: seconds * 8000 }, (_, n) =>
        muLaw(8000 * Math.sin((2 * Math.PI * hertz * n) / 8000)),
      )
      writeFileSync(path, Buffer.from(samples))
    }
    return path
  }

  /** Starts a scenario; resolves once it runs. */
  async run(scenario: string, options: SippOptions = {}): Promise<SippRun> {
    const { target, keys = {}, transport = 'udp', lost, calls = 1, rate, t1Ms = 500 } = options
    const port = options.port ?? (await freeUdpPort())
    // SIPp replaces words of its own alone in most places, so the file says them.
    let text = readFileSync(join(scenarios, `${scenario}.xml`), 'utf8')
    for (const [name, value] of Object.entries(keys)) text = text.replaceAll(`[${name}]`, String(value))
    text = text.replaceAll('retrans="500"', `retrans="${t1Ms}"`)
    const file = join(this.#folder, `${scenario}-${port}-${this.#running.size}.xml`)
    writeFileSync(file, text)
    // Video goes two above voice.
    const media = await freeUdpPort([2])
    const args = ['-sf', file, '-i', '127.0.0.1', '-p', String(port), '-mp', String(media), '-m', String(calls)]
    args.push(
      '-nostdin',
      '-timeout',
      '120',
      '-timeout_error',
      '-recv_timeout',
      '90000',
      '-trace_err',
      '-error_file',
      `${file}.log`,
    )
    args.push('-t', transport === 'tcp' ? 't1' : 'u1')
    if (lost !== undefined) args.push('-lost', String(lost))
    if (rate !== undefined) args.push('-r', String(rate))
    if (target !== undefined) args.push(`127.0.0.1:${target}`)
    const child = spawn(sippPath ?? 'sipp', args, { cwd: this.#folder, stdio: ['ignore', 'pipe', 'pipe'] })
    this.#running.add(child)
    let said = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (data) => {
        said = (said + data).slice(-4000)
      })
    }
    const done = new Promise<void>((resolve, reject) => {
      child.on('error', reject)
      child.on('exit', (code) => {
        this.#running.delete(child)
        const log = existsSync(`${file}.log`) ? readFileSync(`${file}.log`, 'utf8').slice(0, 4000) : said
        if (code === 0) resolve()
        else reject(new Error(`SIPp ${scenario} ended with ${code}: ${log}`))
      })
    })
    done.catch(() => {})
    return { done, port, stop: () => child.kill('SIGKILL') }
  }

  close(): void {
    for (const child of this.#running) child.kill('SIGKILL')
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** ITU-T G.711. */
function muLaw(sample: number): number {
  const sign = sample < 0 ? 0x80 : 0
  const magnitude = Math.min(Math.round(Math.abs(sample)), 32_635) + 0x84
  const exponent = 31 - Math.clz32(magnitude) - 7
  return ~(sign | (exponent << 4) | ((magnitude >> (exponent + 3)) & 0x0f)) & 0xff
}

/** How strong a tone is in samples, 0 to about 1 (Goertzel). */
export function strengthOf(hertz: number, samples: readonly number[], rate = 8000): number {
  const factor = 2 * Math.cos((2 * Math.PI * hertz) / rate)
  let [before, last] = [0, 0]
  let energy = 0
  for (const sample of samples) {
    const next = sample + factor * last - before
    before = last
    last = next
    energy += sample * sample
  }
  const power = last * last + before * before - factor * last * before
  return energy === 0 ? 0 : (2 * power) / (energy * samples.length)
}
