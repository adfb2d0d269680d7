/** What was found, cut into pieces that are marked and pieces that are not. Pure. */

export interface Piece {
  text: string
  marked: boolean
}

/** Marks that overlap or run out of the text do no harm. */
export function pieces(text: string, marks: readonly { start: number; end: number }[]): Piece[] {
  const found: Piece[] = []
  let at = 0
  const put = (to: number, marked: boolean) => {
    if (to > at) found.push({ text: text.slice(at, to), marked })
    at = Math.max(at, to)
  }
  for (const { start, end } of marks.toSorted((a, b) => a.start - b.start)) {
    put(Math.min(start, text.length), false)
    put(Math.min(end, text.length), true)
  }
  put(text.length, false)
  return found
}
