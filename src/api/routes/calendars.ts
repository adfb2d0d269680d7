/** /v1/calendars and /v1/hours: opening hours, for whom they are, and whether it is open. */
import { type Static, Type } from 'typebox'
import { Calendar, CalendarAssignment, ExceptionDay, OpenState, WeeklyHours } from '../../core/events/hours-shapes.ts'
import { Id, Nullable, Time } from '../../core/events/shapes.ts'
import { Fault } from '../../core/platform/errors.ts'
import { readYearTable } from '../../core/tenancy/calendar-table.ts'
import {
  assignCalendar,
  createCalendar,
  getCalendar,
  hoursOf,
  listAssignments,
  listCalendars,
  putYear,
  removeCalendar,
  updateCalendar,
} from '../../core/tenancy/calendars.ts'
import { type StateAt, stateAt } from '../../core/tenancy/hours.ts'
import { getTenant } from '../../core/tenancy/tenants.ts'
import { idempotent } from '../plugins/idempotency.ts'
import { ById, closed, Name, Nothing, Whole } from '../schemas.ts'
import type { RoutePlugin, ServerParts } from '../server.ts'
import { read, write } from '../transactions.ts'
import { etagOf, ifMatch, withEtag } from '../versions.ts'

const Zone = Nullable(Type.String({ minLength: 1, maxLength: 64 }))
const Exceptions = Type.Array(ExceptionDay, { maxItems: 2000 })
const tags = ['hours']

const Target = Type.Object(
  { target: Type.String({ pattern: '^(all|(chn|grp)_[0-7][0-9a-hjkmnp-tv-z]{25})$' }) },
  closed,
)

const HoursState = Type.Object({
  ...OpenState.properties,
  calendarId: Nullable(Id('hrs')),
  target: Nullable(
    Type.String({ description: 'Whose calendar holds: a channel, a group, `all`; null: it is always open.' }),
  ),
})

export const calendars =
  (parts: ServerParts): RoutePlugin =>
  async (app) => {
    const { clock } = parts
    const momentOf = (at: string | undefined) => (at === undefined ? clock() : Date.parse(at))

    app.get(
      '/v1/calendars',
      {
        config: { permission: 'calendar:read' },
        schema: {
          operationId: 'listCalendars',
          tags,
          summary: 'List calendars of opening hours, by name',
          response: { 200: Whole(Calendar) },
        },
      },
      async (request) => ({ data: await read(parts, request.principal, listCalendars) }),
    )

    app.post(
      '/v1/calendars',
      {
        config: { permission: 'calendar:write', audit: 'calendar.create' },
        schema: {
          operationId: 'createCalendar',
          tags,
          summary: 'Make a calendar',
          description:
            'Times are those of the wall clock in `timeZone`. Hours that overlap are refused; those that touch are one. Past midnight ' +
            'is the next day: 22:00 to 24:00, then 00:00 to 02:00.',
          body: Type.Object(
            {
              name: Name(),
              timeZone: Type.Optional(Zone),
              weekly: WeeklyHours,
              exceptions: Type.Optional(Exceptions),
            },
            closed,
          ),
          response: { 201: Calendar },
        },
      },
      (request, reply) =>
        idempotent<Static<typeof Calendar>>(parts, request, reply, async (tx) => {
          const body = await createCalendar(tx, { timeZone: null, exceptions: [], ...request.body })
          return { status: 201, body, headers: { location: `/v1/calendars/${body.id}`, etag: etagOf(body.version) } }
        }),
    )

    app.get(
      '/v1/calendars/:id',
      {
        config: { permission: 'calendar:read' },
        schema: {
          operationId: 'getCalendar',
          tags,
          summary: 'Read a calendar',
          params: ById('hrs'),
          response: { 200: Calendar },
        },
      },
      async (request, reply) =>
        withEtag(reply, await read(parts, request.principal, (tx) => getCalendar(tx, request.params.id))),
    )

    app.patch(
      '/v1/calendars/:id',
      {
        config: { permission: 'calendar:write', audit: 'calendar.update' },
        schema: {
          operationId: 'updateCalendar',
          tags,
          summary: 'Change a calendar',
          params: ById('hrs'),
          body: Type.Partial(
            Type.Object({ name: Name(), timeZone: Zone, weekly: WeeklyHours, exceptions: Exceptions }),
            closed,
          ),
          response: { 200: Calendar },
        },
      },
      async (request, reply) => {
        const version = ifMatch(request)
        const { id } = request.params
        return withEtag(
          reply,
          await write(parts, request.principal, (tx) => updateCalendar(tx, id, request.body, version)),
        )
      },
    )

    app.delete(
      '/v1/calendars/:id',
      {
        config: { permission: 'calendar:write', audit: 'calendar.remove' },
        schema: {
          operationId: 'removeCalendar',
          tags,
          summary: 'Take a calendar away',
          params: ById('hrs'),
          response: { 204: Nothing },
        },
      },
      async (request, reply) => {
        const version = ifMatch(request)
        await write(parts, request.principal, (tx) => removeCalendar(tx, request.params.id, version))
        reply.code(204)
        return null
      },
    )

    app.put(
      '/v1/calendars/:id/years/:year',
      {
        config: { permission: 'calendar:write', audit: 'calendar.update' },
        schema: {
          operationId: 'putCalendarYear',
          tags,
          summary: "Put a year's holidays and make-up days in the place of those there are",
          description:
            'Either `days`, or `csv`: lines of `date,kind,name,hours`, where kind is holiday or workday (docs/hours.md). All or nothing.',
          params: Type.Object({ id: Id('hrs'), year: Type.String({ pattern: '^20\\d{2}$' }) }, closed),
          body: Type.Object(
            {
              days: Type.Optional(Type.Array(ExceptionDay, { maxItems: 366 })),
              csv: Type.Optional(Type.String({ maxLength: 100_000 })),
            },
            closed,
          ),
          response: { 200: Calendar },
        },
      },
      async (request, reply) => {
        const version = ifMatch(request)
        const { id, year } = request.params
        const { days, csv } = request.body
        if ((days === undefined) === (csv === undefined)) {
          throw new Fault('invalid', 'year-table-missing', 'Send either days or csv.', {
            errors: [{ pointer: '/days', detail: 'or csv is required, and not both' }],
          })
        }
        const given = days ?? readYearTable(csv ?? '')
        return withEtag(
          reply,
          await write(parts, request.principal, (tx) => putYear(tx, id, Number(year), given, version)),
        )
      },
    )

    app.get(
      '/v1/calendars/:id/state',
      {
        config: { permission: 'calendar:read' },
        schema: {
          operationId: 'getCalendarState',
          tags,
          summary: 'Is it open, until when, and when next, by this calendar',
          params: ById('hrs'),
          querystring: Type.Object({ at: Type.Optional(Time) }, closed),
          response: { 200: OpenState },
        },
      },
      (request) =>
        read(parts, request.principal, async (tx) => {
          const { timeZone, ...calendar } = await getCalendar(tx, request.params.id)
          const hours = { ...calendar, timeZone: timeZone ?? (await getTenant(tx)).timeZone }
          return shownState(stateAt(hours, momentOf(request.query.at)))
        }),
    )

    app.get(
      '/v1/hours',
      {
        config: { permission: 'calendar:read' },
        schema: {
          operationId: 'getHours',
          tags,
          summary: 'Is it open for a channel or a skill group, until when, and when next',
          description:
            "The channel's calendar comes before the group's, and that before the one for all. Without any it is always open.",
          querystring: Type.Object(
            {
              channelId: Type.Optional(Id('chn')),
              groupId: Type.Optional(Id('grp')),
              at: Type.Optional(Time),
            },
            closed,
          ),
          response: { 200: HoursState },
        },
      },
      (request) =>
        read(parts, request.principal, async (tx) => {
          const { channelId = null, groupId = null, at } = request.query
          const [hours] = await hoursOf(tx, [{ tenantId: tx.tenantId, channelId, groupId }])
          if (hours === undefined) {
            return { open: true, until: null, opensAt: null, day: null, calendarId: null, target: null }
          }
          const { calendarId, target } = hours
          return { ...shownState(stateAt(hours, momentOf(at))), calendarId, target }
        }),
    )

    app.get(
      '/v1/calendar-assignments',
      {
        config: { permission: 'calendar:read' },
        schema: {
          operationId: 'listCalendarAssignments',
          tags,
          summary: 'List which channel, skill group or all has which calendar',
          response: { 200: Whole(CalendarAssignment) },
        },
      },
      async (request) => ({ data: await read(parts, request.principal, listAssignments) }),
    )

    app.put(
      '/v1/calendar-assignments/:target',
      {
        config: { permission: 'calendar:write', audit: 'calendar-assignment.update' },
        schema: {
          operationId: 'assignCalendar',
          tags,
          summary: 'Give all, a channel or a skill group a calendar',
          params: Target,
          body: Type.Object({ calendarId: Id('hrs') }, closed),
          response: { 204: Nothing },
        },
      },
      async (request, reply) => {
        const { target } = request.params
        await write(parts, request.principal, (tx) => assignCalendar(tx, target, request.body.calendarId))
        reply.code(204)
        return null
      },
    )

    app.delete(
      '/v1/calendar-assignments/:target',
      {
        config: { permission: 'calendar:write', audit: 'calendar-assignment.remove' },
        schema: {
          operationId: 'unassignCalendar',
          tags,
          summary: 'Take the calendar of all, a channel or a skill group away from it',
          description: 'Repeating it changes nothing.',
          params: Target,
          response: { 204: Nothing },
        },
      },
      async (request, reply) => {
        await write(parts, request.principal, (tx) => assignCalendar(tx, request.params.target, null))
        reply.code(204)
        return null
      },
    )
  }

function shownState({ open, until, opensAt, day }: StateAt): Static<typeof OpenState> {
  const time = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString())
  return { open, until: time(until), opensAt: time(opensAt), day }
}
