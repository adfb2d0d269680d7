/**
 * Asking routing for something over HTTP: the command is written, then the answer waits a little for the shard's decision,
 * outside any transaction. Decided in time: 200 with the outcome, or 409 with why not. Else 202 and where to look.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Static, Type } from 'typebox'
import { Id, Nullable, OneOf } from '../core/events/shapes.ts'
import type { TenantTx } from '../core/platform/database.ts'
import { Fault } from '../core/platform/errors.ts'
import { awaitOutcome, type Command, hintCommand, issueCommand, type Outcome } from '../routing/commands.ts'
import type { ServerParts } from './server.ts'
import { write } from './transactions.ts'

export const OutcomeShape = Type.Object({
  result: OneOf('done', 'refused'),
  code: Type.Optional(Type.String()),
  detail: Type.Optional(Type.String()),
  assigneeId: Type.Optional(Nullable(Id('usr'))),
})

const Decided = Type.Object({ commandId: Id('cmd'), outcome: OutcomeShape })
const Pending = Type.Object({ commandId: Id('cmd') })

/** The response schema of a route that asks routing. */
export const commandAnswers = { 200: Decided, 202: Pending }

/**
 * Issues a command and answers it. `prepare` runs in the transaction that writes the command, so what it checked still
 * holds when the command is there, and returns the command. Faults with the outcome's code when routing refuses.
 */
export async function askRouting(
  parts: ServerParts,
  request: FastifyRequest,
  reply: FastifyReply,
  prepare: (tx: TenantTx) => Promise<Command>,
): Promise<Static<typeof Decided> | Static<typeof Pending>> {
  const { command, commandId } = await write(parts, request.principal, async (tx) => {
    const command = await prepare(tx)
    return { command, commandId: await issueCommand(tx, command) }
  })
  const { db, wake, settings } = parts
  hintCommand(wake, request.principal.tenantId)
  const outcome = await awaitOutcome(db, wake, request.principal, commandId, settings.commandWaitMs)
  if (outcome === undefined) {
    reply.code(202).header('location', `/v1/commands/${commandId}`)
    return { commandId }
  }
  if (outcome.result === 'done') return { commandId, outcome: { ...outcome } }
  // An answer that got lost makes an agent accept twice; who holds the conversation already has not been refused it.
  if (command.kind === 'accept' && outcome.assigneeId === command.memberId) {
    return { commandId, outcome: { result: 'done', assigneeId: command.memberId } }
  }
  throw refused(command, outcome)
}

/** Routing's short word, told with the noun that it is about: `offer-expired`, `conversation-taken`, `agent-full`. */
export function refused(command: Command, outcome: Outcome): Fault {
  const isOffer = command.kind === 'accept' || command.kind === 'decline'
  const isMove = command.kind === 'transfer' && command.groupId !== undefined
  const refusals = isOffer ? { ...ofAll, ...ofOffers } : isMove ? { ...ofAll, ...ofMoves } : ofAll
  const [code, sentence] = refusals[outcome.code ?? ''] ?? ['command-refused', 'Routing could not do this.']
  return new Fault('conflict', code, outcome.detail ?? sentence)
}

type Refusals = Readonly<Record<string, readonly [code: string, sentence: string]>>

/** By routing's word. Each code has its line in docs/errors.md. */
const ofAll: Refusals = {
  taken: ['conversation-taken', 'Somebody else holds this conversation, or is being asked.'],
  expired: ['conversation-stale', 'The conversation is no longer in the state for this.'],
  stale: ['conversation-stale', 'The conversation is no longer in the state for this.'],
  snoozed: ['conversation-snoozed', 'It is snoozed: take it up (wake) before you hand it on.'],
  unknown: ['conversation-unqueued', 'Routing does not know of this.'],
  full: ['agent-full', 'There is no capacity left for this.'],
  offline: ['agent-offline', 'The agent is not there.'],
  'not-eligible': ['agent-unfit', 'The agent does not belong to the group, or lacks the skill.'],
}

const ofMoves: Refusals = {
  full: ['group-full', 'The skill group has as many waiting as it takes.'],
}

const ofOffers: Refusals = {
  taken: ['offer-taken', 'Somebody else has taken this conversation.'],
  expired: ['offer-expired', 'The time to answer this offer is over.'],
  stale: ['offer-expired', 'This offer has ended.'],
  unknown: ['offer-unknown', 'There is no such offer to you.'],
}
