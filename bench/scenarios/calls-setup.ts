/**
 * Calls set up and ended through the embedded signalling, with SIPp as callers and as the phone: two legs each, so eleven messages in and eleven
 * out. At a rate of calls that is given (60 a second, and twice that), without one that fails. The baseline is SIPp calling that phone itself;
 * the ratio is that of calls that came to their end. Two more figures: milliseconds of processor and kilobytes for a call that stands.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import { Sipp } from '../../test/support/sipp.ts'
import { freeUdpPort } from '../../test/support/udp-ports.ts'
import { cpuSeconds, median, residentBytes, round } from '../measure.ts'
import type { BenchOptions, Scenario } from '../scenario.ts'

const rates = [60, 120]
const talkMs = 2000

interface Run {
  readonly ended: number
  readonly failed: number
  readonly cpuMsPerCall: number
  readonly kilobytesPerCall: number
}

export const scenario: Scenario = {
  name: 'calls-setup',
  async run(options) {
    const figures: Record<string, number> = {}
    const baseline: Record<string, number> = {}
    const ratios: number[] = []
    for (const rate of rates) {
      const [through, straight]: [Run[], Run[]] = [[], []]
      for (let n = 0; n < options.rounds; n++) {
        through.push(await measure(options, rate, true))
        straight.push(await measure(options, rate, false))
      }
      const of = (runs: readonly Run[], pick: (run: Run) => number) => median(runs.map(pick))
      figures[`failedAt${rate}`] = Math.max(...through.map(({ failed }) => failed))
      figures[`cpuMsPerCallAt${rate}`] = round(
        of(through, ({ cpuMsPerCall }) => cpuMsPerCall),
        2,
      )
      figures[`kilobytesPerCallAt${rate}`] = round(of(through, ({ kilobytesPerCall }) => kilobytesPerCall))
      baseline[`failedAt${rate}`] = Math.max(...straight.map(({ failed }) => failed))
      ratios.push(...through.map(({ ended }, n) => ended / Math.max(1, straight[n]?.ended ?? 0)))
    }
    return { figures, baseline, ratio: round(median(ratios), 3) }
  },
}

async function measure({ seconds, say }: BenchOptions, rate: number, isThrough: boolean): Promise<Run> {
  const sipp = new Sipp()
  const [port, phonePort] = [await freeUdpPort(), await freeUdpPort()]
  const server = isThrough ? await answerer(port, phonePort) : undefined
  const calls = rate * seconds
  const silence = sipp.tone(0, 1)
  try {
    const phone = await sipp.run('phone', { port: phonePort, calls, keys: { ring: 0, tone: silence } })
    const pid = server?.pid ?? 0
    const [cpu, memory] = [await cpuSeconds(pid), await residentBytes(pid)]
    let most = memory
    const timer = setInterval(async () => {
      most = Math.max(most, await residentBytes(pid))
    }, 250)
    const keys = { number: 'phone', caller: 100, talk: talkMs, tone: silence }
    const caller = await sipp.run('caller', { target: isThrough ? port : phonePort, calls, rate, keys })
    const failed = await caller.done.then(
      () => 0,
      (error: Error) => {
        say(error.message.slice(0, 300))
        return 1
      },
    )
    clearInterval(timer)
    if (failed === 0) await phone.done
    const cpuMsPerCall = (((await cpuSeconds(pid)) - cpu) * 1000) / calls
    const kilobytesPerCall = (most - memory) / 1024 / (rate * (talkMs / 1000))
    say(
      `${isThrough ? 'through us' : 'straight'}, ${rate}/s, ${calls} calls: ${failed === 0 ? 'all ended' : 'failed'}, ${round(cpuMsPerCall, 2)} ms each`,
    )
    return { ended: failed === 0 ? calls : 0, failed, cpuMsPerCall, kilobytesPerCall }
  } finally {
    sipp.close()
    server?.disconnect()
  }
}

async function answerer(port: number, phonePort: number): Promise<ChildProcess> {
  const child = fork(join(import.meta.dirname, '../call-answerer.ts'), [String(port), String(phonePort)], {
    execArgv: [],
  })
  await new Promise((resolve) => child.once('message', resolve))
  return child
}
