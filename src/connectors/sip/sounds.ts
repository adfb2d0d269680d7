/** Sounds as engines of voices play them: what was uploaded in any common format, brought into WAV of one channel at 8 kHz by ffmpeg. */
import { spawn } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { copyFile, readFile, rename, rm } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { samplesIn } from './wav.ts'

const maxMs = 60_000
/** No prompt is longer. */
const maxSeconds = 600
/** What people upload. Not among them: playlists, which would have other files read. */
const formats = 'wav,mp3,ogg,mov,aac,amr,flac,matroska,aiff,au,caf,asf'

/** A sound that cannot be played here. The message may be shown to administrators. */
export class SoundRefused extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'SoundRefused'
  }
}

/** Writes the sound to `path`, fit for the engines. Rejects with SoundRefused, and leaves nothing. */
export async function makeSound(source: Readable, path: string): Promise<void> {
  const [given, made] = [`${path}.in`, `${path}.part`]
  try {
    await pipeline(source, createWriteStream(given, { mode: 0o600 }))
    await convert(given, made)
    const samples = await readFile(made).then(samplesIn)
    if (samples.length === 0) throw new SoundRefused('The file holds no sound.')
    await rename(made, path)
  } finally {
    await rm(given, { force: true })
    await rm(made, { force: true })
  }
}

async function convert(given: string, made: string): Promise<void> {
  const input = ['-nostdin', '-loglevel', 'error', '-y', '-format_whitelist', formats, '-i', given]
  const shape = ['-vn', '-map_metadata', '-1', '-t', String(maxSeconds), '-ac', '1', '-ar', '8000', '-c:a', 'pcm_mulaw']
  const outcome = await new Promise<number | 'missing' | null>((resolve) => {
    // It needs nothing of our environment, which holds secrets.
    const child = spawn('ffmpeg', [...input, ...shape, '-f', 'wav', made], {
      stdio: 'ignore',
      env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
      timeout: maxMs,
      killSignal: 'SIGKILL',
    })
    child.once('error', () => resolve('missing'))
    child.once('exit', resolve)
  })
  if (outcome === 0) return
  if (outcome !== 'missing') throw new SoundRefused('The file is no sound that ffmpeg can read.')
  const isFit = await readFile(given)
    .then(samplesIn)
    .then(
      () => true,
      () => false,
    )
  if (!isFit) {
    throw new SoundRefused(
      'ffmpeg is not installed: without it a sound must be WAV of one channel, 8 kHz, PCM of 16 bits or G.711.',
    )
  }
  await copyFile(given, made)
}
