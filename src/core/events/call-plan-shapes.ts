/** What a telephone channel does with a call before agents, instead of them and after them. */
import { type Static, Type } from 'typebox'
import { Id, Nullable, OneOf, Time } from './schema-words.ts'

const closed = { additionalProperties: false }
const Key = '^[0-9*#]$'

export const CallPrompt = Type.Object(
  {
    fileId: Id('fil'),
    text: Type.Optional(
      Type.String({ minLength: 1, maxLength: 1000, description: 'What it says, where it was made of text.' }),
    ),
  },
  closed,
)
export type CallPrompt = Static<typeof CallPrompt>

/** Where a call goes next. */
export const CallTarget = Type.Union([
  Type.Object({ to: OneOf('queue'), groupId: Type.Optional(Id('grp')) }, closed),
  Type.Object({ to: OneOf('menu'), menu: Type.String({ minLength: 1, maxLength: 60 }) }, closed),
  Type.Object({ to: OneOf('number'), number: Type.String({ pattern: '^\\+?[0-9]{2,20}$' }) }, closed),
  Type.Object({ to: OneOf('voicemail') }, closed),
  Type.Object(
    { to: OneOf('callback') },
    { ...closed, description: 'The caller hangs up and keeps their place: whoever gets the conversation calls back.' },
  ),
  Type.Object({ to: OneOf('hang-up'), say: Type.Optional(CallPrompt) }, closed),
])
export type CallTarget = Static<typeof CallTarget>

export const CallMenu = Type.Object(
  {
    say: Type.Optional(CallPrompt),
    again: Type.Optional(CallPrompt),
    keys: Type.Record(Type.String({ pattern: Key }), CallTarget, { minProperties: 1 }),
    waitSeconds: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 60, description: 'For a key, after the prompt; 5 unless said.' }),
    ),
    tries: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 5, description: 'How often it is asked in all; 3 unless said.' }),
    ),
    otherwise: CallTarget,
  },
  closed,
)
export type CallMenu = Static<typeof CallMenu>

export const CallPlan = Type.Object(
  {
    begin: Type.Optional(CallTarget),
    closed: Type.Optional(CallTarget),
    menus: Type.Optional(Type.Record(Type.String({ minLength: 1, maxLength: 60 }), CallMenu, { maxProperties: 50 })),
    /** While they wait. */
    waiting: Type.Optional(Type.Object({ keys: Type.Record(Type.String({ pattern: Key }), CallTarget) }, closed)),
    voicemail: Type.Optional(
      Type.Object(
        {
          say: Type.Optional(CallPrompt),
          maxSeconds: Type.Optional(Type.Integer({ minimum: 5, maximum: 600, description: '120 unless said.' })),
          makes: Type.Optional(OneOf('conversation', 'ticket')),
        },
        closed,
      ),
    ),
    survey: Type.Optional(
      Type.Object(
        {
          say: Type.Optional(CallPrompt),
          thanks: Type.Optional(CallPrompt),
          waitSeconds: Type.Optional(Type.Integer({ minimum: 1, maximum: 60 })),
          tries: Type.Optional(Type.Integer({ minimum: 1, maximum: 5 })),
        },
        closed,
      ),
    ),
    outbound: Type.Optional(
      Type.Object(
        {
          prefixes: Type.Array(Type.String({ pattern: '^\\+?[0-9]{1,20}$' }), {
            minItems: 1,
            maxItems: 200,
            description: 'How a number must begin to be called: in E.164 where it is one.',
          }),
          callerId: Type.Optional(Type.String({ pattern: '^\\+?[0-9]{2,20}$' })),
          maxAtOnce: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, description: '10 unless said.' })),
          maxPerHour: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000, description: '60 unless said.' })),
          onlyInHours: Type.Optional(Type.Boolean({ description: "Only while the channel's hours are on." })),
        },
        closed,
      ),
    ),
  },
  closed,
)
export type CallPlan = Static<typeof CallPlan>

export const ChannelCallPlan = Type.Object({
  channelId: Id('chn'),
  plan: CallPlan,
  updatedAt: Nullable(Time),
  version: Type.Integer({ minimum: 0, description: '0: nothing was said yet.' }),
})
export type ChannelCallPlan = Static<typeof ChannelCallPlan>
