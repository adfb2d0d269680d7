/** What comes too late: a question whose turn is over, a phone whose caller nobody takes. */
import { expect, it } from 'vitest'
import { handOn } from '../../../src/connectors/sip/handing-on.ts'
import type { CallMedia } from '../../../src/connectors/sip/media.ts'
import type { Prompts } from '../../../src/connectors/sip/prompts.ts'
import { Questions } from '../../../src/connectors/sip/questions.ts'
import { trunkOf } from '../../../src/connectors/sip/trunk.ts'
import type { CallNews } from '../../../src/core/calls/record.ts'

it('a question whose turn is over before its sound is there leaves the voices alone', async () => {
  const done: string[] = []
  const sound = Promise.withResolvers<string>()
  const media = {
    part: async () => void done.push('part'),
    play: async () => done.push('play') > 0,
  } as unknown as CallMedia
  const prompts = { of: () => ['beep'], soundOf: () => sound.promise } as unknown as Prompts
  const failed = (error: unknown) => void done.push(String(error))
  const questions = new Questions({ prompts, tell: ({ type }) => void done.push(type), failed })
  questions.ask(media, { do: 'ask', question: 1, say: { fileId: 'fil_a' }, waitMs: 0 }, { otherwise: 'beep' })
  questions.stop()
  sound.resolve('a.wav')
  await new Promise(setImmediate)
  expect(done).toEqual([])
})

it('a phone that hands its caller on in vain has them again, and each try is a leg of its own', async () => {
  const told: CallNews[] = []
  const call = { id: 'cal_a', tell: async (news: CallNews) => told.push(news) > 0 }
  const number = { refer: async () => ({ number: '021' }) }
  expect(await handOn(call, { refer: async () => undefined }, 'a', '8002')).toBe(false)
  expect(told.map(({ type }) => type)).toEqual(['referred', 'unreferred'])
  expect(await handOn(call, number, 'a', '021')).toBe(true)
  expect(await handOn(call, number, 'a', '021')).toBe(true)
  const legs = told.flatMap((news) => (news.type === 'rung' ? [news.leg] : []))
  expect(new Set(legs).size).toBe(2)
})

it('whoever is called sees the number of the plan, else that of the channel', async () => {
  const trunk = trunkOf({ trunkServer: 'trunk.example', trunkCallerId: '021' }, { resolve: async () => '192.0.2.1' })
  expect((await trunk.dial('010')).from).toBe('<sip:021@trunk.example>')
  expect((await trunk.dial('010', '022')).from).toBe('<sip:022@trunk.example>')
})

it('a SIP address outside is called at the address that was judged, and not at all where the hub may not call its host', async () => {
  const trunk = trunkOf(
    {},
    { resolve: async (host) => (host === 'pbx.example' ? '192.0.2.9' : Promise.reject(new Error('private'))) },
  )
  expect(await trunk.reach('sip:anna@pbx.example;transport=tcp')).toEqual({
    uri: 'sip:anna@pbx.example;transport=tcp',
    proxy: 'sip:192.0.2.9:5060;transport=tcp',
  })
  for (const uri of ['sip:anna@10.0.0.1', 'sip:anna@pbx.example/x', 'sip:anna@'])
    await expect(trunk.reach(uri)).rejects.toThrow()
})
