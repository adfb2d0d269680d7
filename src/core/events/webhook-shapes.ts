/** Webhook endpoints and attempts, as the API and events show them. Secrets are in neither. */
import { type Static, Type } from 'typebox'
import { Id, Nullable, OneOf, Time } from './schema-words.ts'

export const WebhookEndpoint = Type.Object({
  id: Id('whe'),
  url: Type.String(),
  description: Type.String(),
  events: Nullable(Type.Array(Type.String(), { description: '`message.created`, `ticket.*`; null: every event.' })),
  ordered: Type.Boolean({ description: 'Events of one conversation, contact, ticket… wait for those before them.' }),
  state: OneOf('active', 'paused', 'disabled'),
  stateReason: Nullable(OneOf('asked', 'failing', 'gone')),
  failingSince: Nullable(Time),
  createdAt: Time,
  version: Type.Integer({ minimum: 1 }),
})
export type WebhookEndpoint = Static<typeof WebhookEndpoint>

export const WebhookAttempt = Type.Object({
  id: Id('wha'),
  eventId: Id('evt'),
  type: Type.String(),
  number: Type.Integer({ description: '1, 2, 3… of this event at this endpoint.' }),
  at: Time,
  durationMs: Type.Integer(),
  succeeded: Type.Boolean(),
  status: Nullable(Type.Integer()),
  response: Nullable(Type.String({ description: 'The beginning of the answer’s body.' })),
  error: Nullable(Type.String()),
})
export type WebhookAttempt = Static<typeof WebhookAttempt>
