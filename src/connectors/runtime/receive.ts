/** The door by which everything comes in that somebody outside said: connectors, their hooks, and visitors of web chat. */
import { createHash } from 'node:crypto'
import { checkInbound, maxInboundBytes } from '../../core/conversations/inbound.ts'
import type { Inbound } from '../../core/conversations/model.ts'
import type { Bus, LogRecord } from '../../core/events/bus.ts'
import { encodeEvent, envelope } from '../../core/events/envelope.ts'
import { Fault } from '../../core/platform/errors.ts'
import { storable } from '../../core/platform/text.ts'

/** Whose channel it is: from its row, never from what an event says. */
export interface ReceivingChannel {
  readonly tenantId: string
  readonly channelId: string
}

export const inboundTopic = 'inbound'

/**
 * Appends the events to the log, in their order for each peer, and resolves once all are durable: only then may anybody be
 * told so. All or none are accepted by form; a rejected append may have happened, so hand the same events in again.
 * Text is made storable first. Faults: `inbound-invalid` (names the field), `inbound-too-large`, `log-unavailable`.
 */
export async function receiveInbound(bus: Bus, channel: ReceivingChannel, events: readonly Inbound[]): Promise<void> {
  if (events.length === 0) return
  await bus.publish(
    inboundTopic,
    events.map((event) => recordOf(channel, event)),
  )
}

/** What the hub never takes, however often it is handed in. */
export interface LeftOut {
  readonly event: Inbound
  readonly fault: Fault
}

/**
 * The same for what waits behind each other at a platform: an event that is not taken by its form is left out and answered, so that it holds
 * nothing up. Faults: `log-unavailable`.
 */
export async function receiveWhatFits(
  bus: Bus,
  channel: ReceivingChannel,
  events: readonly Inbound[],
): Promise<LeftOut[]> {
  const records: LogRecord[] = []
  const left: LeftOut[] = []
  for (const event of events) {
    try {
      records.push(recordOf(channel, event))
    } catch (fault) {
      if (!(fault instanceof Fault)) throw fault
      left.push({ event, fault })
    }
  }
  if (records.length > 0) await bus.publish(inboundTopic, records)
  return left
}

function recordOf({ tenantId, channelId }: ReceivingChannel, given: Inbound): LogRecord {
  const checked = checkInbound(storable(given))
  const event = { ...checked, at: timeOf(checked.at) }
  const value = encodeEvent(
    envelope({
      // The same event handed in again is the same event: its key names it, within its source.
      id: event.key,
      source: `/channels/${channelId}`,
      type: `inbound.${event.kind}`,
      subject: channelId,
      time: event.at,
      tenantid: tenantId,
      actorid: channelId,
      data: event,
    }),
  )
  if (value.length > maxInboundBytes) {
    throw new Fault('too-large', 'inbound-too-large', `A message has at most ${maxInboundBytes / 1024} KB.`)
  }
  return { key: `${channelId}/${event.peer}`, value }
}

/** In UTC. What PostgreSQL or JavaScript cannot say (year 0, a 61st second) would stop its record later: refused here. */
function timeOf(at: string): string {
  const ms = Date.parse(at)
  if (ms >= 0) return new Date(ms).toISOString()
  const detail = 'must be a moment since 1970'
  throw new Fault('invalid', 'inbound-invalid', `What came in is not a message: /at ${detail}.`, {
    errors: [{ pointer: '/at', detail }],
  })
}

/** The event of a receipt. Its key is the same whenever the platform says the same again. */
export function receiptEvent(
  peer: string,
  externalId: string,
  state: 'delivered' | 'read' | 'failed',
  reason: string | undefined,
  at: Date,
): Inbound {
  const key = `receipt:${externalId}:${state}`
  return {
    kind: 'receipt',
    key: key.length <= 200 ? key : `receipt:${createHash('sha256').update(key).digest('base64url')}`,
    peer,
    at: at.toISOString(),
    externalId,
    state,
    ...(reason !== undefined && { reason: reason.slice(0, 1000) }),
  }
}
