/** The API on a database of its own, asked by app.inject, with a clock that a test can turn. */
import { Ajv, type ValidateFunction } from 'ajv'
import formats from 'ajv-formats'
import type { InjectOptions, LightMyRequestResponse } from 'fastify'
import {
  buildServer,
  type RoutePlugin,
  type Server,
  type ServerParts,
  type ServerSettings,
} from '../../src/api/server.ts'
import { eventType } from '../../src/core/events/catalogue.ts'
import { type Emission, inspectEmissions } from '../../src/core/events/outbox.ts'
import type { Member, Role } from '../../src/core/events/shapes.ts'
import { Database, type TenantTx } from '../../src/core/platform/database.ts'
import { newId } from '../../src/core/platform/ids.ts'
import { type Logger, silentLog } from '../../src/core/platform/log.ts'
import { Vault } from '../../src/core/platform/secrets.ts'
import { Wake } from '../../src/core/platform/wake.ts'
import { createApiKey } from '../../src/core/tenancy/api-keys.ts'
import { createMember, type NewMember } from '../../src/core/tenancy/members.ts'
import { openSession } from '../../src/core/tenancy/sessions.ts'
import { createTenant, type Tenant } from '../../src/core/tenancy/tenants.ts'
import { createTestDatabase } from './database.ts'

export const testSettings: ServerSettings = {
  publicUrl: 'https://hub.example',
  allowedOrigins: [],
  trustedProxies: [],
  bodyLimitBytes: 1_048_576,
  requestsPerMinute: 100_000,
  anonymousRequestsPerMinute: 100_000,
  loginFailuresPerAccount: 5,
  loginFailuresPerAddress: 20,
  loginWindowMinutes: 15,
  sessionIdleHours: 12,
  sessionDays: 7,
  commandWaitMs: 0,
  idempotencyHours: 24,
}

/** A tenant with an admin, a supervisor and an agent, each with a session. */
export interface Business {
  readonly tenant: Tenant
  readonly admin: Person
  readonly supervisor: Person
  readonly agent: Person
}

export interface Person {
  readonly member: Member
  readonly token: string
}

export interface Ask {
  readonly token?: string
  readonly body?: unknown
  readonly headers?: Record<string, string>
}

export interface TestApi {
  readonly app: Server
  readonly parts: ServerParts
  readonly db: Database
  readonly url: string
  /** Moves the API's clock on. */
  pass(ms: number): void
  business(): Promise<Business>
  person(tenantId: string, member: Partial<NewMember> & { role: Role }): Promise<Person>
  /** A key of that tenant with these scopes. */
  key(tenantId: string, scopes: readonly string[]): Promise<string>
  ask(method: InjectOptions['method'] & string, path: string, ask?: Ask): Promise<LightMyRequestResponse>
  /** Reads as the application role of a tenant. */
  read<T>(tenantId: string, work: (tx: TenantTx) => Promise<T>): Promise<T>
  /** Events that were emitted for a tenant and not taken by a relay, in order. */
  emitted(tenantId: string): Promise<{ type: string; subject: string; data: Record<string, unknown> }[]>
  close(): Promise<void>
}

export interface TestApiOptions {
  readonly settings?: Partial<ServerSettings>
  readonly parts?: Partial<ServerParts>
  readonly log?: Logger
}

export async function startTestApi(
  routes: readonly ((parts: ServerParts) => RoutePlugin)[],
  options: TestApiOptions = {},
): Promise<TestApi> {
  const database = await createTestDatabase()
  const db = new Database({ url: database.url, poolSize: 6, statementTimeoutMs: 30_000, log: silentLog })
  inspectEmissions(checkEmission)
  let ahead = 0
  const parts: ServerParts = {
    db,
    wake: new Wake(db),
    log: options.log ?? silentLog,
    clock: () => Date.now() + ahead,
    vault: new Vault(Buffer.alloc(32, 7)),
    settings: { ...testSettings, ...options.settings },
    ...options.parts,
  }
  const app = await buildServer(
    parts,
    routes.map((route) => route(parts)),
  )
  await app.ready()

  const read = <T>(tenantId: string, work: (tx: TenantTx) => Promise<T>) =>
    db.transaction({ id: 'test', tenantId }, work)
  let count = 0
  const person: TestApi['person'] = (tenantId, given) =>
    read(tenantId, async (tx) => {
      const name = given.name ?? `${given.role} ${++count}`
      const member = await createMember(tx, { name, email: `${newId('usr')}@shop.example`, ...given })
      const times = { now: parts.clock(), lifeMs: 7 * 86_400_000, idleMs: 43_200_000 }
      return { member, token: (await openSession(tx, member.id, times)).token }
    })

  return {
    app,
    parts,
    db,
    url: database.url,
    pass(ms) {
      ahead += ms
    },
    async business() {
      const id = newId('ten')
      const tenant = await db.work('test', [id], (tx) =>
        createTenant(tx, parts.vault, {
          id,
          slug: id.replace('_', '-'),
          name: '小店',
          timeZone: 'Asia/Shanghai',
          locale: 'zh-CN',
        }),
      )
      return {
        tenant,
        admin: await person(id, { role: 'admin' }),
        supervisor: await person(id, { role: 'supervisor' }),
        agent: await person(id, { role: 'agent' }),
      }
    },
    person,
    key: async (tenantId, scopes) => (await read(tenantId, (tx) => createApiKey(tx, { name: 'test', scopes }))).secret,
    ask: (method, path, { token, body, headers } = {}) =>
      app.inject({
        method: method as 'GET',
        url: path,
        headers: { ...(token !== undefined && { authorization: `Bearer ${token}` }), ...headers },
        ...(body !== undefined && { payload: body as object }),
      }),
    read,
    emitted: async (tenantId) =>
      db.ground('select type, subject, data from outbox where tenant_id = $1 order by id', tenantId),
    async close() {
      await app.close()
      await db.close()
      await database.drop()
    },
  }
}

const ajv = formats.default(new Ajv({ strict: false }))
const validators = new Map<string, ValidateFunction>()

/** Throws when what is emitted is not what the catalogue describes. */
export function checkEmission({ type, data }: Emission): void {
  const described = eventType(type)
  if (described === undefined) throw new TypeError(`There is no event ${type}.`)
  const validate = validators.get(type) ?? ajv.compile(described.data)
  validators.set(type, validate)
  if (!validate(JSON.parse(JSON.stringify(data)))) {
    throw new TypeError(`${type} is not as described: ${ajv.errorsText(validate.errors)}`)
  }
}
