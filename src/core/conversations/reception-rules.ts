/** By which rules the hub reminds, closes and asks; for all, and for a channel where it is to be otherwise. */
import type { ReceptionRules, ScopedRules } from '../events/reception-shapes.ts'
import type { TenantTx, Tx } from '../platform/database.ts'
import { Fault, type FaultDetail } from '../platform/errors.ts'
import { storable } from '../platform/text.ts'
import { requireVersion } from '../tenancy/versions.ts'
import { requireScope } from './texts.ts'

/** What holds where nothing was said: nobody is reminded, nothing closes by itself, nobody is asked. */
export const defaultRules: ReceptionRules = {
  waitingAfterSeconds: 5,
  customerSilence: { remindAfterSeconds: null, closeAfterSeconds: null },
  agentSilence: { remindAfterSeconds: null, requeueAfterSeconds: null },
  satisfaction: { ask: 'never', scale: 5, tags: [], answerWithinDays: 7 },
}

interface Row extends Omit<ScopedRules, 'updatedAt'> {
  readonly updatedAt: Date
}

const columns = 'scope, rules, updated_at, version'

/** What was said, by scope. */
export async function listRules(tx: TenantTx): Promise<ScopedRules[]> {
  const rows = await tx.query<Row>(
    `select ${columns} from reception_rules where tenant_id = $1 order by scope`,
    tx.tenantId,
  )
  return rows.map(shape)
}

/**
 * Puts the rules of a scope in the place of those there are. Faults: `text-scope-unknown`, `version-stale`, `rules-invalid` where a
 * reminder would come after what it reminds of.
 */
export async function putRules(
  tx: TenantTx,
  scope: string,
  given: Partial<ReceptionRules>,
  version: number | undefined,
): Promise<ScopedRules> {
  await requireScope(tx, scope)
  const rules = storable(given)
  const { customerSilence, agentSilence } = rules
  const errors: FaultDetail[] = [
    ...inOrder(
      '/customerSilence/closeAfterSeconds',
      customerSilence?.remindAfterSeconds,
      customerSilence?.closeAfterSeconds,
    ),
    ...inOrder(
      '/agentSilence/requeueAfterSeconds',
      agentSilence?.remindAfterSeconds,
      agentSilence?.requeueAfterSeconds,
    ),
  ]
  if (errors.length > 0) throw new Fault('invalid', 'rules-invalid', 'These rules cannot be followed.', { errors })
  const before = await tx.maybe<{ version: number }>(
    'select version from reception_rules where tenant_id = $1 and scope = $2 for update',
    tx.tenantId,
    scope,
  )
  if (before !== undefined) requireVersion(before.version, version)
  const row = await tx.one<Row>(
    `insert into reception_rules as r (tenant_id, scope, rules) values ($1, $2, $3)
     on conflict (tenant_id, scope) do update set rules = excluded.rules,
        updated_at = case when r.rules = excluded.rules then r.updated_at else now() end,
        version = r.version + (r.rules <> excluded.rules)::int
     returning ${columns}`,
    tx.tenantId,
    scope,
    JSON.stringify(rules),
  )
  return shape(row)
}

/** The rules that hold on a channel. */
export async function rulesOf(tx: Tx, tenantId: string, channelId: string): Promise<ReceptionRules> {
  const rows = await tx.query<{ scope: string; rules: Partial<ReceptionRules> }>(
    `select scope, rules from reception_rules where tenant_id = $1 and scope in ('all', $2)`,
    tenantId,
    channelId,
  )
  const of = (scope: string) => rows.find((row) => row.scope === scope)?.rules
  return { ...defaultRules, ...of('all'), ...of(channelId) }
}

function inOrder(pointer: string, remind: number | null | undefined, act: number | null | undefined): FaultDetail[] {
  if (remind == null || act == null || remind < act) return []
  return [{ pointer, detail: 'is not after the reminder' }]
}

function shape({ updatedAt, ...row }: Row): ScopedRules {
  return { ...row, updatedAt: updatedAt.toISOString() }
}
