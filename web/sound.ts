/** Short sounds, made on the spot: no file to load. */

let context: AudioContext | undefined

/** Plays tones one after another (hertz). Never throws: a browser that forbids sound stays silent. */
export async function play(...tones: number[]): Promise<void> {
  try {
    context ??= new AudioContext()
    const audio = context
    await audio.resume()
    for (const [index, tone] of tones.entries()) {
      const at = audio.currentTime + index * 0.14
      const volume = new GainNode(audio, { gain: 0.12 })
      const source = new OscillatorNode(audio, { frequency: tone })
      volume.gain.setTargetAtTime(0, at + 0.05, 0.05)
      source.connect(volume).connect(audio.destination)
      source.start(at)
      source.stop(at + 0.3)
    }
  } catch {
    // No sound, then.
  }
}
