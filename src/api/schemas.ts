/** What requests and answers are made of, beside the shapes that events share (core/events/shapes.ts). */
import { type TSchema, Type } from 'typebox'
import { Id, Nullable } from '../core/events/shapes.ts'

/** What a request carries is closed: an unknown member is refused. */
export const closed = { additionalProperties: false } as const

/** Parameters of an address: `/members/:id`. */
export const ById = (prefix: string) => Type.Object({ id: Id(prefix) }, closed)

/** The query of every list; `limit` and `cursor` beside what else it filters by. */
export const ListQuery = <Filters extends Record<string, TSchema>>(filters: Filters) =>
  Type.Object(
    {
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: 25 })),
      cursor: Type.Optional(Type.String({ maxLength: 1000, description: 'nextCursor of the page before.' })),
      ...filters,
    },
    closed,
  )

/** One page of a list. */
export const Page = <Item extends TSchema>(item: Item) =>
  Type.Object({
    data: Type.Array(item),
    nextCursor: Nullable(Type.String({ description: 'Asks for the next page; null on the last one.' })),
  })

/** A whole list that is never long. */
export const Whole = <Item extends TSchema>(item: Item) => Type.Object({ data: Type.Array(item) })

/** An answer without a body (204). */
export const Nothing = Type.Null({ description: 'No body.' })

export const Name = (maxLength = 100) => Type.String({ minLength: 1, maxLength, pattern: '\\S' })

export const Problem = Type.Object({
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer(),
  detail: Type.String(),
  code: Type.String({ description: 'Stable, for programs; docs/errors.md lists all.' }),
  instance: Type.String(),
  errors: Type.Optional(Type.Array(Type.Object({ pointer: Type.String(), detail: Type.String() }))),
})
