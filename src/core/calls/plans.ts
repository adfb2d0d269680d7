/** What a channel does with its calls beside offering them to agents: menus, hours, voicemail, surveys, and what may be called from it. */
import { keepNamedFiles, type NamedFile } from '../conversations/channel-files.ts'
import { lockChannel } from '../conversations/channels.ts'
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
  await lockChannel(tx, channelId)
  const before = await findPlan(tx, channelId)
  requireVersion(before?.version ?? 0, version)
  await tx.run(
    `insert into call_plans as p (tenant_id, channel_id, plan) values ($1, $2, $3)
     on conflict (tenant_id, channel_id) do update set plan = excluded.plan, updated_at = now(), version = p.version + 1`,
    tx.tenantId,
    channelId,
    JSON.stringify(plan),
  )
  const errors = [
    ...mistakesIn(plan),
    ...(await strangersIn(tx, plan)),
    ...(await keepNamedFiles(tx, channelId, promptsIn(plan))),
  ]
  if (errors.length > 0)
    throw new Fault('invalid', 'call-plan-invalid', 'The plan names what is not there.', { errors })
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

/** A name within a pointer (RFC 6901). */
const step = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1')

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
      ...keys(`/menus/${step(name)}/keys`, menu.keys),
      ...of(`/menus/${step(name)}/otherwise`, menu.otherwise),
    ]),
  ]
}

function promptsIn(plan: CallPlan): NamedFile[] {
  const of = (pointer: string, prompt: CallPrompt | undefined) =>
    prompt === undefined ? [] : [{ pointer: `${pointer}/fileId`, fileId: prompt.fileId, isSound: true }]
  return [
    ...targetsIn(plan).flatMap(({ pointer, value }) => (value.to === 'hang-up' ? of(`${pointer}/say`, value.say) : [])),
    ...Object.entries(plan.menus ?? {}).flatMap(([name, { say, again }]) => [
      ...of(`/menus/${step(name)}/say`, say),
      ...of(`/menus/${step(name)}/again`, again),
    ]),
    ...of('/voicemail/say', plan.voicemail?.say),
    ...of('/survey/say', plan.survey?.say),
    ...of('/survey/thanks', plan.survey?.thanks),
  ]
}

/** What a plan says that leads nowhere. */
export function mistakesIn(plan: CallPlan): FaultDetail[] {
  return targetsIn(plan).flatMap(({ pointer, value }) => {
    if (value.to === 'menu' && plan.menus?.[value.menu] === undefined) {
      return [{ pointer: `${pointer}/menu`, detail: 'names no menu of the plan' }]
    }
    // Who waits is in the books of their group already: a key leads out of the queue, not into another.
    if (pointer.startsWith('/waiting/keys/') && (value.to === 'queue' || value.to === 'menu')) {
      return [{ pointer, detail: 'leads back into a queue or menu, which a key of those who wait cannot' }]
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
