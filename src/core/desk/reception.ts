/**
 * The reception: what the hub does by itself in conversations, moved by what happened in them (the topic `domain`). It greets, says that it is
 * closed, that nobody is there or how many are before; it sets the timers of silence, says goodbye, and has written down what was spoken. Position and effects are one transaction,
 * so each is done once.
 */
import { type LockedConversation, lockConversation } from '../conversations/conversations.ts'
import { lookAtParked, parkedRound, reviewParked } from '../conversations/parking.ts'
import { rulesOf } from '../conversations/reception-rules.ts'
import { sayText } from '../conversations/saying.ts'
import type { Bus } from '../events/bus.ts'
import type { EventData } from '../events/catalogue.ts'
import { Consumer } from '../events/consumer.ts'
import type { EventRecord } from '../events/event-record.ts'
import type { Database, TenantTx, Tx } from '../platform/database.ts'
import { type Job, type JobHandler, jobKind, onJob, schedule } from '../platform/jobs.ts'
import type { Logger } from '../platform/log.ts'
import type { Wake } from '../platform/wake.ts'
import { hoursOf } from '../tenancy/calendars.ts'
import { stateAt } from '../tenancy/hours.ts'
import { isSomebodyOnDuty } from '../tenancy/presences.ts'
import { requestSatisfaction } from './satisfaction.ts'
import { awaitAgent, awaitCustomer, type HandBack, silenceJobs } from './silence.ts'
import { orderTranscripts } from './transcripts.ts'

const heard = new Set([
  'conversation.opened',
  'conversation.reopened',
  'conversation.queued',
  'conversation.assigned',
  'conversation.closed',
  'message.created',
  'satisfaction.requested',
])

/** How customers are asked for a score. */
export interface Asking {
  /** The address of the page on which a request is answered. */
  link(tenantId: string, satisfactionId: string): string
  /** Kinds of channel whose own program asks them, so that no link has to be sent. */
  readonly kindsThatAsk: readonly string[]
}

const stillWaiting = jobKind<{ occasion: string }>('still-waiting')

/** A hub that was down for longer does not welcome people afterwards. */
const lateMs = 600_000

/** Follows a batch of events of any tenants, at the moment `now` in ms. Locks the conversations that they speak of, ids ascending. */
export async function attend(tx: Tx, records: readonly EventRecord[], now: number, asking: Asking): Promise<void> {
  const chosen = await whoHasChosen(tx, records)
  const told = records.filter(({ event }) => heard.has(event.type) && chosen.has(event.tenantid))
  const tenantOf = new Map(told.map(({ event }) => [event.subject, event.tenantid]))
  const locked = new Map<string, LockedConversation>()
  for (const [id, tenantId] of [...tenantOf].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const row = await lockConversation(tx, tenantId, id)
    if (row !== undefined) locked.set(id, row)
  }
  for (const { event } of told) {
    const conversation = locked.get(event.subject)
    if (conversation === undefined) continue
    const { tenantid: tenantId, type, data } = event
    const isLate = now - Date.parse(event.time) > lateMs
    locked.set(event.subject, await follow({ ...tx, tenantId }, conversation, type, data, isLate, asking))
  }
  const ofHours = records.filter(({ event }) => event.type.startsWith('calendar.'))
  for (const tenantId of [...new Set(ofHours.map(({ event }) => event.tenantid))].sort()) {
    await reviewParked({ ...tx, tenantId })
  }
}

/** Tenants of these events who have said anything of texts, rules or hours: for all others there is nothing to do. */
async function whoHasChosen(tx: Tx, records: readonly EventRecord[]): Promise<ReadonlySet<string>> {
  const tenants = [...new Set(records.filter(({ event }) => heard.has(event.type)).map(({ event }) => event.tenantid))]
  if (tenants.length === 0) return new Set()
  const rows = await tx.query<{ id: string }>(
    `select id from unnest($1::text[]) as u (id)
      where exists (select from texts t where t.tenant_id = id) or exists (select from reception_rules r where r.tenant_id = id)
         or exists (select from calendar_assignments a where a.tenant_id = id)`,
    tenants,
  )
  const asked = records.filter(({ event }) => event.type === 'satisfaction.requested')
  return new Set([...rows.map(({ id }) => id), ...asked.map(({ event }) => event.tenantid)])
}

/** Does what one event calls for, as the conversation is now; answers with it as it is then. */
async function follow(
  tx: TenantTx,
  conversation: LockedConversation,
  type: string,
  data: unknown,
  isLate: boolean,
  asking: Asking,
): Promise<LockedConversation> {
  switch (type) {
    case 'conversation.opened':
      return isLate ? conversation : welcome(tx, conversation)
    case 'conversation.reopened':
      return isLate ? conversation : sayParked(tx, conversation)
    case 'conversation.queued':
      if (!isLate) await lookLater(tx, conversation)
      return conversation
    case 'conversation.assigned':
      return handOver(tx, conversation, data as EventData<'conversation.assigned'>, isLate)
    case 'conversation.closed':
      return farewell(tx, conversation)
    case 'satisfaction.requested':
      return sendLink(tx, conversation, (data as EventData<'satisfaction.requested'>).satisfaction.id, asking)
    default:
      return listen(tx, conversation, data as EventData<'message.created'>, isLate)
  }
}

async function welcome(tx: TenantTx, conversation: LockedConversation): Promise<LockedConversation> {
  // One that an agent opened to say something, or that is over already.
  if (conversation.waitingSince === null) return conversation
  return sayParked(tx, await sayText(tx, conversation, { kind: 'greeting', occasion: 'greeting' }))
}

async function sayParked(tx: TenantTx, conversation: LockedConversation): Promise<LockedConversation> {
  if (conversation.status !== 'open' || conversation.parkedAt === null) return conversation
  return sayClosed(tx, conversation, conversation.parkedUntil?.getTime() ?? null)
}

/** Has it looked at whether they still wait in a moment: most do not. */
async function lookLater(tx: TenantTx, conversation: LockedConversation): Promise<void> {
  if (conversation.status !== 'open' || conversation.heldBy !== 'queue') return
  const told = await tx.maybe(
    `select 1 from texts where tenant_id = $1 and kind in ('waiting', 'nobody-on-duty') limit 1`,
    tx.tenantId,
  )
  if (told === undefined) return
  const { waitingAfterSeconds } = await rulesOf(tx, tx.tenantId, conversation.channelId)
  await schedule(tx, {
    kind: stillWaiting,
    key: conversation.id,
    afterMs: waitingAfterSeconds * 1000,
    data: { occasion: `waiting/${conversation.reopened}` },
    keep: true,
  })
}

/** Once for each time that it is closed. */
function sayClosed(
  tx: TenantTx,
  conversation: LockedConversation,
  opensAt: number | null,
): Promise<LockedConversation> {
  return sayText(tx, conversation, {
    kind: 'off-hours',
    occasion: `off-hours/${opensAt ?? conversation.reopened}`,
    opensAt,
  })
}

async function handOver(
  tx: TenantTx,
  conversation: LockedConversation,
  { conversation: then, previousAssigneeId }: EventData<'conversation.assigned'>,
  isLate: boolean,
): Promise<LockedConversation> {
  const { assigneeId } = conversation
  if (conversation.heldBy !== 'agent' || assigneeId === null || assigneeId !== then.assigneeId) return conversation
  if (conversation.waitingSince === null) return conversation
  await awaitAgent(tx, conversation.id, await rulesOf(tx, tx.tenantId, conversation.channelId))
  if (isLate || assigneeId === previousAssigneeId) return conversation
  const member = await tx.maybe<{ id: string; name: string; number: string | null }>(
    'select id, name, number from members where tenant_id = $1 and id = $2',
    tx.tenantId,
    assigneeId,
  )
  if (member === undefined) return conversation
  const occasion = `agent-greeting/${assigneeId}/${conversation.reopened}`
  return sayText(tx, conversation, { kind: 'agent-greeting', occasion, member })
}

/** Somebody said something: from now on it is the other side's turn. */
async function listen(
  tx: TenantTx,
  conversation: LockedConversation,
  { message }: EventData<'message.created'>,
  isLate: boolean,
): Promise<LockedConversation> {
  const { direction, author } = message
  if (direction === 'note' || author.kind === 'system' || conversation.status !== 'open') return conversation
  if (conversation.heldBy === 'agent') {
    const rules = await rulesOf(tx, tx.tenantId, conversation.channelId)
    await (direction === 'in' ? awaitAgent : awaitCustomer)(tx, conversation.id, rules)
    return conversation
  }
  if (isLate || direction !== 'in' || conversation.heldBy !== 'queue') return conversation
  const { channelId, groupId } = conversation
  const [hours] = await hoursOf(tx, [{ tenantId: tx.tenantId, channelId, groupId }])
  const state = hours === undefined ? undefined : stateAt(hours, Date.parse(message.createdAt))
  return state === undefined || state.open ? conversation : sayClosed(tx, conversation, state.opensAt)
}

/** A goodbye that nobody wrote is said only where no agent could have said one. Who was served is asked how, where a rule says so. */
async function farewell(tx: TenantTx, conversation: LockedConversation): Promise<LockedConversation> {
  if (conversation.status !== 'closed') return conversation
  const byRule = conversation.closedBy?.startsWith('system:') ?? false
  const occasion = `closing/${conversation.reopened}`
  const after = await sayText(tx, conversation, { kind: 'closing', occasion, ...(!byRule && { written: true }) })
  if (after.assigneeId === null || after.firstAnswerAt === null) return after
  const { satisfaction } = await rulesOf(tx, tx.tenantId, after.channelId)
  if (satisfaction.ask === 'on-close') await requestSatisfaction(tx, after, 'system:on-close')
  return after
}

async function sendLink(
  tx: TenantTx,
  conversation: LockedConversation,
  satisfactionId: string,
  asking: Asking,
): Promise<LockedConversation> {
  const channel = await tx.maybe<{ kind: string }>(
    'select kind from channels where tenant_id = $1 and id = $2',
    tx.tenantId,
    conversation.channelId,
  )
  if (channel === undefined || asking.kindsThatAsk.includes(channel.kind)) return conversation
  const link = asking.link(tx.tenantId, satisfactionId)
  return sayText(tx, conversation, { kind: 'satisfaction', occasion: 'satisfaction', link })
}

/** They have waited for a moment and nobody took it: tell them how many are before, or that nobody is there. */
export async function tellWaiting(
  tx: TenantTx,
  { key, data }: Pick<Job<{ occasion: string }>, 'key' | 'data'>,
): Promise<undefined> {
  const conversation = await lockConversation(tx, tx.tenantId, key)
  if (conversation?.status !== 'open' || conversation.heldBy !== 'queue' || conversation.parkedAt !== null)
    return undefined
  const isThere = await isSomebodyOnDuty(tx, conversation.groupId)
  await sayText(tx, conversation, { kind: isThere ? 'waiting' : 'nobody-on-duty', occasion: data.occasion })
  return undefined
}

/** What the reception has to do at some moment. */
export function receptionJobs(handBack: HandBack): JobHandler[] {
  return [
    onJob({ kind: parkedRound, atOnce: 1, run: lookAtParked }),
    onJob({ kind: stillWaiting, run: tellWaiting }),
    ...silenceJobs(handBack),
  ]
}

export interface ReceptionParts extends Asking {
  readonly db: Database
  readonly bus: Bus
  readonly wake: Wake
  /** This process, unlike any other, also after a restart. */
  readonly owner: string
  readonly log: Logger
}

/** The consumer of `domain` that attends; not started. */
export function openReception(parts: ReceptionParts): Consumer {
  return new Consumer({
    ...parts,
    group: 'reception',
    topic: 'domain',
    maxRecords: 200,
    together: true,
    async apply(tx, records) {
      await attend(tx, records, Date.now(), parts)
      await orderTranscripts(tx, records)
      tx.afterCommit(() => {
        parts.wake.hint('outbox')
        parts.wake.hint('deliveries')
      })
    },
  })
}
