/** The tone after which a message is left, as a file like every other sound: 1 kHz for 0.4 s. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const rate = 8000

/** Writes it into the folder and answers with its path. */
export async function writeBeep(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const samples = Int16Array.from({ length: rate * 0.4 }, (_, n) => 8000 * Math.sin((2 * Math.PI * 1000 * n) / rate))
  const header = Buffer.alloc(44)
  header.write('RIFF', 0)
  header.writeUInt32LE(36 + samples.byteLength, 4)
  header.write('WAVEfmt ', 8)
  header.writeUInt32LE(16, 16)
  header.writeUInt16LE(1, 20)
  header.writeUInt16LE(1, 22)
  header.writeUInt32LE(rate, 24)
  header.writeUInt32LE(rate * 2, 28)
  header.writeUInt16LE(2, 32)
  header.writeUInt16LE(16, 34)
  header.write('data', 36)
  header.writeUInt32LE(samples.byteLength, 40)
  const path = join(folder, 'beep.wav')
  await writeFile(path, Buffer.concat([header, Buffer.from(samples.buffer)]))
  return path
}
