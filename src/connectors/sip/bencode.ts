/** Bencode (BEP 3), as rtpengine speaks it: dictionaries, lists, whole numbers and texts of UTF-8. Pure. */

export type Bencoded = string | number | readonly Bencoded[] | { readonly [name: string]: Bencoded }

export function bencode(value: Bencoded): Buffer {
  const pieces: (string | Buffer)[] = []
  put(value, pieces)
  return Buffer.concat(pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece) : piece)))
}

function put(value: Bencoded, pieces: (string | Buffer)[]): void {
  if (typeof value === 'number') pieces.push(`i${Math.trunc(value)}e`)
  else if (typeof value === 'string') {
    const bytes = Buffer.from(value)
    pieces.push(`${bytes.length}:`, bytes)
  } else if (isList(value)) {
    pieces.push('l')
    for (const one of value) put(one, pieces)
    pieces.push('e')
  } else {
    pieces.push('d')
    for (const name of Object.keys(value).sort()) {
      put(name, pieces)
      put(value[name] ?? '', pieces)
    }
    pieces.push('e')
  }
}

function isList(value: Bencoded): value is readonly Bencoded[] {
  return Array.isArray(value)
}

/** The value; undefined for what is none, or goes on after its end. */
export function bdecode(bytes: Buffer): Bencoded | undefined {
  const reader = { bytes, at: 0 }
  const value = take(reader, 0)
  return reader.at === bytes.length ? value : undefined
}

interface Reader {
  readonly bytes: Buffer
  at: number
}

const maxDepth = 20

function take(reader: Reader, depth: number): Bencoded | undefined {
  const first = String.fromCharCode(reader.bytes[reader.at] ?? 0)
  if (depth > maxDepth) return undefined
  if (first === 'i') {
    reader.at += 1
    const number = upTo(reader, 'e')
    return number !== undefined && /^-?\d{1,15}$/.test(number) ? Number(number) : undefined
  }
  if (first === 'l' || first === 'd') {
    reader.at += 1
    const values: Bencoded[] = []
    while (reader.bytes[reader.at] !== 0x65) {
      const value = take(reader, depth + 1)
      if (value === undefined) return undefined
      values.push(value)
    }
    reader.at += 1
    return first === 'l' ? values : dictionaryOf(values)
  }
  const length = upTo(reader, ':')
  if (length === undefined || !/^\d{1,7}$/.test(length)) return undefined
  const end = reader.at + Number(length)
  if (end > reader.bytes.length) return undefined
  const text = reader.bytes.toString('utf8', reader.at, end)
  reader.at = end
  return text
}

function dictionaryOf(values: readonly Bencoded[]): Bencoded | undefined {
  const pairs: [string, Bencoded][] = []
  for (let index = 0; index < values.length; index += 2) {
    const [name, value] = [values[index], values[index + 1]]
    if (typeof name !== 'string' || value === undefined) return undefined
    pairs.push([name, value])
  }
  return Object.fromEntries(pairs)
}

function upTo(reader: Reader, end: string): string | undefined {
  const found = reader.bytes.indexOf(end, reader.at)
  if (found < 0) return undefined
  const text = reader.bytes.toString('latin1', reader.at, found)
  reader.at = found + 1
  return text
}
