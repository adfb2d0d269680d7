/** Opening hours as the API and events show them. */
import { type Static, Type } from 'typebox'
import { Id, Nullable, OneOf, Time } from './schema-words.ts'

const closed = { additionalProperties: false } as const

export const Weekday = OneOf('monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday')
export type Weekday = Static<typeof Weekday>

export const OpenSpan = Type.Object(
  {
    from: Type.String({ pattern: '^([01]\\d|2[0-3]):[0-5]\\d$', description: 'As the clock on the wall shows it.' }),
    to: Type.String({ pattern: '^(([01]\\d|2[0-3]):[0-5]\\d|24:00)$', description: 'Not itself within the hours.' }),
  },
  closed,
)
export type OpenSpan = Static<typeof OpenSpan>

const Spans = Type.Array(OpenSpan, { maxItems: 10 })

export const WeeklyHours = Type.Object(
  {
    monday: Spans,
    tuesday: Spans,
    wednesday: Spans,
    thursday: Spans,
    friday: Spans,
    saturday: Spans,
    sunday: Spans,
  },
  closed,
)
export type WeeklyHours = Static<typeof WeeklyHours>

export const ExceptionDay = Type.Object(
  {
    date: Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}$' }),
    name: Type.String({ maxLength: 100, description: '春节, 国庆节调休…' }),
    hours: Type.Optional(Type.Array(OpenSpan, { maxItems: 10, description: 'Empty: closed all day.' })),
    like: Type.Optional(Weekday),
  },
  { ...closed, description: 'A day unlike its weekday: with hours of its own, or those of another weekday.' },
)
export type ExceptionDay = Static<typeof ExceptionDay>

export const Calendar = Type.Object({
  id: Id('hrs'),
  name: Type.String(),
  timeZone: Nullable(Type.String({ description: 'IANA name; null: that of the business.' })),
  weekly: WeeklyHours,
  exceptions: Type.Array(ExceptionDay, { description: 'By date.' }),
  createdAt: Time,
  updatedAt: Time,
  version: Type.Integer({ minimum: 1 }),
})
export type Calendar = Static<typeof Calendar>

export const CalendarAssignment = Type.Object({
  target: Type.String({ description: '`all`, or the id of a channel or a skill group.' }),
  calendarId: Id('hrs'),
})
export type CalendarAssignment = Static<typeof CalendarAssignment>

/** Whether it is open at a moment. */
export const OpenState = Type.Object({
  open: Type.Boolean(),
  until: Nullable(Time),
  opensAt: Nullable(Time),
  day: Nullable(Type.String({ description: 'What the day is called, if it is unlike its weekday.' })),
})
export type OpenState = Static<typeof OpenState>
