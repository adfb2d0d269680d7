import { afterAll, beforeAll, expect, test } from 'vitest'
import { cannedReplies } from '../../../src/api/routes/canned-replies.ts'
import { type Business, startTestApi, type TestApi } from '../../support/api.ts'

let api: TestApi
let shop: Business

beforeAll(async () => {
  api = await startTestApi([cannedReplies])
  shop = await api.business()
})
afterAll(() => api.close())

const path = '/v1/canned-replies'
const keep = (token: string, body: object) => api.ask('POST', path, { token, body })
const titles = async (token: string) =>
  (await api.ask('GET', path, { token })).json().data.map(({ title }: { title: string }) => title)

test('a member sees the shared replies and their own, by folder and title, and nobody else’s own', async () => {
  const other = await api.person(shop.tenant.id, { role: 'agent' })
  await keep(shop.supervisor.token, { title: '发货时间', text: '48 小时内发货', folder: '物流', own: false })
  await keep(shop.supervisor.token, { title: '你好', text: '{{contact.name}} 您好', own: false })
  await keep(shop.agent.token, { title: '我的', text: '我是 {{agent.name}}' })
  expect(await titles(shop.agent.token)).toEqual(['你好', '我的', '发货时间'])
  expect(await titles(other.token)).toEqual(['你好', '发货时间'])
})

test('agents keep their own and leave the shared ones to supervisors', async () => {
  const refused = await keep(shop.agent.token, { title: 'x', text: 'x', own: false })
  expect(refused.statusCode).toBe(403)
  expect(refused.json()).toMatchObject({ code: 'canned-reply-forbidden' })
  const { id } = (await keep(shop.supervisor.token, { title: '稍等', text: '请稍等', own: false })).json()
  const change = (token: string) => api.ask('PATCH', `${path}/${id}`, { token, body: { text: '请稍等片刻' } })
  expect((await change(shop.agent.token)).statusCode).toBe(403)
  expect((await change(shop.supervisor.token)).json()).toMatchObject({ text: '请稍等片刻', version: 2 })
})

test('another member’s own cannot be changed or taken away, as if it were not there', async () => {
  const { id } = (await keep(shop.agent.token, { title: '私', text: '私' })).json()
  const token = shop.supervisor.token
  for (const answer of [
    await api.ask('PATCH', `${path}/${id}`, { token, body: { text: 'x' } }),
    await api.ask('DELETE', `${path}/${id}`, { token }),
  ]) {
    expect(answer.json()).toMatchObject({ status: 404, code: 'canned-reply-unknown' })
  }
  expect((await api.ask('DELETE', `${path}/${id}`, { token: shop.agent.token })).statusCode).toBe(204)
})

test('only what is shared is told as an event', async () => {
  const before = (await api.emitted(shop.tenant.id)).length
  await keep(shop.agent.token, { title: '悄悄', text: '悄悄' })
  await keep(shop.supervisor.token, { title: '公开', text: '公开', own: false })
  const events = (await api.emitted(shop.tenant.id)).slice(before)
  expect(events.map(({ type }) => type)).toEqual(['cannedreply.created'])
})

test('a title stands once in a folder of one owner', async () => {
  const body = { title: '谢谢', text: '谢谢', folder: '礼貌' }
  expect((await keep(shop.agent.token, body)).statusCode).toBe(201)
  expect((await keep(shop.agent.token, body)).json()).toMatchObject({ status: 409, code: 'canned-reply-taken' })
  expect((await keep(shop.agent.token, { ...body, folder: '' })).statusCode).toBe(201)
  expect((await keep(shop.supervisor.token, { ...body, own: false })).statusCode).toBe(201)
})

test('replies go out as a table and come back as they were, also what a spreadsheet would take for a formula', async () => {
  const here = await api.business()
  const said = ['=1+1', '-5 折', "'quoted", '两行\n"引号", 逗号', '您好']
  for (const [index, text] of said.entries()) {
    await keep(here.supervisor.token, { title: `t${index}`, text, folder: '夹', own: false })
  }
  const out = await api.ask('GET', `${path}/export`, { token: here.agent.token })
  expect(out.headers['content-type']).toBe('text/csv; charset=utf-8')
  expect(out.body.startsWith('\u{feff}folder,title,text\r\n')).toBe(true)
  expect(out.body).not.toMatch(/(^|,|")[=\-+@]/m)
  const bring = (token: string, body: object) => api.ask('POST', `${path}/import`, { token, body })
  const again = { csv: out.body, own: false }
  expect((await bring(here.supervisor.token, again)).json()).toEqual({ created: 0, changed: 0, unchanged: 5 })
  const elsewhere = await api.business()
  expect((await bring(elsewhere.supervisor.token, { ...again, dryRun: true })).json()).toMatchObject({ created: 5 })
  expect(await titles(elsewhere.agent.token)).toEqual([])
  await bring(elsewhere.supervisor.token, again)
  const texts = (await api.ask('GET', path, { token: elsewhere.agent.token })).json().data
  expect(texts.map(({ text }: { text: string }) => text)).toEqual(said)
  const changed = { csv: 'Title,Text,Folder\nt4,您好呀,夹\nnew,新,\n', own: false }
  expect((await bring(elsewhere.supervisor.token, changed)).json()).toEqual({ created: 1, changed: 1, unchanged: 0 })
  expect((await bring(elsewhere.agent.token, changed)).json().code).toBe('canned-reply-forbidden')
  expect((await bring(elsewhere.agent.token, { csv: 'title,text\nmine,我的' })).json().created).toBe(1)
  const own = await api.ask('GET', `${path}/export?own=true`, { token: elsewhere.agent.token })
  expect(own.body).toBe('\u{feff}folder,title,text\r\n,mine,我的\r\n')
})

test.each([
  ['without its columns', 'folder,name\nx,y', ['/csv/row/1', '/csv/row/1']],
  ['with blanks', 'title,text\n ,x\ny, ', ['/csv/row/2/title', '/csv/row/3/text']],
  ['with a title twice', 'title,text\nx,1\nx,2', ['/csv/row/3']],
  ['that breaks off', 'title,text\n"x,1', ['/csv']],
  ['of too long texts', `title,text\nx,${'长'.repeat(5001)}`, ['/csv/row/2/text']],
])('a table %s is refused with its mistakes, and nothing is taken in', async (_, csv, pointers) => {
  const before = await titles(shop.agent.token)
  const answer = await api.ask('POST', `${path}/import`, { token: shop.agent.token, body: { csv } })
  expect([answer.statusCode, answer.json().code]).toEqual([400, 'canned-import-invalid'])
  expect(answer.json().errors.map(({ pointer }: { pointer: string }) => pointer)).toEqual(pointers)
  expect(await titles(shop.agent.token)).toEqual(before)
})
