/** Contacts as a business keeps them: addresses in their normal form, fields, tags, groups, notes, and finding them again. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { contactOrder } from '../../../src/api/routes/contact-order.ts'
import { contactParts } from '../../../src/api/routes/contact-parts.ts'
import { contacts } from '../../../src/api/routes/contacts.ts'
import type { Contact } from '../../../src/core/events/shapes.ts'
import { ownerSession } from '../../../src/core/platform/database.ts'
import { newId } from '../../../src/core/platform/ids.ts'
import { type Business, startTestApi, type TestApi } from '../../support/api.ts'

let api: TestApi
let shop: Business

beforeAll(async () => {
  api = await startTestApi([contacts, contactParts, contactOrder])
  shop = await api.business()
})
afterAll(() => api?.close())

type Method = 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'
const ask = (method: Method, path: string, body?: unknown, headers = {}, token = shop.admin.token) =>
  api.ask(method, path, { token, body, headers })
const make = async (body: object = {}, token = shop.admin.token): Promise<Contact> => {
  const answer = await ask('POST', '/v1/contacts', { name: '王芳', ...body }, {}, token)
  expect(answer.statusCode, answer.body).toBe(201)
  return answer.json()
}
const found = async (search: string, token = shop.admin.token): Promise<string[]> =>
  (await ask('GET', `/v1/contacts?search=${encodeURIComponent(search)}`, undefined, {}, token))
    .json()
    .data.map((contact: Contact) => contact.name)
const phone = (address: string) => ({ kind: 'phone', address })
const email = (address: string) => ({ kind: 'email', address })

describe('addresses', () => {
  test('a number is kept in its international form beside the one that was written, in the tenant’s region', async () => {
    const { id, identities } = await make({
      identities: [
        phone('138-0013-8000'),
        phone('＋８６ 010 6552 9988'),
        phone('10086'),
        email('Fang.Wang@Shop.EXAMPLE'),
      ],
    })
    const plain = { scope: '', verified: false }
    expect(identities).toHaveLength(4)
    expect(identities).toEqual(
      expect.arrayContaining([
        { ...plain, kind: 'phone', address: '+8613800138000', given: '138-0013-8000' },
        { ...plain, kind: 'phone', address: '+861065529988', given: '＋８６ 010 6552 9988' },
        { ...plain, kind: 'phone', address: '10086' },
        { ...plain, kind: 'email', address: 'fang.wang@shop.example', given: 'Fang.Wang@Shop.EXAMPLE' },
      ]),
    )
    const again = await ask('POST', '/v1/contacts', { name: '别人', identities: [phone('+86 138 0013 8000')] })
    expect(again.json()).toMatchObject({
      code: 'identity-taken',
      errors: [{ pointer: '/identities/0', detail: `belongs to ${id}` }],
    })
  })

  test.each([
    ['phone', '12345678901234567890'],
    ['phone', 'call me'],
    ['phone', '12'],
    ['email', 'fang at shop'],
    ['email', 'a@b,c@d'],
  ])('a %s that is none is refused by name and nothing is made: %s', async (kind, address) => {
    const name = `无效 ${address}`
    const answer = await ask('POST', '/v1/contacts', { name, identities: [email('ok@x.example'), { kind, address }] })
    expect([answer.statusCode, answer.json().code]).toEqual([400, 'identity-malformed'])
    expect(answer.json().errors[0].pointer).toBe('/identities/1/address')
    expect(await found(name)).toEqual([])
  })

  test('addresses are given and taken one by one; what changes nothing makes no version', async () => {
    const { id } = await make()
    const path = `/v1/contacts/${id}/identities`
    const added = (await ask('POST', path, phone('139 0013 9000'))).json()
    expect(added).toMatchObject({ version: 2, identities: [{ address: '+8613900139000' }] })
    expect((await ask('POST', path, phone('+8613900139000'))).json().version).toBe(2)
    expect((await ask('POST', path, { ...phone('13900139000'), verified: true })).json()).toMatchObject({
      version: 3,
      identities: [{ verified: true }],
    })
    expect((await ask('DELETE', `${path}?kind=phone&address=13900139000`)).json()).toMatchObject({
      version: 4,
      identities: [],
    })
    expect((await ask('DELETE', `${path}?kind=phone&address=13900139000`)).json().version).toBe(4)
  })
})

describe('fields', () => {
  test('province, city and company are set, changed and taken away', async () => {
    const { id, ...contact } = await make({ province: '浙江', city: '杭州', company: '西湖茶业' })
    expect(contact).toMatchObject({ province: '浙江', city: '杭州', company: '西湖茶业' })
    const changed = (await ask('PATCH', `/v1/contacts/${id}`, { city: null, company: '龙井' })).json()
    expect(changed).toMatchObject({ province: '浙江', city: null, company: '龙井', version: 2 })
    expect((await ask('PATCH', `/v1/contacts/${id}`, { company: '龙井', name: '王芳' })).json().version).toBe(2)
  })

  test('an attribute that is defined takes values of its type alone, in one form', async () => {
    const here = await api.business()
    const { token } = here.admin
    const define = (key: string, body: object) => ask('PUT', `/v1/contact-fields/${key}`, body, {}, token)
    expect((await define('birthday', { label: '生日', type: 'date' })).json().version).toBe(1)
    await define('level', { label: '等级', type: 'choice', options: ['金', '银'] })
    await define('orders', { label: '订单', type: 'number' })
    await define('vip', { label: '贵宾', type: 'boolean' })
    expect((await define('vip', { label: '贵宾', type: 'boolean' })).json().version).toBe(1)
    expect((await define('level2', { label: 'x', type: 'choice' })).json().code).toBe('field-invalid')
    const attributes = { birthday: '1990/2/3', level: '金', orders: '007', vip: '是', free: 'anything' }
    const { id, ...contact } = await make({ attributes }, token)
    expect(contact.attributes).toEqual({
      birthday: '1990-02-03',
      level: '金',
      orders: '7',
      vip: 'true',
      free: 'anything',
    })
    const wrong = await ask(
      'PATCH',
      `/v1/contacts/${id}`,
      { attributes: { birthday: '2月30日', level: '铜' } },
      {},
      token,
    )
    expect([wrong.statusCode, wrong.json().code]).toEqual([400, 'attribute-invalid'])
    expect(wrong.json().errors.map((error: { pointer: string }) => error.pointer)).toEqual([
      '/attributes/birthday',
      '/attributes/level',
    ])
    expect((await ask('DELETE', '/v1/contact-fields/level', undefined, {}, token)).statusCode).toBe(204)
    expect((await ask('PATCH', `/v1/contacts/${id}`, { attributes: { level: '铜' } }, {}, token)).statusCode).toBe(200)
    const listed = (await ask('GET', '/v1/contact-fields', undefined, {}, token)).json().data
    expect(listed.map((field: { key: string }) => field.key)).toEqual(['birthday', 'orders', 'vip'])
  })

  test('an agent may not define attributes', async () => {
    const answer = await ask('PUT', '/v1/contact-fields/x', { label: 'x', type: 'text' }, {}, shop.agent.token)
    expect(answer.json().code).toBe('permission-missing')
  })
})

describe('tags and groups', () => {
  test('tags are put in place of those that are there, found, and counted', async () => {
    const here = await api.business()
    const { token } = here.admin
    const one = await make({ name: '甲', tags: ['老客户', ' 老客户 ', 'VIP'] }, token)
    await make({ name: '乙', tags: ['VIP'] }, token)
    expect(one.tags).toEqual(['VIP', '老客户'])
    const count = async () => (await ask('GET', '/v1/contact-tags', undefined, {}, token)).json().data
    expect(await count()).toEqual([
      { tag: 'VIP', count: 2 },
      { tag: '老客户', count: 1 },
    ])
    expect(await found('老客户', token)).toEqual(['甲'])
    expect((await ask('PATCH', `/v1/contacts/${one.id}`, { tags: ['新'] }, {}, token)).json().tags).toEqual(['新'])
    const tagged = (await ask('GET', '/v1/contacts?tag=VIP', undefined, {}, token)).json().data
    expect(tagged.map((contact: Contact) => contact.name)).toEqual(['乙'])
    expect((await ask('PATCH', `/v1/contacts/${one.id}`, { tags: ['  '] }, {}, token)).json().code).toBe('tag-blank')
  })

  test('a group counts its contacts and lists them; a contact is in it once', async () => {
    const here = await api.business()
    const { token } = here.admin
    const to = (method: Method, path: string, body?: unknown) =>
      ask(method, `/v1/contact-groups${path}`, body, {}, token)
    const group = (await to('POST', '', { name: '团购' })).json()
    expect((await to('POST', '', { name: '团购' })).json().code).toBe('contact-group-taken')
    const { id } = await make({}, token)
    expect((await to('PUT', `/${group.id}/contacts/${id}`)).json()).toMatchObject({ groupIds: [group.id], version: 2 })
    expect((await to('PUT', `/${group.id}/contacts/${id}`)).json().version).toBe(2)
    expect((await to('GET', `/${group.id}`)).json()).toMatchObject({ name: '团购', count: 1 })
    const members = (await ask('GET', `/v1/contacts?groupId=${group.id}`, undefined, {}, token)).json().data
    expect(members.map((contact: Contact) => contact.id)).toEqual([id])
    expect((await to('DELETE', `/${group.id}/contacts/${id}`)).json().groupIds).toEqual([])
    expect((await to('PATCH', `/${group.id}`, { name: '拼团' })).json()).toMatchObject({ name: '拼团', version: 2 })
    expect((await to('DELETE', `/${group.id}`)).statusCode).toBe(204)
    expect((await to('GET', `/${group.id}`)).json().code).toBe('contact-group-unknown')
  })
})

describe('notes', () => {
  test('notes are written, changed under their version, listed newest first and taken away', async () => {
    const { id } = await make()
    const path = `/v1/contacts/${id}/notes`
    const first = (await ask('POST', path, { text: '喜欢绿茶' })).json()
    expect(first).toMatchObject({ contactId: id, authorId: shop.admin.member.id, authorName: shop.admin.member.name })
    const second = (await ask('POST', path, { text: '下周回访' })).json()
    const changed = await ask('PATCH', `${path}/${first.id}`, { text: '喜欢红茶' }, { 'if-match': '"v1"' })
    expect(changed.json()).toMatchObject({ text: '喜欢红茶', version: 2 })
    expect((await ask('PATCH', `${path}/${first.id}`, { text: 'x' }, { 'if-match': '"v1"' })).json().code).toBe(
      'version-stale',
    )
    const listed = (await ask('GET', path)).json().data
    expect(listed.map((note: { text: string }) => note.text)).toEqual(['下周回访', '喜欢红茶'])
    expect((await ask('DELETE', `${path}/${second.id}`)).statusCode).toBe(204)
    expect((await ask('DELETE', `${path}/${second.id}`)).json().code).toBe('note-unknown')
    const told = (await api.emitted(shop.tenant.id)).filter(({ subject }) => subject === id).map(({ type }) => type)
    expect(told).toEqual(['contact.created', 'note.created', 'note.created', 'note.changed', 'note.removed'])
  })
})

describe('finding', () => {
  test('by any character of a Chinese name, any word of another, company, e-mail, number and its last digits', async () => {
    await make({
      name: '欧阳小芳',
      company: 'Dragon Well Tea',
      identities: [phone('13712345678'), email('ouyang@tea.example')],
    })
    for (const words of [
      '欧阳',
      '小芳',
      '芳',
      'dragon',
      'ＷＥＬＬ',
      'OUYANG@',
      '137 1234 5678',
      '+86137123',
      '5678',
      '12345678',
    ]) {
      expect(await found(words), words).toContain('欧阳小芳')
    }
    for (const words of ['阳芳', 'ragon', '1234567', 'tea.example', '\\', '%']) {
      expect(await found(words), words).not.toContain('欧阳小芳')
    }
    const here = await found('欧阳')
    expect(here).toHaveLength(1)
  })

  test('a name that was changed is found as it is now', async () => {
    const { id } = await make({ name: '旧名字' })
    await ask('PATCH', `/v1/contacts/${id}`, { name: '新称呼' })
    expect([await found('旧名字'), await found('新称呼')]).toEqual([[], ['新称呼']])
  })

  test('a look-up among many contacts reads ordered indexes and scans no table', async () => {
    const here = await api.business()
    const { token } = here.admin
    const tenant = here.tenant.id
    const insert = (sql: string) => api.read(tenant, (tx) => tx.run(sql, tenant))
    const id = `'ctc_0' || lpad(n::text, 25, '0')`
    await insert(
      `insert into contacts (tenant_id, id, name) select $1, ${id}, '顾客' || n from generate_series(1, 20000) n`,
    )
    // As autovacuum does: sessions that saw the table when it was small plan its foreign keys anew.
    await ownerSession(api.url, (run) => run('analyze contacts'))
    await insert(
      `insert into identities (tenant_id, kind, scope, address, contact_id)
       select $1, 'phone', '', '+86138' || lpad(n::text, 8, '0'), ${id} from generate_series(1, 20000) n`,
    )
    expect(await found('顾客12345', token)).toEqual(['顾客12345'])
    expect(await found('13800012345', token)).toEqual(['顾客12345'])
    expect(await found('00012345', token)).toEqual(['顾客12345'])
    const plan = await api.read(tenant, async (tx) => {
      const { listContacts } = await import('../../../src/core/contacts/search.ts')
      const plans: string[] = []
      const explaining = {
        ...tx,
        async query<T>(sql: string, ...values: unknown[]) {
          if (sql.includes('contact_words')) {
            const rows = await tx.query<{ 'QUERY PLAN'?: string; qUERYPLAN?: string }>(`explain ${sql}`, ...values)
            plans.push(...rows.map((row) => Object.values(row).join('')))
          }
          return tx.query<T>(sql, ...values)
        },
      }
      await listContacts(explaining, { search: '00012345' }, { limit: 10, after: null })
      return plans.join('\n')
    })
    for (const index of ['contact_words_pkey', 'identities_search', 'identities_backwards', 'contact_tags_tag']) {
      expect(plan).toContain(index)
    }
    expect(plan).not.toContain('Seq Scan')
    // A range of the ordered index is its condition, not a filter on what the tenant has.
    expect(plan).toMatch(/Index Cond: .*word >= /)
    expect(plan).toMatch(/Index Cond: .*search >= /)
    expect(plan).toMatch(/Index Cond: .*backwards >= /)
  })
})

test('another tenant sees nothing of it, on no list', async () => {
  const { id } = await make({ name: '只此一家', tags: ['秘密'], identities: [email('secret@x.example')] })
  const note = (await ask('POST', `/v1/contacts/${id}/notes`, { text: '秘密' })).json()
  const group = (await ask('POST', '/v1/contact-groups', { name: '秘密' })).json()
  await ask('PUT', `/v1/contact-groups/${group.id}/contacts/${id}`)
  await ask('PUT', '/v1/contact-fields/secret', { label: '秘密', type: 'text' })
  const other = await api.business()
  const { token } = other.admin
  for (const path of [
    '/v1/contact-tags',
    '/v1/contact-groups',
    '/v1/contact-fields',
    '/v1/contacts?tag=%E7%A7%98%E5%AF%86',
    `/v1/contacts?groupId=${group.id}`,
    '/v1/contacts?search=%E5%8F%AA%E6%AD%A4',
    '/v1/contacts?search=secret%40x',
  ]) {
    expect((await ask('GET', path, undefined, {}, token)).json().data, path).toEqual([])
  }
  const mine = (await make({}, token)).id
  for (const [method, path, body, code] of [
    ['GET', `/v1/contacts/${id}/notes`, undefined, 'contact-unknown'],
    ['POST', `/v1/contacts/${id}/notes`, { text: 'x' }, 'contact-unknown'],
    ['PATCH', `/v1/contacts/${mine}/notes/${note.id}`, { text: 'x' }, 'note-unknown'],
    ['DELETE', `/v1/contacts/${mine}/notes/${note.id}`, undefined, 'note-unknown'],
    ['POST', `/v1/contacts/${id}/identities`, email('a@b.example'), 'contact-unknown'],
    ['DELETE', `/v1/contacts/${id}/identities?kind=email&address=secret%40x.example`, undefined, 'contact-unknown'],
    ['GET', `/v1/contact-groups/${group.id}`, undefined, 'contact-group-unknown'],
    ['PATCH', `/v1/contact-groups/${group.id}`, { name: 'x' }, 'contact-group-unknown'],
    ['DELETE', `/v1/contact-groups/${group.id}`, undefined, 'contact-group-unknown'],
    ['PUT', `/v1/contact-groups/${group.id}/contacts/${mine}`, undefined, 'contact-group-unknown'],
    ['DELETE', '/v1/contact-fields/secret', undefined, 'field-unknown'],
  ] as const) {
    const answer = await ask(method, path, body, {}, token)
    expect([path, answer.statusCode, answer.json().code]).toEqual([path, 404, code])
  }
  // The same address may be another tenant's customer too.
  expect((await make({ identities: [email('secret@x.example')] }, token)).identities).toHaveLength(1)
})

describe('the key of a business’s own system', () => {
  const put = (key: string, body: object, headers = {}, query = '') =>
    ask('PUT', `/v1/contacts/ext:${key}${query}`, body, headers)
  const toldOf = async (id: string) =>
    (await api.emitted(shop.tenant.id)).filter(({ subject }) => subject === id).map(({ type }) => type)

  test('a contact is made under its key, then changed; what repeats changes nothing and tells nobody', async () => {
    const body = { name: '李雷', identities: [phone('13600136000')], attributes: { level: 'gold' }, tags: ['crm'] }
    const made = await put('crm:42', body)
    expect(made.statusCode).toBe(201)
    const contact: Contact = made.json()
    expect(contact.identities).toContainEqual({ kind: 'ext', scope: 'crm', address: '42', verified: true })
    expect(made.headers.location).toBe(`/v1/contacts/${contact.id}`)
    const again = await put('crm:42', body)
    expect([again.statusCode, again.json()]).toEqual([200, contact])
    const changed = await put('crm:42', { name: '李雷雷', attributes: { level: null } }, { 'if-match': '"v1"' })
    expect(changed.json()).toMatchObject({ id: contact.id, name: '李雷雷', attributes: {}, tags: ['crm'], version: 2 })
    expect(await toldOf(contact.id)).toEqual(['contact.created', 'contact.updated'])
  })

  test('preconditions hold: a stale version, only what is seen, only what is new', async () => {
    await put('crm:43', { name: 'a' })
    expect((await put('crm:43', { name: 'b' }, { 'if-match': '"v7"' })).json().code).toBe('version-stale')
    expect((await put('crm:44', { name: 'b' }, { 'if-match': '"v1"' })).statusCode).toBe(412)
    expect((await ask('GET', '/v1/contacts/ext:crm:44')).json().code).toBe('contact-unknown')
    const exists = await put('crm:43', { name: 'b' }, { 'if-none-match': '*' })
    expect([exists.statusCode, exists.json().code]).toEqual([412, 'contact-exists'])
    expect((await put('crm:45', { name: 'b' }, { 'if-none-match': '*' })).statusCode).toBe(201)
  })

  test('writers of the same new key make one contact', async () => {
    const answers = await Promise.all(Array.from({ length: 6 }, () => put('crm:race', { name: '韩梅梅' })))
    expect(new Set(answers.map((answer) => answer.json().id)).size).toBe(1)
    expect(answers.filter((answer) => answer.statusCode === 201)).toHaveLength(1)
    expect(await toldOf(answers[0]?.json().id)).toEqual(['contact.created'])
  })

  test('the key stands wherever an id of a contact does', async () => {
    const { id } = (await put('crm:a%2Fb:c', { name: '王五' })).json()
    const path = '/v1/contacts/ext:crm:a%2Fb:c'
    expect((await ask('GET', path)).json().id).toBe(id)
    expect((await ask('PATCH', path, { city: '苏州' })).json().city).toBe('苏州')
    expect((await ask('POST', `${path}/notes`, { text: 'x' })).json().contactId).toBe(id)
    expect((await ask('PUT', `${path}/block`, {})).json().id).toBe(id)
    expect((await ask('GET', `${path}/thread`)).json().data).toEqual([])
    expect((await ask('GET', '/v1/contacts/ext:erp:a%2Fb:c')).json().code).toBe('contact-unknown')
  })

  test('a new key is given to the contact that has the address, if asked and if it is one', async () => {
    const known = await make({ identities: [email('match@x.example')] })
    const matched = await put('crm:60', { identities: [email('MATCH@x.example')] }, {}, '?match=true')
    expect([matched.statusCode, matched.json().id]).toEqual([200, known.id])
    expect((await ask('GET', '/v1/contacts/ext:crm:60')).json().id).toBe(known.id)
    expect((await put('crm:61', { identities: [email('match@x.example')] })).json().code).toBe('identity-taken')
    await make({ identities: [phone('13511112222')] })
    const both = await put(
      'crm:62',
      { identities: [email('match@x.example'), phone('13511112222')] },
      {},
      '?match=true',
    )
    expect([both.statusCode, both.json().code]).toEqual([409, 'match-ambiguous'])
  })

  test.each([`ctc_${newId('ctc').slice(4)}`, 'ext:', 'ext:crm:', 'ext::1', 'ext:cr m:1', 'ext:crm:\u0000'])(
    'a contact is not put under %s',
    async (key) => {
      const answer = await ask('PUT', `/v1/contacts/${encodeURIComponent(key)}`, { name: 'x' })
      expect(answer.statusCode).toBe(400)
    },
  )
})
