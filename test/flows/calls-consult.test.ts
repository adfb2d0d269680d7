/** Agents who ask somebody while their caller waits, through the whole hub, with SIPp as trunk and phones. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { type Call, type CallFloor, openCallFloor, type Phone } from '../support/call-floor.ts'
import { openDeskPhone } from '../support/desk-phone.ts'
import { eventually } from '../support/eventually.ts'
import { describeWith } from '../support/services.ts'
import { sippPath } from '../support/sipp.ts'

/** A phone hangs up by itself. */
const hangsUp = (afterMs: number) => `<pause milliseconds="${afterMs}"/>
  <send retrans="500"><![CDATA[

BYE [$2] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From:[$3];tag=phone[call_number]
To:[$1]
Call-ID: [call_id]
CSeq: 1 BYE
Max-Forwards: 70
Content-Length: 0

]]></send>
  <recv response="200" next="end"/>`

describeWith('SIPp', sippPath, 'calls in which an agent asks somebody', () => {
  let floor: CallFloor
  let ask: CallFloor['ask']
  let call: CallFloor['call']
  let moves: CallFloor['moves']

  beforeAll(async () => {
    floor = await openCallFloor()
    ;({ ask, call, moves } = floor)
    await floor.plan({ outbound: { prefixes: ['+86'] } })
  })
  afterAll(() => floor?.close())
  beforeEach(async () => {
    await eventually(async () => (await loads()).every((used) => used === 0))
    for (const phone of floor.phones) await floor.presence(phone, 'away')
  })

  const loads = async () => {
    const { data } = await ask<{ data: { memberId: string; used: number }[] }>('GET', '/v1/presence')
    return floor.phones.map(({ memberId }) => data.find((one) => one.memberId === memberId)?.used)
  }
  const assigneeOf = async ({ conversationId }: Call) =>
    (await ask<{ assigneeId: string | null }>('GET', `/v1/conversations/${conversationId}`)).assigneeId
  /** A caller talks with the first agent, whose phone comes along; the second is there. */
  const talk = async (more: { after?: string; answer?: string } = {}) => {
    const [first, second] = floor.phones
    await floor.presence(first, 'online')
    const number = floor.nextNumber()
    const asker = await moves(first.port, 880, more)
    const keys = { number: 9000, caller: number, tone: floor.sipp.tone(440) }
    const caller = await floor.sipp.run('caller-waits', { target: floor.target, keys })
    const talking = await call(number, ({ state }) => state === 'talking')
    await floor.presence(second, 'online')
    return { number, asker, caller, talking, first, second }
  }
  /** A desk phone with two lines has a caller, on hold unless said. */
  const atDesk = async (holds = true) => {
    const [first, second] = floor.phones
    const desk = await openDeskPhone({ ...first, target: floor.target })
    await floor.presence(first, 'online')
    const number = floor.nextNumber()
    const keys = { number: 9000, caller: number, tone: floor.sipp.tone(440) }
    const caller = await floor.sipp.run('caller-waits', { target: floor.target, keys })
    const held = await desk.called
    const { id, conversationId } = await call(number, ({ state }) => state === 'talking')
    if (holds) await desk.hold(held)
    await call(number, ({ state }) => state === (holds ? 'held' : 'talking'))
    return { desk, held, number, caller, id, conversationId, first, second }
  }
  const consult = (id: string, to: object) => ask<Call>('POST', `/v1/calls/${id}/consult`, to)
  const answered = (number: string) =>
    call(number, ({ consults }) => consults.some(({ answeredAt, endedAt }) => answeredAt !== null && endedAt === null))
  const toSecond = ({ memberId }: Phone) => ({ memberId })

  it('the colleague gets caller and conversation when the asker hands over; both take capacity until then', async () => {
    const { number, asker, caller, talking, first, second } = await talk()
    const asked = await moves(second.port, 660)
    expect(await consult(talking.id, toSecond(second))).toMatchObject({ state: 'consulting' })
    await answered(number)
    expect(await loads()).toEqual([1, 1])
    expect(await assigneeOf(talking)).toBe(first.memberId)
    await expect(ask('POST', `/v1/calls/${talking.id}/hold`)).rejects.toThrow('call-over')
    expect(await ask('POST', `/v1/calls/${talking.id}/hand-over`)).toMatchObject({
      state: 'talking',
      agentId: second.memberId,
    })
    await asker.done
    await eventually(async () => (await assigneeOf(talking)) === second.memberId)
    expect(await loads()).toEqual([0, 1])
    await floor.talksOn(number)
    await ask('POST', `/v1/calls/${talking.id}/hang-up`)
    await Promise.all([caller.done, asked.done])
    const over = await call(number, ({ recordings }) => recordings.length === 2)
    expect(over).toMatchObject({
      end: 'completed',
      legs: [{ outcome: 'replaced' }, { memberId: second.memberId, outcome: 'hung-up' }],
      consults: [
        { byId: first.memberId, to: { memberId: second.memberId }, memberId: second.memberId, outcome: 'handed-over' },
      ],
    })
    for (const strength of await floor.tonesOf(over.id, 2, [440, 660])) expect(strength).toBeGreaterThan(0.9)
  })

  it('a desk phone that has called a colleague meanwhile joins the two (REFER with Replaces): it is told so and let go, and the colleague has all', async () => {
    const { desk, held, number, caller, id, conversationId, first, second } = await atDesk()
    const gone = new Promise<void>((resolve) => held.on('destroy', resolve))
    expect(await desk.dial('+4930123456').catch(({ status }) => status)).toBe(403)
    const asked = await moves(second.port, 660)
    await floor.presence(second, 'online')
    const other = await desk.dial(second.extension)
    await answered(number)
    expect(await loads()).toEqual([1, 1])
    desk.voice.talkTo(Number(/m=audio (\d+)/.exec(other.remote.sdp)?.[1]))
    expect((await desk.voice.hears(660))[0]).toBeGreaterThan(0.9)
    const wrong = { ...other.sip, localTag: 'nobody' }
    expect(await desk.join(held, wrong, second.extension)).toBe('SIP/2.0 481 Call/Transaction Does Not Exist\r\n')
    expect(await desk.join(held, other.sip, second.extension)).toBe('SIP/2.0 200 OK\r\n')
    await gone
    const given = await call(number, ({ state, agentId }) => state === 'talking' && agentId === second.memberId)
    await eventually(async () => (await assigneeOf(given)) === second.memberId)
    expect(await loads()).toEqual([0, 1])
    await floor.talksOn(number)
    await ask('POST', `/v1/calls/${id}/hang-up`)
    await Promise.all([caller.done, asked.done])
    const over = await call(number, ({ recordings }) => recordings.length === 2)
    expect(over).toMatchObject({
      conversationId,
      end: 'completed',
      legs: [{ outcome: 'replaced' }, { memberId: second.memberId, outcome: 'hung-up' }],
      consults: [{ byId: first.memberId, memberId: second.memberId, outcome: 'handed-over' }],
    })
    for (const strength of await floor.tonesOf(over.id, 2, [440, 660])) expect(strength).toBeGreaterThan(0.9)
    await desk.close()
    await floor.register(first)
  })

  it('a desk phone whose colleague is busy, or that gives up asking, has its caller on hold still, and takes them back', async () => {
    const { desk, number, caller, id, first, second } = await atDesk()
    await floor.presence(second, 'online')
    const busy = await floor.sipp.run('phone-busy', { port: second.port })
    expect(await desk.dial(second.extension).catch(({ status }) => status)).toBe(486)
    await busy.done
    await call(number, ({ state, consults }) => state === 'held' && consults[0]?.outcome === 'busy')
    const rings = await floor.sipp.run('phone-rings', { port: second.port })
    const begun = Promise.withResolvers<() => void>()
    const given = desk.dial(second.extension, begun.resolve).catch(({ status }) => status)
    const giveUp = await begun.promise
    await call(number, ({ legs }) => legs.at(-1)?.state === 'ringing')
    giveUp()
    expect(await given).toBe(487)
    await rings.done
    await call(number, ({ state, consults }) => state === 'held' && consults[1]?.outcome === 'returned')
    await eventually(async () => (await loads())[1] === 0)
    expect(await ask('POST', `/v1/calls/${id}/resume`)).toMatchObject({ state: 'talking', agentId: first.memberId })
    await ask('POST', `/v1/calls/${id}/hang-up`)
    await caller.done
    await desk.close()
    await floor.register(first)
  })

  it('all three talk, recorded with both agents, until the colleague of the group is let go; the caller stays', async () => {
    const { number, asker, caller, talking, first, second } = await talk()
    const asked = await moves(second.port, 660)
    await consult(talking.id, { groupId: floor.groupId })
    await answered(number)
    expect(await ask('POST', `/v1/calls/${talking.id}/conference`)).toMatchObject({ state: 'conference' })
    await eventually(async () => ((await floor.callsOf(number))[0]?.legs[1]?.state ?? '') === 'consulting')
    expect(await ask('POST', `/v1/calls/${talking.id}/return`)).toMatchObject({
      state: 'talking',
      agentId: first.memberId,
    })
    await asked.done
    await eventually(async () => (await loads())[1] === 0)
    expect(await assigneeOf(talking)).toBe(first.memberId)
    await ask('POST', `/v1/calls/${talking.id}/hang-up`)
    await Promise.all([caller.done, asker.done])
    const over = await call(number, ({ recordings }) => recordings.length === 3)
    expect(over.consults).toMatchObject([
      { to: { groupId: floor.groupId }, memberId: second.memberId, outcome: 'returned' },
    ])
    expect(over.voices.map(({ segment }) => segment)).toEqual([1, 2, 3])
  })

  it('a colleague who is busy, or is not there, leaves the caller on hold; the asker goes on with them', async () => {
    const { number, asker, caller, talking, second } = await talk()
    const busy = await floor.sipp.run('phone-busy', { port: second.port })
    await consult(talking.id, toSecond(second))
    await busy.done
    await call(number, ({ state, consults }) => state === 'held' && consults[0]?.outcome === 'busy')
    expect(await ask('POST', `/v1/calls/${talking.id}/resume`)).toMatchObject({ state: 'talking' })
    await floor.presence(second, 'offline')
    await expect(consult(talking.id, toSecond(second))).rejects.toThrow('consult-nobody')
    await expect(consult(talking.id, {})).rejects.toThrow('transfer-target-unclear')
    await ask('POST', `/v1/calls/${talking.id}/hang-up`)
    await Promise.all([caller.done, asker.done])
  })

  it('a colleague who hangs up leaves the caller on hold; an asker who hangs up hands over', async () => {
    const { number, asker, caller, talking, second } = await talk()
    const leaves = await floor.sipp.run('phone-hangs-up', { port: second.port, keys: { talk: 500 } })
    await consult(talking.id, toSecond(second))
    await leaves.done
    await call(number, ({ state, consults }) => state === 'held' && consults[0]?.outcome === 'left')
    await eventually(async () => (await loads())[1] === 0)
    await ask('POST', `/v1/calls/${talking.id}/hang-up`)
    await Promise.all([caller.done, asker.done])
    for (const phone of floor.phones) await floor.presence(phone, 'away')

    const again = await talk({ after: hangsUp(1500) })
    const asked = await moves(second.port, 660)
    await consult(again.talking.id, toSecond(second))
    await again.asker.done
    const handed = await call(again.number, ({ agentId }) => agentId === second.memberId)
    await eventually(async () => (await assigneeOf(handed)) === second.memberId)
    await ask('POST', `/v1/calls/${handed.id}/hang-up`)
    await Promise.all([again.caller.done, asked.done])
  })

  it('an asker who hangs up before anybody came leaves the caller in the line of the group, until somebody there comes', async () => {
    const { number, asker, caller, talking, second } = await talk({ after: hangsUp(1500) })
    await floor.presence(second, 'away')
    await consult(talking.id, { groupId: floor.groupId })
    await asker.done
    await eventually(async () => (await assigneeOf(talking)) === null)
    expect(await call(number, ({ state }) => state === 'queued')).toMatchObject({ end: null, id: talking.id })
    expect(await loads()).toEqual([0, 0])
    await floor.presence(floor.phones[0], 'away')
    const comes = await moves(second.port, 660)
    await floor.presence(second, 'online')
    await call(number, ({ state, agentId }) => state === 'talking' && agentId === second.memberId)
    await ask('POST', `/v1/calls/${talking.id}/hang-up`)
    await Promise.all([caller.done, comes.done])
  })

  it('a colleague who is rung still when the asker hangs up gets the caller on picking up', async () => {
    const { number, asker, caller, talking, second } = await talk({ after: hangsUp(500) })
    const slow = await floor.sipp.run('phone-moves', {
      port: second.port,
      keys: { ring: 2500, tone: floor.sipp.tone(660), press: '', after: '', answer: '200 OK' },
    })
    await consult(talking.id, toSecond(second))
    await asker.done
    expect(await call(number, ({ state }) => state === 'offered')).toMatchObject({ id: talking.id })
    const given = await call(number, ({ state, agentId }) => state === 'talking' && agentId === second.memberId)
    expect(given.consults).toMatchObject([{ outcome: 'handed-over' }])
    await eventually(async () => (await assigneeOf(talking)) === second.memberId)
    await ask('POST', `/v1/calls/${talking.id}/hang-up`)
    await Promise.all([caller.done, slow.done])
  })

  it('an asker who leaves all three leaves the other two together; a caller who hangs up meanwhile lets both go', async () => {
    const { desk, held, number, caller, id, first, second } = await atDesk(false)
    const asked = await moves(second.port, 660)
    await floor.presence(second, 'online')
    await consult(id, toSecond(second))
    await answered(number)
    await ask('POST', `/v1/calls/${id}/conference`)
    await held.destroy()
    const left = await call(number, ({ state, agentId }) => state === 'talking' && agentId === second.memberId)
    await eventually(async () => (await assigneeOf(left)) === second.memberId)
    await ask('POST', `/v1/calls/${id}/hang-up`)
    await Promise.all([caller.done, asked.done])
    await desk.close()
    await floor.register(first)
    for (const phone of floor.phones) await floor.presence(phone, 'away')

    const colleague = await openDeskPhone({ ...floor.supervisor, target: floor.target })
    await floor.presence(first, 'online')
    const asker = await moves(first.port, 880)
    const line = await colleague.dial('9000')
    const { extension } = floor.supervisor
    const talking = await call(extension, ({ state }) => state === 'talking')
    const rung = await moves(second.port, 660)
    await floor.presence(second, 'online')
    await consult(talking.id, toSecond(second))
    await answered(extension)
    await line.destroy()
    await Promise.all([asker.done, rung.done])
    expect(await call(extension, ({ state }) => state === 'ended')).toMatchObject({
      end: 'completed',
      endedBy: 'caller',
      consults: [{ outcome: 'ended' }],
    })
    await colleague.close()
  })

  it('an asker whose phone does not come along keeps the caller, and nobody is rung', async () => {
    const { number, asker, caller, talking, first, second } = await talk({ answer: '488 Not Acceptable Here' })
    await expect(consult(talking.id, toSecond(second))).rejects.toThrow('call-over')
    expect(await call(number, ({ state }) => state === 'talking')).toMatchObject({
      agentId: first.memberId,
      consults: [{ outcome: 'returned', answeredAt: null }],
    })
    await eventually(async () => (await loads())[1] === 0)
    await ask('POST', `/v1/calls/${talking.id}/hang-up`)
    await Promise.all([caller.done, asker.done])
  })

  it('a number outside that was asked gets the caller; nothing that the plan forbids is called', async () => {
    const { number, asker, caller, talking } = await talk()
    await expect(consult(talking.id, { number: '+4930123456' })).rejects.toThrow('number-barred')
    const far = await moves(floor.trunkPort, 660)
    await consult(talking.id, { number: '02188888888' })
    await answered(number)
    await ask('POST', `/v1/calls/${talking.id}/hand-over`)
    await asker.done
    await call(number, ({ legs }) => legs[1]?.state === 'talking')
    await eventually(
      async () =>
        (await ask<{ status: string }>('GET', `/v1/conversations/${talking.conversationId}`)).status === 'closed',
    )
    await ask('POST', `/v1/calls/${talking.id}/hang-up`)
    await Promise.all([caller.done, far.done])
  })

  it('a hub that is killed meanwhile lets all three go, and both agents are free', async () => {
    const { number, asker, caller, talking, second } = await talk()
    const asked = await moves(second.port, 660)
    await consult(talking.id, toSecond(second))
    await answered(number)
    await floor.hub.kill()
    await floor.hub.start()
    expect(await call(number, ({ state }) => state === 'ended')).toMatchObject({
      end: 'interrupted',
      consults: [{ outcome: 'ended' }],
    })
    await Promise.all([caller.done, asker.done, asked.done])
    await eventually(async () => (await loads()).every((used) => used === 0))
    for (const phone of floor.phones) await floor.register(phone)
  })

  it('an agent is muted, and keys are pressed, by their word', async () => {
    const { asker, caller, talking } = await talk()
    for (const act of ['mute', 'unmute']) {
      expect(await ask('POST', `/v1/calls/${talking.id}/${act}`)).toMatchObject({ state: 'talking' })
    }
    expect(await ask('POST', `/v1/calls/${talking.id}/digits`, { digits: '12#' })).toMatchObject({ state: 'talking' })
    await expect(ask('POST', `/v1/calls/${talking.id}/digits`, { digits: 'x' })).rejects.toThrow('request-invalid')
    await ask('POST', `/v1/calls/${talking.id}/hang-up`)
    await Promise.all([caller.done, asker.done])
    await expect(ask('POST', `/v1/calls/${talking.id}/mute`)).rejects.toThrow('call-over')
  })
})
