/** The notice that a talk is recorded, where somebody takes the call while it is said. SIPp is trunk and phone, a phone of its own the agent's ear. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type CallFloor, openCallFloor } from '../support/call-floor.ts'
import { eventually } from '../support/eventually.ts'
import { describeWith } from '../support/services.ts'
import { sippPath, strengthOf } from '../support/sipp.ts'
import { TonePhone } from '../support/tone-phone.ts'

describeWith('SIPp', sippPath, 'calls whose recording is said', () => {
  let floor: CallFloor
  let ear: TonePhone

  beforeAll(async () => {
    floor = await openCallFloor({ settings: { notice: true, prompts: {} } })
    ear = new TonePhone(900)
  })
  afterAll(async () => {
    ear?.close()
    await floor?.close()
  })

  it('let whoever picks up at once hear it with the caller, and count as talked from its end', async () => {
    const { sipp, target, phones } = floor
    const [phone] = phones
    const number = floor.nextNumber()
    await floor.presence(phone, 'online')
    const keys = { talk: 10_000, media_port: await ear.bind() }
    const agent = await sipp.run('phone-hangs-up', { port: phone.port, keys })
    const from = { number: 9000, caller: number, tone: sipp.tone(440) }
    const trunk = await sipp.run('caller-waits', { target, keys: from })
    const callers = () =>
      strengthOf(
        440,
        ear.heard.slice(-25).flatMap(({ samples }) => samples),
      )
    await eventually(() => ear.heard.length > 50)
    // Speech has a little of every tone.
    expect(callers()).toBeLessThan(0.5)
    expect(ear.heard.some(({ samples }) => samples.some((sample) => Math.abs(sample) > 1000))).toBe(true)
    expect(await floor.call(number, ({ state }) => state === 'talking')).toMatchObject({ talkMs: 0 })
    await eventually(() => callers() > 0.8)
    await Promise.all([agent.done, trunk.done])
    const over = await floor.call(number, ({ recordings }) => recordings.length === 1)
    expect(over).toMatchObject({ state: 'ended', end: 'completed', endedBy: 'agent' })
    // What is recorded is the talk, to which the notice does not belong.
    expect(Math.abs(over.talkMs - (over.recordings[0]?.durationMs ?? 0))).toBeLessThan(1000)
  })
})
