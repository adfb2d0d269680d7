/** /v1/members: the people of a tenant. */
import { type Static, Type } from 'typebox'
import { MediumLimits, SkillLevel } from '../../core/events/routing-shapes.ts'
import { Member, Nullable, OneOf, Role } from '../../core/events/shapes.ts'
import { proveOwnPassword } from '../../core/tenancy/login.ts'
import {
  createMember,
  getMember,
  listMembers,
  passwordHashOf,
  setPassword,
  updateMember,
} from '../../core/tenancy/members.ts'
import { hashPassword } from '../../core/tenancy/passwords.ts'
import { pageAnswer, pageRequest } from '../cursors.ts'
import { permissionsOfRole } from '../permissions.ts'
import { requireNoMore, requirePermission } from '../plugins/auth.ts'
import { idempotent } from '../plugins/idempotency.ts'
import { ById, closed, ListQuery, Name, Nothing, Page } from '../schemas.ts'
import type { RoutePlugin, ServerParts } from '../server.ts'
import { read, write } from '../transactions.ts'
import { etagOf, ifMatch, withEtag } from '../versions.ts'
import { loginRules } from './sessions.ts'

const Password = Type.String({ minLength: 8, maxLength: 200 })

const fields = {
  name: Name(),
  email: Type.String({ maxLength: 255, pattern: '^[^\\s@]{1,64}@[^\\s@]+$' }),
  number: Nullable(Type.String({ pattern: '^[A-Za-z0-9._-]{1,32}$', description: '工号' })),
  role: Role,
  locale: Nullable(Type.String({ pattern: '^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$' })),
  capacity: Type.Integer({ minimum: 0, maximum: 100 }),
  limits: MediumLimits,
  skills: Type.Array(SkillLevel, { maxItems: 50 }),
  acceptMode: Nullable(OneOf('auto', 'manual')),
}

const NewMember = Type.Object(
  {
    name: fields.name,
    email: fields.email,
    role: fields.role,
    number: Type.Optional(fields.number),
    locale: Type.Optional(fields.locale),
    capacity: Type.Optional(fields.capacity),
    limits: Type.Optional(fields.limits),
    skills: Type.Optional(fields.skills),
    acceptMode: Type.Optional(fields.acceptMode),
    password: Type.Optional(Password),
  },
  closed,
)

const MemberChange = Type.Object(
  {
    name: Type.Optional(fields.name),
    email: Type.Optional(fields.email),
    number: Type.Optional(fields.number),
    role: Type.Optional(fields.role),
    locale: Type.Optional(fields.locale),
    capacity: Type.Optional(fields.capacity),
    limits: Type.Optional(fields.limits),
    skills: Type.Optional(fields.skills),
    acceptMode: Type.Optional(fields.acceptMode),
    disabled: Type.Optional(Type.Boolean()),
  },
  closed,
)

const tags = ['members']

export const members =
  (parts: ServerParts): RoutePlugin =>
  async (app) => {
    app.get(
      '/v1/members',
      {
        config: { permission: 'member:read' },
        schema: {
          operationId: 'listMembers',
          tags,
          summary: 'List members, oldest first',
          querystring: ListQuery({}),
          response: { 200: Page(Member) },
        },
      },
      async (request) => {
        const list = ['members', request.principal.tenantId]
        const page = pageRequest(parts.vault, list, request.query)
        return pageAnswer(parts.vault, list, await read(parts, request.principal, (tx) => listMembers(tx, page)))
      },
    )

    app.post(
      '/v1/members',
      {
        config: { permission: 'member:write', audit: 'member.create' },
        schema: {
          operationId: 'createMember',
          tags,
          summary: 'Add a member',
          body: NewMember,
          response: { 201: Member },
        },
      },
      async (request, reply) => {
        const { password, ...member } = request.body
        requireNoMore(request.principal, permissionsOfRole(member.role))
        const hash = password === undefined ? {} : { passwordHash: await hashPassword(password) }
        return idempotent<Static<typeof Member>>(parts, request, reply, async (tx) => {
          const body = await createMember(tx, { ...member, ...hash })
          return { status: 201, body, headers: { location: `/v1/members/${body.id}`, etag: etagOf(body.version) } }
        })
      },
    )

    app.get(
      '/v1/members/:id',
      {
        config: { permission: 'member:read' },
        schema: {
          operationId: 'getMember',
          tags,
          summary: 'Read a member',
          params: ById('usr'),
          response: { 200: Member },
        },
      },
      async (request, reply) =>
        withEtag(reply, await read(parts, request.principal, (tx) => getMember(tx, request.params.id))),
    )

    app.patch(
      '/v1/members/:id',
      {
        config: { permission: 'member:write', audit: 'member.update' },
        schema: {
          operationId: 'updateMember',
          tags,
          summary: 'Change a member',
          description: 'Who is disabled is logged out at once.',
          params: ById('usr'),
          body: MemberChange,
          response: { 200: Member },
        },
      },
      async (request, reply) => {
        const version = ifMatch(request)
        const { principal, params, body } = request
        if (body.role !== undefined) requireNoMore(principal, permissionsOfRole(body.role))
        const changed = await write(parts, principal, async (tx) => {
          requireNoMore(principal, permissionsOfRole((await getMember(tx, params.id)).role))
          return updateMember(tx, params.id, body, version)
        })
        return withEtag(reply, changed)
      },
    )

    app.put(
      '/v1/members/:id/password',
      {
        config: { permission: 'anyone', audit: 'password.set' },
        schema: {
          operationId: 'setPassword',
          tags,
          summary: 'Set a password',
          description:
            'Members set their own with the current one; whoever has `member:write` sets those of others. Ends all other sessions of the member.',
          params: ById('usr'),
          body: Type.Object(
            { password: Password, currentPassword: Type.Optional(Type.String({ maxLength: 200 })) },
            closed,
          ),
          response: { 204: Nothing },
        },
      },
      async (request, reply) => {
        const { principal, params, body } = request
        const isOwn = principal.id === params.id
        if (isOwn) {
          const stored = await read(parts, principal, (tx) => passwordHashOf(tx, params.id))
          const proof = { password: body.currentPassword ?? '', stored }
          await proveOwnPassword(parts.db, principal.id, proof, request.ip, loginRules(parts))
        } else {
          requirePermission(principal, 'member:write')
          const { role } = await read(parts, principal, (tx) => getMember(tx, params.id))
          requireNoMore(principal, permissionsOfRole(role))
        }
        const hash = await hashPassword(body.password)
        await write(parts, principal, (tx) =>
          setPassword(tx, params.id, hash, isOwn ? principal.credential : undefined),
        )
        reply.code(204)
        return null
      },
    )
  }
