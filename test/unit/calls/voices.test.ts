/** What is noticed of how the voices of a talk arrived. */
import { describe, expect, it } from 'vitest'
import { flagsOf } from '../../../src/core/calls/voices.ts'

const good = { packets: 1000, lost: 0, gapMs: 40, isHeard: true }
const mute = { packets: 1000, lost: 0, gapMs: 40, isHeard: false }
const none = { packets: 0, lost: 0, gapMs: 20_000, isHeard: false }

describe('a talk', () => {
  it('is flagged for what people would complain of, and for nothing else', () => {
    const flags = (caller: typeof good, agent: typeof good) => flagsOf({ durationMs: 20_000, caller, agent })
    expect(flags(good, good)).toEqual([])
    expect(flags(good, none)).toEqual(['one-way'])
    expect(flags(mute, good)).toEqual(['one-way'])
    expect(flags(none, none)).toEqual(['silence'])
    expect(flags({ ...good, packets: 900, lost: 100 }, good)).toEqual(['loss'])
    expect(flags({ ...good, packets: 980, lost: 20 }, good)).toEqual([])
    expect(flags(good, { ...good, gapMs: 4000 })).toEqual(['gap'])
  })

  it('that is over at once says nothing', () => {
    expect(flagsOf({ durationMs: 900, caller: none, agent: none })).toEqual([])
  })
})
