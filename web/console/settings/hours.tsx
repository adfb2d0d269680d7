/** Opening hours: calendars of weeks with their holidays and make-up days, and for whom they are. */
import { useRef, useState } from 'preact/hooks'
import type { ExceptionDay, OpenSpan, Weekday } from '../../../src/core/events/hours-shapes.ts'
import { listGroups } from '../../api-agent.ts'
import {
  assignCalendar,
  type Calendar,
  type CalendarDraft,
  createCalendar,
  getHours,
  listAssignments,
  listCalendars,
  listChannels,
  putCalendarYear,
  removeCalendar,
  updateCalendar,
} from '../../api-settings.ts'
import { fill } from '../../i18n/locale.ts'
import { settingsWords } from '../../i18n/settings.ts'
import { hoursWords } from '../../i18n/settings-hours.ts'
import { tell } from '../actions.ts'
import { api } from '../calls.ts'
import { everyPage } from '../connection.ts'
import { me } from '../store.ts'
import { FormEnd, TextField } from './controls.tsx'
import { textOf } from './file-text.ts'
import { type Form, useForm } from './form.ts'
import { attempt, Card, confirmed, Empty, PageHead, Show, useLoaded } from './parts.tsx'
import { goTo } from './place.ts'
import { words } from './words.ts'

const weekdays: readonly Weekday[] = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday']

async function loadAll() {
  const [calendars, assignments, channels, groups, state] = await Promise.all([
    listCalendars(api),
    listAssignments(api),
    everyPage((cursor) => listChannels(api, cursor)),
    everyPage((cursor) => listGroups(api, cursor)),
    getHours(api),
  ])
  const targets = [...channels, ...groups].map(({ id, name }) => ({ id, name }))
  return { calendars: calendars.data, assignments: assignments.data, targets, open: state.open }
}
type All = Awaited<ReturnType<typeof loadAll>>

export function HoursPage({ path: [id] }: { path: readonly string[] }) {
  const loaded = useLoaded(loadAll)
  return (
    <Show of={loaded}>
      {(all) => {
        const calendar = all.calendars.find((one) => one.id === id)
        if (!calendar && id !== 'new') return <CalendarList all={all} />
        return (
          <CalendarPage
            key={calendar ? `${id} ${calendar.version}` : id}
            all={all}
            calendar={calendar}
            onChange={loaded.reload}
          />
        )
      }}
    </Show>
  )
}

function CalendarList({ all }: { all: All }) {
  const w = words(hoursWords)
  const usersOf = (id: string) =>
    all.assignments
      .filter(({ calendarId }) => calendarId === id)
      .map(({ target }) => all.targets.find((one) => one.id === target)?.name ?? w.everybody)
  return (
    <>
      <PageHead title={w.hours} hint={w.hoursHint}>
        <span class={`standing ${all.open ? 'is-good' : ''}`}>{all.open ? w.openNow : w.closedNow}</span>
        <a class="button primary" href="#/settings/hours/new">
          {w.add}
        </a>
      </PageHead>
      {all.calendars.length === 0 && <Empty title={w.empty} />}
      <ul class="rows">
        {all.calendars.map((calendar) => (
          <li key={calendar.id}>
            <a class="row-link" href={`#/settings/hours/${calendar.id}`}>
              <span class="row-text">
                <strong>{calendar.name}</strong>
                <small>{usersOf(calendar.id).join('、')}</small>
              </span>
            </a>
          </li>
        ))}
      </ul>
    </>
  )
}

const office: OpenSpan[] = [{ from: '09:00', to: '18:00' }]

function draftOf(calendar: Calendar | undefined, name: string): CalendarDraft {
  return {
    name: calendar?.name ?? name,
    timeZone: calendar?.timeZone ?? null,
    weekly: calendar?.weekly ?? {
      monday: office,
      tuesday: office,
      wednesday: office,
      thursday: office,
      friday: office,
      saturday: [],
      sunday: [],
    },
    exceptions: calendar?.exceptions ?? [],
  }
}

interface CalendarPageProps {
  all: All
  calendar: Calendar | undefined
  onChange: () => Promise<void>
}

function CalendarPage({ all, calendar, onChange }: CalendarPageProps) {
  const w = words(hoursWords)
  const s = words(settingsWords)
  const form = useForm<CalendarDraft>(draftOf(calendar, w.usual))
  const save = () =>
    form.submit(async (draft) => {
      const saved = await (calendar ? updateCalendar(api, calendar, draft) : createCalendar(api, draft))
      // The first hours that somebody sets are meant for all.
      if (!calendar && all.assignments.length === 0) await assignCalendar(api, 'all', saved.id)
      await onChange()
      tell(s.saved)
      if (!calendar) goTo(`hours/${saved.id}`)
    })
  const remove = async () => {
    if (!calendar) return
    const asked = { title: fill(w.removeTitle, { name: calendar.name }), text: w.removeText, act: s.remove }
    if ((await confirmed(asked)) && (await attempt(() => removeCalendar(api, calendar), s.removed))) {
      await onChange()
      goTo('hours')
    }
  }
  return (
    <>
      <PageHead title={calendar?.name ?? w.add} back={{ href: '#/settings/hours', label: w.hours }}>
        {calendar && (
          <button type="button" class="danger" onClick={() => void remove()}>
            {s.remove}
          </button>
        )}
      </PageHead>
      {calendar && <Users all={all} calendar={calendar} onChange={onChange} />}
      <form
        onSubmit={(event) => {
          event.preventDefault()
          void save()
        }}
      >
        <Card>
          <TextField form={form} at="/name" label={s.name} required maxLength={100} />
          <TimeZone form={form} />
        </Card>
        <Card title={w.weekly} hint={w.toHint}>
          {weekdays.map((day) => (
            <fieldset class="day-hours" key={day}>
              <legend>{w[day]}</legend>
              <div>
                <Spans form={form} at={`/weekly/${day}`} label={w[day]} />
                {day === 'monday' && (
                  <button
                    type="button"
                    class="quiet"
                    onClick={() =>
                      form.write('/weekly', Object.fromEntries(weekdays.map((one) => [one, form.value.weekly.monday])))
                    }
                  >
                    {w.everyDay}
                  </button>
                )}
              </div>
            </fieldset>
          ))}
        </Card>
        <Exceptions form={form} />
        <FormEnd form={form} {...(!calendar && { label: s.add })} onCancel={() => goTo('hours')} />
      </form>
      {calendar && <YearTable calendar={calendar} onChange={onChange} />}
    </>
  )
}

function TimeZone({ form }: { form: Form<CalendarDraft> }) {
  const w = words(hoursWords)
  return (
    <div class="field">
      <label for="time-zone">{w.timeZone}</label>
      <select
        id="time-zone"
        value={form.value.timeZone ?? ''}
        onChange={({ currentTarget: { value } }) => form.write('/timeZone', value || null)}
      >
        <option value="">{me.value?.tenant.timeZone}</option>
        {Intl.supportedValuesOf('timeZone').map((zone) => (
          <option key={zone} value={zone}>
            {zone}
          </option>
        ))}
      </select>
      <p class="hint">{w.timeZoneHint}</p>
    </div>
  )
}

function Spans({ form, at, label }: { form: Form<CalendarDraft>; at: string; label: string }) {
  const w = words(hoursWords)
  const s = words(settingsWords)
  const spans = (form.read(at) as readonly OpenSpan[] | undefined) ?? []
  const put = (changed: readonly OpenSpan[]) => form.write(at, changed)
  const error = form.errorAt(at)
  return (
    <div class="spans">
      {spans.length === 0 && <span class="soft">{w.closed}</span>}
      {spans.map((span, index) => (
        <span class="line" key={index}>
          {(['from', 'to'] as const).map((end) => (
            <input
              key={end}
              aria-label={`${label} ${w[end]}`}
              aria-invalid={error !== ''}
              pattern="([01][0-9]|2[0-3]):[0-5][0-9]|24:00"
              placeholder="09:00"
              required
              maxLength={5}
              value={span[end]}
              onInput={({ currentTarget: { value } }) =>
                put(spans.map((one, other) => (other === index ? { ...one, [end]: value } : one)))
              }
            />
          ))}
          <button
            type="button"
            class="quiet"
            aria-label={`${s.remove} ${label} ${span.from}`}
            onClick={() => put(spans.filter((_, other) => other !== index))}
          >
            {s.remove}
          </button>
        </span>
      ))}
      <button
        type="button"
        class="quiet"
        aria-label={`${label} ${w.addSpan}`}
        onClick={() => put([...spans, { from: spans.at(-1)?.to ?? '09:00', to: spans.length > 0 ? '24:00' : '18:00' }])}
      >
        {w.addSpan}
      </button>
      {error && <p class="field-error">{error}</p>}
    </div>
  )
}

function Exceptions({ form }: { form: Form<CalendarDraft> }) {
  const w = words(hoursWords)
  const s = words(settingsWords)
  const days = form.value.exceptions
  const put = (changed: readonly ExceptionDay[]) => form.write('/exceptions', changed)
  const kindOf = ({ like, hours }: ExceptionDay) =>
    like ?? (hours === undefined || hours.length === 0 ? 'holiday' : 'own')
  const withKind = ({ date, name }: ExceptionDay, kind: string): ExceptionDay => {
    if (kind === 'holiday') return { date, name, hours: [] }
    if (kind === 'own') return { date, name, hours: office }
    return { date, name, like: kind as Weekday }
  }
  const change = (index: number, day: ExceptionDay) => put(days.map((one, other) => (other === index ? day : one)))
  const error = form.errorAt('/exceptions')
  return (
    <Card title={w.exceptions} hint={w.exceptionsHint}>
      {days.length === 0 && <p class="hint">{w.noExceptions}</p>}
      {error && <p class="field-error">{error}</p>}
      {days.map((day, index) => (
        <div class="exception" key={index}>
          <div class="line">
            <input
              type="date"
              aria-label={w.date}
              required
              value={day.date}
              onInput={({ currentTarget: { value } }) => change(index, { ...day, date: value })}
            />
            <input
              aria-label={w.dayName}
              placeholder={w.dayName}
              maxLength={100}
              value={day.name}
              onInput={({ currentTarget: { value } }) => change(index, { ...day, name: value })}
            />
            <select
              aria-label={w.kind}
              value={kindOf(day)}
              onChange={({ currentTarget: { value } }) => change(index, withKind(day, value))}
            >
              <option value="holiday">{w.holiday}</option>
              <option value="own">{w.ownHours}</option>
              {weekdays.map((one) => (
                <option key={one} value={one}>
                  {fill(w.likeDay, { day: w[one] })}
                </option>
              ))}
            </select>
            <button
              type="button"
              class="quiet"
              aria-label={`${s.remove} ${day.date}`}
              onClick={() => put(days.filter((_, other) => other !== index))}
            >
              {s.remove}
            </button>
          </div>
          {kindOf(day) === 'own' && <Spans form={form} at={`/exceptions/${index}/hours`} label={day.date} />}
        </div>
      ))}
      <button type="button" onClick={() => put([...days, { date: '', name: '', hours: [] }])}>
        {w.addDay}
      </button>
    </Card>
  )
}

function YearTable({ calendar, onChange }: { calendar: Calendar; onChange: () => Promise<void> }) {
  const w = words(hoursWords)
  const [year, setYear] = useState(new Date().getFullYear())
  const input = useRef<HTMLInputElement>(null)
  const take = async (file: File | undefined) => {
    if (!file) return
    const csv = await textOf(file)
    if (await attempt(() => putCalendarYear(api, calendar, year, csv), fill(w.uploaded, { year }))) await onChange()
  }
  return (
    <Card title={w.upload} hint={w.uploadHint}>
      <div class="line">
        <input
          type="number"
          class="narrow"
          aria-label={w.year}
          min={2000}
          max={2099}
          value={year}
          onInput={({ currentTarget }) => setYear(Number(currentTarget.value))}
        />
        <input
          ref={input}
          type="file"
          accept=".csv,text/csv"
          class="unseen"
          aria-label={w.upload}
          onChange={({ currentTarget }) => {
            void take(currentTarget.files?.[0])
            currentTarget.value = ''
          }}
        />
        <button type="button" onClick={() => input.current?.click()}>
          {w.chooseFile}
        </button>
      </div>
    </Card>
  )
}

function Users({ all, calendar, onChange }: { all: All; calendar: Calendar; onChange: () => Promise<void> }) {
  const w = words(hoursWords)
  const targets = [{ id: 'all', name: w.everybody }, ...all.targets]
  const set = (target: string, isUsed: boolean) =>
    attempt(async () => {
      await assignCalendar(api, target, isUsed ? calendar.id : null)
      await onChange()
    })
  return (
    <Card title={w.used} hint={w.usedHint}>
      <div class="checks-grid">
        {targets.map(({ id, name }) => (
          <label key={id}>
            <input
              type="checkbox"
              checked={all.assignments.some((one) => one.target === id && one.calendarId === calendar.id)}
              onChange={({ currentTarget }) => void set(id, currentTarget.checked)}
            />
            {name}
          </label>
        ))}
      </div>
    </Card>
  )
}
