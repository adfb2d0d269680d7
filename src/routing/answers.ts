/** Commands: what each asks of the engine, and what is answered to whoever asked. */

import type { Arrivals } from './arrivals.ts'
import type { Command, Outcome } from './commands.ts'
import { enqueue } from './enqueue.ts'
import { type Ledger, snooze, tell } from './ledger.ts'
import { agentIn, consultOf, itemIn, itemsOfAgent } from './look.ts'
import type { Decision, ItemRecord } from './model.ts'
import { subjectOf } from './tenants.ts'

/** A command that waits for its outcome. */
export interface Asked {
  readonly tenantId: string
  readonly id: string
  readonly command: Command
}

/** An offer as it was stored when the batch began. */
export interface AskedOffer {
  readonly tenantId: string
  readonly id: string
  readonly engineId: string
  readonly agentId: string
  readonly itemId: string
  readonly state: 'open' | 'accepted' | 'declined' | 'expired' | 'rescinded'
  readonly reason: string | null
}

/** The rows that commands of a batch speak of. */
export interface AnswerFacts {
  readonly offers: ReadonlyMap<string, AskedOffer>
  readonly arrivals: Arrivals
}

type Of<Kind extends Command['kind']> = Extract<Command, { kind: Kind }>

/** Lets the engine decide a command. Every command gets an answer, also one that this version does not know. */
export function answer(ledger: Ledger, { command }: Asked, { offers, arrivals }: AnswerFacts): Outcome {
  switch (command.kind) {
    case 'presence':
      return presence(ledger, command)
    case 'accept':
    case 'decline':
    case 'consider':
      return answerOffer(ledger, command, offers.get(command.offerId))
    case 'pull':
      return pull(ledger, command)
    case 'assign':
      return assign(ledger, command)
    case 'transfer':
      return transfer(ledger, command)
    case 'recall':
      return recall(ledger, command)
    case 'reopen':
      return reopen(ledger, command, arrivals)
    case 'park':
      return park(ledger, command)
    case 'defer':
      return defer(ledger, command)
    case 'wake':
      return wake(ledger, command)
    case 'link':
      return link(ledger, command)
    case 'wrap-up':
      return wrapUp(ledger, command)
    case 'wrap-up-done':
      return wrapUpDone(ledger, command)
    default:
      return refused('unknown')
  }
}

const done: Outcome = { result: 'done' }

function refused(code: string, assigneeId?: string | null): Outcome {
  return { result: 'refused', code, ...(assigneeId !== undefined && { assigneeId }) }
}

/** The engine's reason in the words of outcomes; undefined when it had none, which is to say that it did as asked. */
function refusal(decisions: readonly Decision[], itemId?: string): string | undefined {
  for (const decision of decisions) {
    if (decision.type !== 'ignored' && decision.type !== 'reject') continue
    if (decision.type === 'reject' && itemId !== undefined && decision.itemId !== itemId) continue
    switch (decision.reason) {
      case 'no-capacity':
      case 'full':
        return 'full'
      case 'unavailable':
      case 'agent-unavailable':
      case 'unknown-agent':
        return 'offline'
      case 'not-eligible':
        return 'not-eligible'
      case 'unknown-group':
        return 'unknown'
      default:
        return 'stale'
    }
  }
  return undefined
}

/** A link that was up already, or had been lost before, is as it should be. */
function link(ledger: Ledger, { memberId, link: state, graceMs }: Of<'link'>): Outcome {
  const decisions = tell(ledger, { type: 'agent.link', agentId: memberId, link: state, graceMs })
  return refusal(decisions) === 'offline' ? refused('unknown') : done
}

function presence(ledger: Ledger, { kind: _, memberId, state, ...facts }: Of<'presence'>): Outcome {
  // Whoever speaks is there, also without a stream.
  const agent = agentIn(ledger.tenant.state, memberId)
  if (state === 'online' && agent?.link === 'down') tell(ledger, { type: 'agent.link', agentId: memberId, link: 'up' })
  const decisions = tell(ledger, { type: 'agent.presence', agentId: memberId, state, ...facts })
  return refusal(decisions) === undefined ? done : refused('unknown')
}

function answerOffer(
  ledger: Ledger,
  command: Of<'accept' | 'decline' | 'consider'>,
  offer: AskedOffer | undefined,
): Outcome {
  if (offer?.tenantId !== ledger.tenant.tenantId || offer.agentId !== command.memberId) return refused('unknown')
  const end = ledger.ended.get(offer.engineId) ?? (offer.state === 'open' ? undefined : offer)
  const holder = () => currentItem(ledger, subjectOf(offer.itemId))?.agentId ?? null
  if (end !== undefined) {
    // Whose answer got lost declines again.
    if (command.kind === 'decline' && end.state === 'declined') return { result: 'done', assigneeId: holder() }
    const isTaken = end.state === 'accepted' || end.reason === 'taken'
    return refused(isTaken ? 'taken' : end.state === 'expired' ? 'expired' : 'stale', holder())
  }
  const { memberId } = command
  ledger.declineReason = command.kind === 'decline' ? command.reason : undefined
  const told = { offerId: offer.engineId, agentId: memberId }
  const decisions =
    command.kind === 'consider'
      ? tell(ledger, { type: 'item.consider', ...told, forMs: command.forMs })
      : tell(ledger, { type: `item.${command.kind}`, ...told })
  ledger.declineReason = undefined
  if (refusal(decisions) !== undefined) return refused('stale', holder())
  return { result: 'done', assigneeId: holder() }
}

function currentItem(ledger: Ledger, conversationId: string): ItemRecord | undefined {
  return itemIn(ledger.tenant.state, ledger.tenant.items.get(conversationId) ?? '')
}

function pull(ledger: Ledger, { conversationId, memberId }: Of<'pull'>): Outcome {
  const item = currentItem(ledger, conversationId)
  if (item === undefined) return refused('unknown')
  if (item.agentId === memberId && item.state !== 'wrapup') return { result: 'done', assigneeId: memberId }
  const consult = consultOf(ledger.tenant.state, item.id)
  if (item.agentId !== undefined && consult === undefined) return refused('taken', item.agentId)
  const code = refusal(tell(ledger, { type: 'item.pull', itemId: consult ?? item.id, agentId: memberId }))
  // Whoever is being offered it comes first.
  if (code !== undefined) return refused(item.state === 'offered' && code === 'stale' ? 'taken' : code)
  return { result: 'done', assigneeId: memberId }
}

/** Gives it to an agent; `override` also to one who is full, `keepsHolder` has who held it take part. */
function assign(ledger: Ledger, { conversationId, memberId, override, keepsHolder }: Of<'assign'>): Outcome {
  const item = currentItem(ledger, conversationId)
  if (item === undefined) return refused('unknown')
  if (item.state === 'active' && item.agentId === memberId) return { result: 'done', assigneeId: memberId }
  const code = refusal(
    tell(ledger, { type: 'item.assign', itemId: item.id, agentId: memberId, ...(override && { override }) }),
  )
  if (code !== undefined) return refused(code, item.agentId ?? null)
  const move = ledger.moves.get(conversationId)
  if (keepsHolder && move !== undefined) ledger.moves.set(conversationId, { ...move, keepsHolder })
  return { result: 'done', assigneeId: memberId }
}

/** Hands on what is in service; moves what still waits. `assigneeId` tells who holds it afterwards. */
function transfer(ledger: Ledger, { conversationId, groupId, memberId, warm, asks }: Of<'transfer'>): Outcome {
  const item = currentItem(ledger, conversationId)
  if (item === undefined) return refused('unknown')
  if (item.state === 'parked') return refused('snoozed', item.agentId)
  const isHeld = item.agentId !== undefined
  if (!isHeld && memberId !== undefined) return assign(ledger, { kind: 'assign', conversationId, memberId })
  const to = groupId !== undefined ? { groupId } : memberId !== undefined ? { agentId: memberId } : undefined
  if (to === undefined) return refused('unknown')
  const decisions = isHeld
    ? tell(ledger, { type: 'item.transfer', itemId: item.id, to, ...(warm && { warm }), ...(asks && { asks }) })
    : tell(ledger, { type: 'item.update', itemId: item.id, ...(groupId !== undefined && { groupId }) })
  const code = refusal(decisions, item.id)
  const target = memberId === undefined ? undefined : agentIn(ledger.tenant.state, memberId)
  if (code === 'offline' && target?.presence === 'online') return refused('full', item.agentId ?? null)
  if (code !== undefined) return refused(code, item.agentId ?? null)
  return { result: 'done', assigneeId: itemIn(ledger.tenant.state, item.id)?.agentId ?? null }
}

/** Its holder keeps what was being handed on. */
function recall(ledger: Ledger, { conversationId, memberId }: Of<'recall'>): Outcome {
  const item = currentItem(ledger, conversationId)
  if (item === undefined) return refused('unknown')
  const by = memberId === undefined ? {} : { agentId: memberId }
  const code = refusal(tell(ledger, { type: 'item.recall', itemId: item.id, ...by }))
  if (code !== undefined) return refused(code, item.agentId ?? null)
  return { result: 'done', assigneeId: item.agentId ?? null }
}

/** What ended goes on: with the member who wants it, if they are there; otherwise it waits, and is offered to them first. */
function reopen(ledger: Ledger, { conversationId, memberId }: Of<'reopen'>, arrivals: Arrivals): Outcome {
  const conversation = arrivals.conversations.get(conversationId)
  if (!conversation?.waits || conversation.tenantId !== ledger.tenant.tenantId) return refused('stale')
  const asked = memberId === undefined ? {} : { designatedId: memberId }
  enqueue(ledger, { ...conversation, ...asked }, ledger.at, arrivals)
  if (memberId !== undefined) assign(ledger, { kind: 'assign', conversationId, memberId, override: true })
  return { result: 'done', assigneeId: currentItem(ledger, conversationId)?.agentId ?? null }
}

/** Its holder sets it aside; `number` is the last message that they knew of. */
function park(ledger: Ledger, { conversationId, memberId, until, number }: Of<'park'>): Outcome {
  const item = currentItem(ledger, conversationId)
  if (item === undefined) return refused('unknown')
  const decisions = tell(ledger, {
    type: 'item.park',
    itemId: item.id,
    ...(memberId !== undefined && { agentId: memberId }),
    ...(until !== null && { forMs: Math.max(0, until - ledger.at) }),
  })
  const code = refusal(decisions)
  if (code !== undefined) return refused(code, item.agentId ?? null)
  snooze(ledger, conversationId, { until, number })
  return { result: 'done', assigneeId: item.agentId ?? null }
}

/** What waits is put off; what somebody has, or is being asked for, is not. */
function defer(ledger: Ledger, { conversationId, until, number }: Of<'defer'>): Outcome {
  const item = currentItem(ledger, conversationId)
  if (item === undefined) return refused('unknown')
  if (item.agentId !== undefined || item.state === 'offered') return refused('taken', item.agentId ?? null)
  const forMs = until === null ? {} : { forMs: Math.max(0, until - ledger.at) }
  const code = refusal(tell(ledger, { type: 'item.defer', itemId: item.id, ...forMs }))
  if (code !== undefined) return refused(code)
  snooze(ledger, conversationId, { until, number })
  return { result: 'done', assigneeId: null }
}

function wake(ledger: Ledger, { conversationId }: Of<'wake'>): Outcome {
  const item = currentItem(ledger, conversationId)
  if (item === undefined) return refused('unknown')
  const code = refusal(tell(ledger, { type: 'item.wake', itemId: item.id }))
  if (code !== undefined) return refused(code, item.agentId ?? null)
  return { result: 'done', assigneeId: itemIn(ledger.tenant.state, item.id)?.agentId ?? null }
}

/** The holder will want time after the end; where the group gives it anyway, or never, that changes nothing. */
function wrapUp(ledger: Ledger, { conversationId, memberId }: Of<'wrap-up'>): Outcome {
  const item = currentItem(ledger, conversationId)
  if (item === undefined) return refused('unknown')
  const decisions = tell(ledger, { type: 'item.wrapUp', itemId: item.id, agentId: memberId })
  return refusal(decisions) === undefined ? done : refused('stale', item.agentId ?? null)
}

/** The agent is through with what came after the end; the conversation may already be another item again. */
function wrapUpDone(ledger: Ledger, { conversationId, memberId }: Of<'wrap-up-done'>): Outcome {
  const item = itemsOfAgent(ledger.tenant.state, memberId).find(
    ({ id, state }) => state === 'wrapup' && subjectOf(id) === conversationId,
  )
  if (item === undefined) return refused('stale')
  const decisions = tell(ledger, { type: 'item.wrapDone', itemId: item.id, agentId: memberId })
  return refusal(decisions) === undefined ? done : refused('stale')
}
