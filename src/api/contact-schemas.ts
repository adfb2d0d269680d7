/** What requests about contacts are made of. */
import { Type } from 'typebox'
import type { Block } from '../core/contacts/blocklist.ts'
import { maxAttributes } from '../core/contacts/contacts.ts'
import type { NewIdentity } from '../core/contacts/identities.ts'
import { maxTags } from '../core/contacts/tags.ts'
import { Id, Nullable, Time } from '../core/events/shapes.ts'
import { Fault } from '../core/platform/errors.ts'
import { closed, Name } from './schemas.ts'

const contactId = 'ctc_[0-7][0-9a-hjkmnp-tv-z]{25}'
const externalKey = 'ext:[A-Za-z0-9][A-Za-z0-9._-]{0,63}:[^\\u0000-\\u001f\\u007f]{1,128}'

/** A contact in an address: its id, or `ext:system:id`, the key of the business's own system. */
export const ContactRef = Type.String({
  pattern: `^(?:${contactId}|${externalKey})$`,
  maxLength: 197,
  description: 'Id of a contact, or `ext:{system}:{id}`: the key under which your own system knows it.',
})
export const ByContact = Type.Object({ id: ContactRef }, closed)

export const ExternalRef = Type.String({
  pattern: `^${externalKey}$`,
  maxLength: 197,
  description: '`ext:{system}:{id}`: the key under which your own system knows the contact.',
})

const Attribute = Type.String({ maxLength: 2000 })
export const attributeName = '^[^\\s\\u0000-\\u001f\\u007f][^\\u0000-\\u001f\\u007f]{0,63}$'

const attributesOf = <V extends typeof Attribute | ReturnType<typeof Nullable<typeof Attribute>>>(value: V) =>
  Type.Record(Type.String({ pattern: attributeName }), value, { ...closed, maxProperties: maxAttributes })

export const GivenIdentity = Type.Object(
  {
    kind: Type.String({
      minLength: 1,
      maxLength: 64,
      description: 'phone, email, ext (a key of the system named by scope), or a word of your own.',
    }),
    scope: Type.Optional(Type.String({ maxLength: 200, default: '' })),
    address: Type.String({ minLength: 1, maxLength: 255 }),
    verified: Type.Optional(Type.Boolean()),
  },
  closed,
)

export const identityOf = (given: {
  kind: string
  scope?: string
  address: string
  verified?: boolean
}): NewIdentity => ({
  kind: given.kind,
  scope: given.scope ?? '',
  address: given.address,
  verified: given.verified ?? false,
})

const Fact = Type.String({ minLength: 1, maxLength: 255, pattern: '\\S' })
export const Tags = Type.Array(Type.String({ minLength: 1, maxLength: 64 }), { maxItems: maxTags })

/** Which contacts, of lists and exports alike. */
export const ContactFilterQuery = {
  search: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 100,
      description:
        'Beginning of a word of the name or company (any character of a Chinese one), beginning of an address, last four or ' +
        'more digits of a phone number, or a whole tag.',
    }),
  ),
  blocked: Type.Optional(Type.Boolean()),
  tag: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  groupId: Type.Optional(Id('cgr')),
}

export const NewContactBody = Type.Object(
  {
    name: Name(255),
    province: Type.Optional(Fact),
    city: Type.Optional(Fact),
    company: Type.Optional(Fact),
    attributes: Type.Optional(attributesOf(Attribute)),
    identities: Type.Optional(Type.Array(GivenIdentity, { maxItems: 20 })),
    tags: Type.Optional(Tags),
  },
  closed,
)

/** What a change says; absent: it stays, null: it is taken away. */
export const ContactChange = {
  name: Type.Optional(Name(255)),
  province: Type.Optional(Nullable(Fact)),
  city: Type.Optional(Nullable(Fact)),
  company: Type.Optional(Nullable(Fact)),
  attributes: Type.Optional(attributesOf(Nullable(Attribute))),
  tags: Type.Optional(Tags),
}

/** Why somebody is on the blocklist, and until when. */
export const BlockFacts = {
  reason: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })),
  until: Type.Optional(Time),
}

/** Faults with `block-over` when it has ended by `now` (ms). */
export function blockOf({ reason, until }: { reason?: string; until?: string }, now: number): Block {
  const end = until === undefined ? undefined : new Date(until)
  if (end !== undefined && end.getTime() <= now) {
    throw new Fault('invalid', 'block-over', 'The block would be over already.', {
      errors: [{ pointer: '/until', detail: 'is past' }],
    })
  }
  return { ...(reason !== undefined && { reason }), ...(end !== undefined && { until: end }) }
}
