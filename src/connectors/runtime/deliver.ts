/** One claimed delivery: rendered, sent, and what came of it recorded. */
import { readyFiles } from '../../core/conversations/files.ts'
import { type Delivery, moveLane, splitDelivery } from '../../core/conversations/lanes.ts'
import type { Outbound } from '../../core/conversations/model.ts'
import { spendTicket } from '../../core/conversations/reply-window.ts'
import { type Outcome, settleDelivery } from '../../core/conversations/settlement.ts'
import { crashPoint } from '../../core/platform/crash-points.ts'
import { type Database, isOutage, type Tx } from '../../core/platform/database.ts'
import type { Logger } from '../../core/platform/log.ts'
import type { Receipt } from '../contract.ts'
import type { Claimed } from './claims.ts'
import { type ChannelFileParts, linkOf } from './files.ts'
import { logFor } from './hub.ts'
import { render } from './render.ts'
import type { OpenChannel } from './supervisor.ts'
import { type Backoff, pause, pauseMs, within } from './timing.ts'
import { type Verdict, verdictOf } from './verdict.ts'

export interface DeliverParts extends Pick<ChannelFileParts, 'db' | 'vault' | 'publicUrl'> {
  readonly log: Logger
  /** Pauses between attempts of one message. */
  readonly backoff: Backoff
}

/** How long one send on that channel may take. */
export function sendTimeoutOf(channel: OpenChannel): number {
  return channel.served.kind.capabilities.sendTimeoutMs ?? 15_000
}

/**
 * Sends it, unless that could be a second time where the platform cannot tell. Resolves when the outcome is recorded, with
 * it, or when the claim is lost; never rejects.
 */
export async function deliver(
  parts: DeliverParts,
  channel: OpenChannel,
  claimed: Claimed,
): Promise<Verdict | undefined> {
  const log = logFor(parts.log, channel.served)
  const { delivery } = claimed
  try {
    const message = await prepare(parts, channel, claimed)
    if (message === undefined) return undefined
    const verdict = typeof message === 'string' ? refusals[message] : await attempt(parts, channel, claimed, message)
    await settle(parts.db, log, claimed, verdict)
    return verdict
  } catch (err) {
    log.error({ err, deliveryId: delivery.id, messageId: delivery.messageId }, 'a delivery could not be settled')
    return undefined
  }
}

/**
 * Gives back what was claimed and certainly not sent, to be claimed again after that time. Not for an expired claim: that it
 * may have been sent would be forgotten; such a one runs out again by itself. Never rejects.
 */
export async function handBack(parts: DeliverParts, claimed: Claimed, afterMs: number): Promise<void> {
  if (claimed.expired) return
  await settle(parts.db, parts.log, claimed, notSent(afterMs)).catch((err: unknown) =>
    parts.log.warn({ err, deliveryId: claimed.delivery.id }, 'a delivery could not be given back'),
  )
}

function notSent(afterMs: number): Verdict {
  return { outcome: { kind: 'retry', afterMs, failure: { code: 'not-sent', detail: 'It has not been sent yet.' } } }
}

const interrupted = {
  code: 'outcome-unknown',
  detail: 'The hub was interrupted while it was being sent; it may have arrived.',
}

/** What is not even tried. */
const refusals = {
  empty: failed('message-empty', 'Nothing of the message can be shown on this channel.'),
  'window-closed': failed('window-closed', 'The platform takes no answer until the customer has written again.'),
  unsure: { outcome: { kind: 'unknown', failure: interrupted } },
} as const satisfies Record<string, Verdict>

function failed(code: string, detail: string): Verdict {
  return { outcome: { kind: 'failed', failure: { code, detail } } }
}

/**
 * Renders it and finds it a ticket; a message that needs several native ones is split in its lane first. Undefined when the claim is lost.
 */
async function prepare(
  delivering: DeliverParts,
  channel: OpenChannel,
  { delivery, owner, expired }: Claimed,
): Promise<Outbound | keyof typeof refusals | undefined> {
  const { db } = delivering
  const linkTo = await linksOf(delivering, delivery)
  const pieces = render(delivery.parts, channel.served.kind.capabilities, { linkTo })
  let [parts] = pieces
  if (parts === undefined) return 'empty'
  if (delivery.piece > 0) parts = pieces.length > 1 ? [...delivery.parts] : parts
  else if (pieces.length > 1) {
    const held = await db.work(owner, [delivery.tenantId], (tx) => splitDelivery(tx, delivery, owner, pieces))
    if (!held) return undefined
  }
  const { tickets } = channel.served.kind.capabilities
  const ticket = tickets && (await db.work(owner, [delivery.tenantId], (tx) => spendTicket(tx, delivery, expired)))
  if (ticket === 'unsure') return 'unsure'
  if (tickets === 'needed' && ticket === undefined) return 'window-closed'
  const { authorName, authorNumber, replyTo, automatic } = delivery
  return {
    id: delivery.piece === 0 ? delivery.messageId : `${delivery.messageId}_${delivery.piece}`,
    attempt: delivery.attempts,
    peer: delivery.peer,
    conversationId: delivery.conversationId,
    messageId: delivery.messageId,
    parts,
    ...(replyTo !== null && { replyTo }),
    ...(automatic && { automatic }),
    ...(ticket !== undefined && { ticket }),
    author: {
      ...(authorName !== null && { name: authorName }),
      ...(authorNumber !== null && { number: authorNumber }),
    },
  }
}

/** Addresses for the files of a message, to be put into words where the channel cannot carry them. */
async function linksOf(
  parts: DeliverParts,
  { tenantId, channelId, parts: said }: Delivery,
): Promise<(blob: { readonly fileId?: string }) => string | undefined> {
  const ids = said.flatMap((part) => ('blob' in part ? (part.blob.fileId ?? []) : []))
  if (ids.length === 0) return () => undefined
  const files = await parts.db.work(channelId, [tenantId], (tx) => readyFiles(tx, tenantId, ids))
  return ({ fileId = '' }) => {
    const file = files.get(fileId)
    return file && linkOf(parts, tenantId, file)
  }
}

async function attempt(
  parts: DeliverParts,
  channel: OpenChannel,
  claimed: Claimed,
  message: Outbound,
): Promise<Verdict> {
  const { idempotency } = channel.served.kind.capabilities
  if (claimed.expired && idempotency !== 'native') {
    const found = idempotency === 'lookup' ? await reconcile(channel, message) : 'unknown'
    if (found === 'unknown') return { outcome: { kind: 'unknown', failure: interrupted } }
    if (found !== 'absent') return accepted(found, message)
  }
  const timeoutMs = sendTimeoutOf(channel)
  // Frozen for a while, or cut off from the database: another process may be about to take it over.
  if (!claimed.isHeld()) return notSent(1000)
  crashPoint('dispatch:before-send')
  try {
    const receipt = await within(timeoutMs, 'Sending', channel.connector.send(message))
    crashPoint('dispatch:after-send')
    return accepted(receipt, message)
  } catch (error) {
    return judge(parts, channel, claimed, message, error)
  }
}

async function judge(
  parts: DeliverParts,
  channel: OpenChannel,
  { delivery }: Claimed,
  message: Outbound,
  error: unknown,
): Promise<Verdict> {
  const verdict = verdictOf(error, {
    idempotency: channel.served.kind.capabilities.idempotency,
    pauseMs: pauseMs(delivery.attempts, parts.backoff),
    remainingMs: delivery.giveUpAt.getTime() - Date.now(),
    redactor: channel.served.redactor,
  })
  const { kind } = verdict.outcome
  const fields = { err: error, deliveryId: delivery.id, messageId: delivery.messageId, attempt: delivery.attempts }
  logFor(parts.log, channel.served).warn({ ...fields, outcome: kind }, 'a message was not taken')
  if (verdict.auth)
    channel.report({ state: 'degraded', detail: 'The platform refuses the credentials of the channel.' })
  if (verdict.reconcile !== true) return verdict
  const found = await reconcile(channel, message)
  if (found === 'unknown') return verdict
  if (found !== 'absent') return accepted(found, message)
  const failure = 'failure' in verdict.outcome ? verdict.outcome.failure : interrupted
  return { outcome: { kind: 'retry', afterMs: pauseMs(delivery.attempts, parts.backoff), failure } }
}

async function reconcile(channel: OpenChannel, message: Outbound): Promise<Receipt | 'absent' | 'unknown'> {
  const asked = channel.connector.reconcile?.(message)
  if (asked === undefined) return 'unknown'
  return within(sendTimeoutOf(channel), 'Asking', asked).catch(() => 'unknown')
}

function accepted(receipt: Receipt, message: Outbound): Verdict {
  const { externalId } = receipt
  const usable = typeof externalId === 'string' && externalId !== '' && externalId.length <= 255
  const state = receipt.state === 'delivered' ? 'delivered' : 'accepted'
  return { outcome: { kind: 'accepted', externalId: usable ? externalId : message.id, state } }
}

/** How long an outage of the database is waited out; then the claim has run out anyway. */
const settleMs = 30_000

/** Records the outcome, unless the claim has become somebody else's. */
async function settle(db: Database, log: Logger, claimed: Claimed, verdict: Verdict): Promise<void> {
  const { delivery, owner } = claimed
  const giveUpAt = performance.now() + settleMs
  const record = (outcome: Outcome) => async (tx: Tx) => {
    const held = await settleDelivery(tx, delivery, owner, outcome)
    if (held && verdict.movedTo !== undefined && verdict.movedTo !== delivery.peer) {
      await moveLane(tx, {
        tenantId: delivery.tenantId,
        channelId: delivery.channelId,
        from: delivery.peer,
        to: verdict.movedTo,
      })
    }
    return held
  }
  const never = new AbortController().signal
  for (let failures = 1; ; failures++) {
    try {
      const held = await db.work(owner, [delivery.tenantId], record(verdict.outcome))
      if (!held) {
        const fields = { deliveryId: delivery.id, messageId: delivery.messageId, outcome: verdict.outcome.kind }
        log.warn(fields, 'a delivery was taken over before its outcome was recorded')
      }
      crashPoint('dispatch:after-settle')
      return
    } catch (error) {
      if (!isOutage(error) || performance.now() > giveUpAt) throw error
      await pause(pauseMs(failures, { firstMs: 200, maxMs: 2000 }), never)
    }
  }
}
