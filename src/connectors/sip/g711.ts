/** G.711 (ITU-T G.711): 8-bit samples as telephones send them, and 16-bit ones as everything else has them. */

/** By payload type: 0 is μ-law, 8 is A-law. */
export const decoded: Readonly<Record<0 | 8, Int16Array>> = {
  0: Int16Array.from({ length: 256 }, (_, byte) => fromMuLaw(byte)),
  8: Int16Array.from({ length: 256 }, (_, byte) => fromALaw(byte)),
}

/** The byte whose sound is nearest. For what is made beforehand: it looks at all 256. */
export function encode(codec: 0 | 8, sample: number): number {
  const table = decoded[codec]
  let best = 0
  for (let byte = 1; byte < 256; byte++) {
    if (Math.abs((table[byte] ?? 0) - sample) < Math.abs((table[best] ?? 0) - sample)) best = byte
  }
  return best
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
