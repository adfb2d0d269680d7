/** /v1/groups: skill groups and who is in them. */
import { type Static, Type } from 'typebox'
import { GroupRoutingChange } from '../../core/events/routing-shapes.ts'
import { Id, Nullable, SkillGroup } from '../../core/events/shapes.ts'
import type { TenantTx } from '../../core/platform/database.ts'
import { reachOf, type StepReach } from '../../core/tenancy/group-routing.ts'
import {
  createGroup,
  getGroup,
  listGroups,
  putGroupMember,
  removeGroup,
  removeGroupMember,
  updateGroup,
} from '../../core/tenancy/skill-groups.ts'
import { unreachedSentence } from '../../routing/sentences.ts'
import { pageAnswer, pageRequest } from '../cursors.ts'
import { type Language, languageFor } from '../languages.ts'
import { idempotent } from '../plugins/idempotency.ts'
import { ById, closed, ListQuery, Name, Nothing, Page } from '../schemas.ts'
import type { RoutePlugin, ServerParts } from '../server.ts'
import { read, write } from '../transactions.ts'
import { etagOf, ifMatch, withEtag } from '../versions.ts'

const settings = {
  routing: Type.Optional(GroupRoutingChange),
  strategy: Type.Optional(SkillGroup.properties.strategy),
  acceptMode: Type.Optional(SkillGroup.properties.acceptMode),
  offerSeconds: Type.Optional(Type.Integer({ minimum: 5, maximum: 3600 })),
  wrapUpSeconds: Type.Optional(Type.Integer({ minimum: 0, maximum: 3600 })),
  maxWaiting: Type.Optional(Nullable(Type.Integer({ minimum: 0, maximum: 1_000_000 }))),
}

const GroupWithWarnings = Type.Object({
  ...SkillGroup.properties,
  warnings: Type.Array(Type.String(), {
    description: 'What is allowed, and reaches nobody as things are, in the language of `Accept-Language`.',
  }),
})

type Warned = Static<typeof GroupWithWarnings>

/** A group without a plan has none. */
async function withWarnings(tx: TenantTx, group: SkillGroup, language: Language): Promise<Warned> {
  const { id, routing } = group
  return {
    ...group,
    warnings: routing.plan.length === 0 ? [] : warningsOf(await reachOf(tx, id, routing), routing, language),
  }
}

/** Names the steps that can reach nobody as things are, with what they ask for: people may come, and learn. */
const warningsOf = (
  reach: readonly StepReach[],
  { plan }: Pick<SkillGroup['routing'], 'plan'>,
  language: Language,
): string[] =>
  reach
    .filter(({ memberIds }) => memberIds.length === 0)
    .map(({ step }) => unreachedSentence(step, plan[step] ?? {}, language))

const Membership = Type.Object({ id: Id('grp'), memberId: Id('usr') }, closed)

const tags = ['groups']

export const groups =
  (parts: ServerParts): RoutePlugin =>
  async (app) => {
    app.get(
      '/v1/groups',
      {
        config: { permission: 'group:read' },
        schema: {
          operationId: 'listGroups',
          tags,
          summary: 'List skill groups, oldest first',
          querystring: ListQuery({}),
          response: { 200: Page(SkillGroup) },
        },
      },
      async (request) => {
        const list = ['groups', request.principal.tenantId]
        const page = pageRequest(parts.vault, list, request.query)
        return pageAnswer(parts.vault, list, await read(parts, request.principal, (tx) => listGroups(tx, page)))
      },
    )

    app.post(
      '/v1/groups',
      {
        config: { permission: 'group:write', audit: 'group.create' },
        schema: {
          operationId: 'createGroup',
          tags,
          summary: 'Make a skill group',
          body: Type.Object({ name: Name(), ...settings }, closed),
          response: { 201: GroupWithWarnings },
        },
      },
      (request, reply) =>
        idempotent<Warned>(parts, request, reply, async (tx) => {
          const body = await withWarnings(tx, await createGroup(tx, request.body), languageFor(request))
          return { status: 201, body, headers: { location: `/v1/groups/${body.id}`, etag: etagOf(body.version) } }
        }),
    )

    app.get(
      '/v1/groups/:id',
      {
        config: { permission: 'group:read' },
        schema: {
          operationId: 'getGroup',
          tags,
          summary: 'Read a skill group',
          params: ById('grp'),
          response: { 200: GroupWithWarnings },
        },
      },
      async (request, reply) => {
        const group = await read(parts, request.principal, async (tx) =>
          withWarnings(tx, await getGroup(tx, request.params.id), languageFor(request)),
        )
        return withEtag(reply, group)
      },
    )

    app.get(
      '/v1/groups/:id/reach',
      {
        config: { permission: 'group:read' },
        schema: {
          operationId: 'getGroupReach',
          tags,
          summary: 'Whom each step of the plan can reach',
          description:
            'On duty or not. `warnings` names the steps that reach nobody: they are allowed, since people may come.',
          params: ById('grp'),
          response: {
            200: Type.Object({
              steps: Type.Array(Type.Object({ step: Type.Integer(), memberIds: Type.Array(Id('usr')) })),
              warnings: Type.Array(Type.String()),
            }),
          },
        },
      },
      async (request) => {
        const { steps, routing } = await read(parts, request.principal, async (tx) => {
          const { id, routing } = await getGroup(tx, request.params.id)
          return { steps: await reachOf(tx, id, routing), routing }
        })
        return {
          steps: steps.map(({ step, memberIds }) => ({ step, memberIds: [...memberIds] })),
          warnings: warningsOf(steps, routing, languageFor(request)),
        }
      },
    )

    app.patch(
      '/v1/groups/:id',
      {
        config: { permission: 'group:write', audit: 'group.update' },
        schema: {
          operationId: 'updateGroup',
          tags,
          summary: 'Change a skill group',
          params: ById('grp'),
          body: Type.Object({ name: Type.Optional(Name()), ...settings }, closed),
          response: { 200: GroupWithWarnings },
        },
      },
      async (request, reply) => {
        const version = ifMatch(request)
        const changed = await write(parts, request.principal, async (tx) =>
          withWarnings(tx, await updateGroup(tx, request.params.id, request.body, version), languageFor(request)),
        )
        return withEtag(reply, changed)
      },
    )

    app.delete(
      '/v1/groups/:id',
      {
        config: { permission: 'group:write', audit: 'group.remove' },
        schema: {
          operationId: 'removeGroup',
          tags,
          summary: 'Take a skill group away',
          description: 'Refused while a channel or an open conversation belongs to it.',
          params: ById('grp'),
          response: { 204: Nothing },
        },
      },
      async (request, reply) => {
        const version = ifMatch(request)
        await write(parts, request.principal, (tx) => removeGroup(tx, request.params.id, version))
        reply.code(204)
        return null
      },
    )

    app.put(
      '/v1/groups/:id/members/:memberId',
      {
        config: { permission: 'group:write', audit: 'group-member.update' },
        schema: {
          operationId: 'putGroupMember',
          tags,
          summary: 'Make a member one of the group, or change how they are',
          params: Membership,
          body: Type.Object(
            {
              tier: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, description: 'Tier 1 is asked first.' })),
              level: Type.Optional(Type.Integer({ minimum: 1, maximum: 5, description: '5 is best.' })),
              weight: Type.Optional(
                Type.Integer({ minimum: 1, maximum: 100, description: 'Share of the work, for `weighted`.' }),
              ),
              creditSeconds: Type.Optional(
                Type.Integer({
                  minimum: 0,
                  maximum: 86_400,
                  description: 'To them this group’s conversations count as if they had waited so much longer.',
                }),
              ),
              maxItems: Type.Optional(
                Nullable(Type.Integer({ minimum: 0, maximum: 100, description: 'Of this group at once.' })),
              ),
            },
            closed,
          ),
          response: { 200: SkillGroup },
        },
      },
      async (request, reply) => {
        const { id, memberId } = request.params
        const changed = await write(parts, request.principal, (tx) => putGroupMember(tx, id, memberId, request.body))
        return withEtag(reply, changed)
      },
    )

    app.delete(
      '/v1/groups/:id/members/:memberId',
      {
        config: { permission: 'group:write', audit: 'group-member.remove' },
        schema: {
          operationId: 'removeGroupMember',
          tags,
          summary: 'Take a member out of the group',
          params: Membership,
          response: { 200: SkillGroup },
        },
      },
      async (request, reply) => {
        const { id, memberId } = request.params
        return withEtag(reply, await write(parts, request.principal, (tx) => removeGroupMember(tx, id, memberId)))
      },
    )
  }
