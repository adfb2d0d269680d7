/** Bad input of every kind on every route: each gets a named refusal, and nothing changes. */
import { createHash } from 'node:crypto'
import type { LightMyRequestResponse } from 'fastify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ownerSession } from '../../../src/core/platform/database.ts'
import { type IdPrefix, newId, newSecret } from '../../../src/core/platform/ids.ts'
import { openSession } from '../../../src/core/tenancy/sessions.ts'
import type { Ask, TestApi } from '../../support/api.ts'
import { type FullShop, makeFullShop, startWholeApi, type Thing } from '../../support/whole-api.ts'
import { type Case, cases } from './bad-input-cases.ts'

let api: TestApi
let shop: FullShop
let foreign: FullShop
let expired: string

beforeAll(async () => {
  api = await startWholeApi()
  shop = await makeFullShop(api)
  foreign = await makeFullShop(api)
  const yesterday = { now: Date.now() - 86_400_000, lifeMs: 3_600_000, idleMs: 3_600_000 }
  expired = (await api.read(shop.tenant.id, (tx) => openSession(tx, shop.admin.member.id, yesterday))).token
})
afterAll(() => api?.close())

const prefixes: Readonly<Record<Thing, IdPrefix | undefined>> = {
  member: 'usr',
  key: 'key',
  group: 'grp',
  channel: 'chn',
  contact: 'ctc',
  contactKey: undefined,
  otherContact: 'ctc',
  merge: 'mrg',
  contactImport: 'imp',
  contactField: undefined,
  verificationFile: undefined,
  contactGroup: 'cgr',
  blockedIdentity: 'blk',
  note: 'nte',
  conversation: 'cnv',
  message: 'msg',
  offer: 'ofr',
  command: 'cmd',
  ticket: 'tkt',
  otherTicket: 'tkt',
  record: undefined,
  file: 'fil',
  endpoint: 'whe',
  cannedReply: 'rpl',
  calendar: 'hrs',
  satisfaction: 'sat',
  entryRule: 'rul',
  event: 'evt',
  call: 'cal',
  phone: 'phn',
}

const absent = (thing: Thing) => {
  const prefix = prefixes[thing]
  if (thing === 'contactKey') return `ext:crm:${newId('ctc')}`
  if (thing === 'contactField') return `field-${newId('job')}`
  if (thing === 'verificationFile') return 'WW_verify_absent.txt'
  return prefix === undefined ? '999999999' : newId(prefix)
}

/** All rows of the database, but for when a credential was used and who failed to log in. */
async function everything(): Promise<string> {
  return ownerSession(api.url, async (run) => {
    const tables = await run<{ name: string }>(
      `select quote_ident(relname) as name from pg_class
        where relkind in ('r', 'p') and not relispartition and relnamespace = 'public'::regnamespace
          and relname <> 'login_failures' order by relname`,
    )
    const digests = []
    for (const { name } of tables) {
      const [row] = await run<{ rows: string }>(
        `select coalesce(string_agg((to_jsonb(t) - 'seen_at' - 'used_at')::text, e'\\n' order by to_jsonb(t)::text), '') as rows
           from ${name} t`,
      )
      digests.push(
        `${name} ${createHash('sha256')
          .update(row?.rows ?? '')
          .digest('hex')}`,
      )
    }
    return digests.join('\n')
  })
}

/** The good request to a route, and what it takes to make it bad. */
function requestTo(route: string) {
  const given = cases[route] as Case
  const [method = '', path = ''] = route.split(' ')
  const good = Object.fromEntries(Object.entries(given.params ?? {}).map(([name, thing]) => [name, shop.ids[thing]]))
  const token = {
    nobody: undefined,
    admin: shop.admin.token,
    supervisor: shop.supervisor.token,
    agent: shop.agent.token,
    visitor: shop.visitorToken,
  }[given.as]
  const body = given.body?.(shop.ids)
  const ask = (change: { params?: Record<string, string>; query?: string } & Ask = {}) => {
    const params: Record<string, string> = { ...given.words, ...good, ...change.params }
    const url = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? ''))
    const headers = { 'idempotency-key': newSecret(), ...given.headers, ...change.headers }
    return api.ask(method as 'GET', `${url}${change.query ?? given.query ?? ''}`, {
      ...(token !== undefined && { token }),
      ...(body !== undefined && { body }),
      ...change,
      headers,
    })
  }
  return { given, method, good, body, ask }
}

/** What is not as it should be, to be compared with nothing. */
class Findings {
  readonly list: string[] = []

  add(what: string, answer: LightMyRequestResponse, status: readonly number[], codes: RegExp): void {
    const isProblem = answer.headers['content-type'] === 'application/problem+json'
    const problem = isProblem ? answer.json() : {}
    const isWell =
      isProblem &&
      status.includes(answer.statusCode) &&
      problem.status === answer.statusCode &&
      codes.test(problem.code) &&
      problem.type === `urn:tributary:problem:${problem.code}` &&
      !/\bat .*:\d+:\d+|node_modules|select |insert /i.test(answer.body)
    if (!isWell) this.list.push(`${what}: ${answer.statusCode} ${answer.body.slice(0, 200)}`)
  }
}

test('the table holds every route that the API describes', () => {
  const described = Object.entries(api.app.swagger().paths ?? {}).flatMap(([path, operations]) =>
    Object.keys(operations as object).map((method) => `${method.toUpperCase()} ${path}`),
  )
  expect(Object.keys(cases).toSorted()).toEqual(described.toSorted())
})

test('whatever is read of one shop, nothing in it is another’s', async () => {
  const told = (ids: FullShop['ids']) =>
    Object.entries(ids).flatMap(([thing, id]) =>
      id.length > 20 ? [[thing, id.replace(/^ext:crm:/, '')] as const] : [],
    )
  const alien = [...told(foreign.ids), ['tenant', foreign.tenant.id] as const]
  const leaks: string[] = []
  let all = ''
  for (const route of Object.keys(cases).filter((name) => name.startsWith('GET '))) {
    const as = cases[route]?.as
    if (as === 'nobody') continue
    // Some of it is shown to whose it is alone, more to an admin.
    for (const whose of as === 'visitor' ? [{}] : [{}, { token: shop.admin.token }]) {
      const { body } = await requestTo(route).ask(whose)
      all += body
      for (const [thing, id] of alien) if (body.includes(id)) leaks.push(`${route} names a ${thing}`)
    }
  }
  expect(leaks).toEqual([])
  // What it looks for, it would have found: the shop's own stand in the same answers.
  expect(told(shop.ids).filter(([, id]) => !all.includes(id))).toEqual([])
})

describe.each(Object.keys(cases))('%s', (route) => {
  test('changes nothing and names the mistake, whatever is wrong with the request', async () => {
    const found = new Findings()
    const before = await everything()
    await tryCredentials(route, found)
    await tryQueries(route, found)
    await tryAddresses(route, found)
    await tryBodies(route, found)
    expect(found.list).toEqual([])
    expect(await everything()).toBe(before)
  })
})

async function tryCredentials(route: string, found: Findings): Promise<void> {
  const { given, ask } = requestTo(route)
  if (given.as === 'nobody') return
  const forged = {
    garbage: 'garbage',
    'a session that never was': `tbs_${newSecret()}`,
    'an expired session': expired,
    'a key with a wrong checksum': `tbk_abcdefgh_${newSecret()}_000000`,
    'a visitor that never was': `tbv_${newSecret()}`,
    'a token of another kind': 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9.',
    'an own token, one letter changed': shop.admin.token.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')),
  }
  found.add('no token', await ask({ token: '', headers: { authorization: '' } }), [401], /^credential-/)
  for (const [name, token] of Object.entries(forged)) {
    found.add(name, await ask({ token }), [401], /^credential-invalid$/)
  }
  const wrongKind = given.as === 'visitor' ? shop.admin.token : shop.visitorToken
  found.add('a credential of the other side', await ask({ token: wrongKind }), [403], /^permission-missing$/)
  if (given.as === 'admin') {
    found.add('an agent', await ask({ token: shop.agent.token }), [403], /^permission-/)
  }
}

async function tryQueries(route: string, found: Findings): Promise<void> {
  const { ask } = requestTo(route)
  // A page of figures is read by programs of others, which may add what they like.
  if (route === 'GET /metrics') return
  for (const query of ['?surprise=1', '?__proto__=1', '?limit[$ne]=1', '?cursor=a&cursor=b&constructor=1']) {
    found.add(`query ${query}`, await ask({ query }), [400], /^request-invalid$/)
  }
  if (!(await ask({ query: '?limit=0' })).body.includes('"?limit"')) return
  for (const limit of ['0', '-1', 'x', '1e9', '1.5', '', '1&limit=2']) {
    found.add(`limit ${limit}`, await ask({ query: `?limit=${limit}` }), [400], /^request-invalid$/)
  }
}

const hostile = ['x', '0', '\u0000', '../../etc', '%2e%2e', 'constructor', "' or 1=1 --", 'x'.repeat(150)]

async function tryAddresses(route: string, found: Findings): Promise<void> {
  const { given, ask } = requestTo(route)
  for (const [name, thing] of Object.entries(given.params ?? {})) {
    const words = given.mayBeAnyWord?.includes(name) ? [] : hostile
    for (const value of words) {
      found.add(`${name} ${value}`, await ask({ params: { [name]: value } }), [400, 404], /^request-invalid$|-unknown$/)
    }
    found.add(`${name} too long`, await ask({ params: { [name]: 'x'.repeat(300) } }), [400], /^address-malformed$/)
    if (given.mayBeMissing?.includes(name)) continue
    const unknown = await ask({ params: { [name]: absent(thing) } })
    const others = await ask({ params: { [name]: foreign.ids[thing] } })
    found.add(`${name} unknown`, unknown, [404], /-unknown$/)
    found.add(`${name} of another tenant`, others, [404], /-unknown$/)
    const told = (answer: LightMyRequestResponse) =>
      JSON.stringify({ ...answer.json(), instance: '' }).replaceAll(/\b[a-z]{3}_[0-9a-z]{26}\b/g, 'the id')
    if (told(unknown) !== told(others)) found.list.push(`${name} of another tenant is told from one that is unknown`)
  }
}

async function tryBodies(route: string, found: Findings): Promise<void> {
  const { given, method, body, ask } = requestTo(route)
  if (method === 'GET') return
  const json = { 'content-type': 'application/json' }
  const raw = (payload: string, headers: Record<string, string> = json) => ask({ body: payload, headers })
  found.add('broken JSON', await raw('{"a":'), [400], /^body-malformed$/)
  found.add('a prototype', await raw('{"__proto__":{"a":1}}'), [400], /^body-malformed$/)
  found.add('compressed', await raw('{}', { ...json, 'content-encoding': 'gzip' }), [415], /^content-encoding-/)
  for (const type of ['text/plain', 'application/xml', 'application/json\ta']) {
    found.add(type, await raw('{}', { 'content-type': type }), [415], /^media-type-unsupported$/)
  }
  const form = await raw('{}', { 'content-type': 'multipart/form-data; boundary=x' })
  if (given.takesFile === true) found.add('a form without a file', form, [400], /^file-missing$/)
  else found.add('a form', form, [415], /^media-type-unsupported$/)
  found.add('an oversized body', await raw(`{"a":"${'x'.repeat(1_050_000)}"}`), [413], /^body-too-large$/)
  const unknown = await ask({ body: { ...body, surprise: 1 } })
  found.add('an unknown member', unknown, [400], /^request-invalid$/)
  if (!unknown.body.includes('"/surprise"')) found.list.push(`an unknown member is not pointed at: ${unknown.body}`)
  if (body === undefined) return

  for (const whole of ['[]', 'null', '"x"', '1']) {
    found.add(`the body ${whole}`, await raw(whole), [400], /^(request-invalid|body-malformed)$/)
  }
  for (const [name, value] of Object.entries(body)) {
    const wrong: unknown[] = [{ $ne: 1 }, { ' ': {} }, [['x']], typeof value === 'string' ? 12345 : 'x', null]
    for (const bad of wrong) {
      if (bad === null && given.mayBeNull?.includes(name)) continue
      if (
        bad === null &&
        [
          'number',
          'locale',
          'groupId',
          'maxWaiting',
          'until',
          'reason',
          'province',
          'city',
          'company',
          'category',
          'summary',
          'closeResolvedAfterSeconds',
          'assigneeId',
          'dueAt',
          'contactId',
          'parentKey',
          'events',
        ].includes(name)
      )
        continue
      const answer = await ask({ body: { ...body, [name]: bad } })
      found.add(`${name} as ${JSON.stringify(bad)}`, answer, [400], /^(request|channel-settings)-invalid$/)
    }
  }
  for (const name of given.refers ?? []) {
    for (const [thing, id] of Object.entries(foreign.ids)) {
      if (shop.ids[thing as Thing] !== body[name]) continue
      for (const [whose, value] of [
        ['of another tenant', id],
        ['unknown', absent(thing as Thing)],
      ]) {
        found.add(
          `${name} ${whose}`,
          await ask({ body: { ...body, [name]: value } }),
          [400, 404, 409],
          /-un(known|reachable)$/,
        )
      }
    }
  }
}

test('a list of numbers that want no calls is taken whole or not at all: what is none is named by its place', async () => {
  const { ask } = requestTo('POST /v1/do-not-call')
  const bar = (numbers: unknown[], more = {}) => ask({ body: { numbers, ...more } })
  const before = await everything()
  const found = new Findings()
  const shapes = {
    none: [],
    empty: [''],
    long: ['1'.repeat(41)],
    'too many': Array(1001).fill('13900000001'),
    typed: [1],
  }
  for (const [name, numbers] of Object.entries(shapes)) found.add(name, await bar(numbers), [400], /^request-invalid$/)
  found.add('a long reason', await bar(['13900000001'], { reason: 'x'.repeat(501) }), [400], /^request-invalid$/)
  const strangers = ['not a number', '1', '\u0000', "' or 1=1 --", 'sip:x@y', '١٢٣', '1'.repeat(21)]
  const refused = await bar(['13900000001', ...strangers])
  found.add('strangers', refused, [400], /^number-malformed$/)
  expect(found.list).toEqual([])
  const errors: { pointer: string }[] = refused.json().errors
  expect(errors.map(({ pointer }) => pointer)).toEqual(strangers.map((_, index) => `/numbers/${index + 1}`))
  expect((await bar(Array(200).fill('x'))).json().errors).toHaveLength(100)
  expect(await everything()).toBe(before)

  // The same number in several forms is one, and one that is barred is not barred again.
  expect((await bar(['13900000001', '+86 139 0000 0001', '95588'], { reason: '投诉' })).json()).toEqual({ added: 2 })
  expect((await bar(['13900000001'], { reason: '另一个' })).json()).toEqual({ added: 0 })
  const listed = await requestTo('GET /v1/do-not-call').ask()
  expect(listed.json().data).toMatchObject([
    { number: '+8613900000001', reason: '投诉' },
    { number: '95588', reason: '投诉' },
  ])
})

test('whom a caller is to wait for and is not there is the body’s fault, by its pointer', async () => {
  const { ask } = requestTo('POST /v1/calls/{id}/consult')
  for (const [name, thing] of [
    ['memberId', 'member'],
    ['groupId', 'group'],
  ] as const) {
    const refused = await ask({ body: { [name]: absent(thing) } })
    expect(refused.json()).toMatchObject({ status: 400, code: `${thing}-unknown`, errors: [{ pointer: `/${name}` }] })
  }
})
