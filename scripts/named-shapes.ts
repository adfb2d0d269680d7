/** The public shapes that have a name, so that the documents refer to them instead of repeating them. */
import * as shapes from '../src/core/events/shapes.ts'
import type { Schema } from './schema-text.ts'

const named = {
  Channel: shapes.Channel,
  Contact: shapes.Contact,
  Conversation: shapes.Conversation,
  Failure: shapes.Failure,
  Identity: shapes.Identity,
  Member: shapes.Member,
  Message: shapes.Message,
  MessageStatus: shapes.MessageStatus,
  Offer: shapes.Offer,
  Part: shapes.Part,
  Presence: shapes.Presence,
  PresenceState: shapes.PresenceState,
  Role: shapes.Role,
  SkillGroup: shapes.SkillGroup,
}

export const shapeNames: readonly string[] = Object.keys(named).sort()

/** The plain JSON of a schema; TypeBox hangs hidden members on its objects. */
export function plain(schema: object): Schema {
  return JSON.parse(JSON.stringify(schema)) as Schema
}

export function shape(name: string): Schema {
  return plain(named[name as keyof typeof named])
}

const byText = new Map(shapeNames.map((name) => [JSON.stringify(shape(name)), name]))

/** The name of a schema that is a public shape. Schemas are compared by what they say. */
export function nameOf(schema: Schema): string | undefined {
  return byText.get(JSON.stringify(schema))
}
