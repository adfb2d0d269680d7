/** /v1/me: who asks, and what they may do. */
import { Type } from 'typebox'
import { Member, Nullable, OneOf } from '../../core/events/shapes.ts'
import { getMember } from '../../core/tenancy/members.ts'
import { getTenant } from '../../core/tenancy/tenants.ts'
import type { RoutePlugin, ServerParts } from '../server.ts'
import { read } from '../transactions.ts'
import { TenantShape } from './sessions.ts'

export const me =
  (parts: ServerParts): RoutePlugin =>
  async (app) => {
    app.get(
      '/v1/me',
      {
        config: { permission: 'anyone' },
        schema: {
          operationId: 'whoAmI',
          tags: ['sessions'],
          summary: 'Who asks, and what they may do',
          response: {
            200: Type.Object({
              principal: Type.Object({ kind: OneOf('member', 'key'), id: Type.String() }),
              member: Nullable(Member),
              tenant: TenantShape,
              permissions: Type.Array(Type.String()),
            }),
          },
        },
      },
      (request) => {
        const { id, kind, permissions } = request.principal
        return read(parts, request.principal, async (tx) => ({
          principal: { kind: kind === 'member' ? 'member' : 'key', id } as const,
          member: kind === 'member' ? await getMember(tx, id) : null,
          tenant: await getTenant(tx),
          permissions: [...permissions],
        }))
      },
    )
  }
