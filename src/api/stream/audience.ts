/**
 * Which events of its tenant a member or a program may receive: the same as what they could read over the API. Pure, but
 * for what it learns from the events themselves (offers made to the member, the member's groups). Everything that has no
 * rule here is shown to nobody.
 */

import type { Told } from '../../core/conversations/signals.ts'
import { maySee, maySeeEvent, type Viewer } from '../../core/conversations/visibility.ts'
import { maySeeTicketEvent, ticketViewerOf } from '../../core/desk/ticket-sight.ts'
import type { EventData, EventName } from '../../core/events/catalogue.ts'
import type { Colleague } from '../colleagues.ts'

/** What of an event decides who sees it. */
export interface Judged {
  readonly type: string
  readonly subject: string
  readonly data: unknown
}

/** The permission that reads what such an event carries; by its name, else by the noun it begins with. */
const permissionOf: Readonly<Record<string, string>> = {
  conversation: 'conversation:read',
  message: 'conversation:read',
  call: 'conversation:read',
  contact: 'contact:read',
  identity: 'contact:read',
  contactimport: 'contact:transfer',
  note: 'contact:read',
  channel: 'channel:read',
  calendar: 'calendar:read',
  satisfaction: 'satisfaction:read',
  member: 'member:read',
  'member.presence': 'presence:read',
  'member.mentioned': 'conversation:read',
  group: 'group:read',
  offer: 'offer:read',
  endpoint: 'webhook:read',
  cannedreply: 'conversation:reply',
  entryrule: 'group:read',
  ticket: 'ticket:read',
}

export class ColleagueAudience {
  readonly #colleague: Colleague
  readonly #offers: Map<string, string>
  #viewer: Viewer

  /** `offers`: conversations by the id of the open offer that the member has of them, at the place where reading begins. */
  constructor(colleague: Colleague, viewer: Viewer, offers: ReadonlyMap<string, string>) {
    this.#colleague = colleague
    this.#viewer = viewer
    this.#offers = new Map(offers)
  }

  /** Whether the event may be shown. Call it for each event of the tenant, in order: some change what is seen later. */
  admits(event: Judged): boolean {
    const seen = this.#maySee(event)
    this.#learn(event)
    return seen
  }

  /** Whether a signal may be heard. Nobody hears themselves type. */
  hears(signal: Told): boolean {
    if (!this.#colleague.permissions.has('conversation:read')) return false
    if (signal.type === 'typing' && signal.by.id === this.#colleague.id) return false
    return maySee(this.#viewer, signal.audience, this.#isOffered(signal.conversationId))
  }

  #maySee({ type, subject, data }: Judged): boolean {
    const [noun = ''] = type.split('.', 1)
    const permission = permissionOf[type] ?? permissionOf[noun]
    if (permission === undefined || !this.#colleague.permissions.has(permission)) return false
    if (noun === 'conversation') {
      const { conversation, ...passing } = data as EventData<'conversation.assigned'> & { memberId?: string }
      const event = { ...conversation, type, previousAssigneeId: null, ...passing }
      return maySeeEvent(this.#viewer, event, this.#isOffered(subject))
    }
    if (type === 'member.mentioned') {
      const { memberId } = this.#viewer
      return memberId === null ? this.#viewer.all : (data as EventData<'member.mentioned'>).memberId === memberId
    }
    if (noun === 'message' || noun === 'call') {
      return maySee(this.#viewer, data as EventData<'message.status' | 'call.ended'>, this.#isOffered(subject))
    }
    if (noun === 'offer') {
      return this.#viewer.all || (data as EventData<'offer.made'>).offer.memberId === this.#viewer.memberId
    }
    if (noun === 'ticket') {
      const { ticket, changes = [] } = data as Partial<EventData<'ticket.updated'>> & EventData<'ticket.created'>
      const { groupIds } = this.#viewer
      return maySeeTicketEvent({ ...ticketViewerOf(this.#colleague), groupIds }, ticket, changes)
    }
    return true
  }

  #learn({ type, data }: Judged): void {
    const { memberId } = this.#viewer
    if (memberId === null) return
    if (is('offer.made', type, data) || is('offer.ended', type, data)) {
      const { offer } = data
      if (offer.memberId !== memberId) return
      if (offer.conversationId === null) return
      if (offer.state === 'open') this.#offers.set(offer.id, offer.conversationId)
      else this.#offers.delete(offer.id)
    } else if (is('group.created', type, data) || is('group.updated', type, data) || is('group.removed', type, data)) {
      const others = this.#viewer.groupIds.filter((id) => id !== data.group.id)
      const within = type !== 'group.removed' && data.group.members.some((member) => member.memberId === memberId)
      this.#viewer = { ...this.#viewer, groupIds: within ? [...others, data.group.id] : others }
    }
  }

  #isOffered(conversationId: string): boolean {
    for (const offered of this.#offers.values()) if (offered === conversationId) return true
    return false
  }
}

function is<Name extends EventName>(name: Name, type: string, _data: unknown): _data is EventData<Name> {
  return type === name
}
