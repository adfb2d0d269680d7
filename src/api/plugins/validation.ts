/**
 * Requests are checked as they are: nothing is dropped, nothing is converted, except that text in a query string may
 * stand for a number, a boolean or a list of one.
 */
import { Ajv, type Options } from 'ajv'
import formats from 'ajv-formats'
import type { FastifyInstance } from 'fastify'
import { Fault } from '../../core/platform/errors.ts'
import { storable } from '../../core/platform/text.ts'

const options: Options = {
  removeAdditional: false,
  useDefaults: true,
  allErrors: false,
  strict: true,
  // A nullable shape is a union of types.
  allowUnionTypes: true,
  strictTypes: false,
}

export function validateRequests(app: FastifyInstance): void {
  const exact = formats.default(new Ajv({ ...options, coerceTypes: false }))
  const lenient = formats.default(new Ajv({ ...options, coerceTypes: 'array' }))
  app.setValidatorCompiler(({ schema, httpPart }) => (httpPart === 'querystring' ? lenient : exact).compile(schema))
  app.addHook('preValidation', async (request) => {
    const { config, schema } = request.routeOptions
    if (config.raw === true || request.is404) return
    requireShallow(request.body)
    // NUL and lone surrogates, which JSON can say and PostgreSQL cannot keep, end here for every route at once.
    request.body = storable(request.body)
    request.query = storable(request.query)
    const described = schema as { body?: unknown; querystring?: unknown } | undefined
    if (described?.querystring === undefined) refuseAll(request.query, '?')
    if (described?.body === undefined) refuseAll(request.body, '/')
  })
  app.addHook('preParsing', async (request) => {
    const encoding = request.headers['content-encoding']
    if (encoding !== undefined && encoding !== 'identity') {
      throw new Fault('unsupported', 'content-encoding-unsupported', 'A request body must not be compressed.')
    }
  })
}

/** Where nothing is described nothing may be said, so that a member in the wrong place does not go unnoticed. */
function refuseAll(given: unknown, prefix: string): void {
  if (given === undefined || given === null) return
  const names = typeof given === 'object' ? Object.keys(given) : ['']
  if (names.length === 0) return
  throw new Fault('invalid', 'request-invalid', 'The request does not have the form that is described.', {
    errors: names
      .slice(0, 10)
      .map((name) => ({ pointer: `${prefix}${name.slice(0, 100)}`, detail: 'is not known here' })),
  })
}

const deepest = 40

/** What is nested more deeply than anything described would exhaust the stack of whatever walks it. */
function requireShallow(body: unknown): void {
  let level: unknown[] = [body]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > deepest) throw new Fault('invalid', 'body-malformed', 'The body is nested too deeply.')
    level = level.flatMap((value) => (value !== null && typeof value === 'object' ? Object.values(value) : []))
  }
}
