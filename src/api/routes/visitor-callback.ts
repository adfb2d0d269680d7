/** /v1/visitor/callback: a visitor who waits would rather be served at a time that suits them, and keeps their place in line. */
import { Type } from 'typebox'
import { contactOfVisitor, latestConversation } from '../../core/conversations/visitors.ts'
import { Time } from '../../core/events/shapes.ts'
import { Fault } from '../../core/platform/errors.ts'
import { visitorOf } from '../plugins/auth.ts'
import { askRouting, commandAnswers } from '../routing-commands.ts'
import { closed } from '../schemas.ts'
import type { RoutePlugin, ServerParts } from '../server.ts'
import { openToAllSites, requireSite } from '../visitor-sites.ts'

const longestMs = 31 * 86_400_000

export const visitorCallback =
  (parts: ServerParts): RoutePlugin =>
  async (app) => {
    openToAllSites(app)
    app.post(
      '/v1/visitor/callback',
      {
        config: { permission: 'visitor', unaudited: 'What a customer asks for is kept by routing.' },
        preHandler: requireSite(parts),
        schema: {
          operationId: 'askForCallback',
          tags: ['visitor'],
          summary: 'Ask to be served at a later time instead of waiting',
          description:
            'Nobody is asked to take your conversation before `at`; then it has the place in line that your waiting so far has earned. If you write before that, you wait again at once, at that place.',
          body: Type.Object({ at: Time }, closed),
          response: commandAnswers,
        },
      },
      (request, reply) => {
        const who = visitorOf(request)
        const until = Date.parse(request.body.at)
        if (until <= parts.clock() || until > parts.clock() + longestMs) {
          throw new Fault('invalid', 'callback-invalid', 'The time is later than now, and within a month.', {
            errors: [{ pointer: '/at', detail: 'is over, or more than a month away' }],
          })
        }
        return askRouting(parts, request, reply, async (tx) => {
          const contactId = await contactOfVisitor(tx, { ...who, visitorId: who.id })
          const latest = contactId === undefined ? undefined : await latestConversation(tx, contactId)
          if (latest?.status !== 'open' || latest.heldBy !== 'queue' || latest.parkedAt !== null) {
            throw new Fault('conflict', 'callback-unneeded', 'You do not wait for anybody at present.')
          }
          return { kind: 'defer', conversationId: latest.id, until, number: latest.lastNumber }
        })
      },
    )
  }
