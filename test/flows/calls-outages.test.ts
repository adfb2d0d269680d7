/** What carries calls dies: the process of voices, the SIP server, rtpengine, the hub itself. SIPp is trunk and phones. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { type CallFloor, openCallFloor } from '../support/call-floor.ts'
import { type OutsideSipServer, openOutsideSipServer } from '../support/drachtio.ts'
import { eventually } from '../support/eventually.ts'
import { type HubProcess, voicesOf } from '../support/hub-process.ts'
import { type OwnRtpengine, openOwnRtpengine, rtpenginePath } from '../support/rtpengine.ts'
import { describeWith } from '../support/services.ts'
import { type Sipp, sippPath } from '../support/sipp.ts'

describeWith('SIPp', sippPath, 'calls', () => {
  let floor: CallFloor
  let hub: HubProcess
  let sipp: Sipp
  let target: number
  let phones: CallFloor['phones']
  let ask: CallFloor['ask']
  let call: CallFloor['call']
  let callsOf: CallFloor['callsOf']
  let talk: CallFloor['talk']
  let nextNumber: CallFloor['nextNumber']
  let presence: CallFloor['presence']
  let rtpengine: OwnRtpengine | undefined
  /** A process of its own, as a drachtio-server is one. */
  let server: OutsideSipServer

  beforeAll(async () => {
    // One of its own, since it is killed.
    rtpengine = rtpenginePath === undefined ? undefined : await openOwnRtpengine()
    server = await openOutsideSipServer()
    floor = await openCallFloor({ drachtio: server, rtpengine: rtpengine?.at })
    ;({ hub, sipp, target, phones, ask, call, callsOf, talk, nextNumber, presence } = floor)
  })
  afterAll(async () => {
    await floor?.close()
    rtpengine?.kill()
    server?.close()
  })
  beforeEach(async () => {
    for (const phone of phones) await presence(phone, 'away')
  })

  /** Whether a caller is answered, and leaves again. Rejects where they are refused. */
  const isNextTaken = async () => {
    const number = nextNumber()
    const keys = { number: 9000, caller: number, talk: 300, tone: sipp.tone(440) }
    await (await sipp.run('caller', { target, keys })).done
    return (await callsOf(number)).some(({ end }) => end === 'abandoned')
  }

  it('whose process of voices dies are interrupted with what was recorded, and the next one is taken', async () => {
    const number = nextNumber()
    const { agent, trunk, talking } = await talk(number, phones[0])
    await eventually(async () => ((await callsOf(number))[0]?.talkMs ?? 0) > 2500)
    for (const pid of voicesOf(hub.base)) process.kill(pid, 'SIGKILL')
    const over = await call(number, ({ state, recordings }) => state === 'ended' && recordings.length === 1)
    expect(over).toMatchObject({ id: talking.id, end: 'interrupted' })
    expect(over.recordings[0]?.durationMs).toBeGreaterThan(500)
    await Promise.all([trunk.done, agent.done])
    await presence(phones[0], 'away')
    await eventually(isNextTaken)
  })

  it('whose SIP server is killed are interrupted, with what was recorded; once it is back both sides are hung up, and the next is taken', async () => {
    // A real drachtio-server is not ours to kill.
    if (server.restart === undefined) return
    const number = nextNumber()
    const { agent, trunk, talking } = await talk(number, phones[0])
    await eventually(async () => ((await callsOf(number))[0]?.talkMs ?? 0) > 2500)
    await server.restart()
    const over = await call(number, ({ state, recordings }) => state === 'ended' && recordings.length === 1)
    expect(over).toMatchObject({ id: talking.id, end: 'interrupted' })
    expect(over.recordings[0]?.durationMs).toBeGreaterThan(500)
    await Promise.all([trunk.done, agent.done])
    await presence(phones[0], 'away')
    await eventually(isNextTaken, 30_000)
  })

  describeWith('rtpengine', rtpenginePath, 'that go through rtpengine', () => {
    it('are interrupted when it is killed, with what was recorded, and both sides are hung up; once it is back, the next is taken', async () => {
      const number = nextNumber()
      const { agent, trunk, talking } = await talk(number, phones[0])
      await eventually(async () => ((await callsOf(number))[0]?.talkMs ?? 0) > 2500)
      rtpengine?.kill()
      const over = await call(number, ({ state, recordings }) => state === 'ended' && recordings.length === 1)
      expect(over).toMatchObject({ id: talking.id, end: 'interrupted' })
      expect(over.recordings[0]?.durationMs).toBeGreaterThan(500)
      await Promise.all([trunk.done, agent.done])
      await presence(phones[0], 'away')
      await rtpengine?.start()
      await eventually(isNextTaken, 60_000)
    }, 90_000)
  })

  it('that a killed hub had are interrupted in its books, with what was recorded; both sides are hung up, and the agent is free', async () => {
    const number = nextNumber()
    const { agent, trunk, talking } = await talk(number, phones[0])
    await eventually(async () => ((await callsOf(number))[0]?.talkMs ?? 0) > 2500)
    await hub.kill()
    await hub.start()
    const over = await call(number, ({ state, recordings }) => state === 'ended' && recordings.length === 1)
    expect(over).toMatchObject({ id: talking.id, end: 'interrupted' })
    expect(over.recordings[0]?.durationMs).toBeGreaterThan(500)
    await Promise.all([trunk.done, agent.done])
    await eventually(async () => {
      const { data } = await ask<{ data: { memberId: string; used: number }[] }>('GET', '/v1/presence')
      return data.some(({ memberId, used }) => memberId === phones[0].memberId && used === 0)
    })
  })
})
