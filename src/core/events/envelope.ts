/**
 * Events as they travel: CloudEvents 1.0 in JSON, with the extensions `tenantid`, `actorid`, `causationid` and, for what
 * went through the feed, `position`. Frozen data; https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md
 */
import { Fault } from '../platform/errors.ts'

export interface CloudEvent<Data = unknown> {
  readonly specversion: '1.0'
  readonly id: string
  readonly source: string
  readonly type: string
  readonly subject: string
  readonly time: string
  readonly datacontenttype: 'application/json'
  readonly tenantid: string
  readonly actorid: string
  readonly causationid?: string
  /** Its place in the feed, ascending over the whole hub; absent on `inbound`. */
  readonly position?: number
  readonly data: Data
}

export type NewEvent<Data> = Omit<CloudEvent<Data>, 'specversion' | 'datacontenttype'>

export function envelope<Data>(event: NewEvent<Data>): CloudEvent<Data> {
  return Object.freeze({ specversion: '1.0', datacontenttype: 'application/json', ...event })
}

export function encodeEvent(event: CloudEvent): Buffer {
  return Buffer.from(JSON.stringify(event))
}

/** Reads what a log holds. Faults with `event-malformed` when it is not a CloudEvent of ours. */
export function decodeEvent(value: Buffer): CloudEvent {
  let parsed: unknown
  try {
    parsed = JSON.parse(value.toString('utf8'))
  } catch (cause) {
    throw new Fault('invalid', 'event-malformed', 'The record is not JSON.', { cause })
  }
  if (parsed === null || typeof parsed !== 'object' || Array.isArray(parsed)) throw malformed('an object')
  const event = parsed as Record<string, unknown>
  if (event.specversion !== '1.0') throw malformed('specversion 1.0')
  for (const name of ['id', 'source', 'type', 'subject', 'time', 'tenantid', 'actorid']) {
    if (typeof event[name] !== 'string') throw malformed(`the text ${name}`)
  }
  if (event.position !== undefined && !Number.isSafeInteger(event.position)) throw malformed('a whole position')
  if (event.data === null || typeof event.data !== 'object') throw malformed('data')
  return event as unknown as CloudEvent
}

function malformed(missing: string): Fault {
  return new Fault('invalid', 'event-malformed', `The record lacks ${missing}.`)
}
