/** Statements of one transaction that travel together. */

/**
 * Waits for all of them, also where one fails, so that none goes on once the transaction is over; then rejects with the failure that
 * stands first among them.
 */
export async function together<T extends readonly unknown[] | []>(
  parts: T,
): Promise<{ -readonly [Part in keyof T]: Awaited<T[Part]> }> {
  const settled = await Promise.allSettled(parts)
  for (const one of settled) if (one.status === 'rejected') throw one.reason
  return settled.map((one) => (one.status === 'fulfilled' ? one.value : undefined)) as {
    -readonly [Part in keyof T]: Awaited<T[Part]>
  }
}
