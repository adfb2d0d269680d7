/** Telephone calls as they leave the hub, in events and in answers of the API alike. */
import { type Static, Type } from 'typebox'
import { Id, Nullable, OneOf, Time } from './schema-words.ts'

export const CallLeg = Type.Object({
  memberId: Nullable(Id('usr'), { description: 'Null for a number outside.' }),
  extension: Type.String({ description: 'The phone that was rung; empty for a number outside.' }),
  number: Type.Optional(Type.String({ description: 'The number outside.' })),
  offerId: Nullable(Id('ofr')),
  state: OneOf('ringing', 'consulting', 'talking', 'ended'),
  rangAt: Time,
  consultedAt: Type.Optional(Time),
  answeredAt: Nullable(Time),
  endedAt: Nullable(Time),
  outcome: Nullable(
    OneOf('no-answer', 'busy', 'declined', 'unreachable', 'too-many', 'withdrawn', 'hung-up', 'replaced'),
  ),
})

/** An agent asked somebody while the caller waited. */
export const CallConsult = Type.Object({
  byId: Nullable(Id('usr'), { description: 'Who asked.' }),
  to: Type.Object(
    {
      memberId: Type.Optional(Id('usr')),
      groupId: Type.Optional(Id('grp')),
      number: Type.Optional(Type.String()),
    },
    { description: 'Whom: one of these.' },
  ),
  memberId: Nullable(Id('usr'), { description: 'Who was on the line; null for a number outside, and for nobody.' }),
  startedAt: Time,
  answeredAt: Nullable(Time),
  endedAt: Nullable(Time),
  outcome: Nullable(
    OneOf(
      'handed-over',
      'returned',
      'left',
      'nobody',
      'ended',
      'no-answer',
      'busy',
      'declined',
      'unreachable',
      'too-many',
      'withdrawn',
    ),
    {
      description:
        '`handed-over`: they have the caller. `returned`: the asker took the caller back. `left`: they hung up. `ended`: the call was over.',
    },
  ),
})

export type CallConsult = Static<typeof CallConsult>

export const CallRecording = Type.Object({
  fileId: Id('fil'),
  segment: Type.Integer({ minimum: 1, description: 'Which talk of the call it is.' }),
  durationMs: Type.Integer({ minimum: 0 }),
  transcript: Type.Optional(
    Type.String({ description: 'What was said, where it was written down; events do not tell it.' }),
  ),
})

const VoiceSide = Type.Object({
  packets: Type.Integer({ minimum: 0 }),
  lost: Type.Integer({ minimum: 0, description: 'Packets that never came.' }),
  gapMs: Type.Integer({ minimum: 0, description: 'The longest time without any.' }),
  heard: Type.Boolean({ description: 'Whether anything but silence came.' }),
})

export const CallVoices = Type.Object({
  segment: Type.Integer({ minimum: 1 }),
  durationMs: Type.Integer({ minimum: 0 }),
  flags: Type.Array(OneOf('one-way', 'silence', 'loss', 'gap'), {
    description:
      'What went wrong: one side was never heard, neither was, packets were lost (over 3 %), or did not come for two seconds.',
  }),
  caller: VoiceSide,
  agent: VoiceSide,
})
export type CallVoices = Static<typeof CallVoices>

export const CallLookup = Type.Object(
  {
    state: OneOf('found', 'unknown', 'failed'),
    title: Type.Optional(Type.String()),
    link: Type.Optional(Type.String({ description: "The caller's record in the business's own system." })),
    fields: Type.Optional(Type.Array(Type.Object({ name: Type.String(), value: Type.String() }))),
    detail: Type.Optional(Type.String({ description: 'Why it failed.' })),
  },
  { description: "What the business's own system says of the caller, where the channel has an address to ask." },
)
export type CallLookup = Static<typeof CallLookup>

export const Call = Type.Object({
  id: Id('cal'),
  conversationId: Id('cnv'),
  contactId: Id('ctc'),
  channelId: Id('chn'),
  direction: OneOf('in', 'out'),
  number: Type.String({ description: "The other side's number as it was given; empty where it was withheld." }),
  address: Nullable(Type.String({ description: 'The same as E.164, or as digits of the own exchange.' })),
  dialled: Type.String(),
  region: Type.Optional(
    Type.String({ description: 'Where the number is at home (归属地), such as `CN 北京市`, where that is known.' }),
  ),
  lookup: Type.Optional(CallLookup),
  state: OneOf(
    'received',
    'screening',
    'menu',
    'queued',
    'offered',
    'dialling',
    'talking',
    'held',
    'consulting',
    'conference',
    'forwarding',
    'voicemail',
    'survey',
    'ended',
  ),
  end: Nullable(
    OneOf('completed', 'abandoned', 'rejected', 'failed', 'voicemail', 'forwarded', 'callback', 'interrupted'),
  ),
  endedBy: Nullable(OneOf('caller', 'agent', 'hub')),
  detail: Nullable(Type.String({ description: 'A word of why it ended, where there is one.' })),
  agentId: Nullable(Id('usr'), { description: 'Who talks with the caller, or did last.' }),
  startedAt: Time,
  queuedAt: Nullable(Time),
  answeredAt: Nullable(Time),
  endedAt: Nullable(Time),
  waitMs: Type.Integer({ minimum: 0, description: 'From the queue to the first answer, the end, or now.' }),
  talkMs: Type.Integer({
    minimum: 0,
    description: 'With agents, from when both heard each other; time on hold included.',
  }),
  heldMs: Type.Integer({ minimum: 0 }),
  wrapUpMs: Type.Optional(
    Type.Integer({
      minimum: 0,
      description:
        'From the end of the talk until routing counted the agent who had it last as free again (整理), or until now; where routing gave it to them, and in answers alone: events come before it is over.',
    }),
  ),
  muted: Type.Optional(Type.Boolean({ description: 'The agent is heard by nobody just now.' })),
  score: Type.Optional(Type.Integer({ minimum: 1, description: 'What was pressed in the survey.' })),
  legs: Type.Array(CallLeg),
  consults: Type.Optional(
    Type.Array(CallConsult, { description: 'Whom its agents asked while the caller waited, in their order.' }),
  ),
  recordings: Type.Array(CallRecording),
  voices: Type.Optional(Type.Array(CallVoices, { description: 'How the voices of each talk arrived.' })),
})
export type Call = Static<typeof Call>
