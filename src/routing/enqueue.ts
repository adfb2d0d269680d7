/** A conversation that waits becomes an item of the engine. */
import type { Arrivals, QueuedConversation } from './arrivals.ts'
import { enter } from './entry.ts'
import { type Ledger, move, tell } from './ledger.ts'
import { itemIn } from './look.ts'
import { itemIdOf } from './tenants.ts'

/**
 * A conversation waits: it becomes an item, unless it is one. Where there is no group at all it stays as it is until there
 * is one.
 */
export function enqueue(
  ledger: Ledger,
  conversation: QueuedConversation,
  enqueuedAt: number,
  arrivals: Arrivals,
): void {
  const { tenant } = ledger
  const present = itemIn(tenant.state, tenant.items.get(conversation.id) ?? '')
  if (present !== undefined && present.state !== 'wrapup') return
  const itemId = itemIdOf(conversation.id, conversation.version)
  if (itemId === present?.id) return
  const entry = enter(
    tenant,
    conversation,
    arrivals.rules.get(tenant.tenantId),
    arrivals.facts.get(conversation.id),
    arrivals.lastAgents,
    ledger.at,
  )
  if (entry === undefined) return
  tenant.items.set(conversation.id, itemId)
  tell(ledger, {
    type: 'item.enqueue',
    itemId,
    groupId: entry.groupId,
    medium: conversation.isCall ? 'call' : 'chat',
    priority: conversation.priority + entry.priority,
    enqueuedAt: Number.isNaN(enqueuedAt) ? ledger.at : enqueuedAt,
    ...(entry.skills.length > 0 && { requirements: entry.skills }),
    ...(entry.steps !== undefined && { steps: entry.steps }),
  })
  const item = itemIn(tenant.state, itemId)
  if (item === undefined) {
    tenant.items.delete(conversation.id)
    return
  }
  ledger.entries.set(itemId, entry.record)
  // The group may have passed it on already.
  if (conversation.groupId !== item.groupId && !ledger.moves.has(conversation.id)) {
    move(ledger, conversation.id, null, item.groupId)
  }
}
