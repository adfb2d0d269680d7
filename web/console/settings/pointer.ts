/** Values within values by JSON pointers (RFC 6901), as the hub names what is wrong with them. Pure. */

const steps = (pointer: string): string[] =>
  pointer === ''
    ? []
    : pointer
        .slice(1)
        .split('/')
        .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))

/** What stands there; undefined where nothing does. */
export function readAt(value: unknown, pointer: string): unknown {
  return steps(pointer).reduce<unknown>((at, step) => (at as Record<string, unknown> | null | undefined)?.[step], value)
}

/** The same value with another one there; objects on the way are made, undefined takes a member away. */
export function writeAt<T>(value: T, pointer: string, put: unknown): T {
  return write(value, steps(pointer), put) as T
}

function write(value: unknown, [step, ...rest]: readonly string[], put: unknown): unknown {
  if (step === undefined) return put
  if (Array.isArray(value)) return value.map((item, index) => (String(index) === step ? write(item, rest, put) : item))
  const { [step]: inner, ...others } = (value ?? {}) as Record<string, unknown>
  const made = write(inner, rest, put)
  // The order of members stays as it was, so that a form does not jump.
  if (made === undefined) return others
  return { ...(value as object), [step]: made }
}
