/** What a merge gives the survivor's own row, and how that is taken back. Pure. */
import { type ContactRow, maxAttributes } from './contacts.ts'

interface HeldBlock {
  /** ISO 8601, as in the journal. */
  readonly at: string
  readonly reason: string | null
  readonly until: string | null
}

/** What the row of a contact holds of a person. */
export interface Held {
  readonly name: string
  readonly province: string | null
  readonly city: string | null
  readonly company: string | null
  readonly attributes: Readonly<Record<string, string>>
  readonly block: HeldBlock | null
}

/** What came from another; what is not there did not. */
export interface Fill {
  readonly name?: string
  readonly province?: string
  readonly city?: string
  readonly company?: string
  readonly attributes: Readonly<Record<string, string>>
  readonly block?: HeldBlock
}

const facts = ['province', 'city', 'company'] as const

export function heldBy(row: ContactRow): Held {
  const { name, province, city, company, attributes, blockedAt } = row
  const block =
    blockedAt === null
      ? null
      : {
          at: blockedAt.toISOString(),
          reason: row.blockedReason,
          until: row.blockedUntil?.toISOString() ?? null,
        }
  return { name, province, city, company, attributes, block }
}

/** What `own` lacks and `other` has: blank facts and attributes (as many as fit), and a block that lasts longer. */
export function fillOf(own: Held, other: Held): Fill {
  const fill: { -readonly [K in keyof Fill]: Fill[K] } = { attributes: {} }
  if (own.name === '' && other.name !== '') fill.name = other.name
  for (const fact of facts) {
    const value = other[fact]
    if (own[fact] === null && value !== null) fill[fact] = value
  }
  const room = maxAttributes - Object.keys(own.attributes).length
  fill.attributes = Object.fromEntries(
    Object.entries(other.attributes)
      .filter(([key]) => !Object.hasOwn(own.attributes, key))
      .slice(0, Math.max(0, room)),
  )
  if (other.block !== null && endOf(other.block) > endOf(own.block)) fill.block = other.block
  return fill
}

function endOf(block: HeldBlock | null): number {
  if (block === null) return Number.NEGATIVE_INFINITY
  return block.until === null ? Number.POSITIVE_INFINITY : Date.parse(block.until)
}

export function sameBlock(one: HeldBlock | null, other: HeldBlock | null): boolean {
  return one?.at === other?.at && one?.reason === other?.reason && one?.until === other?.until
}

/**
 * Takes back what was given, unless somebody has changed it since. Facts were blank before, that is why they were filled; only a
 * block may have stood in place of another.
 */
export function withoutFill(now: Held, before: Pick<Held, 'block'>, given: Fill): Held {
  const left: { -readonly [K in keyof Held]: Held[K] } = { ...now }
  if (given.name !== undefined && now.name === given.name) left.name = ''
  for (const fact of facts) {
    if (given[fact] !== undefined && now[fact] === given[fact]) left[fact] = null
  }
  left.attributes = Object.fromEntries(
    Object.entries(now.attributes).filter(([key, value]) => given.attributes[key] !== value),
  )
  if (given.block !== undefined && sameBlock(now.block, given.block)) left.block = before.block
  return left
}

/** Of a fill only what another fill has too: what became blank when that was taken back. */
export function narrowed(fill: Fill, to: Fill): Fill {
  const left: { -readonly [K in keyof Fill]: Fill[K] } = {
    attributes: Object.fromEntries(
      Object.entries(fill.attributes).filter(([key]) => Object.hasOwn(to.attributes, key)),
    ),
  }
  if (fill.name !== undefined && to.name !== undefined) left.name = fill.name
  for (const fact of facts) {
    const value = fill[fact]
    if (value !== undefined && to[fact] !== undefined) left[fact] = value
  }
  if (fill.block !== undefined && to.block !== undefined) left.block = fill.block
  return left
}
