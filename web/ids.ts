/** Ids that a browser makes. Not `crypto.randomUUID`: pages on plain http do not have it. */

/** 32 hexadecimal digits of randomness: names a message before the hub has seen it, and repeats it safely. */
export function newClientId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => (byte + 256).toString(16).slice(1)).join('')
}
