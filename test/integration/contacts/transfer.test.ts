/** Contacts in and out as tables: over the API, by the job, through kills. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { contactOrder } from '../../../src/api/routes/contact-order.ts'
import { contactTransfer } from '../../../src/api/routes/contact-transfer.ts'
import { contacts } from '../../../src/api/routes/contacts.ts'
import { importHandler } from '../../../src/core/contacts/import-job.ts'
import { importLimits } from '../../../src/core/contacts/imports.ts'
import type { ContactImport } from '../../../src/core/events/contact-shapes.ts'
import type { Contact } from '../../../src/core/events/shapes.ts'
import { JobRunner } from '../../../src/core/platform/job-runner.ts'
import { silentLog } from '../../../src/core/platform/log.ts'
import { type Business, startTestApi, type TestApi } from '../../support/api.ts'
import { eventually } from '../../support/eventually.ts'
import { formWith, openTestFiles, type TestFiles } from '../../support/files.ts'
import { workbook, zipOf } from '../../support/workbooks.ts'

let api: TestApi
let files: TestFiles
let shop: Business
let runner: JobRunner

beforeAll(async () => {
  files = openTestFiles({ maxBytes: 20_000_000 })
  api = await startTestApi([contacts, contactOrder, (parts) => contactTransfer({ ...parts, files })])
  shop = await api.business()
  const { db, wake } = api.parts
  runner = new JobRunner({ db, wake, owner: 'test', log: silentLog, handlers: [importHandler()] })
})
afterAll(async () => {
  await api?.close()
  files?.close()
})

const ask = (method: 'GET' | 'POST' | 'PUT', path: string, body?: unknown, by = shop) =>
  api.ask(method, path, { token: by.admin.token, body })
const upload = (content: string | Buffer, name = 'a.csv', by = shop) =>
  api.ask('POST', '/v1/contact-imports', { token: by.admin.token, ...formWith(name, Buffer.from(content)) })
const draft = async (content: string | Buffer, by = shop): Promise<ContactImport> => {
  const taken = await upload(content, 'a.csv', by)
  expect(taken.statusCode, taken.body).toBe(201)
  return taken.json()
}
const run = async (id: string, body: object, by = shop): Promise<ContactImport> => {
  const started = await ask('POST', `/v1/contact-imports/${id}/start`, body, by)
  expect(started.statusCode, started.body).toBe(202)
  await runner.runDue()
  return (await ask('GET', `/v1/contact-imports/${id}`, undefined, by)).json()
}
const find = async (search: string, by = shop): Promise<Contact[]> =>
  (await ask('GET', `/v1/contacts?limit=100&search=${encodeURIComponent(search)}`, undefined, by)).json().data
const countOf = async (by: Business) =>
  (
    await api.read(by.tenant.id, (tx) =>
      tx.one<{ n: number }>('select count(*) as n from contacts where tenant_id = $1', tx.tenantId),
    )
  ).n

const header = '姓名,手机号,邮箱,省份,标签,客户编号,生日'
const mapping = ['name', 'phone', 'email', 'province', 'tags', 'ext:crm', 'attribute:birthday']

test('a table is read, its columns are known by their names, a preview says what would come of it and changes nothing', async () => {
  await ask('PUT', '/v1/contact-fields/birthday', { label: '生日', type: 'date' })
  const taken = await draft(
    `${header}\n王芳,138 0013 8000,F@x.cn,上海,vip；回头客,1001,1990/3/5\n,,,,,,\n李雷,没有,,,,1002,\n`,
  )
  expect(taken).toMatchObject({ state: 'draft', format: 'csv', encoding: 'utf-8', total: 2, mapping: null })
  expect(taken.columns.map(({ suggestion }) => suggestion)).toEqual([
    'name',
    'phone',
    'email',
    'province',
    'tags',
    null,
    'attribute:birthday',
  ])
  expect(taken.columns[0]).toMatchObject({ name: '姓名', samples: ['王芳', '李雷'] })
  const before = await api.emitted(shop.tenant.id)
  const preview = await ask('POST', `/v1/contact-imports/${taken.id}/preview`, { mapping })
  expect(preview.json().rows).toEqual([
    { row: 2, outcome: 'created', contactId: null, error: null },
    {
      row: 4,
      outcome: 'failed',
      contactId: null,
      error: { code: 'identity-malformed', detail: '没有 is no phone', column: 1 },
    },
  ])
  expect(await find('王芳')).toEqual([])
  expect(await api.emitted(shop.tenant.id)).toEqual(before)

  const done = await run(taken.id, { mapping, tags: ['导入'] })
  expect(done).toMatchObject({ state: 'done', processed: 2, created: 1, updated: 0, failed: 1 })
  expect(await find('王芳')).toMatchObject([
    {
      name: '王芳',
      province: '上海',
      attributes: { birthday: '1990-03-05' },
      tags: ['vip', '回头客', '导入'].sort(),
      identities: expect.arrayContaining([
        expect.objectContaining({ kind: 'phone', address: '+8613800138000', given: '138 0013 8000' }),
        expect.objectContaining({ kind: 'email', address: 'f@x.cn' }),
        expect.objectContaining({ kind: 'ext', scope: 'crm', address: '1001', verified: true }),
      ]),
    },
  ])
  const errors = await ask('GET', `/v1/contact-imports/${taken.id}/errors`)
  expect(errors.json().data).toEqual([
    {
      row: 4,
      code: 'identity-malformed',
      detail: '没有 is no phone',
      column: 1,
      cells: ['李雷', '没有', '', '', '', '1002', ''],
    },
  ])
  const told = await api.emitted(shop.tenant.id)
  expect(told.slice(before.length).map(({ type }) => type)).toEqual([
    'contactimport.started',
    'contact.created',
    'contactimport.finished',
  ])
})

test('the same file again doubles nothing; what is new in it is put where it belongs, or passed over', async () => {
  const here = await api.business()
  const table = '姓名,手机号,城市\n甲,13900000001,上海\n乙,13900000002,北京\n甲,13900000001,广州\n'
  const plan = { mapping: ['name', 'phone', 'city'] }
  expect(await run((await draft(table, here)).id, plan, here)).toMatchObject({ created: 2, updated: 1, failed: 0 })
  expect((await find('甲', here))[0]).toMatchObject({ city: '广州' })
  const again = await run((await draft(table.replace('北京', '南京'), here)).id, { ...plan, onMatch: 'skip' }, here)
  expect(again).toMatchObject({ created: 0, updated: 0, unchanged: 3 })
  expect((await find('乙', here))[0]).toMatchObject({ city: '北京' })
  const told = (await api.emitted(here.tenant.id)).length
  const same = await run(
    (await draft('姓名,手机号\n乙,139-0000-0002\n', here)).id,
    { mapping: ['name', 'phone'] },
    here,
  )
  expect(same).toMatchObject({ created: 0, updated: 0, unchanged: 1 })
  expect((await api.emitted(here.tenant.id)).slice(told).map(({ type }) => type)).toEqual([
    'contactimport.started',
    'contactimport.finished',
  ])
  expect(await countOf(here)).toBe(2)
})

test('a row whose addresses are two contacts’ changes neither, and says so', async () => {
  const here = await api.business()
  const table = '姓名,手机号,邮箱\n甲,13900000001,\n乙,,b@x.cn\n丙,13900000001,b@x.cn\n'
  const taken = await draft(table, here)
  expect(await run(taken.id, { mapping: ['name', 'phone', 'email'] }, here)).toMatchObject({ created: 2, failed: 1 })
  const [error] = (await ask('GET', `/v1/contact-imports/${taken.id}/errors`, undefined, here)).json().data
  expect(error).toMatchObject({ row: 4, code: 'match-ambiguous' })
  expect(await find('丙', here)).toEqual([])
})

test('a trial of all rows tells what would come of them and leaves a draft', async () => {
  const here = await api.business()
  const taken = await draft('姓名,手机号\n甲,13900000001\n乙,x\n', here)
  const checked = await run(taken.id, { mapping: ['name', 'phone'], check: true }, here)
  expect(checked).toMatchObject({ state: 'draft', processed: 2, created: 1, failed: 1 })
  expect(await countOf(here)).toBe(0)
  expect((await ask('GET', `/v1/contact-imports/${taken.id}/errors`, undefined, here)).json().data).toHaveLength(1)
  expect(await run(taken.id, { mapping: ['name', null] }, here)).toMatchObject({ state: 'done', created: 2, failed: 0 })
})

test('GB18030 and workbooks are taken like UTF-8; new people go into a group together', async () => {
  const here = await api.business()
  const group = (await ask('POST', '/v1/contact-groups', { name: '展会' }, here)).json()
  const gb = Buffer.from('d0d5c3fb2cb3c7cad00d0acdf5b7bc2cc9cfbaa30d0a', 'hex')
  const first = await draft(gb, here)
  expect(first.encoding).toBe('gb18030')
  await run(first.id, { mapping: ['name', 'city'], groupId: group.id }, here)
  const second = await draft(
    await workbook([
      ['姓名', '手机'],
      ['李雷', '13900000009'],
    ]),
    here,
  )
  expect(second.format).toBe('xlsx')
  await run(second.id, { mapping: ['name', 'phone'], groupId: group.id }, here)
  expect((await find('王芳', here))[0]).toMatchObject({ city: '上海', groupIds: [group.id] })
  expect((await ask('GET', '/v1/contact-groups', undefined, here)).json().data).toMatchObject([{ count: 2 }])
})

test.each([
  ['a picture', Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'), 'table-encoding', 400],
  ['GB18030 that breaks off in a character', Buffer.from('d0d5c3fb0acdf5b7bc0ad0', 'hex'), 'table-encoding', 400],
  ['bytes that are neither UTF-8 nor GB18030', Buffer.from('d0d5c3fb0affff0a', 'hex'), 'table-encoding', 400],
  ['an old workbook', Buffer.from('d0cf11e0a1b11ae1', 'hex'), 'table-format', 400],
  ['no rows', Buffer.from('姓名\n'), 'table-empty', 400],
  ['a quotation mark that is never closed', Buffer.from('姓名\n"王'), 'table-malformed', 400],
  ['too many columns', Buffer.from(`${'a,'.repeat(150)}\n1\n`), 'table-too-large', 413],
  ['a cell that is too long', Buffer.from(`a\n${'x'.repeat(30_000)}\n`), 'table-too-large', 413],
])('a file with %s is refused by name, and nothing is kept', async (_, content, code, status) => {
  const before = (await ask('GET', '/v1/contact-imports')).json().data.length
  const refused = await upload(content)
  expect([refused.statusCode, refused.json().code]).toEqual([status, code])
  expect((await ask('GET', '/v1/contact-imports')).json().data).toHaveLength(before)
})

test('a zip bomb is refused by name before it is inflated', async () => {
  const bomb = await zipOf({
    'xl/workbook.xml': '<workbook><sheets><sheet name="1"/></sheets></workbook>',
    'xl/sharedStrings.xml': Buffer.alloc(70_000_000, ' '),
    'xl/worksheets/sheet1.xml': '<worksheet/>',
  })
  expect(bomb.length).toBeLessThan(200_000)
  const refused = await upload(bomb, 'a.xlsx')
  expect([refused.statusCode, refused.json().code]).toEqual([413, 'table-too-large'])
})

test.each([
  ['names too few columns', { mapping: ['name'] }],
  ['names a fact twice', { mapping: ['name', 'name'] }],
  ['finds nobody', { mapping: ['city', 'tags'] }],
])('a mapping that %s is refused, and nothing begins', async (_, plan) => {
  const { id } = await draft('a,b\n1,2\n')
  for (const what of ['preview', 'start']) {
    const refused = await ask('POST', `/v1/contact-imports/${id}/${what}`, plan)
    expect([refused.statusCode, refused.json().code]).toEqual([400, 'mapping-invalid'])
  }
  expect((await ask('GET', `/v1/contact-imports/${id}`)).json().state).toBe('draft')
})

test('of a workbook’s formula its value is taken, never what it computes; a formula in CSV is a text', async () => {
  const here = await api.business()
  const book = await zipOf({
    'xl/workbook.xml': '<workbook><sheets><sheet name="1"/></sheets></workbook>',
    'xl/worksheets/sheet1.xml':
      '<worksheet><sheetData><row r="1"><c r="A1" t="str"><v>姓名</v></c></row>' +
      '<row r="2"><c r="A2" t="str"><f>HYPERLINK("http://evil.invalid/","王芳")</f><v>王芳</v></c></row>' +
      '<row r="3"><c r="A3"><f>1+1</f></c></row></sheetData></worksheet>',
  })
  expect(await run((await draft(book, here)).id, { mapping: ['name'] }, here)).toMatchObject({ created: 1, failed: 0 })
  await run(
    (await draft('姓名\n"=HYPERLINK(""http://evil.invalid/"",""李雷"")"\n', here)).id,
    { mapping: ['name'] },
    here,
  )
  const names = (await ask('GET', '/v1/contacts', undefined, here)).json().data.map(({ name }: Contact) => name)
  expect(names.toSorted()).toEqual(['=HYPERLINK("http://evil.invalid/","李雷")', '王芳'].toSorted())
})

test('bad rows without end are counted, the first of them kept with their reasons, in pages, and none is stored', async () => {
  const here = await api.business()
  const count = importLimits.errors + 200
  const rows = Array.from({ length: count }, (_, index) => `x${index},不是电话`)
  const taken = await draft(`姓名,电话\n${rows.join('\n')}\n`, here)
  const trial = await run(taken.id, { mapping: ['name', 'phone'], check: true }, here)
  expect(trial).toMatchObject({ state: 'draft', failed: count, errorsKept: importLimits.errors })
  const done = await run(taken.id, { mapping: ['name', 'phone'] }, here)
  expect(done).toMatchObject({
    state: 'done',
    processed: count,
    created: 0,
    failed: count,
    errorsKept: importLimits.errors,
  })
  expect(await countOf(here)).toBe(0)
  const { kept } = await api.read(here.tenant.id, (tx) =>
    tx.one<{ kept: number }>(
      'select count(*) as kept from contact_import_rows where tenant_id = $1 and error is not null',
      tx.tenantId,
    ),
  )
  expect(kept).toBe(importLimits.errors)
  const page = (await ask('GET', `/v1/contact-imports/${taken.id}/errors?limit=100`, undefined, here)).json()
  expect(page.data).toHaveLength(100)
  const next = (
    await ask('GET', `/v1/contact-imports/${taken.id}/errors?limit=1&cursor=${page.nextCursor}`, undefined, here)
  ).json()
  expect(next.data[0].row).toBe(102)
})

test('an import that is cancelled keeps what was taken and takes no more; another cannot be started twice', async () => {
  const here = await api.business()
  const taken = await draft('姓名\n甲\n', here)
  const start = () => ask('POST', `/v1/contact-imports/${taken.id}/start`, { mapping: ['name'] }, here)
  await start()
  expect((await start()).json().code).toBe('import-state')
  const cancelled = await ask('POST', `/v1/contact-imports/${taken.id}/cancel`, undefined, here)
  expect(cancelled.json().state).toBe('cancelled')
  await runner.runDue()
  expect(await countOf(here)).toBe(0)
  expect((await ask('POST', `/v1/contact-imports/${taken.id}/cancel`, undefined, here)).json()).toEqual(
    cancelled.json(),
  )
})

test('killed within a step, an import goes on where it was: nothing is lost, nothing doubled', async () => {
  const here = await api.business()
  const rows = Array.from({ length: 1100 }, (_, index) => `人${index},1380000${String(index).padStart(4, '0')}`)
  const taken = await draft(`姓名,电话\n${rows.join('\n')}\n`, here)
  await ask('POST', `/v1/contact-imports/${taken.id}/start`, { mapping: ['name', 'phone'] }, here)
  const child = join(import.meta.dirname, '../../support/import-runner-child.ts')
  const dying = spawn(process.execPath, [child, api.url, 'dying', '3'], { stdio: 'ignore' })
  const [, signal] = await once(dying, 'exit')
  expect(signal).toBe('SIGKILL')
  const half = (await ask('GET', `/v1/contact-imports/${taken.id}`, undefined, here)).json()
  expect(half).toMatchObject({ state: 'importing', processed: 500, created: 500 })
  expect(await countOf(here)).toBe(500)
  await api.read(here.tenant.id, (tx) =>
    tx.run(`update jobs set due_at = now() where tenant_id = $1 and owner = 'dying'`, tx.tenantId),
  )
  await eventually(async () => {
    await runner.runDue()
    return (await ask('GET', `/v1/contact-imports/${taken.id}`, undefined, here)).json().state === 'done'
  })
  expect(await countOf(here)).toBe(1100)
  const created = (await api.emitted(here.tenant.id)).filter(({ type }) => type === 'contact.created')
  expect(new Set(created.map(({ subject }) => subject)).size).toBe(1100)
  expect(created).toHaveLength(1100)
})

test('an export is what an import takes, in CSV and as a workbook, and holds no formula', async () => {
  const [from, to] = [await api.business(), await api.business()]
  await ask('PUT', '/v1/contact-fields/level', { label: '等级', type: 'text' }, from)
  const body = {
    name: '=cmd|calc',
    city: '上海',
    company: 'A "B", C',
    tags: ['vip', 'new'],
    attributes: { level: '-1', free: '@x' },
    identities: [
      { kind: 'phone', address: '13800138000' },
      { kind: 'phone', address: '+8613900139000' },
      { kind: 'ext', scope: 'crm', address: '42' },
    ],
  }
  await ask('POST', '/v1/contacts', body, from)
  await ask('POST', '/v1/contacts', { name: '乙' }, from)
  const csv = await ask('GET', '/v1/contact-export', undefined, from)
  expect(csv.headers['content-type']).toBe('text/csv; charset=utf-8')
  expect(csv.body.startsWith('\ufeffid,姓名,')).toBe(true)
  for (const cell of csv.body.slice(1).split(/[,\r\n"]/)) expect(cell).not.toMatch(/^[=+\-@]/)
  const xlsx = await ask('GET', '/v1/contact-export?format=xlsx', undefined, from)
  for (const content of [csv.rawPayload, xlsx.rawPayload]) {
    const taken = await draft(content, to)
    const suggested = taken.columns.map(({ suggestion, name }) =>
      name === 'id' ? null : (suggestion ?? (name === '等级' ? 'attribute:level' : null)),
    )
    await run(taken.id, { mapping: suggested }, to)
    const [copy] = await find('=cmd', to)
    expect(copy).toMatchObject({ ...body, tags: body.tags.toSorted(), identities: expect.any(Array) })
    expect(copy?.identities).toHaveLength(3)
  }
  expect((await ask('GET', '/v1/contact-export?tag=vip', undefined, from)).body.split('\r\n')).toHaveLength(3)
})

test('who may not transfer contacts neither imports nor exports', async () => {
  for (const path of ['/v1/contact-export', '/v1/contact-imports']) {
    expect((await api.ask('GET', path, { token: shop.supervisor.token })).statusCode).toBe(403)
  }
})
