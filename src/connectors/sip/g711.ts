/** G.711 (ITU-T G.711): 8-bit samples as telephones send them, and 16-bit ones as everything else has them. */

/** By payload type: 0 is μ-law, 8 is A-law. */
export const decoded: Readonly<Record<0 | 8, Int16Array>> = {
  0: Int16Array.from({ length: 256 }, (_, byte) => fromMuLaw(byte)),
  8: Int16Array.from({ length: 256 }, (_, byte) => fromALaw(byte)),
}

const encoded: Readonly<Record<0 | 8, Uint8Array>> = { 0: nearest(decoded[0]), 8: nearest(decoded[8]) }

/** The byte whose sound is nearest; `sample` is a whole number of 16 bits. */
export function encode(codec: 0 | 8, sample: number): number {
  return encoded[codec][Math.round(sample) + 32_768] ?? 0
}

export function encodeAll(codec: 0 | 8, samples: Int16Array): Buffer {
  const table = encoded[codec]
  const bytes = Buffer.allocUnsafe(samples.length)
  for (let index = 0; index < samples.length; index++) bytes[index] = table[(samples[index] ?? 0) + 32_768] ?? 0
  return bytes
}

/** For each of the 65,536 samples. */
function nearest(table: Int16Array): Uint8Array {
  const bytes = Array.from({ length: 256 }, (_, byte) => byte)
  bytes.sort((one, other) => (table[one] ?? 0) - (table[other] ?? 0))
  const found = new Uint8Array(65_536)
  let at = 0
  for (let sample = -32_768; sample < 32_768; sample++) {
    const far = (index: number) => Math.abs((table[bytes[index] ?? 0] ?? 0) - sample)
    while (at < 255 && far(at + 1) <= far(at)) at++
    found[sample + 32_768] = bytes[at] ?? 0
  }
  return found
}

function fromMuLaw(byte: number): number {
  const value = ~byte & 0xff
  const magnitude = (((value & 0x0f) << 3) + 0x84) << ((value & 0x70) >> 4)
  return value & 0x80 ? 0x84 - magnitude : magnitude - 0x84
}

function fromALaw(byte: number): number {
  const value = byte ^ 0x55
  const exponent = (value & 0x70) >> 4
  const mantissa = (value & 0x0f) << 4
  const magnitude = exponent === 0 ? mantissa + 8 : (mantissa + 0x108) << (exponent - 1)
  return value & 0x80 ? magnitude : -magnitude
}
