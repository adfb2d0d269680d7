/** An event with its place in the log: what consumers apply. */
import type { StoredRecord } from './bus.ts'
import { type CloudEvent, decodeEvent } from './envelope.ts'

export interface EventRecord {
  readonly event: CloudEvent
  readonly key: string
  readonly partition: number
  readonly offset: number
}

/** Reads a record, or says why it is none of ours. */
export function decode(record: StoredRecord): { record?: EventRecord; error?: unknown } {
  try {
    const event = decodeEvent(record.value)
    return { record: { event, key: record.key, partition: record.partition, offset: record.offset } }
  } catch (error) {
    return { error }
  }
}
