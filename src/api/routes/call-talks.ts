/** /v1/calls/{id}/…: what an agent does while they talk: asks somebody and hands the caller over, is not heard for a while, presses keys. */
import { type Static, Type } from 'typebox'
import { requireDiallable } from '../../core/calls/dialling.ts'
import { type ActData, askCall, type CallAct } from '../../core/calls/live.ts'
import { Call } from '../../core/events/call-shapes.ts'
import { Id } from '../../core/events/shapes.ts'
import type { TenantTx } from '../../core/platform/database.ts'
import { Fault } from '../../core/platform/errors.ts'
import { getMember } from '../../core/tenancy/members.ts'
import { getGroup } from '../../core/tenancy/skill-groups.ts'
import { colleagueOf } from '../colleagues.ts'
import { named } from '../named.ts'
import { requirePermission } from '../plugins/auth.ts'
import { ById, closed } from '../schemas.ts'
import type { RoutePlugin, ServerParts } from '../server.ts'
import { write } from '../transactions.ts'
import { answerToAct, requireCallHolder } from './calls.ts'

const tags = ['calls']

const Target = Type.Object(
  {
    memberId: Type.Optional(Id('usr')),
    groupId: Type.Optional(Id('grp')),
    number: Type.Optional(Type.String({ minLength: 2, maxLength: 40 })),
  },
  closed,
)

const Digits = Type.Object(
  {
    digits: Type.String({
      pattern: '^[0-9*#A-Da-d,]{1,32}$',
      description: 'Keys; a comma is a second of silence.',
    }),
  },
  closed,
)

const acts = {
  'hand-over': {
    act: 'hand-over',
    operationId: 'handOverCall',
    summary: 'Give the caller to whom you asked',
    description:
      'They talk with the caller from now on, and the conversation is theirs; your phone is let go. 202 when it is not done yet.',
  },
  conference: {
    act: 'join',
    operationId: 'conferCall',
    summary: 'Talk all three',
    description:
      'The caller, you and whom you asked hear each other, recorded as a talk of its own. Whoever hangs up leaves the other two together. 202 when it is not done yet.',
  },
  return: {
    act: 'return',
    operationId: 'returnToCaller',
    summary: 'Let whom you asked go, and talk with the caller again',
    description: 'Also before anybody has answered. 202 when it is not done yet.',
  },
  mute: {
    act: 'mute',
    operationId: 'muteCall',
    summary: 'Be heard by nobody',
    description: 'Nor recorded, until `unmute` or the end of the talk. 202 when it is not done yet.',
  },
  unmute: {
    act: 'unmute',
    operationId: 'unmuteCall',
    summary: 'Be heard again',
    description: 'Whoever has its conversation, supervisors and programs. 202 when it is not done yet.',
  },
} as const

const unaudited = 'The call keeps what happened to it.'

export const callTalks =
  (parts: ServerParts): RoutePlugin =>
  async (app) => {
    const ask = async (
      principal: ReturnType<typeof colleagueOf>,
      id: string,
      act: CallAct,
      dataOf: (tx: TenantTx, call: Call) => Promise<ActData | null>,
    ) => {
      const asked = await write(parts, principal, async (tx) => {
        const call = await requireCallHolder(tx, principal, id, parts.clock())
        return askCall(tx, id, act, await dataOf(tx, call))
      })
      return answerToAct(parts, principal, id, asked)
    }

    app.post(
      '/v1/calls/:id/consult',
      {
        config: { permission: 'conversation:reply', audit: 'call.consult' },
        schema: {
          operationId: 'consultCall',
          tags,
          summary: 'Ask an agent, a skill group or a number while the caller waits',
          description:
            'The caller hears music. Routing looks for the agent or the group as in every transfer, and takes their capacity; a number needs `call:dial` and what the plan allows. A call that went out is not routing’s: from it only numbers are asked. Then `hand-over`, `conference` or `return`; hanging up hands over. Whoever does not answer leaves the caller on hold. 202 when it does not ring yet.',
          params: ById('cal'),
          body: Target,
          response: { 200: Call, 202: Call },
        },
      },
      async (request, reply) => {
        const principal = colleagueOf(request)
        const { call, isDone } = await ask(
          principal,
          request.params.id,
          'consult',
          async (tx, { channelId, direction }) => {
            if (request.body.number !== undefined) requirePermission(principal, 'call:dial')
            else if (direction === 'out') {
              throw new Fault(
                'conflict',
                'conversation-unqueued',
                'From a call that went out only numbers can be asked.',
              )
            }
            return targetOf(tx, channelId, request.body, parts.clock())
          },
        )
        reply.code(isDone ? 200 : 202)
        return call
      },
    )

    app.post(
      '/v1/calls/:id/digits',
      {
        config: { permission: 'conversation:reply', unaudited },
        schema: {
          operationId: 'pressDigits',
          tags,
          summary: 'Press keys towards the other side',
          description:
            'For menus of others (RFC 4733); while you ask somebody, towards them. 409 where their phone takes no keys. 202 when it is not begun yet.',
          params: ById('cal'),
          body: Digits,
          response: { 200: Call, 202: Call },
        },
      },
      async (request, reply) => {
        const { digits } = request.body
        const { call, isDone } = await ask(colleagueOf(request), request.params.id, 'digits', async () => ({ digits }))
        reply.code(isDone ? 200 : 202)
        return call
      },
    )

    for (const [path, { act, ...words }] of Object.entries(acts)) {
      app.post(
        `/v1/calls/:id/${path}`,
        {
          config: { permission: 'conversation:reply', unaudited },
          schema: { ...words, tags, params: ById('cal'), response: { 200: Call, 202: Call } },
        },
        async (request, reply) => {
          const { call, isDone } = await ask(colleagueOf(request), request.params.id, act, async () => null)
          reply.code(isDone ? 200 : 202)
          return call
        },
      )
    }
  }

/** Whom is to be asked, if there is such. Faults: `transfer-target-unclear`, `member-unknown`, `member-disabled`, `group-unknown`, those of `requireDiallable`. */
async function targetOf(
  tx: TenantTx,
  channelId: string,
  { memberId, groupId, number }: Static<typeof Target>,
  now: number,
): Promise<ActData> {
  if ([memberId, groupId, number].filter((one) => one !== undefined).length !== 1) {
    throw new Fault('invalid', 'transfer-target-unclear', 'Name an agent, a skill group or a number.', {
      errors: [{ pointer: '/memberId', detail: 'or /groupId, or /number, one of them' }],
    })
  }
  if (number !== undefined) return { number: (await requireDiallable(tx, channelId, number, now)).number }
  if (groupId !== undefined) return { groupId: (await named(getGroup(tx, groupId), '/groupId')).id }
  const member = await named(getMember(tx, memberId ?? ''), '/memberId')
  if (member.disabled) throw new Fault('conflict', 'member-disabled', 'The member is disabled.')
  return { memberId: member.id }
}
