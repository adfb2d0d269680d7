/** What a caller hears while they wait: two soft notes, then four seconds of nothing. Made once, for both codecs. */
import { encode } from './g711.ts'
import type { Codec } from './sdp.ts'

const rate = 8000
const frame = 160
const periodFrames = 250
const notes: readonly { from: number; until: number; hertz: number }[] = [
  { from: 0, until: 0.35, hertz: 440 },
  { from: 0.4, until: 0.9, hertz: 349 },
]

const frames = { 0: makeFrames(0), 8: makeFrames(8) }

/** The 20 ms that come as number `index`. */
export function waitingTone(codec: Codec, index: number): Buffer {
  return frames[codec][index % periodFrames] as Buffer
}

function makeFrames(codec: Codec): Buffer[] {
  const silence = Buffer.alloc(frame, encode(codec, 0))
  return Array.from({ length: periodFrames }, (_, number) => {
    const first = number * frame
    if (first / rate >= 0.9) return silence
    return Buffer.from(Array.from({ length: frame }, (_, index) => encode(codec, sampleAt((first + index) / rate))))
  })
}

function sampleAt(seconds: number): number {
  const note = notes.find(({ from, until }) => seconds >= from && seconds < until)
  if (note === undefined) return 0
  // Swells and fades, so that nothing clicks.
  const shape = Math.sin((Math.PI * (seconds - note.from)) / (note.until - note.from))
  return 6000 * shape * Math.sin(2 * Math.PI * note.hertz * seconds)
}
