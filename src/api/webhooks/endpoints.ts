/** Webhook endpoints: where a tenant's events are told, and what proves that it was us. Every change emits an event. */
import { tenantKey } from '../../core/conversations/channels.ts'
import { feedState } from '../../core/events/feed.ts'
import { partitionOf } from '../../core/events/murmur2.ts'
import { emit } from '../../core/events/outbox.ts'
import type { WebhookEndpoint } from '../../core/events/webhook-shapes.ts'
import type { TenantTx } from '../../core/platform/database.ts'
import { Fault } from '../../core/platform/errors.ts'
import { newId } from '../../core/platform/ids.ts'
import { type Page, type PageRequest, pageOf } from '../../core/platform/page.ts'
import type { Vault } from '../../core/platform/secrets.ts'
import { requireVersion } from '../../core/tenancy/versions.ts'
import { newWebhookSecret } from './signature.ts'

/** Leases among which senders share the endpoints. */
export const shards = 16

export interface EndpointSettings {
  readonly url: string
  readonly description: string
  readonly events: readonly string[] | null
  readonly ordered: boolean
}

/** A secret as it is stored; one with `until` (RFC 3339) signs no longer than that. */
export interface SealedSecret {
  readonly sealed: string
  readonly until: string | null
}

interface EndpointRow extends Omit<WebhookEndpoint, 'failingSince' | 'createdAt'> {
  readonly failingSince: Date | null
  readonly createdAt: Date
}

const columns = 'id, url, description, events, ordered, state, state_reason, failing_since, created_at, version'

/** A secret that was replaced signs for so much longer, so that nobody has to change over in the same moment. */
const overlapMs = 24 * 3_600_000
const secretsKept = 10

/**
 * Makes an endpoint that is told of events from now on, and its secret, which is shown this once. Emits endpoint.created.
 * The caller has judged the address.
 */
export async function createEndpoint(
  tx: TenantTx,
  vault: Vault,
  given: EndpointSettings,
): Promise<{ endpoint: WebhookEndpoint; secret: string }> {
  const id = newId('whe')
  const secret = newWebhookSecret()
  const { epoch, seq } = await feedState(tx, tx.tenantId)
  const row = await tx.one<EndpointRow>(
    `insert into webhook_endpoints (tenant_id, id, url, description, events, ordered, secrets, cursor_seq, cursor_epoch, shard)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) returning ${columns}`,
    tx.tenantId,
    id,
    given.url,
    given.description,
    given.events,
    given.ordered,
    JSON.stringify([{ sealed: await seal(tx, vault, id, secret), until: null }]),
    seq,
    epoch,
    partitionOf(id, shards),
  )
  const endpoint = shape(row)
  await emit(tx, 'endpoint.created', id, { endpoint })
  return { endpoint, secret }
}

/** Oldest first; those that were taken away are not among them. */
export async function listEndpoints(tx: TenantTx, { limit, after }: PageRequest): Promise<Page<WebhookEndpoint>> {
  const rows = await tx.query<EndpointRow>(
    `select ${columns} from webhook_endpoints
      where tenant_id = $1 and removed_at is null and ($2::text is null or id > $2) order by id limit $3`,
    tx.tenantId,
    after?.[0] ?? null,
    limit + 1,
  )
  return pageOf(rows, limit, (row) => [row.id], shape)
}

/** Faults with `endpoint-unknown`. */
export async function getEndpoint(tx: TenantTx, id: string): Promise<WebhookEndpoint> {
  const row = await tx.maybe<EndpointRow>(
    `select ${columns} from webhook_endpoints where tenant_id = $1 and id = $2 and removed_at is null`,
    tx.tenantId,
    id,
  )
  if (row === undefined) throw unknownEndpoint()
  return shape(row)
}

/** Emits endpoint.updated if it makes a difference. Faults with `endpoint-unknown`, `version-stale`. */
export async function updateEndpoint(
  tx: TenantTx,
  id: string,
  change: Partial<EndpointSettings>,
  version: number | undefined,
): Promise<WebhookEndpoint> {
  const before = await lockEndpoint(tx, id, version)
  const after = { ...before, ...change }
  if (JSON.stringify(after) === JSON.stringify(before)) return before
  return changed(
    tx,
    await tx.one<EndpointRow>(
      `update webhook_endpoints set url = $3, description = $4, events = $5, ordered = $6, version = version + 1
        where tenant_id = $1 and id = $2 returning ${columns}`,
      tx.tenantId,
      id,
      after.url,
      after.description,
      after.events,
      after.ordered,
    ),
  )
}

/**
 * Lets an endpoint rest, or go on where it stopped, with a clean record. Emits endpoint.updated if it makes a difference. Faults
 * with `endpoint-unknown`.
 */
export async function setEndpointActive(tx: TenantTx, id: string, isActive: boolean): Promise<WebhookEndpoint> {
  const before = await lockEndpoint(tx, id, undefined)
  if (isActive ? before.state === 'active' : before.state === 'paused') return before
  return changed(
    tx,
    await tx.one<EndpointRow>(
      `update webhook_endpoints set state = $3, state_reason = $4, version = version + 1,
              failing_since = case when $3 = 'active' then null else failing_since end
        where tenant_id = $1 and id = $2 returning ${columns}`,
      tx.tenantId,
      id,
      isActive ? 'active' : 'paused',
      isActive ? null : 'asked',
    ),
  )
}

/**
 * A new secret, shown this once. The old one signs beside it for a day. Emits endpoint.updated. Faults with
 * `endpoint-unknown`.
 */
export async function rotateSecret(
  tx: TenantTx,
  vault: Vault,
  id: string,
  now: number,
): Promise<{ endpoint: WebhookEndpoint; secret: string }> {
  await lockEndpoint(tx, id, undefined)
  const { secrets } = await tx.one<{ secrets: readonly SealedSecret[] }>(
    'select secrets from webhook_endpoints where tenant_id = $1 and id = $2',
    tx.tenantId,
    id,
  )
  const secret = newWebhookSecret()
  const until = new Date(now + overlapMs).toISOString()
  const kept = secrets
    .filter((old) => old.until === null || Date.parse(old.until) > now)
    .map((old) => ({ sealed: old.sealed, until: old.until ?? until }))
  const next = [{ sealed: await seal(tx, vault, id, secret), until: null }, ...kept].slice(0, secretsKept)
  const row = await tx.one<EndpointRow>(
    `update webhook_endpoints set secrets = $3, version = version + 1 where tenant_id = $1 and id = $2 returning ${columns}`,
    tx.tenantId,
    id,
    JSON.stringify(next),
  )
  return { endpoint: await changed(tx, row), secret }
}

/** Takes it away, with its secrets and what it has not been told. Emits endpoint.removed. Faults as updateEndpoint. */
export async function removeEndpoint(tx: TenantTx, id: string, version: number | undefined): Promise<void> {
  await lockEndpoint(tx, id, version)
  await tx.run('delete from webhook_deliveries where tenant_id = $1 and endpoint_id = $2', tx.tenantId, id)
  const row = await tx.one<EndpointRow>(
    `update webhook_endpoints set removed_at = now(), state = 'disabled', state_reason = 'asked', secrets = '[]', version = version + 1
      where tenant_id = $1 and id = $2 returning ${columns}`,
    tx.tenantId,
    id,
  )
  await emit(tx, 'endpoint.removed', id, { endpoint: shape(row) })
}

/** The secrets that sign at that moment, the newest first. */
export function secretsInForce(
  vault: Vault,
  tenant: { readonly id: string; readonly sealedKey: string },
  endpoint: { readonly id: string; readonly secrets: readonly SealedSecret[] },
  now: number,
): string[] {
  return endpoint.secrets
    .filter(({ until }) => until === null || Date.parse(until) > now)
    .map(({ sealed }) => vault.unseal(tenant.id, tenant.sealedKey, placeOf(endpoint.id), sealed))
}

async function lockEndpoint(tx: TenantTx, id: string, version: number | undefined): Promise<WebhookEndpoint> {
  const row = await tx.maybe<EndpointRow>(
    `select ${columns} from webhook_endpoints where tenant_id = $1 and id = $2 and removed_at is null for no key update`,
    tx.tenantId,
    id,
  )
  if (row === undefined) throw unknownEndpoint()
  requireVersion(row.version, version)
  return shape(row)
}

async function changed(tx: TenantTx, row: EndpointRow): Promise<WebhookEndpoint> {
  const endpoint = shape(row)
  await emit(tx, 'endpoint.updated', row.id, { endpoint })
  return endpoint
}

async function seal(tx: TenantTx, vault: Vault, id: string, secret: string): Promise<string> {
  return vault.seal(tx.tenantId, await tenantKey(tx, vault), placeOf(id), secret)
}

function placeOf(id: string): string {
  return `webhook_endpoints|${id}|secret`
}

function unknownEndpoint(): Fault {
  return new Fault('not-found', 'endpoint-unknown', 'There is no such webhook endpoint.')
}

export function shape({ failingSince, createdAt, ...row }: EndpointRow): WebhookEndpoint {
  return { ...row, failingSince: failingSince?.toISOString() ?? null, createdAt: createdAt.toISOString() }
}

/** Where and how to sign a test. Faults with `endpoint-unknown`. */
export async function endpointToTest(
  tx: TenantTx,
  vault: Vault,
  id: string,
  now: number,
): Promise<{ url: string; secrets: string[] }> {
  const { url } = await getEndpoint(tx, id)
  const { secrets } = await tx.one<{ secrets: readonly SealedSecret[] }>(
    'select secrets from webhook_endpoints where tenant_id = $1 and id = $2',
    tx.tenantId,
    id,
  )
  const sealedKey = await tenantKey(tx, vault)
  return { url, secrets: secretsInForce(vault, { id: tx.tenantId, sealedKey }, { id, secrets }, now) }
}
