import { expect, test } from 'vitest'
import { Problem } from '../../../web/api.ts'
import { changeRecord, isTouched } from '../../../web/console/changes.ts'

interface Row {
  id: string
  version: number
  name: string
  tags: string[]
  fields: Record<string, string>
}

/** A record at the hub, and what a page has seen of it. */
function ground() {
  const row: Row = { id: 'r', version: 1, name: 'a', tags: [], fields: {} }
  const hub = { row }
  const page = { row }
  const change = (wanted: Partial<Row> | ((seen: Row) => Partial<Row>)) =>
    changeRecord<Row, Partial<Row>>({
      id: 'r',
      change: wanted,
      seen: () => page.row,
      reload: async () => (page.row = hub.row),
      send: async ({ version }, said) => {
        if (version !== hub.row.version) throw new Problem(412, 'version-stale', '')
        hub.row = { ...hub.row, ...said, fields: { ...hub.row.fields, ...said.fields }, version: version + 1 }
        page.row = hub.row
      },
    })
  const other = (said: Partial<Row>) => {
    hub.row = { ...hub.row, ...said, version: hub.row.version + 1 }
  }
  return { hub, page, change, other }
}

test('two changes at once are made one after the other', async () => {
  const { hub, change } = ground()
  await Promise.all([change({ name: 'b' }), change({ fields: { x: '1' } }), change({ fields: { y: '2' } })])
  expect(hub.row).toMatchObject({ name: 'b', fields: { x: '1', y: '2' }, version: 4 })
})

test('what somebody else left alone is changed all the same', async () => {
  const { hub, change, other } = ground()
  other({ tags: ['new'] })
  await change({ name: 'b' })
  expect(hub.row).toMatchObject({ name: 'b', tags: ['new'] })
})

test('what somebody else changed is shown first, and changed by a second word', async () => {
  const { hub, page, change, other } = ground()
  other({ name: 'theirs' })
  await expect(change({ name: 'mine' })).rejects.toMatchObject({ code: 'version-stale' })
  expect(page.row.name).toBe('theirs')
  await change({ name: 'mine' })
  expect(hub.row.name).toBe('mine')
})

test('a change that holds whatever others did is made upon theirs', async () => {
  const { hub, change, other } = ground()
  other({ tags: ['theirs'] })
  await Promise.all(['one', 'two'].map((tag) => change((seen) => ({ tags: [...seen.tags, tag] }))))
  expect(hub.row.tags).toEqual(['theirs', 'one', 'two'])
})

test('another refusal is passed on', async () => {
  const { page } = ground()
  const refused = changeRecord<Row, Partial<Row>>({
    id: 'r',
    change: { name: '' },
    seen: () => page.row,
    reload: async () => page.row,
    send: async () => {
      throw new Problem(400, 'request-invalid', '')
    },
  })
  await expect(refused).rejects.toMatchObject({ code: 'request-invalid' })
})

test('fields within are looked at one by one', () => {
  const before = { fields: { a: '1', b: '1' } }
  expect(isTouched(before, { fields: { a: '2', b: '1' } }, { fields: { b: '3' } })).toBe(false)
  expect(isTouched(before, { fields: { a: '1', b: '2' } }, { fields: { b: '3' } })).toBe(true)
  expect(isTouched(before, { fields: { a: '1' } }, { fields: { b: '3' } })).toBe(true)
})
