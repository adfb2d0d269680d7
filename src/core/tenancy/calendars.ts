/**
 * Calendars of opening hours, and for whom each is: for all of the business, for a skill group, for a channel. Where several
 * would do, the channel's comes before the group's, and that before the one for all; where there is none it is always open.
 */
import type { Calendar, CalendarAssignment, ExceptionDay, WeeklyHours } from '../events/hours-shapes.ts'
import { emit } from '../events/outbox.ts'
import { brokenConstraint, type TenantTx, type Tx } from '../platform/database.ts'
import { Fault } from '../platform/errors.ts'
import { newId } from '../platform/ids.ts'
import { storable } from '../platform/text.ts'
import { type Hours, mistakesIn } from './hours.ts'
import { isTimeZone } from './tenants.ts'
import { requireVersion } from './versions.ts'

export interface CalendarSettings {
  readonly name: string
  readonly timeZone: string | null
  readonly weekly: WeeklyHours
  readonly exceptions: readonly ExceptionDay[]
}

interface Row extends Omit<Calendar, 'createdAt' | 'updatedAt'> {
  readonly createdAt: Date
  readonly updatedAt: Date
}

const columns = 'id, name, time_zone, weekly, exceptions, created_at, updated_at, version'

/** How many a tenant has at most: they are handed out whole. */
const mostCalendars = 100
/** Days unlike their weekday in one calendar: some five years of them all. */
const mostExceptions = 2000

/** By name. */
export async function listCalendars(tx: TenantTx): Promise<Calendar[]> {
  const rows = await tx.query<Row>(
    `select ${columns} from calendars where tenant_id = $1 order by name, id`,
    tx.tenantId,
  )
  return rows.map(shape)
}

/** Faults with `calendar-unknown`. */
export async function getCalendar(tx: TenantTx, id: string): Promise<Calendar> {
  const row = await tx.maybe<Row>(`select ${columns} from calendars where tenant_id = $1 and id = $2`, tx.tenantId, id)
  if (row === undefined) throw unknownCalendar()
  return shape(row)
}

/** Emits calendar.created. Faults: `hours-invalid`, `calendar-name-taken`, `calendars-too-many`. */
export async function createCalendar(tx: TenantTx, given: CalendarSettings): Promise<Calendar> {
  const { name, timeZone, weekly, exceptions } = checked(given)
  const { count } = await tx.one<{ count: number }>('select count(*) from calendars where tenant_id = $1', tx.tenantId)
  if (count >= mostCalendars) {
    throw new Fault('conflict', 'calendars-too-many', `There are at most ${mostCalendars} calendars.`)
  }
  const row = await unlessTaken(() =>
    tx.one<Row>(
      `insert into calendars (tenant_id, id, name, time_zone, weekly, exceptions) values ($1, $2, $3, $4, $5, $6)
       returning ${columns}`,
      tx.tenantId,
      newId('hrs'),
      name,
      timeZone,
      JSON.stringify(weekly),
      JSON.stringify(exceptions),
    ),
  )
  await emit(tx, 'calendar.created', row.id, { calendar: shape(row) })
  return shape(row)
}

/**
 * Emits calendar.updated if it makes a difference. Faults: `calendar-unknown`, `version-stale`, `hours-invalid`,
 * `calendar-name-taken`.
 */
export async function updateCalendar(
  tx: TenantTx,
  id: string,
  change: Partial<CalendarSettings>,
  version: number | undefined,
): Promise<Calendar> {
  const before = await lockCalendar(tx, id, version)
  const after = checked({ ...before, ...change })
  const row = await unlessTaken(() =>
    tx.maybe<Row>(
      `update calendars set name = $3, time_zone = $4, weekly = $5, exceptions = $6, updated_at = now(), version = version + 1
        where tenant_id = $1 and id = $2 and (name, time_zone, weekly, exceptions) is distinct from ($3, $4, $5::jsonb, $6::jsonb)
       returning ${columns}`,
      tx.tenantId,
      id,
      after.name,
      after.timeZone,
      JSON.stringify(after.weekly),
      JSON.stringify(after.exceptions),
    ),
  )
  if (row === undefined) return before
  await emit(tx, 'calendar.updated', id, { calendar: shape(row) })
  return shape(row)
}

/** Puts a year's days in the place of those of that year. Emits and faults as updateCalendar; `hours-invalid` for a day of another year. */
export async function putYear(
  tx: TenantTx,
  id: string,
  year: number,
  days: readonly ExceptionDay[],
  version: number | undefined,
): Promise<Calendar> {
  const foreign = days.flatMap(({ date }, index) =>
    date.startsWith(`${year}-`) ? [] : [{ pointer: `/days/${index}/date`, detail: `${date} is not in ${year}` }],
  )
  if (foreign.length > 0) throw invalidHours(foreign)
  const before = await lockCalendar(tx, id, version)
  const others = before.exceptions.filter(({ date }) => !date.startsWith(`${year}-`))
  return updateCalendar(tx, id, { exceptions: [...others, ...days] }, undefined)
}

/** Emits calendar.removed. Faults: `calendar-unknown`, `version-stale`, and `calendar-in-use` while it is assigned. */
export async function removeCalendar(tx: TenantTx, id: string, version: number | undefined): Promise<void> {
  const calendar = await lockCalendar(tx, id, version)
  const used = await tx.maybe(
    'select 1 from calendar_assignments where tenant_id = $1 and calendar_id = $2',
    tx.tenantId,
    id,
  )
  if (used !== undefined) throw new Fault('conflict', 'calendar-in-use', 'The calendar is still assigned.')
  await tx.run('delete from calendars where tenant_id = $1 and id = $2', tx.tenantId, id)
  await emit(tx, 'calendar.removed', id, { calendar })
}

/** By target; those of channels and groups that were taken away are left out. */
export function listAssignments(tx: TenantTx): Promise<CalendarAssignment[]> {
  return tx.query<CalendarAssignment>(
    `select a.target, a.calendar_id from calendar_assignments a where a.tenant_id = $1
        and not exists (select from channels c where c.tenant_id = $1 and c.id = a.target and c.removed_at is not null)
        and not exists (select from skill_groups g where g.tenant_id = $1 and g.id = a.target and g.removed_at is not null)
      order by a.target`,
    tx.tenantId,
  )
}

/**
 * Gives a channel, a group or all a calendar; null: none of its own. Emits calendar.assigned if it makes a difference. Faults:
 * `calendar-unknown`, `calendar-target-unknown`.
 */
export async function assignCalendar(tx: TenantTx, target: string, calendarId: string | null): Promise<void> {
  if (target !== 'all') {
    const found = await tx.maybe(
      `select 1 from channels where tenant_id = $1 and id = $2 and removed_at is null
       union all select 1 from skill_groups where tenant_id = $1 and id = $2 and removed_at is null`,
      tx.tenantId,
      target,
    )
    if (found === undefined) {
      throw new Fault('not-found', 'calendar-target-unknown', 'There is no such channel or skill group.')
    }
  }
  if (calendarId !== null) await lockCalendar(tx, calendarId, undefined)
  const changed =
    calendarId === null
      ? await tx.run('delete from calendar_assignments where tenant_id = $1 and target = $2', tx.tenantId, target)
      : await tx.run(
          `insert into calendar_assignments as a (tenant_id, target, calendar_id) values ($1, $2, $3)
           on conflict (tenant_id, target) do update set calendar_id = excluded.calendar_id
            where a.calendar_id <> excluded.calendar_id`,
          tx.tenantId,
          target,
          calendarId,
        )
  if (changed > 0) await emit(tx, 'calendar.assigned', target, { target, calendarId })
}

/** Where somebody writes, as far as hours go. */
export interface Place {
  readonly tenantId: string
  readonly channelId: string | null
  readonly groupId: string | null
}

export interface PlaceHours extends Hours {
  readonly calendarId: string
  /** Whose calendar it is: the channel's or the group's id, or `all`. */
  readonly target: string
}

/** The hours that hold at each of these places, in their order; undefined where it is always open. */
export async function hoursOf(tx: Tx, places: readonly Place[]): Promise<(PlaceHours | undefined)[]> {
  if (places.length === 0) return []
  const rows = await tx.query<PlaceHours & { tenantId: string }>(
    `select a.tenant_id, a.target, c.id as calendar_id, coalesce(c.time_zone, t.time_zone) as time_zone, c.weekly, c.exceptions
       from calendar_assignments a join calendars c on c.tenant_id = a.tenant_id and c.id = a.calendar_id
       join tenants t on t.id = a.tenant_id
      where a.tenant_id = any($1) and a.target = any($2)`,
    [...new Set(places.map(({ tenantId }) => tenantId))],
    [...new Set(places.flatMap(({ channelId, groupId }) => [channelId, groupId])), 'all'],
  )
  const found = new Map(rows.map(({ tenantId, ...hours }) => [`${tenantId} ${hours.target}`, hours]))
  return places.map(({ tenantId, channelId, groupId }) => {
    const of = (target: string | null) => found.get(`${tenantId} ${target}`)
    return of(channelId) ?? of(groupId) ?? of('all')
  })
}

async function lockCalendar(tx: TenantTx, id: string, version: number | undefined): Promise<Calendar> {
  const row = await tx.maybe<Row>(
    `select ${columns} from calendars where tenant_id = $1 and id = $2 for update`,
    tx.tenantId,
    id,
  )
  if (row === undefined) throw unknownCalendar()
  requireVersion(row.version, version)
  return shape(row)
}

function checked(given: CalendarSettings): CalendarSettings {
  const settings = storable(given)
  const { timeZone, exceptions } = settings
  const mistakes = mistakesIn(settings)
  if (timeZone !== null && !isTimeZone(timeZone)) mistakes.push({ pointer: '/timeZone', detail: 'is no time zone' })
  if (exceptions.length > mostExceptions) {
    mistakes.push({ pointer: '/exceptions', detail: `there are at most ${mostExceptions}` })
  }
  if (mistakes.length > 0) throw invalidHours(mistakes)
  return { ...settings, exceptions: exceptions.toSorted((a, b) => (a.date < b.date ? -1 : 1)) }
}

function invalidHours(errors: readonly { pointer: string; detail: string }[]): Fault {
  return new Fault('invalid', 'hours-invalid', 'These hours cannot be meant.', { errors: errors.slice(0, 20) })
}

function unknownCalendar(): Fault {
  return new Fault('not-found', 'calendar-unknown', 'There is no such calendar.')
}

async function unlessTaken<T>(statement: () => Promise<T>): Promise<T> {
  try {
    return await statement()
  } catch (cause) {
    if (brokenConstraint(cause) !== 'calendars_name') throw cause
    throw new Fault('conflict', 'calendar-name-taken', 'Another calendar has this name.', { cause })
  }
}

function shape({ createdAt, updatedAt, ...row }: Row): Calendar {
  return { ...row, createdAt: createdAt.toISOString(), updatedAt: updatedAt.toISOString() }
}
