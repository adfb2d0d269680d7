/**
 * Waits until `probe` holds: polls until it returns something other than undefined or false without throwing. Rejects
 * with the last error (or a plain one) after `timeoutMs`; asks every `everyMs`.
 */
export async function eventually<T>(
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  timeoutMs = 60_000,
  everyMs = 20,
): Promise<T> {
  const deadline = Date.now() + timeoutMs
  let last: unknown
  for (;;) {
    try {
      const value = await probe()
      if (value !== undefined && value !== false) return value
      last = undefined
    } catch (error) {
      last = error
    }
    if (Date.now() > deadline) throw last ?? new Error(`not reached within ${timeoutMs} ms: ${probe.toString()}`)
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  }
}
