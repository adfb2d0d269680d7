/** The Range header of RFC 9110, 14.2, as far as a file needs it: one stretch. */
import type { ByteRange } from '../core/platform/blobs.ts'

/**
 * The stretch of a body of `size` bytes that is asked for. Undefined when all of it is to be sent: no header, one that is not
 * understood, several stretches (a server may ignore them). `unsatisfiable` when none of it is there: that is a 416.
 */
export function rangeOf(header: string | undefined, size: number): ByteRange | 'unsatisfiable' | undefined {
  const [, from = '', to = ''] = /^bytes=[ \t]*(\d{0,15})-(\d{0,15})[ \t]*$/i.exec(header ?? '') ?? []
  if (from === '' && to === '') return undefined
  if (from === '') {
    const length = Math.min(Number(to), size)
    return length === 0 ? 'unsatisfiable' : { first: size - length, last: size - 1 }
  }
  const first = Number(from)
  const last = to === '' ? size - 1 : Math.min(Number(to), size - 1)
  if (to !== '' && Number(to) < first) return undefined
  return first >= size ? 'unsatisfiable' : { first, last }
}
