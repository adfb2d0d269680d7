/** A place in the feed as clients hold it: `<epoch>:<seq>`. */

export interface Position {
  readonly epoch: string
  readonly seq: number
}

export const positionPattern = '^[0-9a-z]{1,16}:[0-9]{1,15}$'

const form = new RegExp(positionPattern)

/** undefined for anything that is not a position. */
export function parsePosition(text: string | undefined): Position | undefined {
  if (text === undefined || !form.test(text)) return undefined
  const [epoch = '', seq] = text.split(':')
  return { epoch, seq: Number(seq) }
}

export function writePosition({ epoch, seq }: Position): string {
  return `${epoch}:${seq}`
}
