/**
 * Commands that somebody waits for need not come by the log: their rows are durable as soon as they are asked, and the shard decides
 * them between two batches when it hears of them. Their events come later, find an outcome, and mean nothing more; so a hint that is
 * lost costs time and nothing else.
 *
 * A command then comes before what was appended ahead of it. So this is for those only to which that makes no difference, and a
 * tenant's commands stay in their order: from the first that has to wait for the log, all do.
 */
import type { Tx } from '../core/platform/database.ts'
import { type Asked, type AskedOffer, answer } from './answers.ts'
import { noArrivals } from './arrivals.ts'
import { type CommandRow, readOffers, toAsked } from './intake.ts'
import type { Ledger } from './ledger.ts'
import { isTicket, type RoutedTenant, subjectOf } from './tenants.ts'

/** How long a command is looked for; one that is older waits for the log, whatever holds it up there. */
export const promptMs = 10_000
/** In one transaction. */
const mostAtOnce = 100

export interface Prompt {
  /** By tenant, in the order in which they were asked. */
  readonly commands: ReadonlyMap<string, readonly Asked[]>
  readonly offers: ReadonlyMap<string, AskedOffer>
}

/** What was asked of late and has no outcome, of these tenants; left out are those that have to wait for the log. */
export async function readPrompt(tx: Tx, tenants: readonly RoutedTenant[]): Promise<Prompt> {
  const rows = await tx.query<CommandRow>(
    `select tenant_id, id, kind, data from commands
      where tenant_id = any($1) and outcome is null and created_at > now() - ${promptMs} * interval '1 millisecond'
      order by id limit ${mostAtOnce}`,
    tenants.map(({ tenantId }) => tenantId),
  )
  const asked = rows.map(toAsked)
  const offers = await readOffers(tx, asked)
  const waiting = await readWaiting(tx, asked, offers)
  const commands = new Map<string, Asked[]>()
  for (const tenant of tenants) {
    const own = asked.filter(({ tenantId }) => tenantId === tenant.tenantId)
    const first = own.findIndex((one) => !mayOvertake(one, tenant, offers, waiting))
    const prompt = first === -1 ? own : own.slice(0, first)
    if (prompt.length > 0) commands.set(tenant.tenantId, prompt)
  }
  return { commands, offers }
}

/** Has the engine decide them, in the ledger of their tenant. */
export function answerAtOnce(ledger: Ledger, { commands, offers }: Prompt): void {
  for (const asked of commands.get(ledger.tenant.tenantId) ?? []) {
    ledger.causationId = asked.id
    ledger.outcomes.set(asked.id, answer(ledger, asked, { offers, arrivals: noArrivals }))
  }
  ledger.causationId = undefined
}

/** The conversation that the command is about, if it is one that has to be waiting for it. */
function sought({ command }: Asked, offers: Prompt['offers']): string | undefined {
  if (command.kind === 'pull') return command.conversationId
  if (command.kind !== 'accept' && command.kind !== 'decline') return undefined
  const offer = offers.get(command.offerId)
  return offer === undefined || isTicket(subjectOf(offer.itemId)) ? undefined : subjectOf(offer.itemId)
}

/** Those of the conversations that wait for a person by their rows: what closed them, or took them back, may still be on its way here. */
async function readWaiting(tx: Tx, asked: readonly Asked[], offers: Prompt['offers']): Promise<ReadonlySet<string>> {
  const named = asked.flatMap((one) => {
    const id = sought(one, offers)
    return id === undefined ? [] : [{ tenantId: one.tenantId, id }]
  })
  if (named.length === 0) return new Set()
  const rows = await tx.query<{ id: string }>(
    `select id from conversations
      where tenant_id = any($1) and id = any($2) and status = 'open' and held_by = 'queue' and parked_at is null`,
    [...new Set(named.map(({ tenantId }) => tenantId))],
    named.map(({ id }) => id),
  )
  return new Set(rows.map(({ id }) => id))
}

/** Whether what the log still holds of the tenant could not change the answer, nor be misled by it. */
function mayOvertake(
  asked: Asked,
  { members, items }: RoutedTenant,
  offers: Prompt['offers'],
  waiting: ReadonlySet<string>,
): boolean {
  const { command } = asked
  switch (command.kind) {
    case 'presence':
      // Whoever goes may have ended conversations just before, which must not be given to others.
      return command.state !== 'offline' && members.has(command.memberId)
    case 'accept':
    case 'decline': {
      const offer = offers.get(command.offerId)
      if (offer === undefined) return false
      return offer.state !== 'open' || waiting.has(sought(asked, offers) ?? '')
    }
    case 'pull':
      return members.has(command.memberId) && items.has(command.conversationId) && waiting.has(command.conversationId)
    default:
      return false
  }
}
