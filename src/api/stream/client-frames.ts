/**
 * What clients say on a socket. Frames are handled one after another; each that is not understood, too large or too many is
 * refused in fixed words that tell nothing of the inside.
 */
import { Ajv, type ValidateFunction } from 'ajv'
import { type Static, type TObject, Type } from 'typebox'
import type { RawData, WebSocket } from 'ws'
import { Id } from '../../core/events/shapes.ts'
import type { Clock } from '../../core/platform/clock.ts'
import type { Logger } from '../../core/platform/log.ts'
import { tellable } from '../plugins/errors.ts'
import { VisitorParts } from '../visitor-shapes.ts'
import { ackFrame, pongFrame, refusedFrame } from './frames.ts'
import type { Outlet } from './outlets.ts'

const closed = { additionalProperties: false } as const
const Ref = Type.Optional(Type.String({ minLength: 1, maxLength: 120 }))
const Read = Type.Integer({ minimum: 0, maximum: 2_147_483_647 })

export const colleagueFrames = {
  ping: Type.Object({ type: Type.Literal('ping') }, closed),
  typing: Type.Object({ type: Type.Literal('typing'), conversationId: Id('cnv') }, closed),
  read: Type.Object({ type: Type.Literal('read'), conversationId: Id('cnv'), number: Read, ref: Ref }, closed),
  monitor: Type.Object({ type: Type.Literal('monitor'), on: Type.Boolean(), ref: Ref }, closed),
}

export const visitorFrames = {
  ping: Type.Object({ type: Type.Literal('ping') }, closed),
  typing: Type.Object({ type: Type.Literal('typing') }, closed),
  read: Type.Object(
    { type: Type.Literal('read'), number: Read, conversationId: Type.Optional(Id('cnv')), ref: Ref },
    closed,
  ),
  message: Type.Object(
    {
      type: Type.Literal('message'),
      ref: Ref,
      clientId: Type.String({ minLength: 1, maxLength: 120 }),
      parts: VisitorParts,
    },
    closed,
  ),
}

export type ColleagueFrame<Name extends keyof typeof colleagueFrames> = Static<(typeof colleagueFrames)[Name]>
export type VisitorFrame<Name extends keyof typeof visitorFrames> = Static<(typeof visitorFrames)[Name]>

/** What to do with each type of frame. Resolves when it is done, and then it is acknowledged if it has a `ref`. */
export type Handlers<Frames extends Record<string, TObject>> = {
  readonly [Name in Exclude<keyof Frames, 'ping'>]: (frame: Static<Frames[Name]>) => Promise<void>
}

/** Sustained, and in one go. */
const framesPerSecond = 20
const burst = 60
/** Less than the server takes of platforms. */
const maxFrameBytes = 65_536
/** So many that mean nothing, and whoever is there is not a client of ours. */
const maxGarbage = 20

const ajv = new Ajv({ strict: false, allErrors: false })
const compiled = new WeakMap<TObject, ValidateFunction>()

export interface SocketEars {
  readonly socket: WebSocket
  readonly outlet: Outlet & { heard(): void }
  readonly clock: Clock
  readonly log: Logger
}

/** Listens on a socket until it closes. Never throws, whatever comes. */
export function listenOn<Frames extends Record<string, TObject>>(
  { socket, outlet, clock, log }: SocketEars,
  frames: Frames,
  handlers: Handlers<Frames>,
): void {
  let tokens = burst
  let refilledAt = clock()
  let garbage = 0
  let work: Promise<void> = Promise.resolve()
  let pending = 0

  const refuse = (ref: string | null, code: string, detail: string): void =>
    outlet.send(refusedFrame(ref, code, detail), null)
  const refuseGarbage = (code: string, detail: string): void => {
    refuse(null, code, detail)
    if (++garbage >= maxGarbage) outlet.close(4400, 'not a client')
  }

  socket.on('message', (data: RawData, isBinary: boolean) => {
    if (socket.readyState !== socket.OPEN) return
    if (Buffer.isBuffer(data) && data.length > maxFrameBytes) return outlet.close(1009, 'too large')
    outlet.heard()
    const now = clock()
    tokens = Math.min(burst, tokens + ((now - refilledAt) / 1000) * framesPerSecond)
    refilledAt = now
    if (tokens < 1 || pending >= burst) {
      refuse(null, 'frames-too-many', 'Too many frames.')
      return outlet.close(4008, 'too many frames')
    }
    tokens -= 1
    const frame = isBinary ? undefined : parse(data)
    if (frame === undefined) return refuseGarbage('frame-malformed', 'A frame is one JSON object.')
    const type = typeof frame.type === 'string' && Object.hasOwn(frames, frame.type) ? frame.type : undefined
    const shape = type === undefined ? undefined : frames[type]
    if (type === undefined || shape === undefined) {
      return refuseGarbage('frame-unknown', 'There is no such type of frame.')
    }
    const ref = typeof frame.ref === 'string' ? frame.ref.slice(0, 120) : null
    if (!validatorOf(shape)(frame)) return refuse(ref, 'frame-invalid', 'The frame has not the form of its type.')
    if (type === 'ping') return outlet.send(pongFrame, null)
    const handle = handlers[type as keyof Handlers<Frames>] as (frame: object) => Promise<void>
    pending++
    work = work
      .then(() => handle(frame))
      .then(() => {
        if (ref !== null) outlet.send(ackFrame(ref), null)
      })
      .catch((error: unknown) => {
        const fault = tellable(error)
        if (fault === undefined) log.error({ err: error, type }, 'a frame could not be handled')
        refuse(ref, fault?.code ?? 'internal', fault?.message ?? 'Something went wrong here; it has been noted.')
      })
      .finally(() => {
        pending--
      })
  })
  // A frame over the limit or broken ends the socket by itself (1009, 1002, 1007); unheard, the error would end the process.
  socket.on('error', () => {})
}

function parse(data: RawData): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(String(data))
    return value !== null && typeof value === 'object' && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

function validatorOf(shape: TObject): ValidateFunction {
  let validate = compiled.get(shape)
  if (validate === undefined) {
    validate = ajv.compile(shape)
    compiled.set(shape, validate)
  }
  return validate
}
