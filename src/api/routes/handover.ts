/** /v1/conversations/{id}/transfer and /unpark: from hand to hand, and into hands before the hours begin. */
import { Type } from 'typebox'
import { getConversation } from '../../core/conversations/conversations.ts'
import { unpark } from '../../core/conversations/parking.ts'
import { requireHolder } from '../../core/conversations/speakers.ts'
import { viewerOf } from '../../core/conversations/visibility.ts'
import { Conversation, Id } from '../../core/events/shapes.ts'
import { Fault } from '../../core/platform/errors.ts'
import { getMember } from '../../core/tenancy/members.ts'
import { getGroup } from '../../core/tenancy/skill-groups.ts'
import { colleagueOf } from '../colleagues.ts'
import { askRouting, commandAnswers } from '../routing-commands.ts'
import { ById, closed } from '../schemas.ts'
import type { RoutePlugin, ServerParts } from '../server.ts'
import { write } from '../transactions.ts'
import { withEtag } from '../versions.ts'

export const handover =
  (parts: ServerParts): RoutePlugin =>
  async (app) => {
    app.post(
      '/v1/conversations/:id/transfer',
      {
        config: { permission: 'conversation:reply', audit: 'conversation.transfer' },
        schema: {
          operationId: 'transferConversation',
          tags: ['conversations'],
          summary: 'Hand a conversation on, to a skill group or an agent',
          description:
            'An agent hands on what is assigned to them; supervisors and programs hand on any. Into a group it goes at the place that its waiting so far has earned; to an agent who accepts by hand, the holder keeps it until then. Name `groupId` or `memberId`.',
          params: ById('cnv'),
          body: Type.Object({ groupId: Type.Optional(Id('grp')), memberId: Type.Optional(Id('usr')) }, closed),
          response: commandAnswers,
        },
      },
      (request, reply) => {
        const { id } = request.params
        const { groupId, memberId } = request.body
        const by = colleagueOf(request)
        if ((groupId === undefined) === (memberId === undefined)) {
          throw new Fault('invalid', 'transfer-target-unclear', 'Name a skill group or an agent.', {
            errors: [{ pointer: '/groupId', detail: 'or /memberId, one of them' }],
          })
        }
        return askRouting(parts, request, reply, async (tx) => {
          const { status, heldBy, assigneeId } = await getConversation(tx, viewerOf(by), id)
          requireHolder(by, assigneeId)
          if (status === 'closed' || heldBy === 'bot' || heldBy === 'nobody')
            throw new Fault('conflict', 'conversation-unqueued', 'It is with nobody, and waits for nobody.')
          if (groupId !== undefined) {
            await named(getGroup(tx, groupId), '/groupId')
            return { kind: 'transfer', conversationId: id, groupId }
          }
          const member = await named(getMember(tx, memberId ?? ''), '/memberId')
          if (member.disabled) throw new Fault('conflict', 'member-disabled', 'The member is disabled.')
          return { kind: 'transfer', conversationId: id, memberId: member.id }
        })
      },
    )

    app.post(
      '/v1/conversations/:id/unpark',
      {
        config: { permission: 'conversation:assign', audit: 'conversation.unpark' },
        schema: {
          operationId: 'unparkConversation',
          tags: ['conversations'],
          summary: 'Have a conversation that waits for the opening hours routed now',
          description: 'One that does not wait for them stays as it is.',
          params: ById('cnv'),
          response: { 200: Conversation },
        },
      },
      async (request, reply) => {
        const { id } = request.params
        const by = colleagueOf(request)
        const work = async (tx: Parameters<typeof unpark>[0]) => {
          await getConversation(tx, viewerOf(by), id)
          return unpark(tx, id)
        }
        return withEtag(reply, await write(parts, request.principal, work))
      },
    )
  }

/** What a body names and is not there is the body's fault. */
async function named<T>(found: Promise<T>, pointer: string): Promise<T> {
  try {
    return await found
  } catch (error) {
    if (!(error instanceof Fault) || error.kind !== 'not-found') throw error
    throw new Fault('invalid', error.code, error.message, {
      cause: error,
      errors: [{ pointer, detail: 'is not there' }],
    })
  }
}
