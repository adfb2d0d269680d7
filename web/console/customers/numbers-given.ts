/** Telephone numbers as somebody gives them: one a line, typed, pasted, or the first column of a table. Pure. */

export interface GivenNumber {
  /** As it goes to the hub: digits, with a plus before them where there was one. */
  readonly number: string
  /** Of the text, from 1. */
  readonly line: number
}

/** Lines without any digit are headings, or empty: they are left out. */
export function numbersGiven(text: string): GivenNumber[] {
  return text.split(/\r\n|\r|\n/).flatMap((line, index) => {
    const [cell = ''] = line.replace(/^\ufeff/, '').split(/[,;\t，；]/)
    const number = cell.replace(/[\s"'()（）.-]/g, '')
    return /\d/.test(number) ? [{ number, line: index + 1 }] : []
  })
}
