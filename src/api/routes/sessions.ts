/** /v1/sessions: logging in and out. */
import { Type } from 'typebox'
import { Id, Member, Time } from '../../core/events/shapes.ts'
import { checkLogin, type LoginRules } from '../../core/tenancy/login.ts'
import { getMember } from '../../core/tenancy/members.ts'
import { endSession, openSession } from '../../core/tenancy/sessions.ts'
import { getTenant } from '../../core/tenancy/tenants.ts'
import { issueCommand } from '../../routing/commands.ts'
import { actFor } from '../audit/auditing.ts'
import { memberOf, sessionCookie } from '../plugins/auth.ts'
import { closed, Nothing } from '../schemas.ts'
import type { RoutePlugin, ServerParts } from '../server.ts'
import { write } from '../transactions.ts'

export const TenantShape = Type.Object({
  id: Id('ten'),
  slug: Type.String(),
  name: Type.String(),
  timeZone: Type.String(),
  locale: Type.String(),
})

export function loginRules({ clock, settings }: ServerParts): LoginRules {
  return {
    now: clock(),
    windowMs: settings.loginWindowMinutes * 60_000,
    failuresPerAccount: settings.loginFailuresPerAccount,
    failuresPerAddress: settings.loginFailuresPerAddress,
  }
}

export const sessions =
  (parts: ServerParts): RoutePlugin =>
  async (app) => {
    const { db, clock, settings } = parts
    const times = () => ({
      now: clock(),
      lifeMs: settings.sessionDays * 86_400_000,
      idleMs: settings.sessionIdleHours * 3_600_000,
    })
    const cookie = (value: string, maxAgeSeconds: number) =>
      `${sessionCookie}=${value}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${maxAgeSeconds}` +
      (settings.publicUrl.startsWith('https:') ? '; Secure' : '')

    app.post(
      '/v1/sessions',
      {
        config: { permission: 'public', audit: 'session.open' },
        schema: {
          operationId: 'logIn',
          tags: ['sessions'],
          summary: 'Log in',
          description: 'Answers with a token and sets it as a cookie too. Five failures lock an account for a while.',
          body: Type.Object(
            {
              login: Type.String({ minLength: 1, maxLength: 255, description: 'E-mail address or number (工号).' }),
              password: Type.String({ minLength: 1, maxLength: 200 }),
              tenant: Type.Optional(Type.String({ maxLength: 63, description: 'Slug, where a login is ambiguous.' })),
            },
            closed,
          ),
          response: {
            201: Type.Object({ token: Type.String(), expiresAt: Time, member: Member, tenant: TenantShape }),
          },
        },
      },
      async (request, reply) => {
        const { memberId, tenantId } = await checkLogin(db, request.body, request.ip, loginRules(parts))
        const opened = await write(parts, actFor(request, { id: memberId, tenantId }), async (tx) => {
          const { token, expiresAt } = await openSession(tx, memberId, times())
          return { token, expiresAt, member: await getMember(tx, memberId), tenant: await getTenant(tx) }
        })
        reply.code(201).header('set-cookie', cookie(opened.token, settings.sessionDays * 86_400))
        return { ...opened, expiresAt: opened.expiresAt.toISOString() }
      },
    )

    app.delete(
      '/v1/sessions/current',
      {
        config: { permission: 'anyone', audit: 'session.close' },
        schema: {
          operationId: 'logOut',
          tags: ['sessions'],
          summary: 'Log out',
          description: 'Ends this session. With the last one of a member, their presence goes offline.',
          response: { 204: Nothing },
        },
      },
      async (request, reply) => {
        const { id, credential } = memberOf(request)
        await write(parts, request.principal, async (tx) => {
          const { othersLive } = await endSession(tx, credential, id, times())
          if (!othersLive) await issueCommand(tx, { kind: 'presence', memberId: id, state: 'offline' })
        })
        reply.code(204).header('set-cookie', cookie('', 0))
        return null
      },
    )
  }
