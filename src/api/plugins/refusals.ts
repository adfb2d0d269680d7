/** What fastify, its plugins and ajv refuse, in our words. */
import { Fault, type FaultDetail } from '../../core/platform/errors.ts'

/** One error of ajv, as fastify hands it on. */
interface Violation {
  readonly instancePath: string
  readonly keyword: string
  readonly params: Readonly<Record<string, unknown>>
  readonly message?: string
}

const byCode: Readonly<Record<string, () => Fault>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: () =>
    new Fault('unsupported', 'media-type-unsupported', 'A body is expected as application/json.'),
  FST_ERR_CTP_BODY_TOO_LARGE: () => new Fault('too-large', 'body-too-large', 'The body is larger than allowed.'),
  FST_ERR_CTP_INVALID_JSON_BODY: () => malformed('The body is not the JSON it says it is.'),
  FST_ERR_CTP_EMPTY_JSON_BODY: () => malformed('The body is empty, though its content type says JSON.'),
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: () => malformed('The body has another length than its header says.'),
  FST_ERR_BAD_URL: () => new Fault('invalid', 'address-malformed', 'The address is not well formed.'),
  FST_ERR_MAX_PARAM_LENGTH: () => new Fault('invalid', 'address-malformed', 'A part of the address is too long.'),
}

/** The fault that an error of the framework stands for; undefined for anything else. */
export function refusals(error: unknown): Fault | undefined {
  if (!(error instanceof Error)) return undefined
  const { code, validation, validationContext, statusCode } = error as Error & {
    code?: unknown
    validation?: readonly Violation[]
    validationContext?: string
    statusCode?: unknown
  }
  if (validation !== undefined) return violated(validation, validationContext ?? 'body')
  const known = typeof code === 'string' ? byCode[code] : undefined
  if (known !== undefined) return known()
  // secure-json-parse refuses __proto__ and constructor with a SyntaxError; other plugins only set a status.
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) {
    return error instanceof SyntaxError
      ? malformed('The body is not acceptable JSON.')
      : new Fault('invalid', 'request-invalid', 'The request is not acceptable.', { cause: error })
  }
  return undefined
}

function malformed(sentence: string): Fault {
  return new Fault('invalid', 'body-malformed', sentence)
}

function violated(violations: readonly Violation[], context: string): Fault {
  const errors = violations.slice(0, 10).map((violation) => detail(violation, context))
  return new Fault('invalid', 'request-invalid', 'The request does not have the form that is described.', { errors })
}

function detail({ instancePath, keyword, params, message }: Violation, context: string): FaultDetail {
  const member = keyword === 'additionalProperties' ? params.additionalProperty : params.missingProperty
  const path = typeof member === 'string' ? `${instancePath}/${escapePointer(member)}` : instancePath
  const prefix = context === 'querystring' ? '?' : context === 'params' ? ':' : context === 'headers' ? 'header:' : ''
  return {
    pointer: prefix === '' ? path : `${prefix}${path.replace(/^\//, '')}`,
    detail: sentence(keyword, params) ?? message ?? 'is not acceptable',
  }
}

/** What ajv's own words leave out: what would have been right. */
function sentence(keyword: string, { allowedValues }: Violation['params']): string | undefined {
  if (keyword === 'additionalProperties') return 'is not known here'
  if (keyword !== 'enum' || !Array.isArray(allowedValues)) return undefined
  const named = allowedValues.slice(0, 20).map((value) => JSON.stringify(value))
  return `must be one of ${named.join(', ')}${allowedValues.length > named.length ? ', …' : ''}`
}

function escapePointer(name: string): string {
  return name.slice(0, 100).replaceAll('~', '~0').replaceAll('/', '~1')
}
