/** Cuts a long text where it hurts least. */

export interface TextLimits {
  /** UTF-16 units: never fewer than what a platform counts as characters. */
  readonly maxCharacters?: number
  /** Of UTF-8. */
  readonly maxBytes?: number
}

const graphemes = new Intl.Segmenter('und', { granularity: 'grapheme' })
const words = new Intl.Segmenter('zh', { granularity: 'word' })

/** Where a text is cut if it can be, best first: after a paragraph, a line, a sentence, at a space. */
const places = [/\n\s*\n/g, /\n/g, /[。！？；…]|[.!?;](?=\s)/g, /\s/g]

/**
 * Pieces of the text, each within the limits, none blank, together all of it but white space at the cuts. Cuts after
 * paragraphs, lines, sentences or words, unless that would leave a piece less than half full; never within what is read
 * as one character, unless that alone is too long. A blank text has no pieces.
 */
export function splitText(text: string, limits: TextLimits): string[] {
  const pieces: string[] = []
  let rest = text
  while (rest.trim() !== '') {
    const length = fitting(rest, limits)
    if (length >= rest.length) {
      pieces.push(rest)
      break
    }
    const cut = cutWithin(rest.slice(0, length), rest)
    const piece = rest.slice(0, cut).trimEnd()
    if (piece !== '') pieces.push(piece)
    rest = rest.slice(cut).trimStart()
  }
  return pieces
}

/** Whether the text is within the limits as it is. */
export function fits(text: string, { maxCharacters = Infinity, maxBytes = Infinity }: TextLimits): boolean {
  return text.length <= maxCharacters && (maxBytes === Infinity || Buffer.byteLength(text) <= maxBytes)
}

/** How many UTF-16 units from the start fit, whole characters only; at least one code point, so that there is progress. */
function fitting(text: string, limits: TextLimits): number {
  if (fits(text, limits)) return text.length
  const { maxCharacters = Infinity, maxBytes = Infinity } = limits
  // No character takes less than one unit and one byte, so nothing beyond this can fit.
  const window = text.slice(0, Math.min(maxCharacters, maxBytes) + 256)
  const whole = measure(graphemes.segment(window), limits)
  if (whole > 0) return whole
  const points = measure(
    Array.from(window, (segment) => ({ segment })),
    limits,
  )
  return points > 0 ? points : (Array.from(window)[0]?.length ?? 1)
}

function measure(
  segments: Iterable<{ segment: string }>,
  { maxCharacters = Infinity, maxBytes = Infinity }: TextLimits,
) {
  let length = 0
  let bytes = 0
  for (const { segment } of segments) {
    bytes += Buffer.byteLength(segment)
    if (length + segment.length > maxCharacters || bytes > maxBytes) break
    length += segment.length
  }
  return length
}

/** The end of the best place to cut in the second half of `head`, which begins `whole`. */
function cutWithin(head: string, whole: string): number {
  // A cut right at the end of the head is as good as one within it.
  const seen = whole.slice(0, head.length + 1)
  for (const place of places) {
    let best = 0
    for (const match of seen.matchAll(place)) {
      const end = match.index + match[0].length
      if (end <= head.length) best = end
      else if (match.index <= head.length && match[0].trim() === '') best = match.index
    }
    if (best >= head.length / 2) return best
  }
  let boundary = 0
  for (const { index } of words.segment(seen)) if (index <= head.length) boundary = index
  return boundary >= head.length / 2 && onGrapheme(head, boundary) ? boundary : head.length
}

function onGrapheme(head: string, boundary: number): boolean {
  return boundary === head.length || graphemes.segment(head).containing(boundary)?.index === boundary
}
