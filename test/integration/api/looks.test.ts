/** Looks of web chats: public sheets and pictures, links that are one for the hub, and pictures that stay while they are named. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { channels } from '../../../src/api/routes/channels.ts'
import { files } from '../../../src/api/routes/files.ts'
import { looks } from '../../../src/api/routes/looks.ts'
import { openRegistry } from '../../../src/connectors/registry.ts'
import { sweepFiles } from '../../../src/core/conversations/attachments.ts'
import type { Channel } from '../../../src/core/events/shapes.ts'
import { type Business, startTestApi, type TestApi } from '../../support/api.ts'
import { formWith, openTestFiles, picture, type TestFiles } from '../../support/files.ts'

let api: TestApi
let store: TestFiles
let shop: Business
let other: Business

beforeAll(async () => {
  store = openTestFiles()
  const registry = await openRegistry()
  api = await startTestApi([
    (parts) => channels({ ...parts, registry }),
    (parts) => files({ ...parts, files: store }),
    (parts) => looks({ ...parts, files: store }),
  ])
  shop = await api.business()
  other = await api.business()
})
afterAll(async () => {
  await api?.close()
  store?.close()
})

async function upload(who = shop, name = 'logo.png', bytes?: Buffer): Promise<string> {
  const answer = await api.ask('POST', '/v1/files', {
    token: who.admin.token,
    ...formWith(name, bytes ?? (await picture())),
  })
  return (answer.json() as { id: string }).id
}
const make = (look: object, who = shop) =>
  api.ask('POST', '/v1/channels', {
    token: who.admin.token,
    body: { kind: 'webchat', name: '官网', settings: { look } },
  })
const change = (id: string, look: object | null, who = shop) =>
  api.ask('PATCH', `/v1/channels/${id}`, { token: who.admin.token, body: { settings: { look } } })
const sheet = (id: string, name: string) => api.ask('GET', `/v1/visitor/looks/${id}/${name}.css`)

test('the sheets of a look are public, and show what was set', async () => {
  const { id } = (await make({ colour: '#123456', side: 'left' })).json() as Channel
  const launcher = await sheet(id, 'launcher')
  expect(launcher.headers['content-type']).toContain('text/css')
  expect(launcher.headers['cross-origin-resource-policy']).toBe('cross-origin')
  expect(launcher.body).toContain('--c:#123456')
  expect((await sheet(id, 'window')).body).toContain('--accent:#123456')
  expect((await sheet(id, 'other')).statusCode).toBe(400)
  const unknown = await sheet('chn_00000000000000000000000000', 'window')
  expect([unknown.statusCode, unknown.json().code]).toEqual([404, 'channel-unknown'])
})

test('a logo stays while the settings name it, is fetched by anybody, and goes when they do not', async () => {
  const logo = await upload()
  const { id } = (await make({ logo })).json() as Channel
  const at = `/v1/visitor/looks/${id}/pictures`
  const sql = (text: string) => api.read(shop.tenant.id, (tx) => tx.query(text, tx.tenantId, logo))
  const kept = async () => {
    await sql(`update files set created_at = now() - interval '9 days' where tenant_id = $1 and id = $2`)
    await sweepFiles(api.db, store.blobs, [shop.tenant.id])
    return (await sql('select id from files where tenant_id = $1 and id = $2')).length === 1
  }
  expect(await kept()).toBe(true)
  const fetched = await api.ask('GET', `${at}/logo/${logo}`)
  expect([fetched.statusCode, fetched.headers['content-type']]).toEqual([200, 'image/webp'])
  expect((await api.ask('GET', `${at}/iconFile/${logo}`)).statusCode).toBe(404)
  // Whoever else sets the channel up sees what it shows; another business does not.
  const seenBy = async (token: string) => (await api.ask('GET', `/v1/files?id=${logo}`, { token })).json().data.length
  expect([await seenBy(shop.supervisor.token), await seenBy(other.admin.token)]).toEqual([1, 0])
  expect((await sheet(id, 'window')).body).toContain(`https://hub.example${at}/logo/${logo}`)
  await change(id, null)
  expect((await api.ask('GET', `${at}/logo/${logo}`)).statusCode).toBe(404)
  await sql(`update files set expires_at = now() - interval '1 hour' where tenant_id = $1 and id = $2`)
  expect(await kept()).toBe(false)
})

test('what is no picture of the business, or serves elsewhere, is refused by its pointer, and nothing changes', async () => {
  const mine = await upload()
  const { id } = (await make({ logo: mine })).json() as Channel
  const strangers = [
    await upload(other),
    await upload(shop, 'x.txt', Buffer.from('no picture')),
    'fil_00000000000000000000000000',
  ]
  for (const logo of strangers) {
    const refused = await change(id, { logo })
    expect([refused.statusCode, refused.json().code, refused.json().errors]).toEqual([
      400,
      'channel-file-unknown',
      [{ pointer: '/settings/look/logo', detail: expect.any(String) }],
    ])
  }
  expect((await make({ logo: mine })).json().code).toBe('channel-file-unknown')
  expect((await api.ask('GET', `/v1/visitor/looks/${id}/pictures/logo/${mine}`)).statusCode).toBe(200)
})

test('a link is one for the whole hub, leads to the chat, and is free again when the channel is gone', async () => {
  const { id } = (await make({ link: 'tea-shop' })).json() as Channel
  const led = await api.ask('GET', '/chat/tea-shop')
  expect([led.statusCode, led.headers.location]).toEqual([302, `https://hub.example/widget/?channel=${id}`])
  const taken = await make({ link: 'tea-shop' }, other)
  expect([taken.statusCode, taken.json().code, taken.json().errors[0].pointer]).toEqual([
    409,
    'channel-link-taken',
    '/settings/look/link',
  ])
  await api.ask('DELETE', `/v1/channels/${id}`, { token: shop.admin.token })
  expect((await api.ask('GET', '/chat/tea-shop')).statusCode).toBe(404)
  expect((await make({ link: 'tea-shop' }, other)).statusCode).toBe(201)
  for (const link of ['Tea', '-x-', 'ab', '../admin']) expect((await make({ link })).statusCode).toBe(400)
})
