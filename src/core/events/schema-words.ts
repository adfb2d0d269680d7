/** The smallest words of the public shapes. */
import { type TEnum, type TSchema, Type } from 'typebox'

/** An id of that prefix, as platform/ids.ts makes them. */
export const Id = (prefix: string) => Type.String({ pattern: `^${prefix}_[0-7][0-9a-hjkmnp-tv-z]{25}$` })

export const Nullable = <T extends TSchema>(schema: T, options: { readonly description?: string } = {}) =>
  Type.Union([schema, Type.Null()], options)

export const Time = Type.String({ format: 'date-time', description: 'RFC 3339, UTC, milliseconds.' })

/** One of these words. */
export const OneOf = <Names extends [string, ...string[]]>(...names: Names): TEnum<Names> => Type.Enum<Names>(names)
