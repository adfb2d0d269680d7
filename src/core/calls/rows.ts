/** Rows of calls, and how the API and events show them. */
import type { Audience } from '../conversations/rows.ts'
import type { Call, CallConsult, CallLookup } from '../events/call-shapes.ts'
import { type AgentLeg, type CallRecord, type Consulted, consultedOf, talkingLeg } from './machine.ts'
import { type TalkVoices, toVoices } from './voices.ts'

export interface CallRow extends Audience {
  readonly id: string
  readonly conversationId: string
  readonly channelId: string
  readonly direction: Call['direction']
  readonly number: string
  readonly address: string | null
  readonly dialled: string
  readonly region: string | null
  readonly lookup: CallLookup | null
  readonly record: CallRecord
  readonly recordings: Call['recordings']
  readonly voices: readonly TalkVoices[]
  /** Whoever had its conversation last: until when, in ms; null: still. Not read for events, nor there for what routing never gave away. */
  readonly held?: { readonly memberId: string; readonly until: number | null } | null
}

const columnsWith = (ofRecording: string): string =>
  `k.id, k.conversation_id, c.contact_id, k.channel_id, k.direction, k.number, k.address, k.dialled, k.region, k.lookup, k.record,
  c.held_by, c.group_id, c.assignee_id, c.participant_ids,
  coalesce((select jsonb_agg(jsonb_build_object('fileId', r.file_id, 'segment', r.segment, 'durationMs', r.duration_ms) ${ofRecording}
                             order by r.segment) from call_recordings r where r.tenant_id = k.tenant_id and r.call_id = k.id), '[]') as recordings,
  coalesce((select jsonb_agg(jsonb_build_object('segment', v.segment, 'durationMs', v.duration_ms, 'caller', v.caller, 'agent', v.agent) order by v.segment)
     from call_voices v where v.tenant_id = k.tenant_id and v.call_id = k.id), '[]') as voices`

/** The columns that make a CallRow, of `calls` under the alias `k` with its conversation `c`. */
export const callColumns = columnsWith('')

/** The same with what was said, for answers alone: an event would keep it longer than its message. */
export const readCallColumns = `${columnsWith(`|| coalesce((
  select jsonb_strip_nulls(jsonb_build_object('transcript', part -> 'transcript'))
    from files f join messages m on m.tenant_id = f.tenant_id and m.id = f.message_id cross join jsonb_array_elements(m.parts) part
   where f.tenant_id = r.tenant_id and f.id = r.file_id and part #>> '{blob,fileId}' = r.file_id limit 1), '{}')`)},
  (select jsonb_build_object('memberId', a.agent_id, 'until', floor(extract(epoch from a.ended_at) * 1000)) from assignments a
    where a.tenant_id = k.tenant_id and a.conversation_id = k.conversation_id order by a.id desc limit 1) as held`

/** With the conversation of each. */
export const callsTable = `calls k join conversations c on c.tenant_id = k.tenant_id and c.id = k.conversation_id`

/** A call as it is shown; `now` in ms is for what goes on still. */
export function toCall(row: CallRow, now: number): Call {
  const { record } = row
  const spoke = record.legs.filter(({ answeredAt }) => answeredAt !== null)
  return {
    id: row.id,
    conversationId: row.conversationId,
    contactId: row.contactId,
    channelId: row.channelId,
    direction: row.direction,
    number: row.number,
    address: row.address,
    dialled: row.dialled,
    ...(row.region !== null && { region: row.region }),
    ...(row.lookup !== null && { lookup: row.lookup }),
    state: record.state,
    end: record.end,
    endedBy: record.endedBy,
    detail: record.detail,
    agentId: (talkingLeg(record) ?? spoke.at(-1))?.memberId ?? null,
    startedAt: timeOf(record.startedAt),
    queuedAt: maybeTime(record.queuedAt),
    answeredAt: maybeTime(record.answeredAt),
    endedAt: maybeTime(record.endedAt),
    waitMs: between(record.queuedAt, record.answeredAt ?? record.endedAt ?? now),
    talkMs: spoke.reduce((sum, leg) => sum + between(talksSince(leg), leg.endedAt ?? now), 0),
    heldMs: record.heldMs + between(record.heldSince, now),
    ...wrapUpOf(row, spoke.at(-1), now),
    ...(record.muted && { muted: true }),
    ...(record.score !== undefined && { score: record.score }),
    legs: record.legs.map(toLeg),
    consults: consultsOf(record).map(toConsult),
    recordings: row.recordings,
    voices: row.voices.map(toVoices),
  }
}

function talksSince({ answeredAt, connectedAt = answeredAt }: AgentLeg): number | null {
  return connectedAt
}

/** How long whoever had the caller last was not free yet. */
function wrapUpOf({ held, record }: CallRow, last: AgentLeg | undefined, now: number): Pick<Call, 'wrapUpMs'> {
  const isOver = record.state === 'ended' || record.state === 'survey'
  if (held == null || !isOver || last === undefined || last.memberId !== held.memberId) return {}
  return { wrapUpMs: between(last.endedAt, held.until ?? now) }
}

/** Those that are over, and the one that goes on. */
function consultsOf(record: CallRecord): readonly Consulted[] {
  const { consult, consults = [] } = record
  return consult === undefined ? consults : [...consults, consultedOf(record, consult, null, null)]
}

function toConsult({ byId, to, memberId, since, answeredAt, endedAt, outcome }: Consulted): CallConsult {
  return {
    byId,
    to,
    memberId,
    startedAt: timeOf(since),
    answeredAt: maybeTime(answeredAt ?? null),
    endedAt: maybeTime(endedAt),
    outcome,
  }
}

function toLeg(leg: AgentLeg): Call['legs'][number] {
  const { memberId, extension, number, offerId, state, outcome, consultedAt } = leg
  return {
    memberId,
    extension,
    ...(number !== undefined && { number }),
    offerId,
    state,
    rangAt: timeOf(leg.rangAt),
    ...(consultedAt !== undefined && { consultedAt: timeOf(consultedAt) }),
    answeredAt: maybeTime(leg.answeredAt),
    endedAt: maybeTime(leg.endedAt),
    outcome,
  }
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString()
}

function maybeTime(ms: number | null): string | null {
  return ms === null ? null : timeOf(ms)
}

function between(from: number | null, until: number): number {
  return from === null ? 0 : Math.max(0, until - from)
}
