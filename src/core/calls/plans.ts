/** What a channel does with its calls beside offering them to agents: menus, hours, voicemail, surveys, and what may be called from it. */
import { rulesOf } from '../conversations/reception-rules.ts'
import type { CallPlan, CallPrompt, CallTarget, ChannelCallPlan } from '../events/call-plan-shapes.ts'
import type { TenantTx } from '../platform/database.ts'
import { Fault, type FaultDetail } from '../platform/errors.ts'
import { hoursOf } from '../tenancy/calendars.ts'
import { stateAt } from '../tenancy/hours.ts'
import { requireVersion } from '../tenancy/versions.ts'
import type { CallRecord } from './record.ts'

interface PlanRow {
  readonly plan: CallPlan
  readonly updatedAt: Date
  readonly version: number
}

/** The plan of a channel; an empty one where nothing was said. Faults with `channel-unknown`. */
export async function getCallPlan(tx: TenantTx, channelId: string): Promise<ChannelCallPlan> {
  await groupOf(tx, channelId)
  const row = await findPlan(tx, channelId)
  return {
    channelId,
    plan: row?.plan ?? {},
    updatedAt: row?.updatedAt.toISOString() ?? null,
    version: row?.version ?? 0,
  }
}

/**
 * Puts a plan in the place of the one there is; calls that go on keep theirs. The prompts that it names stay as long as it does. Faults:
 * `channel-unknown`, `version-stale`, and `call-plan-invalid`, naming what leads nowhere.
 */
export async function putCallPlan(
  tx: TenantTx,
  channelId: string,
  plan: CallPlan,
  version: number | undefined,
): Promise<ChannelCallPlan> {
  await groupOf(tx, channelId)
  const before = await findPlan(tx, channelId)
  requireVersion(before?.version ?? 0, version)
  const errors = [...mistakesIn(plan), ...(await strangersIn(tx, plan)), ...(await keepPrompts(tx, channelId, plan))]
  if (errors.length > 0)
    throw new Fault('invalid', 'call-plan-invalid', 'The plan names what is not there.', { errors })
  await tx.run(
    `insert into call_plans as p (tenant_id, channel_id, plan) values ($1, $2, $3)
     on conflict (tenant_id, channel_id) do update set plan = excluded.plan, updated_at = now(), version = p.version + 1`,
    tx.tenantId,
    channelId,
    JSON.stringify(plan),
  )
  return getCallPlan(tx, channelId)
}

/** The plan for a call that comes at `at` (ms), and where it goes first; undefined: it is refused, since nobody is there. */
export async function firstTargetOf(
  tx: TenantTx,
  channelId: string,
  at: number,
): Promise<{ plan: CallRecord['plan']; target: CallTarget | undefined }> {
  const row = await findPlan(tx, channelId)
  const isOpen = await isOpenAt(tx, channelId, at)
  const plan = row === undefined ? undefined : await withScale(tx, channelId, row.plan)
  if (!isOpen) return { plan, target: plan?.closed }
  return { plan, target: plan?.begin ?? { to: 'queue' } }
}

/** Whether the hours of the channel, or of its group, are on. */
export async function isOpenAt(tx: TenantTx, channelId: string, at: number): Promise<boolean> {
  const [hours] = await hoursOf(tx, [{ tenantId: tx.tenantId, channelId, groupId: await groupOf(tx, channelId) }])
  return hours === undefined || stateAt(hours, at).open
}

async function withScale(tx: TenantTx, channelId: string, plan: CallPlan): Promise<CallRecord['plan']> {
  if (plan.survey === undefined) return plan
  const { satisfaction } = await rulesOf(tx, tx.tenantId, channelId)
  return { ...plan, scale: Math.min(9, satisfaction.scale) }
}

/** Its group. Faults with `channel-unknown` for what is no channel that is there. */
async function groupOf(tx: TenantTx, channelId: string): Promise<string | null> {
  const row = await tx.maybe<{ groupId: string | null }>(
    'select group_id from channels where tenant_id = $1 and id = $2 and removed_at is null',
    tx.tenantId,
    channelId,
  )
  if (row === undefined) throw new Fault('not-found', 'channel-unknown', `There is no channel ${channelId}.`)
  return row.groupId
}

function findPlan(tx: TenantTx, channelId: string): Promise<PlanRow | undefined> {
  return tx.maybe<PlanRow>(
    'select plan, updated_at, version from call_plans where tenant_id = $1 and channel_id = $2',
    tx.tenantId,
    channelId,
  )
}

interface Placed<Value> {
  readonly pointer: string
  readonly value: Value
}

function targetsIn(plan: CallPlan): Placed<CallTarget>[] {
  const of = (pointer: string, value: CallTarget | undefined) => (value === undefined ? [] : [{ pointer, value }])
  const keys = (pointer: string, all: Readonly<Record<string, CallTarget>> = {}) =>
    Object.entries(all).map(([key, value]) => ({ pointer: `${pointer}/${key}`, value }))
  return [
    ...of('/begin', plan.begin),
    ...of('/closed', plan.closed),
    ...keys('/waiting/keys', plan.waiting?.keys),
    ...Object.entries(plan.menus ?? {}).flatMap(([name, menu]) => [
      ...keys(`/menus/${name}/keys`, menu.keys),
      ...of(`/menus/${name}/otherwise`, menu.otherwise),
    ]),
  ]
}

function promptsIn(plan: CallPlan): Placed<CallPrompt>[] {
  const of = (pointer: string, value: CallPrompt | undefined) => (value === undefined ? [] : [{ pointer, value }])
  return [
    ...targetsIn(plan).flatMap(({ pointer, value }) => (value.to === 'hang-up' ? of(`${pointer}/say`, value.say) : [])),
    ...Object.entries(plan.menus ?? {}).flatMap(([name, { say, again }]) => [
      ...of(`/menus/${name}/say`, say),
      ...of(`/menus/${name}/again`, again),
    ]),
    ...of('/voicemail/say', plan.voicemail?.say),
    ...of('/survey/say', plan.survey?.say),
    ...of('/survey/thanks', plan.survey?.thanks),
  ]
}

function mistakesIn(plan: CallPlan): FaultDetail[] {
  return targetsIn(plan).flatMap(({ pointer, value }) => {
    if (value.to === 'menu' && plan.menus?.[value.menu] === undefined) {
      return [{ pointer: `${pointer}/menu`, detail: 'names no menu of the plan' }]
    }
    if (value.to === 'voicemail' && plan.voicemail === undefined) {
      return [{ pointer, detail: 'needs voicemail in the plan' }]
    }
    return []
  })
}

async function strangersIn(tx: TenantTx, plan: CallPlan): Promise<FaultDetail[]> {
  const named = targetsIn(plan).flatMap(({ pointer, value }) =>
    value.to === 'queue' && value.groupId !== undefined
      ? [{ pointer: `${pointer}/groupId`, value: value.groupId }]
      : [],
  )
  if (named.length === 0) return []
  const found = await tx.query<{ id: string }>(
    'select id from skill_groups where tenant_id = $1 and id = any($2)',
    tx.tenantId,
    named.map(({ value }) => value),
  )
  return named
    .filter(({ value }) => !found.some(({ id }) => id === value))
    .map(({ pointer }) => ({ pointer, detail: 'names no skill group' }))
}

/** Makes these the sounds that the channel keeps; what it kept besides goes within a day. Answers with those that are not there. */
async function keepPrompts(tx: TenantTx, channelId: string, plan: CallPlan): Promise<FaultDetail[]> {
  const prompts = promptsIn(plan)
  const ids = [...new Set(prompts.map(({ value }) => value.fileId))]
  await tx.run(
    `update files set kept_by = null, expires_at = now() + interval '1 day'
      where tenant_id = $1 and kept_by = $2 and media_type like 'audio/%' and id <> all($3::text[])
        and not exists (select from channels c where c.tenant_id = $1 and c.id = $2 and strpos(c.settings::text, files.id) > 0)`,
    tx.tenantId,
    channelId,
    ids,
  )
  const kept = await tx.query<{ id: string }>(
    `update files set kept_by = $2, expires_at = null
      where tenant_id = $1 and id = any($3::text[]) and state = 'ready' and message_id is null and uploader_kind <> 'visitor'
        and media_type like 'audio/%' and coalesce(kept_by, $2) = $2
     returning id`,
    tx.tenantId,
    channelId,
    ids,
  )
  return prompts
    .filter(({ value }) => !kept.some(({ id }) => id === value.fileId))
    .map(({ pointer }) => ({ pointer: `${pointer}/fileId`, detail: 'names no sound that may be used here' }))
}
