/**
 * Lists of texts in the binary form in which PostgreSQL takes them. In the textual one every quote of a JSON document is escaped here and
 * unescaped there, which costs both sides more than storing it.
 * https://github.com/postgres/postgres/blob/REL_18_STABLE/src/backend/utils/adt/arrayfuncs.c (array_recv)
 */

/** The type of the elements, `text`: https://github.com/postgres/postgres/blob/REL_18_STABLE/src/include/catalog/pg_type.dat */
const text = 25
const headBytes = 20

/** As a parameter that the statement takes for `text[]`, and for nothing else. Lone surrogates become U+FFFD. */
export function textArray(values: readonly (string | null)[]): Buffer {
  // No text has more than three bytes for each of its code units.
  const most = values.reduce((sum, value) => sum + 4 + 3 * (value?.length ?? 0), headBytes)
  const array = Buffer.allocUnsafe(most)
  array.writeInt32BE(values.length === 0 ? 0 : 1, 0)
  array.writeInt32BE(values.includes(null) ? 1 : 0, 4)
  array.writeInt32BE(text, 8)
  if (values.length === 0) return array.subarray(0, 12)
  array.writeInt32BE(values.length, 12)
  array.writeInt32BE(1, 16)
  let at = headBytes
  for (const value of values) {
    const length = value === null ? -1 : array.write(value, at + 4)
    array.writeInt32BE(length, at)
    at += 4 + Math.max(0, length)
  }
  return array.subarray(0, at)
}
