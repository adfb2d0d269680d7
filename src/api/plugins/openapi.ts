/** The API described by itself: OpenAPI 3.1 at /openapi.json, made from the routes' own schemas, and a page at /docs. */
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import type { TSchema } from 'typebox'
import * as shapes from '../../core/events/shapes.ts'
import * as tickets from '../../core/events/ticket-shapes.ts'
import { Problem } from '../schemas.ts'
import type { ServerParts } from '../server.ts'
import { publicly } from './guard.ts'

/** Shapes that stand in the document under their own name. */
const named: Readonly<Record<string, TSchema>> = {
  Part: shapes.Part,
  Message: shapes.Message,
  Conversation: shapes.Conversation,
  Contact: shapes.Contact,
  Member: shapes.Member,
  Presence: shapes.Presence,
  SkillGroup: shapes.SkillGroup,
  Channel: shapes.Channel,
  Offer: shapes.Offer,
  Ticket: tickets.Ticket,
  TicketComment: tickets.TicketComment,
  Problem: Problem,
}

type Json = null | boolean | number | string | Json[] | { [name: string]: Json }

export async function describeApi(app: FastifyInstance, { settings }: ServerParts): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Tributary 汇流',
        version: '1',
        description:
          'One stream out of every channel. Errors are RFC 9457 problems with a stable `code`; lists go on with ' +
          '`nextCursor`; clients ignore members and words they do not know.',
      },
      servers: [{ url: settings.publicUrl }],
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer', description: 'A session, an API key or a visitor token.' },
          cookie: { type: 'apiKey', in: 'cookie', name: 'tributary_session' },
        },
      },
      security: [{ bearer: [] }, { cookie: [] }],
    },
    hideUntagged: false,
    transform: ({ schema, url, route }) => {
      const { permission, raw, idempotencyKey, audit } = route.config ?? {}
      const described = { ...schema } as Record<string, unknown>
      if (raw === true && schema?.summary === undefined) described.hide = true
      if (permission === 'public') described.security = []
      const needs = [
        permission !== undefined && permission !== 'public' && `Permission: \`${permission}\`.`,
        idempotencyKey === 'required' && 'Needs an `Idempotency-Key`.',
        audit !== undefined && `Audited as \`${audit}\`.`,
      ].filter((sentence) => typeof sentence === 'string')
      described.description = [schema?.description, ...needs].filter(Boolean).join(' ')
      described.response = { ...(schema?.response as object), '4xx': problem }
      return { schema: described, url }
    },
    transformObject: (document) => {
      if (!('openapiObject' in document)) return document.swaggerObject
      const { openapiObject } = document
      const paths = nameShapes(openapiObject.paths as Json)
      const schemas = Object.fromEntries(
        Object.entries(named).map(([name, shape]) => [name, nameShapes(plain(shape), name)]),
      )
      return {
        ...openapiObject,
        paths,
        components: { ...openapiObject.components, schemas },
      } as unknown as typeof openapiObject
    },
  })
  await app.register(async (docs) => {
    publicly(docs)
    docs.addHook('onSend', async (_request, reply) => {
      reply.header(
        'content-security-policy',
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
          "connect-src 'self'; font-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
      )
    })
    await docs.register(swaggerUi, { routePrefix: '/docs', validatorUrl: false })
  })
  app.get(
    '/openapi.json',
    { config: { permission: 'public', raw: true }, schema: { hide: true } },
    async (_request, reply) => reply.header('cache-control', 'public, max-age=60').send(app.swagger()),
  )
}

const problem = {
  description: 'A problem (RFC 9457): what was wrong with the request, or why it is refused.',
  content: { 'application/problem+json': { schema: Problem } },
}

/** By what a shape says; within paths @fastify/swagger writes `const` as an `enum` of one. */
const nameOf = new Map(
  Object.entries(named).flatMap(([name, shape]) => {
    const text = JSON.stringify(shape)
    return [text, text.replace(/"const":("(?:[^"\\]|\\.)*")/g, '"enum":[$1]')].map((said) => [said, name] as const)
  }),
)

/** Puts a reference wherever a named shape stands; `self` keeps a shape from becoming a reference to itself. */
function nameShapes(value: Json, self?: string): Json {
  if (value === null || typeof value !== 'object') return value
  if (Array.isArray(value)) return value.map((item) => nameShapes(item))
  const name = nameOf.get(JSON.stringify(value))
  if (name !== undefined && name !== self) return { $ref: `#/components/schemas/${name}` }
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, nameShapes(member)]))
}

function plain(shape: TSchema): Json {
  return JSON.parse(JSON.stringify(shape)) as Json
}
