import { afterAll, beforeAll, expect, test } from 'vitest'
import { verificationFiles } from '../../../src/api/routes/verification-files.ts'
import { type Business, startTestApi, type TestApi } from '../../support/api.ts'

let api: TestApi
let shop: Business
let others: Business
beforeAll(async () => {
  api = await startTestApi([verificationFiles])
  shop = await api.business()
  others = await api.business()
})
afterAll(() => api?.close())

const put = (name: string, content: unknown, token = shop.admin.token) =>
  api.ask('PUT', `/v1/verification-files/${name}`, { token, body: { content } })

test('a file is served at the root to anybody, as plain text that no browser takes for a page', async () => {
  expect((await put('MP_verify_aB3dE5gH7jK9mN1p.txt', 'aB3dE5gH7jK9mN1p')).statusCode).toBe(200)
  const answer = await api.ask('GET', '/MP_verify_aB3dE5gH7jK9mN1p.txt')
  expect([answer.statusCode, answer.body]).toEqual([200, 'aB3dE5gH7jK9mN1p'])
  expect(answer.headers).toMatchObject({
    'content-type': 'text/plain; charset=utf-8',
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  })
  await put('MP_verify_aB3dE5gH7jK9mN1p.txt', 'other')
  expect((await api.ask('GET', '/MP_verify_aB3dE5gH7jK9mN1p.txt')).body).toBe('other')
  const listed = await api.ask('GET', '/v1/verification-files', { token: shop.admin.token })
  expect(listed.json().data).toMatchObject([{ name: 'MP_verify_aB3dE5gH7jK9mN1p.txt', content: 'other' }])
  const taken = await api.ask('DELETE', '/v1/verification-files/MP_verify_aB3dE5gH7jK9mN1p.txt', {
    token: shop.admin.token,
  })
  expect(taken.statusCode).toBe(204)
  expect((await api.ask('GET', '/MP_verify_aB3dE5gH7jK9mN1p.txt')).statusCode).toBe(404)
})

test.each([
  'index.html',
  'w.js',
  'MP_verify_.txt',
  'MP_verify_a.txt.html',
  'MP_verify_a%2f..%2fb.txt',
  '..%2fMP_verify_a.txt',
  'MP_verify_a%00.txt',
  'MP_verify_甲.txt',
  'mp_verify_a.txt',
  `MP_verify_${'a'.repeat(65)}.txt`,
])('nothing else is put at the root: %s', async (name) => {
  const answer = await put(encodeURI(name).replaceAll('%25', '%'), 'x')
  expect([400, 404]).toContain(answer.statusCode)
  expect(answer.headers['content-type']).toBe('application/problem+json')
})

test.each(['', '<script>', 'a b', 'a\nb', 'a'.repeat(201), '甲', 1, null])(
  'nothing but a token stands in it: %j',
  async (content) => {
    const answer = await put('WW_verify_abc.txt', content)
    expect([answer.statusCode, answer.json().errors[0].pointer]).toEqual([400, '/content'])
    expect((await api.ask('GET', '/WW_verify_abc.txt')).statusCode).toBe(404)
  },
)

test('a name belongs to one business, and only who may change channels puts files there', async () => {
  expect((await put('WW_verify_one.txt', 'ours')).statusCode).toBe(200)
  expect((await put('WW_verify_one.txt', 'theirs', others.admin.token)).json()).toMatchObject({
    status: 409,
    code: 'verification-file-taken',
  })
  const theirs = await api.ask('GET', '/v1/verification-files', { token: others.admin.token })
  expect(theirs.json().data).toEqual([])
  const removed = await api.ask('DELETE', '/v1/verification-files/WW_verify_one.txt', { token: others.admin.token })
  expect(removed.json()).toMatchObject({ code: 'verification-file-unknown' })
  expect((await put('WW_verify_two.txt', 'x', shop.agent.token)).statusCode).toBe(403)
  expect((await api.ask('GET', '/WW_verify_one.txt')).body).toBe('ours')
})
