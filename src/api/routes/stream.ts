/** /v1/stream: what happens, as it happens, to members and programs: over a WebSocket or as server-sent events. */
import { Type } from 'typebox'
import { readByAgent } from '../../core/conversations/lifecycle.ts'
import { Fault } from '../../core/platform/errors.ts'
import { type Colleague, colleagueOf } from '../colleagues.ts'
import { closed } from '../schemas.ts'
import type { RoutePlugin, ServerParts } from '../server.ts'
import { colleagueFrames, listenOn } from '../stream/client-frames.ts'
import { EventSourceOutlet, type Outlet, SocketOutlet } from '../stream/outlets.ts'
import { parsePosition, positionPattern } from '../stream/position.ts'
import { ColleagueReader } from '../stream/readers.ts'
import { closeCodes, hasRoom, type Streams } from '../stream/streams.ts'
import { signalTyping } from '../stream/typing.ts'
import { write } from '../transactions.ts'

export interface StreamParts extends ServerParts {
  readonly streams: Streams
}

const Since = Type.Object(
  {
    since: Type.Optional(Type.String({ pattern: positionPattern, description: 'The last event that was received.' })),
    monitor: Type.Optional(
      Type.Boolean({
        description:
          'With server-sent events: queues and agents too, as they change; needs `routing:read`. Over a socket send a frame `monitor`.',
      }),
    ),
  },
  closed,
)

/** A client types in bursts; more often than this is not told on. */
const typingEveryMs = 1000

export const stream =
  (parts: StreamParts): RoutePlugin =>
  async (app) => {
    const { streams, log, clock } = parts
    const reader = (colleague: Colleague) =>
      new ColleagueReader(colleague, () => streams.visitors.askAll(colleague.tenantId))

    /** A member is connected from now on; a program is nobody's presence. */
    const entered = (colleague: Colleague) =>
      colleague.kind === 'member' ? streams.agents.enter(colleague) : () => undefined

    /** Begins and ends to tell of queues and agents; the last word counts. Faults with `permission-missing`. */
    const monitoring = (colleague: Colleague, outlet: Outlet) => {
      let leave: (() => void) | undefined
      return (on: boolean) => {
        if (on && !colleague.permissions.has('routing:read')) throw missing('routing:read')
        if (!on) leave?.()
        leave = on ? (leave ?? streams.monitor.enter(colleague.tenantId, outlet)) : undefined
      }
    }

    app.route({
      method: 'GET',
      url: '/v1/stream',
      config: { permission: 'stream:read', raw: true },
      schema: {
        operationId: 'stream',
        tags: ['events'],
        summary: 'Receive events as they happen',
        description:
          'A WebSocket (Sec-WebSocket-Protocol `tributary.v1`), or server-sent events. With `since` (or Last-Event-ID) what was ' +
          'missed comes first, at most 1,000 events; then `stream.ready` says whether that was all (`recovered`).',
        querystring: Since,
      },
      handler: async (request, reply) => {
        if (!request.headers.accept?.includes('text/event-stream')) {
          throw new Fault(
            'unsupported',
            'stream-protocol-unsupported',
            'Open a WebSocket, or accept text/event-stream.',
          )
        }
        const colleague = colleagueOf(request)
        if (!hasRoom(streams.hub, colleague.credential)) {
          throw new Fault('rate-limited', 'streams-too-many', 'This credential has too many streams open.', {
            retryAfterSeconds: 30,
          })
        }
        const last = request.headers['last-event-id']
        const since = parsePosition(typeof last === 'string' ? last : undefined) ?? parsePosition(request.query.since)
        const wantsMonitor = request.query.monitor === true
        if (wantsMonitor && !colleague.permissions.has('routing:read')) throw missing('routing:read')
        reply.hijack()
        const outlet = new EventSourceOutlet(reply.raw)
        const subscription = streams.hub.subscribe(reader(colleague), outlet, since)
        const leave = entered(colleague)
        const monitor = monitoring(colleague, outlet)
        monitor(wantsMonitor)
        reply.raw.on('close', () => {
          subscription.close()
          leave()
          monitor(false)
        })
        reply.raw.on('error', () => {})
      },
      wsHandler: (socket, request) => {
        const colleague = colleagueOf(request)
        const outlet = new SocketOutlet(socket)
        if (!hasRoom(streams.hub, colleague.credential)) return outlet.close(closeCodes.slow, 'too many streams')
        const since = parsePosition((request.query as { since?: string }).since)
        const subscription = streams.hub.subscribe(reader(colleague), outlet, since)
        const leave = entered(colleague)
        const monitor = monitoring(colleague, outlet)
        socket.on('close', () => {
          subscription.close()
          leave()
          monitor(false)
        })
        let typedAt = 0
        listenOn({ socket, outlet, clock, log }, colleagueFrames, {
          async typing({ conversationId }) {
            if (!colleague.permissions.has('conversation:reply')) throw missing('conversation:reply')
            if (clock() - typedAt < typingEveryMs) return
            typedAt = clock()
            await signalTyping({ ...parts, signals: streams.signals }, colleague, conversationId)
          },
          async monitor({ on }) {
            if (socket.readyState === socket.OPEN) monitor(on)
          },
          async read({ conversationId, number }) {
            if (!colleague.permissions.has('conversation:read')) throw missing('conversation:read')
            await write(parts, colleague, (tx) => readByAgent(tx, colleague, conversationId, number))
          },
        })
      },
    })
  }

function missing(permission: string): Fault {
  return new Fault('forbidden', 'permission-missing', `This needs the permission ${permission}.`)
}
