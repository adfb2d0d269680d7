/** What a caller hears while they wait, where nothing else is given: two soft notes, then four seconds of nothing. */
const rate = 8000
const seconds = 5
const notes: readonly { from: number; until: number; hertz: number }[] = [
  { from: 0, until: 0.35, hertz: 440 },
  { from: 0.4, until: 0.9, hertz: 349 },
]

export function waitingSamples(): Int16Array {
  return Int16Array.from({ length: rate * seconds }, (_, index) => sampleAt(index / rate))
}

function sampleAt(at: number): number {
  const note = notes.find(({ from, until }) => at >= from && at < until)
  if (note === undefined) return 0
  // Swells and fades, so that nothing clicks.
  const shape = Math.sin((Math.PI * (at - note.from)) / (note.until - note.from))
  return 6000 * shape * Math.sin(2 * Math.PI * note.hertz * at)
}
