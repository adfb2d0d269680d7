/** A desk phone with two lines: it registers, has a caller, calls somebody else meanwhile, and joins the two. On a stack of its own, at an address that is no trunk's. */
import Srf from 'drachtio-srf'
import { sdpOf } from '../../src/connectors/sip/sdp.ts'
import { openStandIn } from '../../src/connectors/sip/stand-in.ts'
import { TonePhone } from './tone-phone.ts'

const host = '127.0.0.2'

interface Message {
  readonly body?: string
  get(name: string): string
}

interface Answer {
  send(status: number): void
}

/** One call of the phone. */
export interface DeskCall {
  readonly sip: { readonly callId: string; readonly localTag: string; readonly remoteTag: string }
  readonly remote: { readonly sdp: string }
  on(event: 'destroy', listener: () => void): void
  on(event: 'notify', listener: (request: Message, answer: Answer) => void): void
  destroy(): Promise<unknown>
  modify(sdp: string): Promise<unknown>
  request(options: object): Promise<{ readonly status: number }>
}

interface Options {
  readonly extension: string
  readonly password: string
  /** Where the hub's channel is. */
  readonly target: number
}

export interface DeskPhone {
  readonly voice: TonePhone
  /** The next call that rings here, picked up. */
  readonly called: Promise<DeskCall>
  /** Has the caller wait. */
  hold(call: DeskCall): Promise<void>
  /** Rejects with its status where nobody answers; `begun` is told how to give up. */
  dial(user: string, begun?: (cancel: () => void) => void): Promise<DeskCall>
  /** REFER with Replaces: resolves with what the hub says of it at last. */
  join(call: DeskCall, other: DeskCall['sip'], user: string): Promise<string>
  close(): Promise<void>
}

export async function openDeskPhone({ extension, password, target }: Options): Promise<DeskPhone> {
  const secret = 'desk'
  const stack = await openStandIn({ host, address: host, port: 0, secret })
  // biome-ignore lint/suspicious/noExplicitAny: the typings of drachtio-srf are partial
  const srf = new (Srf as any)()
  srf.on('error', () => {})
  srf.connect({ host: '127.0.0.1', port: stack.appPort, secret })
  await new Promise((resolve) => srf.on('connect', resolve))
  const voice = new TonePhone(1000)
  const port = await voice.bind()
  const sdp = (direction: 'sendrecv' | 'sendonly', version: number) =>
    sdpOf({ address: '127.0.0.1', port, codecs: [0], events: 101, direction }, version)
  const auth = { username: extension, password }
  const called = new Promise<DeskCall>((resolve, reject) =>
    srf.invite((request: Message, answer: Answer) => {
      srf.createUAS(request, answer, { localSdp: sdp('sendrecv', 1) }).then(resolve, reject)
    }),
  )
  called.catch(() => {})
  await new Promise<void>((resolve, reject) => {
    const headers = {
      From: `<sip:${extension}@127.0.0.1>`,
      To: `<sip:${extension}@127.0.0.1>`,
      Contact: `<sip:${extension}@${host}:${stack.port}>`,
      Expires: '600',
    }
    const uri = `sip:127.0.0.1:${target}`
    srf.request(uri, { method: 'REGISTER', headers, auth }, (error: Error | null, request: typeof srf) => {
      if (error !== null) return reject(error)
      request.on('response', ({ status }: { status: number }) =>
        status === 200 ? resolve() : reject(new Error(`The phone was not registered: ${status}.`)),
      )
    })
  })
  return {
    voice,
    called,
    async hold(call) {
      await call.modify(sdp('sendonly', 2))
    },
    dial(user, begun) {
      const progress = { cbRequest: (_: unknown, request: typeof srf) => begun?.(() => request.cancel(() => {})) }
      const headers = { From: `<sip:${extension}@127.0.0.1>` }
      return srf.createUAC(`sip:${user}@127.0.0.1:${target}`, { localSdp: sdp('sendrecv', 1), headers, auth }, progress)
    },
    async join(call, { callId, localTag, remoteTag }, user) {
      const told = new Promise<string>((resolve) =>
        call.on('notify', (request, answer) => {
          answer.send(200)
          resolve(request.body ?? '')
        }),
      )
      const replaces = encodeURIComponent(`${callId};to-tag=${remoteTag};from-tag=${localTag}`)
      const headers = { 'Refer-To': `<sip:${user}@127.0.0.1:${target}?Replaces=${replaces}>` }
      const { status } = await call.request({ method: 'REFER', headers })
      return status === 202 ? told : `${status}`
    },
    async close() {
      voice.close()
      srf.disconnect()
      await stack.close()
    },
  }
}
