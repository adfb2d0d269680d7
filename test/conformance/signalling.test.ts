/** What every SIP server promises below the calls: SIPp is whoever calls and whoever is called, and everything goes through drachtio's protocol. */
import { createSocket } from 'node:dgram'
import Srf from 'drachtio-srf'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { maxMessageBytes } from '../../src/connectors/sip/message.ts'
import type { Refer } from '../../src/connectors/sip/referring.ts'
import { sdpOf, voiceIn } from '../../src/connectors/sip/sdp.ts'
import {
  type Answer,
  CallFailed,
  type IncomingRequest,
  type Leg,
  Signalling,
} from '../../src/connectors/sip/signalling.ts'
import { openStandIn } from '../../src/connectors/sip/stand-in.ts'
import { addressOf, type SipServerAddress } from '../support/drachtio.ts'
import { eventually } from '../support/eventually.ts'
import { describeWhere, describeWith, drachtioUrl } from '../support/services.ts'
import { Sipp, sippPath } from '../support/sipp.ts'
import { within } from '../support/sipp-steps.ts'
import { freeUdpPort } from '../support/udp-ports.ts'

const sdp = sdpOf({ address: '127.0.0.1', port: 9000, codecs: [0, 8], events: 101, direction: 'sendrecv' })
const from = '<sip:9000@localhost>'

interface Suite {
  /** RFC 3261's T1 on both sides. */
  readonly t1Ms: number
  open(): Promise<SipServerAddress & { close(): Promise<void> }>
}

function signallingConformance({ t1Ms, open }: Suite): void {
  let server: Awaited<ReturnType<Suite['open']>>
  let signalling: Signalling
  const sipp = new Sipp()
  /** What is done with a call that comes in. */
  let take: (request: IncomingRequest, answer: Answer) => void
  let isLost = false

  beforeAll(async () => {
    server = await open()
    signalling = await Signalling.connect({
      ...server,
      handlers: {
        invite: (request, answer) => take(request, answer),
        register: (_, answer) => answer.send(200),
        options: (_, answer) => answer.send(200),
      },
      onLost: () => (isLost = true),
    })
  })
  afterAll(async () => {
    sipp.close()
    signalling?.close()
    await server?.close()
  })
  beforeEach(() => {
    take = (_, answer) => answer.send(404)
  })

  const run = (scenario: string, keys: Record<string, string | number> = {}, more: object = {}) =>
    sipp.run(scenario, {
      target: server.sipPort,
      t1Ms,
      keys: { number: 9000, caller: 13800138000, talk: 20, tone: sipp.tone(440), ...keys },
      ...more,
    })
  /** The next call is answered; resolves with its leg. */
  const answered = () =>
    new Promise<Leg>((resolve, reject) => {
      take = (request, answer) => void signalling.answer(request, answer, sdp).then(resolve, reject)
    })
  const ring = (port: number) => signalling.ring({ uri: `sip:8001@127.0.0.1:${port}`, sdp, from })

  it('a call is answered, and the caller hangs up; or we do', async () => {
    const first = answered()
    const caller = await run('caller')
    const leg = await first
    const gone = new Promise<void>((resolve) => leg.onGone(resolve))
    await Promise.all([caller.done, gone])
    const second = answered()
    const waits = await run('caller-waits')
    expect(await (await second).hangUp()).toBe(true)
    await waits.done
  })

  it.each([
    ['before anything rings', '<recv response="100"/><nop/>', false],
    ['while it rings', '<recv response="100"/><recv response="180"/>', true],
  ])('a caller who gives up %s is told that it is over, and can be answered no more', async (_, heard, rings) => {
    const cancelled = new Promise<IncomingRequest>((resolve) => {
      take = (request, answer) => {
        request.on('cancel', () => resolve(request))
        if (rings) answer.send(180)
        void cancelled.then(() => signalling.answer(request, answer, sdp)).then(late.resolve, late.reject)
      }
    })
    const late = Promise.withResolvers<Leg>()
    const failure = late.promise.catch((error: unknown) => error)
    const caller = await run('caller-cancels', { heard })
    await caller.done
    await cancelled
    expect(await failure).toBeInstanceOf(CallFailed)
  })

  it('an answer that crosses the giving up stands, until the caller hangs up', async () => {
    const leg = answered()
    const caller = await run('caller-cancels-late')
    const gone = new Promise<void>((resolve) => void leg.then((one) => one.onGone(resolve)))
    await Promise.all([caller.done, gone])
  })

  it('a call whose answer nobody acknowledges is hung up', async () => {
    const leg = answered()
    const caller = await run('caller-never-acknowledges')
    const gone = new Promise<void>((resolve) => void leg.then((one) => one.onGone(resolve)))
    await Promise.all([caller.done, gone])
  }, 60_000)

  it('calls come and go although one message in ten is lost', async () => {
    let over = 0
    take = (request, answer) => {
      const leg = signalling.answer(request, answer, sdp)
      leg.then(
        (one) => one.onGone(() => (over += 1)),
        () => (over += 1),
      )
    }
    const callers = await run('caller', { talk: 100 }, { lost: 10, calls: 30, rate: 60 })
    await callers.done
    await eventually(() => over >= 30 || undefined, 40_000)
  }, 60_000)

  it('a caller who names no voice chooses one of ours', async () => {
    const leg = answered()
    const caller = await run('caller-chooses')
    expect(voiceIn((await leg).remoteSdp)).toMatchObject({ codecs: [0], events: 101 })
    await caller.done
  })

  it('within a call: keys in messages, hold, and a wish for media without any are answered', async () => {
    const keys: string[] = []
    const wishes: string[] = []
    take = (request, answer) =>
      void signalling.answer(request, answer, sdp).then((leg) => {
        leg.onKey((key) => keys.push(key))
        leg.onChange((given) => {
          wishes.push(voiceIn(given)?.direction ?? 'none')
          return voiceIn(given) === undefined ? undefined : sdp
        })
        leg.onGone(() => {})
      })
    const held = sdpOf({ address: '127.0.0.1', port: 9000, codecs: [0], events: 101, direction: 'sendonly' }, 2)
    const press = [
      within('INFO', 2, 'application/dtmf-relay', 'Signal=5\r\nDuration=160\r\n'),
      '<recv response="200"/>',
      within('INVITE', 3, 'application/sdp', held),
      '<recv response="100" optional="true"/><recv response="200"/>',
      within('ACK', 3, 'application/sdp', ''),
      within('INVITE', 4, 'application/sdp', ''),
      '<recv response="100" optional="true"/><recv response="488"/>',
      within('ACK', 4, 'application/sdp', '', '[branch-3]'),
      within('BYE', 5, 'application/sdp', ''),
      '<recv response="200" next="end"/>',
    ].join('\n')
    const caller = await run('caller-presses', { before: 20, press })
    await caller.done
    expect(keys).toEqual(['5'])
    expect(wishes).toEqual(['sendonly', 'none'])
  })

  it('a phone that wants its caller joined with another of its calls (REFER with Replaces) is told what came of it', async () => {
    const wants = Promise.withResolvers<Refer>()
    const answer = answered()
    void answer.then((leg) => leg.onRefer(wants.resolve), wants.reject)
    const to = '<sip:8002@127.0.0.1?Replaces=one%40desk%3Bto-tag%3Da%3Bfrom-tag%3Db>'
    const press = [
      within('REFER', 2, '', '').replace('Max-Forwards', `Refer-To: ${to}\nMax-Forwards`),
      '<recv response="202"/>',
      '<recv request="NOTIFY"><action><ereg regexp="SIP/2.0 200" search_in="body" check_it="true" assign_to="1"/></action></recv>',
      '<send><![CDATA[\n\nSIP/2.0 200 OK\n[last_Via:]\n[last_From:]\n[last_To:]\n[last_Call-ID:]\n[last_CSeq:]\nContent-Length: 0\n\n]]></send>',
      '<Reference variables="1"/>',
    ].join('\n')
    const phone = await run('caller-presses', { before: 20, press })
    const refer = await wants.promise
    expect(refer).toMatchObject({ user: '8002', replaces: { callId: 'one@desk', toTag: 'a', fromTag: 'b' } })
    await refer.tell('done')
    await (await answer).hangUp()
    await phone.done
  })

  it('a phone that is rung answers, is busy, is called off, or answers too late and is let go', async () => {
    const phone = await run('phone', { ring: 20 })
    const leg = await ring(phone.port).answered
    expect(voiceIn(leg.remoteSdp)?.codecs).toEqual([0])
    await leg.hangUp()
    await phone.done

    const busy = await run('phone-busy')
    await expect(ring(busy.port).answered).rejects.toMatchObject({ status: 486 })
    await busy.done

    const rings = await run('phone-rings')
    const called = ring(rings.port)
    const off = called.answered.catch((error: CallFailed) => error.status)
    called.cancel()
    expect(await off).toBe(487)
    await rings.done

    const late = await run('phone-late')
    const crossing = ring(late.port)
    crossing.cancel()
    await (await crossing.answered).hangUp()
    await late.done
  })

  it('a phone that is told to speak elsewhere while it wants something itself (491) is told again, and again later', async () => {
    const pending = `<recv request="INVITE"/><send><![CDATA[

SIP/2.0 491 Request Pending
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send><recv request="ACK"/>`
    const phone = await run('phone-moves', { ring: 20, press: pending, after: '', answer: '200 OK' })
    const leg = await ring(phone.port).answered
    expect(voiceIn(await leg.move(sdp))?.codecs).toEqual([0])
    expect(voiceIn(await leg.move(sdp))?.codecs).toEqual([0])
    await leg.hangUp()
    await phone.done
  })

  it('a trunk that asks for a password is given it, and its announcement is heard before it answers', async () => {
    const trunk = await run('trunk-challenges', { ring: 50, tone: sipp.tone(880) })
    const early: string[] = []
    const { answered } = signalling.ring({
      uri: `sip:02188888888@127.0.0.1:${trunk.port}`,
      sdp,
      from,
      auth: { username: 'tributary', password: 'secret' },
      onProgress: (given) => early.push(given),
    })
    const leg = await answered
    expect(early.map((given) => voiceIn(given)?.codecs)).toEqual([[0]])
    await leg.hangUp()
    await trunk.done
  })

  it('what is no SIP, or more than anybody says, is not answered, and the next call is taken', async () => {
    const socket = createSocket('udp4')
    const heard: Buffer[] = []
    socket.on('message', (bytes) => heard.push(bytes))
    const send = (text: string | Buffer) =>
      new Promise<void>((resolve) => socket.send(text, server.sipPort, '127.0.0.1', () => resolve()))
    const invite = `INVITE sip:9000@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKnoise\r\nFrom: <sip:1@x>;tag=1\r\nTo: <sip:9000@x>\r\n`
    await send(Buffer.from([0, 1, 2, 3, 255, 254, 13, 10, 13, 10]))
    await send('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await send(`${invite}CSeq: 1 INVITE\r\n\r\n`)
    await send(`${invite}Call-ID: a\r\nCSeq: 1 BYE\r\n\r\n`)
    await send(`${invite}Call-ID: a\r\nCSeq: 1 INVITE\r\nContent-Length: 99\r\n\r\nshort`)
    await send(`${invite}Call-ID: a\r\nCSeq: 1 INVITE\r\nSubject: ${'x'.repeat(maxMessageBytes)}\r\n\r\n`)
    let taken = 0
    const leg = new Promise<Leg>((resolve) => {
      take = (request, answer) => {
        taken += 1
        void signalling.answer(request, answer, sdp).then(resolve)
      }
    })
    const caller = await run('caller')
    await Promise.all([caller.done, leg])
    socket.close()
    expect(taken).toBe(1)
    expect(heard.filter((bytes) => bytes.toString().startsWith('SIP/2.0 2'))).toEqual([])
    expect(isLost).toBe(false)
  })
}

async function ourOwn() {
  const secret = 'cymru'
  const own = await openStandIn({ host: '127.0.0.1', address: '127.0.0.1', port: 0, secret, t1Ms: 50 })
  return { host: '127.0.0.1', port: own.appPort, secret, sipPort: own.port, close: () => own.close() }
}

describeWith('SIPp', sippPath, 'signalling through our stand-in', () => {
  signallingConformance({ t1Ms: 50, open: ourOwn })

  it('a leg of a process before us is not taken for gone where the server goes before it has answered', async () => {
    const server = await ourOwn()
    const handlers = { invite() {}, register() {}, options() {} }
    const ours = await Signalling.connect({ ...server, handlers, onLost() {} })
    const nobody = `sip:8001@127.0.0.1:${await freeUdpPort()}`
    const trace = { callId: 'a', local: '<sip:9000@x>;tag=1', remote: '<sip:8001@x>;tag=2', target: nobody }
    const released = ours.release({ ...trace, routes: [], source: null })
    ours.close()
    expect(await released).toBe(false)
    await server.close()
  })

  it('a phone that wants other media while we do is told to wait (491), and our wish is answered', async () => {
    const server = await ourOwn()
    const sipp = new Sipp()
    const srf = new Srf()
    srf.on('error', () => {})
    srf.connect({ host: server.host, port: server.port, secret: server.secret })
    await new Promise((resolve) => srf.on('connect', resolve))
    const phone = await sipp.run('phone-crosses', { t1Ms: 50 })
    const dialog = await srf.createUAC(`sip:8001@127.0.0.1:${phone.port}`, { localSdp: sdp })
    await dialog.modify(sdpOf({ address: '127.0.0.1', port: 9002, codecs: [0], events: 101, direction: 'sendrecv' }, 2))
    dialog.destroy()
    await phone.done
    srf.disconnect()
    sipp.close()
    await server.close()
  })
})

describeWhere('drachtio-server', drachtioUrl, 'signalling through a drachtio-server', (url) => {
  signallingConformance({ t1Ms: 500, open: async () => ({ ...addressOf(url), async close() {} }) })
})
