/** /v1/conversations/{id}/transfer, take-over, unpark, snooze, wake, reopen: what routing decides of conversations when people ask. */
import { Type } from 'typebox'
import { getConversation } from '../../core/conversations/conversations.ts'
import { reopenConversation } from '../../core/conversations/lifecycle.ts'
import { unpark } from '../../core/conversations/parking.ts'
import { requireHolder } from '../../core/conversations/speakers.ts'
import { viewerOf } from '../../core/conversations/visibility.ts'
import { Conversation, Id, Time } from '../../core/events/shapes.ts'
import type { TenantTx } from '../../core/platform/database.ts'
import { Fault } from '../../core/platform/errors.ts'
import { getMember } from '../../core/tenancy/members.ts'
import { getGroup } from '../../core/tenancy/skill-groups.ts'
import { type Colleague, colleagueOf } from '../colleagues.ts'
import { named } from '../named.ts'
import { memberOf } from '../plugins/auth.ts'
import { askRouting, commandAnswers } from '../routing-commands.ts'
import { ById, closed } from '../schemas.ts'
import type { RoutePlugin, ServerParts } from '../server.ts'
import { write } from '../transactions.ts'
import { withEtag } from '../versions.ts'

const tags = ['conversations']

export const handover =
  (parts: ServerParts): RoutePlugin =>
  async (app) => {
    app.post(
      '/v1/conversations/:id/transfer',
      {
        config: { permission: 'conversation:reply', audit: 'conversation.transfer' },
        schema: {
          operationId: 'transferConversation',
          tags,
          summary: 'Hand a conversation on, to a skill group or an agent',
          description:
            'An agent hands on what is assigned to them; supervisors and programs hand on any. Into a group it goes at the place that its waiting so far has earned; to an agent who accepts by hand, the holder keeps it until then. Name `groupId` or `memberId`. With `warm` the holder keeps it also on its way to a group, until somebody there takes it: `transferGroupId` names the group meanwhile.',
          params: ById('cnv'),
          body: Type.Object(
            {
              groupId: Type.Optional(Id('grp')),
              memberId: Type.Optional(Id('usr')),
              warm: Type.Optional(Type.Boolean({ description: 'To a group only.' })),
            },
            closed,
          ),
          response: commandAnswers,
        },
      },
      (request, reply) => {
        const { id } = request.params
        const { groupId, memberId, warm } = request.body
        const by = colleagueOf(request)
        if ((groupId === undefined) === (memberId === undefined)) {
          throw new Fault('invalid', 'transfer-target-unclear', 'Name a skill group or an agent.', {
            errors: [{ pointer: '/groupId', detail: 'or /memberId, one of them' }],
          })
        }
        if (warm && groupId === undefined) {
          throw new Fault('invalid', 'transfer-target-unclear', 'A warm transfer goes to a skill group.', {
            errors: [
              { pointer: '/warm', detail: 'goes with /groupId: an agent who accepts by hand is waited for anyway' },
            ],
          })
        }
        return askRouting(parts, request, reply, async (tx) => {
          const { heldBy } = await requireInService(tx, by, id)
          if (groupId !== undefined) {
            await named(getGroup(tx, groupId), '/groupId')
            // What nobody holds is moved.
            return { kind: 'transfer', conversationId: id, groupId, ...(warm && heldBy === 'agent' && { warm }) }
          }
          const member = await named(getMember(tx, memberId ?? ''), '/memberId')
          if (member.disabled) throw new Fault('conflict', 'member-disabled', 'The member is disabled.')
          return { kind: 'transfer', conversationId: id, memberId: member.id }
        })
      },
    )

    app.delete(
      '/v1/conversations/:id/transfer',
      {
        config: { permission: 'conversation:reply', audit: 'conversation.keep' },
        schema: {
          operationId: 'keepConversation',
          tags,
          summary: 'Keep a conversation that is being handed on',
          description:
            'Takes back what nobody has taken yet: a warm transfer to a group, or one to an agent who has not accepted. Its holder keeps it.',
          params: ById('cnv'),
          response: commandAnswers,
        },
      },
      (request, reply) => {
        const by = colleagueOf(request)
        const { id } = request.params
        return askRouting(parts, request, reply, async (tx) => {
          await requireInService(tx, by, id)
          return { kind: 'recall', conversationId: id, ...onlyTheirs(by) }
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

    app.post(
      '/v1/conversations/:id/take-over',
      {
        config: { permission: 'conversation:assign', audit: 'conversation.take-over' },
        schema: {
          operationId: 'takeOverConversation',
          tags,
          summary: 'Take a conversation over yourself, out of a queue or of somebody’s hands',
          description:
            'Also when you are at your capacity, up to its hard limit; you have to be there. With `keepHolder` who held it takes part from then on.',
          params: ById('cnv'),
          body: Type.Object({ keepHolder: Type.Optional(Type.Boolean()) }, closed),
          response: commandAnswers,
        },
      },
      (request, reply) => {
        const member = memberOf(request)
        const { id } = request.params
        const { keepHolder } = request.body
        return askRouting(parts, request, reply, async (tx) => {
          await requireInService(tx, member, id)
          return {
            kind: 'assign',
            conversationId: id,
            memberId: member.id,
            override: true,
            ...(keepHolder && { keepsHolder: true }),
          }
        })
      },
    )

    app.post(
      '/v1/conversations/:id/snooze',
      {
        config: { permission: 'conversation:reply', audit: 'conversation.snooze' },
        schema: {
          operationId: 'snoozeConversation',
          tags,
          summary: 'Set a conversation aside for a while',
          description:
            'Its holder keeps it, and it does not take their capacity meanwhile (or as much as its group says). It wakes at `until`, without ' +
            'one only when the customer writes, and always when they do: to its holder, or, if they are gone, back into the queue, to them ' +
            'first. One that waits is put off: nobody is asked for it meanwhile, and it keeps its place in line.',
          params: ById('cnv'),
          body: Type.Object({ until: Type.Optional(Time) }, closed),
          response: commandAnswers,
        },
      },
      (request, reply) => {
        const by = colleagueOf(request)
        const { id } = request.params
        const until = request.body.until === undefined ? null : Date.parse(request.body.until)
        if (until !== null && (until <= parts.clock() || until > parts.clock() + longestMs)) {
          throw new Fault('invalid', 'snooze-invalid', 'It wakes later than now, and within a year.', {
            errors: [{ pointer: '/until', detail: 'is over, or more than a year away' }],
          })
        }
        return askRouting(parts, request, reply, async (tx) => {
          const { heldBy, lastNumber } = await requireInService(tx, by, id)
          if (heldBy === 'queue') return { kind: 'defer', conversationId: id, until, number: lastNumber }
          return { kind: 'park', conversationId: id, until, number: lastNumber, ...onlyTheirs(by) }
        })
      },
    )

    app.post(
      '/v1/conversations/:id/wake',
      {
        config: { permission: 'conversation:reply', audit: 'conversation.wake' },
        schema: {
          operationId: 'wakeConversation',
          tags,
          summary: 'Take up a snoozed conversation before its time',
          params: ById('cnv'),
          response: commandAnswers,
        },
      },
      (request, reply) => {
        const by = colleagueOf(request)
        const { id } = request.params
        return askRouting(parts, request, reply, async (tx) => {
          await requireInService(tx, by, id)
          return { kind: 'wake', conversationId: id }
        })
      },
    )

    app.post(
      '/v1/conversations/:id/reopen',
      {
        config: { permission: 'conversation:reply', audit: 'conversation.reopen' },
        schema: {
          operationId: 'reopenConversation',
          tags,
          summary: 'Let a conversation go on that is resolved or closed',
          description:
            'It waits for a person; with `mine` it is yours at once if you are there, else offered to you first. `assigneeId` of the outcome says who has it.',
          params: ById('cnv'),
          body: Type.Object({ mine: Type.Optional(Type.Boolean()) }, closed),
          response: commandAnswers,
        },
      },
      (request, reply) => {
        const by = colleagueOf(request)
        const { id } = request.params
        const memberId = request.body.mine ? memberOf(request).id : undefined
        return askRouting(parts, request, reply, async (tx) => {
          await reopenConversation(tx, by, id)
          return { kind: 'reopen', conversationId: id, ...(memberId !== undefined && { memberId }) }
        })
      },
    )
  }

/** The conversation, if it is with somebody or waits. Faults: `conversation-unknown`, `reply-not-yours`, `conversation-unqueued`. */
async function requireInService(tx: TenantTx, by: Colleague, id: string): Promise<Conversation> {
  const conversation = await getConversation(tx, viewerOf(by), id)
  requireHolder(by, conversation.assigneeId)
  if (conversation.heldBy !== 'queue' && conversation.heldBy !== 'agent') {
    throw new Fault('conflict', 'conversation-unqueued', 'It is with nobody, and waits for nobody.')
  }
  return conversation
}

/** An agent asks for what they hold: if it is somebody else’s by the time routing decides, nothing happens. */
const onlyTheirs = (by: Colleague) => (by.kind === 'member' && by.role === 'agent' ? { memberId: by.id } : {})

const longestMs = 366 * 86_400_000
