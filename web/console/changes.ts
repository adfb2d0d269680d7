/** Changing records by the version that was seen, so that nobody's change is lost and nobody is stopped by another's elsewhere. */
import { asProblem } from '../api.ts'

interface Versioned {
  id: string
  version: number
}

const last = new Map<string, Promise<unknown>>()

/** One after the other for each id: a second change waits for the version that the first one makes. */
function inTurn<T>(id: string, act: () => Promise<T>): Promise<T> {
  const turn = (last.get(id) ?? Promise.resolve()).then(act, act)
  last.set(id, turn)
  return turn
}

export interface RecordChange<Record extends Versioned, Change extends object> {
  id: string
  /** What is to be different; as a function of the record where it holds whatever others did: one more tag, one less. */
  change: Change | ((record: Record) => Change)
  /** The record as it is on the page. */
  seen: () => Record | undefined
  /** Reads it anew, and puts it on the page. */
  reload: () => Promise<Record>
  /** Asks the hub for the change of that very version. Throws `Problem`. */
  send: (record: Record, change: Change) => Promise<unknown>
}

/**
 * Sends a change. Where somebody was faster (412) the record is read anew: what they left alone is changed all the same, and
 * where they changed the same thing, theirs stands on the page and the refusal is thrown: the person has to look again.
 */
export function changeRecord<Record extends Versioned, Change extends object>({
  id,
  change,
  seen,
  reload,
  send,
}: RecordChange<Record, Change>): Promise<void> {
  const before = seen()
  return inTurn(id, async () => {
    for (let attempts = 3; ; attempts--) {
      const record = seen()
      if (!record || !before) return
      try {
        await send(record, typeof change === 'function' ? change(record) : change)
        return
      } catch (error) {
        if (asProblem(error).code !== 'version-stale') throw error
        const now = await reload()
        if (attempts === 1 || (typeof change !== 'function' && isTouched(before, now, change))) throw error
      }
    }
  })
}

/** Whether what a change is about differs between two versions; members of records within are looked at one by one. */
export function isTouched(before: object, after: object, change: object): boolean {
  const of = (record: object, key: string): unknown => Object.entries(record).find(([name]) => name === key)?.[1]
  return Object.entries(change).some(([key, value]) => {
    const [was, is] = [of(before, key), of(after, key)]
    return isRecord(value) && isRecord(was) && isRecord(is)
      ? isTouched(was, is, value)
      : JSON.stringify(was) !== JSON.stringify(is)
  })
}

const isRecord = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
