/** Calls to numbers outside: those that agents make, whom a caller is given or forwarded to, agents who are called there. SIPp is trunk and phones. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { type CallFloor, openCallFloor } from '../support/call-floor.ts'
import { eventually } from '../support/eventually.ts'
import { describeWith } from '../support/services.ts'
import { sippPath } from '../support/sipp.ts'
import { freeUdpPort } from '../support/udp-ports.ts'

describeWith('SIPp', sippPath, 'calls', () => {
  let floor: CallFloor
  let rings: CallFloor['rings']
  let trunk: CallFloor['trunk']
  let hangUp: CallFloor['hangUp']
  let plan: CallFloor['plan']
  let outsideHours: CallFloor['outsideHours']

  beforeAll(async () => {
    floor = await openCallFloor()
    ;({ rings, trunk, hangUp, plan, outsideHours } = floor)
  })
  afterAll(() => floor?.close())
  beforeEach(async () => {
    for (const phone of floor.phones) await floor.presence(phone, 'away')
  })

  /** The first agent calls out. */
  const dial = (number: string) => {
    const [{ memberId }] = floor.phones
    return floor.ask<{ id: string }>('POST', '/v1/calls', { channelId: floor.channelId, number, memberId })
  }

  it('go outside the hours to a number behind a trunk that asks for a password and lets its ringing be heard', async () => {
    await outsideHours(true)
    await plan({ closed: { to: 'number', number: '02188888888' } })
    const number = floor.nextNumber()
    const far = await trunk(1500, 880)
    const keys = { number: 9000, caller: number, talk: 5000, tone: floor.sipp.tone(440) }
    const caller = await floor.sipp.run('caller', { target: floor.target, keys })
    await floor.call(number, ({ state }) => state === 'forwarding')
    await Promise.all([caller.done, far.done])
    const over = await floor.call(number, ({ state }) => state === 'ended')
    expect(over).toMatchObject({
      end: 'forwarded',
      legs: [{ memberId: null, number: '02188888888', outcome: 'hung-up' }],
    })
    await outsideHours(false)
  })

  it('go out to a number that may be called: the own phone rings first; what may not be is refused and rings nowhere', async () => {
    const [first] = floor.phones
    await expect(dial('+862166')).rejects.toThrow('outbound-off')
    // Whom the test before forwarded is one of the two.
    await plan({ outbound: { prefixes: ['+86'], maxPerHour: 2 } })
    await floor.ask('PUT', '/v1/do-not-call/13900000001', { reason: '不要来电' })
    await expect(dial('13900000001')).rejects.toThrow('number-barred')
    await expect(dial('+442079460000')).rejects.toThrow('number-barred')
    await plan({ outbound: { prefixes: ['+86'], onlyInHours: true } })
    await outsideHours(true)
    await expect(dial('13900000002')).rejects.toThrow('hours-over')
    await outsideHours(false)
    await plan({ outbound: { prefixes: ['+86'], maxPerHour: 2 } })
    const agent = await floor.sipp.run('phone', { port: first.port, keys: { ring: 50, tone: floor.sipp.tone(880) } })
    const far = await trunk(500, 440)
    const made = await dial('13900000002')
    const talking = await floor.call('+8613900000002', ({ state }) => state === 'talking')
    expect(talking).toMatchObject({
      id: made.id,
      direction: 'out',
      region: expect.stringMatching(/^CN \S/),
      agentId: first.memberId,
    })
    await expect(dial('13900000003')).rejects.toThrow('calls-too-many')
    await hangUp(made.id, agent, far)
    const over = await floor.call('+8613900000002', ({ recordings }) => recordings.length === 1)
    expect(over).toMatchObject({ end: 'completed', endedBy: 'agent' })
    await eventually(async () => {
      const { status } = await floor.ask<{ status: string }>('GET', `/v1/conversations/${over.conversationId}`)
      return status === 'closed'
    })
  })

  it('that go out end when nobody is there: the number is busy, or the agent hangs up while it rings', async () => {
    const [first] = floor.phones
    await plan({ outbound: { prefixes: ['+86'] } })
    for (const [scenario, number] of [
      ['phone-busy', '+8613900000004'],
      ['phone-rings', '+8613900000005'],
    ] as const) {
      const agent = await rings(first.port)
      const far = await floor.sipp.run(scenario, { port: floor.trunkPort })
      const { id } = await dial(number)
      if (scenario === 'phone-rings') {
        await floor.call(number, ({ state }) => state === 'dialling')
        await floor.ask('POST', `/v1/calls/${id}/hang-up`)
      }
      await Promise.all([agent.done, far.done])
      const over = await floor.call(number, ({ state }) => state === 'ended')
      expect(over).toMatchObject(
        scenario === 'phone-busy' ? { end: 'failed', detail: 'busy' } : { end: 'rejected', endedBy: 'agent' },
      )
    }
  })

  it('are given to a number outside by their agent, who is free once that has answered', async () => {
    const [first] = floor.phones
    await plan({ outbound: { prefixes: ['+86'] } })
    const number = floor.nextNumber()
    const { agent, trunk: caller, talking } = await floor.talk(number, first)
    const far = await trunk(300, 880)
    await floor.ask('POST', `/v1/calls/${talking.id}/transfer`, { number: '02188888888' })
    await floor.call(number, ({ legs }) => legs[1]?.state === 'talking')
    await agent.done
    expect(await floor.ask('GET', `/v1/conversations/${talking.conversationId}`)).toMatchObject({ status: 'closed' })
    await hangUp(talking.id, caller, far)
    const over = await floor.call(number, ({ recordings }) => recordings.length === 2)
    expect(over.legs.map(({ outcome }) => outcome)).toEqual(['replaced', 'hung-up'])
  })

  it('that are given or forwarded to numbers count with those that go out: beyond the cap nothing is rung', async () => {
    const [first] = floor.phones
    // Forwarded, made and given away in the tests before: more than two.
    const outbound = { prefixes: ['+86'], maxPerHour: 2 }
    await plan({ outbound })
    const number = floor.nextNumber()
    const { agent, trunk: caller, talking } = await floor.talk(number, first)
    const give = floor.ask('POST', `/v1/calls/${talking.id}/transfer`, { number: '02188888888' })
    await expect(give).rejects.toThrow('calls-too-many')
    await hangUp(talking.id, caller, agent)

    await plan({ outbound, begin: { to: 'number', number: '02188888888' } })
    const forwarded = floor.nextNumber()
    const keys = { number: 9000, caller: forwarded, tone: floor.sipp.tone(440) }
    const refused = await floor.sipp.run('caller-waits', { target: floor.target, keys })
    const over = await floor.call(forwarded, ({ state }) => state === 'ended')
    expect(over).toMatchObject({ end: 'failed', detail: 'too-many', legs: [{ outcome: 'too-many' }] })
    await refused.done
    await plan({})
  })

  it('are taken by an agent on a number outside, or at a SIP address, who presses 1; what picks up without that is no agent', async () => {
    await plan({ outbound: { prefixes: ['+86'] } })
    const { memberId } = floor.supervisor
    const { data } = await floor.ask<{ data: { id: string; memberId: string }[] }>('GET', '/v1/phones')
    await floor.ask('DELETE', `/v1/phones/${data.find((phone) => phone.memberId === memberId)?.id}`)
    const made = await floor.ask<{ phone: { number: string }; password: null }>('POST', '/v1/phones', {
      channelId: floor.channelId,
      extension: '8101',
      memberId,
      number: '13900000101',
    })
    expect([made.phone.number, made.password]).toEqual(['+8613900000101', null])
    await floor.ask('PUT', `/v1/groups/${floor.groupId}/members/${memberId}`, {})
    const waits = async () => {
      const number = floor.nextNumber()
      const keys = { number: 9000, caller: number, tone: floor.sipp.tone(440) }
      return { number, caller: await floor.sipp.run('caller-waits', { target: floor.target, keys }) }
    }
    const voicemail = await floor.moves(floor.trunkPort, 660)
    await floor.presence(floor.supervisor, 'online')
    const first = await waits()
    const missed = await floor.call(first.number, ({ legs }) => legs[0]?.outcome === 'no-answer')
    expect(missed).toMatchObject({ state: 'queued', agentId: null })
    await voicemail.done
    await floor.ask('POST', `/v1/calls/${missed.id}/hang-up`)
    await first.caller.done

    const press =
      '<pause milliseconds="1500"/><nop><action><exec play_pcap_audio="/usr/share/sip-tester/dtmf_2833_1.pcap"/></action></nop>'
    const { data: now } = await floor.ask<{ data: { id: string; memberId: string }[] }>('GET', '/v1/phones')
    await floor.ask('DELETE', `/v1/phones/${now.find((phone) => phone.memberId === memberId)?.id}`)
    const mobile = await floor.moves(await freeUdpPort(), 660, { press })
    const at = { channelId: floor.channelId, extension: '8102', memberId, number: `sip:anna@127.0.0.1:${mobile.port}` }
    await floor.ask('POST', '/v1/phones', at)
    await floor.presence(floor.supervisor, 'online')
    const second = await waits()
    const talking = await floor.call(second.number, ({ state }) => state === 'talking')
    expect(talking).toMatchObject({ agentId: memberId, legs: [{ outcome: null }] })
    await eventually(async () => ((await floor.callsOf(second.number))[0]?.talkMs ?? 0) > 1500)
    await floor.ask('POST', `/v1/calls/${talking.id}/hang-up`)
    await Promise.all([second.caller.done, mobile.done])
    const over = await floor.call(second.number, ({ recordings }) => recordings.length === 1)
    expect(over.voices).toMatchObject([{ flags: [], caller: { heard: true }, agent: { heard: true } }])
  })
})
