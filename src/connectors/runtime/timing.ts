/** Waiting, with an end. */

/** Growing pauses between attempts: half of each is chance, so that many who fail together do not come back together. */
export interface Backoff {
  readonly firstMs: number
  readonly maxMs: number
}

/** The pause after that many failures (from 1). */
export function pauseMs(failures: number, { firstMs, maxMs }: Backoff, random: () => number = Math.random): number {
  const whole = Math.min(maxMs, firstMs * 2 ** Math.min(30, failures - 1))
  return Math.round(whole / 2 + (random() * whole) / 2)
}

/** Resolves after that time, or at once when the signal aborts. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done)
    if (signal.aborted) done()
  })
}

export class TimedOut extends Error {
  constructor(what: string, ms: number) {
    super(`${what} took longer than ${ms} ms.`)
    this.name = 'TimedOut'
  }
}

/** What `work` resolves to, or a TimedOut; work that is late goes on unheard. */
export async function within<T>(ms: number, what: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TimedOut(what, ms)), ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
