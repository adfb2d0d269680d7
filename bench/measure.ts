/** Reading clocks: percentiles, processor time of processes, the machine's pressure. Linux. */
import { readdir, readFile } from 'node:fs/promises'

/** The value below which that share of the values lies; 0 of none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? 0
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2
}

export function round(value: number, digits = 0): number {
  return Number(value.toFixed(digits))
}

/** Clock ticks of the kernel's accounting: 100 a second on every Linux that Node runs on. */
const ticksPerSecond = 100

interface Accounting {
  readonly parent: number
  readonly ownTicks: number
  /** Of children that have ended and were waited for. */
  readonly endedTicks: number
}

/** Processor seconds that a process and its children have used, ended children included; 0 when it is not there. */
export async function cpuSeconds(pid: number): Promise<number> {
  const all = new Map<number, Accounting>()
  for (const entry of await readdir('/proc')) {
    const read = /^\d+$/.test(entry) ? await accounting(entry) : undefined
    if (read !== undefined) all.set(Number(entry), read)
  }
  const ticks = (of: number): number => {
    const own = all.get(of)
    if (own === undefined) return 0
    const children = [...all].filter(([, { parent }]) => parent === of).map(([child]) => ticks(child))
    return own.ownTicks + own.endedTicks + children.reduce((sum, one) => sum + one, 0)
  }
  return ticks(pid) / ticksPerSecond
}

/** https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html: ppid 4, utime 14, stime 15, cutime 16, cstime 17. */
async function accounting(pid: string): Promise<Accounting | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  const fields = text
    ?.slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number)
  if (fields === undefined) return undefined
  const [, parent = 0] = fields
  const [utime = 0, stime = 0, cutime = 0, cstime = 0] = fields.slice(11, 15)
  return { parent, ownTicks: utime + stime, endedTicks: cutime + cstime }
}

/** Bytes that a process holds resident; 0 when it is not there. https://man7.org/linux/man-pages/man5/proc_pid_status.5.html */
export async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024
}

/** Share of the last ten seconds in which something waited for a processor, in percent; 0 where the kernel does not say. */
export async function cpuPressure(): Promise<number> {
  const text = await readFile('/proc/pressure/cpu', 'utf8').catch(() => '')
  return Number(/some avg10=([\d.]+)/.exec(text)?.[1] ?? 0)
}

/** Waits until the machine is quiet, at most `patienceSeconds`; answers with the pressure that is left. */
export async function quiet(below = 35, patienceSeconds = 60): Promise<number> {
  for (let waited = 0; ; waited += 1) {
    const pressure = await cpuPressure()
    if (pressure < below || waited >= patienceSeconds) return pressure
    await new Promise((resolve) => setTimeout(resolve, 1000))
  }
}
