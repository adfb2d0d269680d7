/**
 * Which statements a session prepares: parsing and planning one of the pipeline's costs the server more than running it for a few rows,
 * and the same few dozen come a hundred times a second.
 */

/** A text that is used this often is worth a plan kept in each session; one made up for a single question is not. */
const usesUntilPrepared = 5
/** Of one process. A text that comes later is never prepared: the server keeps each plan in every session that uses it. */
const mostTexts = 500

interface Use {
  times: number
  readonly name: string
}

const known = new Map<string, Use>()

/** The name under which a session prepares that text, the same for ever; undefined while it is not worth it. */
export function preparedName(sql: string): string | undefined {
  const use = known.get(sql)
  if (use !== undefined) {
    use.times += 1
    return use.times > usesUntilPrepared ? use.name : undefined
  }
  if (known.size < mostTexts) known.set(sql, { times: 1, name: `p${known.size}` })
  return undefined
}
