import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { calendars } from '../../../src/api/routes/calendars.ts'
import { channels } from '../../../src/api/routes/channels.ts'
import { groups } from '../../../src/api/routes/groups.ts'
import { openRegistry } from '../../../src/connectors/registry.ts'
import { newId } from '../../../src/core/platform/ids.ts'
import { type Business, startTestApi, type TestApi } from '../../support/api.ts'

let api: TestApi
let shop: Business
let other: Business
beforeAll(async () => {
  const registry = await openRegistry()
  api = await startTestApi([calendars, groups, (parts) => channels({ ...parts, registry })])
  shop = await api.business()
  other = await api.business()
})
afterAll(() => api?.close())

const ask = (
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  body?: unknown,
  headers = {},
  who = shop,
) =>
  api.ask(method, `/v1/${path}`, {
    token: who.admin.token,
    body,
    headers: { 'idempotency-key': newId('job'), ...headers },
  })

const closed = { monday: [], tuesday: [], wednesday: [], thursday: [], friday: [], saturday: [], sunday: [] }
const daily = (from: string, to: string) => {
  const spans = [{ from, to }]
  return { ...closed, monday: spans, tuesday: spans, wednesday: spans, thursday: spans, friday: spans }
}
const make = async (name: string, weekly: object = daily('09:00', '18:00'), more = {}) =>
  (await ask('POST', 'calendars', { name, weekly, ...more })).json()
const stateOf = async (id: string, at: string) => (await ask('GET', `calendars/${id}/state?at=${at}`)).json()

test('the year of mainland China as it comes with the hub closes its holidays and opens its make-up days', async () => {
  const { id } = await make('一年')
  await ask('PUT', `calendars/${id}/years/2026`, { days: [{ date: '2026-07-01', name: '旧', hours: [] }] })
  await ask('PUT', `calendars/${id}/years/2027`, { days: [{ date: '2027-01-01', name: '元旦', hours: [] }] })
  const put = await ask('PUT', `calendars/${id}/years/2026`, {
    csv: readFileSync('config/calendars/cn-2026.csv', 'utf8'),
  })
  expect(put.statusCode).toBe(200)
  // What stood there of the year is gone, other years are as they were.
  const dates = put.json().exceptions.map(({ date }: { date: string }) => date)
  expect([dates.length, dates.includes('2026-07-01'), dates.at(-1)]).toEqual([40, false, '2027-01-01'])
  expect(await stateOf(id, '2026-02-14T02:00:00.000Z')).toMatchObject({ open: true, day: '春节调休' })
  expect(await stateOf(id, '2026-02-14T10:00:00.000Z')).toMatchObject({
    open: false,
    opensAt: '2026-02-24T01:00:00.000Z',
  })
})

test('hours that overlap are refused with the place named, and change nothing', async () => {
  const overlapping = [
    { from: '09:00', to: '12:00' },
    { from: '11:00', to: '13:00' },
  ]
  const refused = await ask('POST', 'calendars', { name: '重叠', weekly: { ...closed, monday: overlapping } })
  expect([refused.statusCode, refused.json().code, refused.json().errors]).toEqual([
    400,
    'hours-invalid',
    [{ pointer: '/weekly/monday/1', detail: 'overlaps 09:00 to 12:00' }],
  ])
  const calendar = await make('不变')
  for (const [path, body, code] of [
    [`calendars/${calendar.id}/years/2026`, { csv: '2026-01-01,holiday\n2026-13-01,holiday' }, 'year-table-invalid'],
    [`calendars/${calendar.id}/years/2026`, { days: [{ date: '2027-01-01', name: '', hours: [] }] }, 'hours-invalid'],
    [`calendars/${calendar.id}/years/2026`, {}, 'year-table-missing'],
  ] as const) {
    expect((await ask('PUT', path, body)).json().code).toBe(code)
  }
  expect((await ask('PATCH', `calendars/${calendar.id}`, { timeZone: 'Mars/Olympus' })).json().code).toBe(
    'hours-invalid',
  )
  expect((await ask('GET', `calendars/${calendar.id}`)).json()).toEqual(calendar)
})

test("a channel's calendar comes before its group's, and that before the one for all", async () => {
  const group = (await ask('POST', 'groups', { name: '售后' })).json().id
  const channel = (
    await ask('POST', 'channels', { kind: 'webchat', name: '网站', settings: {}, groupId: group })
  ).json().id
  const at = '2026-11-02T13:00:00.000Z'
  const holds = async () => {
    const found = (await ask('GET', `hours?channelId=${channel}&groupId=${group}&at=${at}`)).json()
    return [found.target, found.open]
  }
  expect(await holds()).toEqual([null, true])
  const late = (await make('到晚上', daily('09:00', '22:00'))).id
  const early = (await make('到下午')).id
  const assign = (target: string, calendarId: string | null) => {
    const path = `calendar-assignments/${target}`
    return calendarId === null ? ask('DELETE', path) : ask('PUT', path, { calendarId })
  }
  await assign('all', early)
  expect(await holds()).toEqual(['all', false])
  await assign(group, late)
  expect(await holds()).toEqual([group, true])
  await assign(channel, early)
  expect(await holds()).toEqual([channel, false])
  expect((await ask('DELETE', `calendars/${early}`)).json().code).toBe('calendar-in-use')
  await assign(channel, null)
  expect(await holds()).toEqual([group, true])
  await assign(group, null)
  await assign('all', null)
  expect((await ask('DELETE', `calendars/${early}`)).statusCode).toBe(204)
  const changed = (await api.emitted(shop.tenant.id)).filter(({ type }) => type === 'calendar.assigned')
  expect(changed).toHaveLength(6)
})

test('whoever changes a calendar that somebody else changed meanwhile is told so, and names stay unique', async () => {
  const { id } = await make('一')
  const changed = await ask('PATCH', `calendars/${id}`, { timeZone: 'Europe/Berlin' }, { 'if-match': '"v1"' })
  expect([changed.statusCode, changed.headers.etag]).toEqual([200, '"v2"'])
  expect((await ask('PATCH', `calendars/${id}`, { name: '二' }, { 'if-match': '"v1"' })).json().code).toBe(
    'version-stale',
  )
  expect((await ask('POST', 'calendars', { name: '一', weekly: closed })).json().code).toBe('calendar-name-taken')
})

test('another business sees nothing of it, and cannot assign it', async () => {
  const { id } = await make('我们的')
  const theirs = (method: 'GET' | 'PUT', path: string, body?: unknown) => ask(method, path, body, {}, other)
  expect((await theirs('GET', 'calendars')).json().data).toEqual([])
  expect((await theirs('GET', `calendars/${id}`)).json().code).toBe('calendar-unknown')
  expect((await theirs('PUT', 'calendar-assignments/all', { calendarId: id })).json().code).toBe('calendar-unknown')
})
