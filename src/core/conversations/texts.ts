/** What the hub says by itself (场景话术), per channel and language: kept here, said by saying.ts. */
import type { OwnGreeting, ReceptionText, TextKind } from '../events/reception-shapes.ts'
import type { TenantTx, Tx } from '../platform/database.ts'
import { Fault } from '../platform/errors.ts'
import { storableText } from '../platform/text.ts'
import { requireVersion } from '../tenancy/versions.ts'
import { builtInTexts, languagesFor, unknownVariables } from './text-words.ts'

/** Texts of one tenant at most: every kind for fifty channels in three languages. */
const mostTexts = 1000

interface Row extends Omit<ReceptionText, 'updatedAt'> {
  readonly updatedAt: Date
}

const columns = 'scope, kind, language, text, updated_at, version'

/** By scope, kind and language; members' own are not among them. */
export async function listTexts(tx: TenantTx): Promise<ReceptionText[]> {
  const rows = await tx.query<Row>(
    `select ${columns} from texts where tenant_id = $1 and kind <> 'agent-greeting' order by scope, kind, language`,
    tx.tenantId,
  )
  return rows.map(shape)
}

/**
 * Writes a text or changes it; an empty one says that nothing is said. Repeating it changes nothing. Faults: `text-scope-unknown`,
 * `text-variable-unknown`, `texts-too-many`, `version-stale`.
 */
export async function putText(
  tx: TenantTx,
  place: { readonly scope: string; readonly kind: TextKind; readonly language: string },
  text: string,
  version: number | undefined,
): Promise<ReceptionText> {
  await requireScope(tx, place.scope)
  return shape(await write(tx, { ...place, text }, version))
}

/** Faults: `text-unknown`, `version-stale`. */
export function removeText(
  tx: TenantTx,
  place: { readonly scope: string; readonly kind: TextKind; readonly language: string },
  version: number | undefined,
): Promise<void> {
  return remove(tx, place, version)
}

/** A member's own words when a conversation comes to them (回复设置), by language. */
export async function listOwnGreetings(tx: TenantTx, memberId: string): Promise<OwnGreeting[]> {
  const rows = await tx.query<Row>(
    `select ${columns} from texts where tenant_id = $1 and scope = $2 and kind = 'agent-greeting' order by language`,
    tx.tenantId,
    memberId,
  )
  return rows.map(shapeOwn)
}

/** Faults as putText. */
export async function putOwnGreeting(
  tx: TenantTx,
  memberId: string,
  language: string,
  text: string,
  version: number | undefined,
): Promise<OwnGreeting> {
  return shapeOwn(await write(tx, { scope: memberId, kind: 'agent-greeting', language, text }, version))
}

/** Faults: `text-unknown`, `version-stale`. */
export function removeOwnGreeting(
  tx: TenantTx,
  memberId: string,
  language: string,
  version: number | undefined,
): Promise<void> {
  return remove(tx, { scope: memberId, kind: 'agent-greeting', language }, version)
}

/** Faults with `text-scope-unknown` for what is neither `all` nor a channel that is there. */
export async function requireScope(tx: TenantTx, scope: string): Promise<void> {
  if (scope === 'all') return
  const found = await tx.maybe(
    'select 1 from channels where tenant_id = $1 and id = $2 and removed_at is null',
    tx.tenantId,
    scope,
  )
  if (found === undefined) throw new Fault('not-found', 'text-scope-unknown', 'There is no such channel.')
}

export interface FoundText {
  readonly text: string
  readonly language: string
}

/**
 * The text to be said: in the first language for which there is one, the channel's or member's own before that for all, what the hub brings with it
 * last. Undefined where there is none, or an empty one says so.
 */
export async function findText(
  tx: Tx,
  tenantId: string,
  kind: TextKind | 'agent-greeting',
  wanted: {
    readonly scope: string
    readonly language: string | undefined
    readonly fallback: string
    /** Only what somebody wrote. */
    readonly written?: true
  },
): Promise<FoundText | undefined> {
  const languages = languagesFor(wanted.language, wanted.fallback)
  const rows = await tx.query<{ scope: string; language: string; text: string }>(
    `select scope, language, text from texts where tenant_id = $1 and kind = $2 and scope = any($3)`,
    tenantId,
    kind,
    [wanted.scope, 'all'],
  )
  const own = rows.filter(({ scope }) => scope === wanted.scope)
  for (const written of [own, rows]) {
    const found =
      languages.flatMap((language) => written.find((row) => row.language === language) ?? [])[0] ?? written[0]
    if (found !== undefined) return found.text === '' ? undefined : { text: found.text, language: found.language }
  }
  if (wanted.written) return undefined
  for (const language of languages) {
    const text = kind === 'agent-greeting' ? undefined : builtInTexts[language]?.[kind]
    if (text !== undefined) return { text, language }
  }
  return undefined
}

async function write(
  tx: TenantTx,
  given: { readonly scope: string; readonly kind: string; readonly language: string; readonly text: string },
  version: number | undefined,
): Promise<Row> {
  const { scope, kind, language } = given
  const text = storableText(given.text).trim()
  const unknown = unknownVariables(text)
  if (unknown.length > 0) {
    throw new Fault('invalid', 'text-variable-unknown', 'The text holds a variable that there is not.', {
      errors: unknown.slice(0, 10).map((name) => ({ pointer: '/text', detail: `{{${name}}} is unknown` })),
    })
  }
  const before = await lock(tx, given)
  if (before === undefined) {
    const { count } = await tx.one<{ count: number }>('select count(*) from texts where tenant_id = $1', tx.tenantId)
    if (count >= mostTexts) throw new Fault('conflict', 'texts-too-many', `There are at most ${mostTexts} texts.`)
  } else requireVersion(before.version, version)
  if (before?.text === text) return before
  return tx.one<Row>(
    `insert into texts as t (tenant_id, scope, kind, language, text) values ($1, $2, $3, $4, $5)
     on conflict (tenant_id, scope, kind, language) do update
        set text = excluded.text, updated_at = now(), version = t.version + 1
     returning ${columns}`,
    tx.tenantId,
    scope,
    kind,
    language,
    text,
  )
}

async function remove(
  tx: TenantTx,
  place: { readonly scope: string; readonly kind: string; readonly language: string },
  version: number | undefined,
): Promise<void> {
  const row = await lock(tx, place)
  if (row === undefined) throw new Fault('not-found', 'text-unknown', 'There is no such text.')
  requireVersion(row.version, version)
  await tx.run(
    'delete from texts where tenant_id = $1 and scope = $2 and kind = $3 and language = $4',
    tx.tenantId,
    place.scope,
    place.kind,
    place.language,
  )
}

function lock(
  tx: TenantTx,
  { scope, kind, language }: { readonly scope: string; readonly kind: string; readonly language: string },
): Promise<Row | undefined> {
  return tx.maybe<Row>(
    `select ${columns} from texts where tenant_id = $1 and scope = $2 and kind = $3 and language = $4 for update`,
    tx.tenantId,
    scope,
    kind,
    language,
  )
}

function shape({ updatedAt, ...row }: Row): ReceptionText {
  return { ...row, updatedAt: updatedAt.toISOString() }
}

function shapeOwn({ language, text, updatedAt, version }: Row): OwnGreeting {
  return { language, text, updatedAt: updatedAt.toISOString(), version }
}
