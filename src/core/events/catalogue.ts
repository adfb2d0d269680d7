/**
 * Every event there is: its name, what it carries, which topics of the log it goes to besides the feed. The single source
 * of docs/events.md, of docs/asyncapi.json and of the check that `emit` makes.
 */
import { type Static, type TSchema, Type } from 'typebox'
import { Call } from './call-shapes.ts'
import { BlockedIdentity, ContactImport, ContactMerge, ContactNote } from './contact-shapes.ts'
import { CannedReply } from './desk-shapes.ts'
import { EntryRule } from './entry-shapes.ts'
import { Calendar } from './hours-shapes.ts'
import { Satisfaction } from './satisfaction-shapes.ts'
import {
  Channel,
  Contact,
  Conversation,
  Failure,
  Id,
  Member,
  Message,
  MessageStatus,
  Nullable,
  Offer,
  OneOf,
  Presence,
  SkillGroup,
} from './shapes.ts'
import { Ticket, TicketChange, TicketComment } from './ticket-shapes.ts'
import { WebhookEndpoint } from './webhook-shapes.ts'

export interface EventType {
  readonly description: string
  readonly data: TSchema
  /** `work` is read by routing shards, `outbound` by connectors in other languages; `domain` takes every public event. */
  readonly topics: readonly ('domain' | 'work' | 'outbound')[]
  /** Internal events have no seq: they are on no stream and no webhook. */
  readonly internal?: true
}

/** What a reader of a conversation's event needs to know whether it may be shown to somebody. */
const audience = {
  contactId: Id('ctc'),
  heldBy: OneOf('bot', 'queue', 'agent', 'nobody'),
  groupId: Nullable(Id('grp')),
  assigneeId: Nullable(Id('usr')),
  participantIds: Type.Optional(Type.Array(Id('usr'))),
}

const conversationEvent = Type.Object({
  conversation: Conversation,
  previousAssigneeId: Type.Optional(Nullable(Id('usr'))),
})
const callEvent = Type.Object({ call: Call, ...audience })
const participation = Type.Object({ conversation: Conversation, memberId: Id('usr') })
const domain = ['domain'] as const
const both = ['domain', 'work'] as const

export const catalogue = {
  'conversation.opened': { description: 'A conversation began.', data: conversationEvent, topics: domain },
  'conversation.queued': {
    description: 'A conversation waits for a person; routing takes it from here.',
    data: conversationEvent,
    topics: both,
  },
  'conversation.assigned': {
    description: 'An agent holds the conversation now.',
    data: conversationEvent,
    topics: domain,
  },
  'conversation.read': { description: 'One side read up to a message.', data: conversationEvent, topics: domain },
  'conversation.overdue': {
    description:
      'The customer has waited longer for the answer of its agent than the rules of the channel allow (超时).',
    data: Type.Object({ conversation: Conversation, waitedSeconds: Type.Integer() }),
    topics: domain,
  },
  'window.changed': {
    description: "What the channel's platform still allows by way of answers has changed.",
    data: conversationEvent,
    topics: domain,
  },
  'window.ending': {
    description: 'The customer waits, and soon the platform takes no answer any more.',
    data: conversationEvent,
    topics: domain,
  },
  'conversation.resolved': {
    description: 'What the customer wanted is done; nobody holds it until they write again.',
    data: conversationEvent,
    topics: both,
  },
  'conversation.transferring': {
    description:
      'Its holder hands it on to a skill group (`transferGroupId`), and keeps it until somebody there takes it.',
    data: conversationEvent,
    topics: domain,
  },
  'conversation.kept': {
    description: 'It is handed on no longer: nobody took it in time, or its holder keeps it.',
    data: conversationEvent,
    topics: domain,
  },
  'conversation.snoozed': {
    description: 'Its holder has set it aside for a while.',
    data: conversationEvent,
    topics: domain,
  },
  'conversation.woken': {
    description: 'It is set aside no longer: its time has come, the customer has written, or its holder wants it back.',
    data: conversationEvent,
    topics: both,
  },
  'conversation.closed': { description: 'The episode ended.', data: conversationEvent, topics: both },
  'conversation.reopened': {
    description: 'It goes on: the customer wrote again soon after the end, or a colleague had it go on.',
    data: conversationEvent,
    topics: domain,
  },
  'conversation.updated': {
    description: 'Its tags, or what else people write on it, changed.',
    data: conversationEvent,
    topics: both,
  },
  'conversation.joined': {
    description: 'A colleague takes part beside the holder.',
    data: participation,
    topics: domain,
  },
  'conversation.left': {
    description: 'A colleague takes part no longer.',
    data: participation,
    topics: domain,
  },
  'message.created': {
    description: 'Something was said: by a customer, to one, or as an internal note.',
    data: Type.Object({ message: Message, ...audience }),
    topics: domain,
  },
  'message.updated': {
    description:
      'What is shown of a message has changed: a file of it has come, or its author has edited it or taken it back.',
    data: Type.Object({ message: Message, ...audience }),
    topics: domain,
  },
  'message.status': {
    description: 'What became of a message to a customer.',
    data: Type.Object({
      messageId: Id('msg'),
      conversationId: Id('cnv'),
      number: Type.Integer(),
      status: MessageStatus,
      failure: Nullable(Failure),
      ...audience,
    }),
    topics: domain,
  },
  'contact.created': { description: 'Somebody new wrote.', data: Type.Object({ contact: Contact }), topics: domain },
  'contact.updated': { description: 'A record changed.', data: Type.Object({ contact: Contact }), topics: domain },
  'contact.blocked': { description: 'Put on the blocklist.', data: Type.Object({ contact: Contact }), topics: domain },
  'contact.unblocked': { description: 'Taken off it.', data: Type.Object({ contact: Contact }), topics: domain },
  'identity.blocked': {
    description:
      'An address was put on the blocklist, or reason and end of that were changed: nothing from there is taken in.',
    data: Type.Object({ block: BlockedIdentity }),
    topics: domain,
  },
  'identity.unblocked': {
    description: 'An address was taken off the blocklist.',
    data: Type.Object({ block: BlockedIdentity }),
    topics: domain,
  },
  'contact.merged': {
    description:
      'One contact became part of another: `contact` is the one that stands for both now, `merged` the other as it was before.',
    data: Type.Object({ contact: Contact, merged: Contact, merge: ContactMerge }),
    topics: domain,
  },
  'contact.unmerged': {
    description:
      'A merge was undone: each is a contact of its own again. Conversations that only the restored one had meanwhile went with it.',
    data: Type.Object({
      contact: Contact,
      restored: Contact,
      merge: ContactMerge,
      conversationIds: Type.Array(Id('cnv')),
    }),
    topics: domain,
  },
  'contact.erased': {
    description: 'All that was known of a contact is gone, and of those that were merged into it: erase it too.',
    data: Type.Object({ contactId: Id('ctc'), mergedIds: Type.Array(Id('ctc')) }),
    topics: domain,
  },
  'contactimport.started': {
    description: 'A file of contacts is being imported, or tried without changing anything.',
    data: Type.Object({ import: ContactImport }),
    topics: domain,
  },
  'contactimport.finished': {
    description: 'The import, or the trial, is over: by itself or because somebody ended it.',
    data: Type.Object({ import: ContactImport }),
    topics: domain,
  },
  'note.created': {
    description: 'A colleague wrote a note about a contact.',
    data: Type.Object({ note: ContactNote }),
    topics: domain,
  },
  'note.changed': { description: 'The note was changed.', data: Type.Object({ note: ContactNote }), topics: domain },
  'note.removed': { description: 'The note was taken away.', data: Type.Object({ note: ContactNote }), topics: domain },
  'channel.created': { description: 'A channel was set up.', data: Type.Object({ channel: Channel }), topics: domain },
  'channel.updated': { description: 'A channel was changed.', data: Type.Object({ channel: Channel }), topics: domain },
  'channel.removed': {
    description: 'A channel was taken away.',
    data: Type.Object({ channel: Channel }),
    topics: domain,
  },
  'channel.state': {
    description: 'What a channel reports of itself.',
    data: Type.Object({ channel: Channel }),
    topics: domain,
  },
  'channel.gap': {
    description: 'Messages of this time may be missing on a channel.',
    data: Type.Object({ channelId: Id('chn'), from: Type.String(), to: Type.String(), reason: Type.String() }),
    topics: domain,
  },
  'member.created': { description: 'Somebody joined.', data: Type.Object({ member: Member }), topics: both },
  'member.updated': { description: 'A member was changed.', data: Type.Object({ member: Member }), topics: both },
  'member.mentioned': {
    description: 'A note calls out to a member; of its conversation, so that it comes after the note.',
    data: Type.Object({ memberId: Id('usr'), message: Message, ...audience }),
    topics: domain,
  },
  'member.presence': { description: 'Presence or load of an agent changed.', data: Presence, topics: domain },
  'cannedreply.created': {
    description: 'A reply was kept for all.',
    data: Type.Object({ reply: CannedReply }),
    topics: domain,
  },
  'cannedreply.updated': {
    description: 'A reply that is shared was changed.',
    data: Type.Object({ reply: CannedReply }),
    topics: domain,
  },
  'cannedreply.removed': {
    description: 'A reply that was shared is gone.',
    data: Type.Object({ reply: CannedReply }),
    topics: domain,
  },
  'calendar.created': {
    description: 'A calendar of opening hours was made.',
    data: Type.Object({ calendar: Calendar }),
    topics: domain,
  },
  'calendar.updated': {
    description: 'A calendar was changed.',
    data: Type.Object({ calendar: Calendar }),
    topics: domain,
  },
  'calendar.removed': {
    description: 'A calendar was taken away.',
    data: Type.Object({ calendar: Calendar }),
    topics: domain,
  },
  'calendar.assigned': {
    description: 'All, a channel or a skill group has another calendar, or (null) none of its own.',
    data: Type.Object({ target: Type.String(), calendarId: Nullable(Id('hrs')) }),
    topics: domain,
  },
  'satisfaction.requested': {
    description: 'A customer is asked how they were served.',
    data: Type.Object({ satisfaction: Satisfaction }),
    topics: domain,
  },
  'satisfaction.answered': {
    description: 'They answered.',
    data: Type.Object({ satisfaction: Satisfaction }),
    topics: domain,
  },
  'entryrule.created': {
    description: 'A rule of which skill group conversations come into.',
    data: Type.Object({ rule: EntryRule }),
    topics: domain,
  },
  'entryrule.updated': { description: 'It was changed.', data: Type.Object({ rule: EntryRule }), topics: domain },
  'entryrule.removed': { description: 'It is gone.', data: Type.Object({ rule: EntryRule }), topics: domain },
  'endpoint.created': {
    description: 'A webhook endpoint was set up.',
    data: Type.Object({ endpoint: WebhookEndpoint }),
    topics: domain,
  },
  'endpoint.updated': {
    description: 'A webhook endpoint was changed, paused or let go on.',
    data: Type.Object({ endpoint: WebhookEndpoint }),
    topics: domain,
  },
  'endpoint.disabled': {
    description: 'A webhook endpoint was switched off: gone (410), or nothing but failures for five days.',
    data: Type.Object({ endpoint: WebhookEndpoint }),
    topics: domain,
  },
  'endpoint.removed': {
    description: 'A webhook endpoint was taken away.',
    data: Type.Object({ endpoint: WebhookEndpoint }),
    topics: domain,
  },
  'group.created': { description: 'A skill group was made.', data: Type.Object({ group: SkillGroup }), topics: both },
  'group.updated': {
    description: 'A skill group or its members changed.',
    data: Type.Object({ group: SkillGroup }),
    topics: both,
  },
  'group.removed': {
    description: 'A skill group was taken away.',
    data: Type.Object({ group: SkillGroup }),
    topics: both,
  },
  'offer.made': {
    description: 'A conversation is shown to an agent, to accept.',
    data: Type.Object({ offer: Offer }),
    topics: domain,
  },
  'offer.ended': {
    description: 'Accepted, declined, expired or taken back.',
    data: Type.Object({ offer: Offer }),
    topics: domain,
  },
  'call.received': {
    description: 'Somebody calls; their conversation waits in the queue.',
    data: callEvent,
    topics: domain,
  },
  'call.rang': { description: "An agent's phone rings for it.", data: callEvent, topics: domain },
  'call.answered': { description: 'An agent talks with the caller.', data: callEvent, topics: domain },
  'call.held': { description: 'The caller was put on hold.', data: callEvent, topics: domain },
  'call.resumed': { description: 'The talk goes on.', data: callEvent, topics: domain },
  'call.updated': {
    description: 'It went on to a menu, a number outside, a message to leave or a survey, or we call somebody.',
    data: callEvent,
    topics: domain,
  },
  'call.ended': { description: 'The call is over, for the reason that it names.', data: callEvent, topics: domain },
  'call.recorded': { description: 'A talk can be listened to.', data: callEvent, topics: domain },
  'ticket.created': { description: 'A ticket was made.', data: Type.Object({ ticket: Ticket }), topics: both },
  'ticket.updated': {
    description: 'A ticket or its links changed: as it is now, and what is not as it was.',
    data: Type.Object({ ticket: Ticket, changes: Type.Array(TicketChange) }),
    topics: both,
  },
  'ticket.commented': {
    description: 'Somebody wrote on a ticket, for colleagues or to the customer.',
    data: Type.Object({ ticket: Ticket, comment: TicketComment }),
    topics: domain,
  },
  'command.issued': {
    description: 'Somebody asks routing for something; the outcome stands in the command.',
    data: Type.Object({ commandId: Id('cmd'), kind: Type.String(), data: Type.Unknown() }),
    topics: ['work'],
    internal: true,
  },
} as const satisfies Record<string, EventType>

export type EventName = keyof typeof catalogue
export type EventData<Name extends EventName> = Static<(typeof catalogue)[Name]['data']>

/** The type of what an event carries; undefined for a name that is not in the catalogue. */
export function eventType(name: string): EventType | undefined {
  return Object.hasOwn(catalogue, name) ? catalogue[name as EventName] : undefined
}
