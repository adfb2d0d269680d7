/** Optimistic concurrency: whoever changes a row says which version of it they have seen. */
import { Fault } from '../platform/errors.ts'

/** Call under the row's lock. Faults with `version-stale` when somebody else was faster; undefined asks for nothing. */
export function requireVersion(present: number, expected: number | undefined): void {
  if (expected !== undefined && expected !== present) {
    throw new Fault('stale', 'version-stale', 'It was changed in the meantime; read it again.')
  }
}
