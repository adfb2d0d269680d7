/**
 * Requests that nobody thought of, made from the API's own description: some as described, some almost. Whatever comes,
 * the answer is one that is described, never a fault of ours. `FUZZ_REQUESTS` and `FUZZ_SEED` make it longer or the same again.
 */
import { Ajv } from 'ajv'
import formats from 'ajv-formats'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TestApi } from '../../support/api.ts'
import { type FullShop, makeFullShop, startWholeApi } from '../../support/whole-api.ts'
import { makeValue, randomFrom, type Schema } from './fuzz-values.ts'

interface Operation {
  readonly method: string
  readonly path: string
  readonly query: Schema
  readonly body: Schema | undefined
  readonly answers: Readonly<Record<string, { content?: Record<string, { schema: Schema }> }>>
}

const count = Number(process.env.FUZZ_REQUESTS ?? 600)
const seed = Number(process.env.FUZZ_SEED ?? 20_261_122)

let api: TestApi
let shop: FullShop
let document: { paths: Record<string, Record<string, unknown>>; components: { schemas: Record<string, Schema> } }
const ajv = formats.default(new Ajv({ strict: false }))

beforeAll(async () => {
  api = await startWholeApi()
  shop = await makeFullShop(api)
  document = (await api.ask('GET', '/openapi.json')).json()
  ajv.addSchema({ $id: 'api', components: document.components })
})
afterAll(() => api?.close())

/** The same schema with its references leading into the description. */
function rooted<T>(schema: T): T {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/components', '"api#/components')) as T
}

function operations(): Operation[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, described]) => {
      const {
        parameters = [],
        requestBody,
        responses,
      } = described as {
        parameters?: { in: string; name: string; schema: Schema }[]
        requestBody?: { content: Record<string, { schema: Schema }> }
        responses: Operation['answers']
      }
      const inQuery = parameters.filter((parameter) => parameter.in === 'query')
      const query: Schema = {
        type: 'object',
        properties: Object.fromEntries(inQuery.map(({ name, schema }) => [name, schema])),
      }
      const body = requestBody?.content['application/json']?.schema
      // A session that ends, or a password that is set, would make the rest of the run about nothing else.
      if (path === '/v1/sessions/current' || path.endsWith('/password')) return []
      return [{ method: method.toUpperCase(), path, query, body, answers: responses }]
    }),
  )
}

const inAddress = (text: string) => encodeURIComponent(text.toWellFormed())

/** What is wrong with an answer; undefined when it is as described. */
function objection({ answers }: Operation, status: number, type: string, text: string): string | undefined {
  if (status >= 500) return `a fault of ours: ${text}`
  if (/\bat .*:\d+:\d+|node_modules/.test(text)) return `a stack: ${text}`
  const described = answers[String(status)] ?? (status >= 400 ? answers['4XX'] : undefined)
  if (described === undefined) return `a status that is not described: ${text}`
  const schema = described.content?.[type]?.schema
  if (text === '' || type.startsWith('text/')) return undefined
  if (schema === undefined) return `a content type that is not described: ${type}`
  const validate = ajv.compile(rooted(schema))
  return validate(JSON.parse(text)) ? undefined : `not as described: ${ajv.errorsText(validate.errors)} ${text}`
}

test(`${count} random requests are answered as described (seed ${seed})`, async () => {
  const random = randomFrom(seed)
  const every = operations()
  const wrong: string[] = []
  const statuses = new Map<number, number>()
  for (let index = 0; index < count && wrong.length < 5; index++) {
    const operation = random.one(every)
    const known = Object.values(shop.ids)
    const values = { random, schemas: document.components.schemas, known }
    const path = operation.path.replaceAll(/\{(\w+)\}/g, () =>
      inAddress(random.chance(0.8) ? random.one(known) : random.text()),
    )
    const query = Object.entries(makeValue(operation.query, values) ?? {})
      .filter(() => random.chance(0.4))
      .map(([name, value]) => `${inAddress(name)}=${inAddress(String(value))}`)
      .join('&')
    const url = query === '' ? path : `${path}?${query}`
    const token = random.one([shop.admin.token, shop.agent.token, shop.supervisor.token, shop.visitorToken])
    const body = operation.body && makeValue(operation.body, values)
    const headers: Record<string, string> = random.chance(0.7) ? { 'idempotency-key': `k${random.below(50)}` } : {}
    if (random.chance(0.2)) headers['if-match'] = random.one(['"v1"', '*', 'v1', ''])
    const answer = await api.ask(operation.method as 'GET', url, { token, body, headers })
    statuses.set(answer.statusCode, (statuses.get(answer.statusCode) ?? 0) + 1)
    const type = String(answer.headers['content-type'] ?? '').split(';')[0] ?? ''
    const why = objection(operation, answer.statusCode, type, answer.body)
    if (why !== undefined) {
      wrong.push(`${operation.method} ${url} ${JSON.stringify(body)?.slice(0, 500)} → ${answer.statusCode} ${why}`)
    }
  }
  expect(wrong).toEqual([])
  // A run in which nothing succeeds would say little.
  expect(statuses.get(200) ?? 0).toBeGreaterThan(count / 20)
})
