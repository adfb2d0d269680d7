/** Those who read a tenant's stream, each seeing only what is theirs: members and programs, and visitors. */
import { contactFamily } from '../../core/contacts/family.ts'
import type { Told } from '../../core/conversations/signals.ts'
import { viewerOf } from '../../core/conversations/visibility.ts'
import { addressOfVisitor, contactOfVisitor } from '../../core/conversations/visitors.ts'
import type { EventData } from '../../core/events/catalogue.ts'
import type { FeedEvent } from '../../core/events/feed.ts'
import type { Contact } from '../../core/events/shapes.ts'
import type { TenantTx } from '../../core/platform/database.ts'
import type { Principal, VisitorPrincipal } from '../../core/tenancy/principals.ts'
import type { Colleague } from '../colleagues.ts'
import { ColleagueAudience } from './audience.ts'
import {
  type Directory,
  eventFrame,
  signalFrame,
  toVisitorMessage,
  visitorFrame,
  visitorTypingFrame,
} from './frames.ts'

export interface StreamReader {
  readonly principal: Principal
  /** Reads what must be known to judge events after a moment; `since` null: from now on. */
  prepare(tx: TenantTx, since: Date | null): Promise<void>
  /** The frame of an event, if the reader may see it. Called for each event of the tenant, in order, once. */
  frame(event: FeedEvent, epoch: string, directory: Directory): string | undefined
  /** Called when the reader has caught up: from now on they hear signals. */
  joined?(): void
  /** The frame of a signal, if the reader may hear it. */
  signal(signal: Told): string | undefined
}

export class ColleagueReader implements StreamReader {
  readonly principal: Colleague
  readonly joined: () => void
  #audience: ColleagueAudience

  constructor(principal: Colleague, joined: () => void = () => {}) {
    this.principal = principal
    this.joined = joined
    this.#audience = new ColleagueAudience(principal, viewerOf(principal), new Map())
  }

  async prepare(tx: TenantTx, since: Date | null): Promise<void> {
    const rows = await tx.query<{ id: string; conversationId: string }>(
      `select id, conversation_id from offers where tenant_id = $1 and agent_id = $2 and conversation_id is not null
          and (state = 'open' and ($3::timestamptz is null or created_at <= $3) or created_at <= $3 and ended_at > $3)`,
      tx.tenantId,
      this.principal.id,
      since,
    )
    const offers = new Map(rows.map((row) => [row.id, row.conversationId]))
    this.#audience = new ColleagueAudience(this.principal, viewerOf(this.principal), offers)
  }

  frame(event: FeedEvent, epoch: string): string | undefined {
    return this.#audience.admits(event) ? eventFrame(event, epoch) : undefined
  }

  signal(signal: Told): string | undefined {
    return this.#audience.hears(signal) ? signalFrame(signal) : undefined
  }
}

/** A visitor hears of their own conversations, and of those only what is meant for customers. */
export class VisitorReader implements StreamReader {
  readonly principal: VisitorPrincipal
  /** The contact that the visitor is, and all that were merged into it. */
  #contactIds: ReadonlySet<string> = new Set()
  /** What was taken back before it is read again in the feed. */
  #recalled: ReadonlySet<string> = new Set()
  readonly #onSeen: () => void

  /** `onSeen` is called when somebody else begins to see the visitor's conversation. */
  constructor(principal: VisitorPrincipal, onSeen: () => void = () => {}) {
    this.principal = principal
    this.#onSeen = onSeen
  }

  async prepare(tx: TenantTx, since: Date | null): Promise<void> {
    const id = await contactOfVisitor(tx, { ...this.principal, visitorId: this.principal.id })
    this.#contactIds = new Set(id === undefined ? [] : await contactFamily(tx, id))
    if (since === null) return
    const gone = await tx.query<{ id: string }>(
      `select id from messages where tenant_id = $1 and contact_id = any($2::text[]) and created_at >= $3 and recall ->> 'state' = 'done'`,
      tx.tenantId,
      [...this.#contactIds],
      since,
    )
    this.#recalled = new Set(gone.map(({ id }) => id))
  }

  frame(event: FeedEvent, epoch: string, directory: Directory): string | undefined {
    const data = this.#dataOf(event, directory)
    return data === undefined ? undefined : visitorFrame(event, epoch, data)
  }

  signal(signal: Told): string | undefined {
    if (signal.type !== 'typing' || signal.by.kind !== 'member') return undefined
    if (!this.#contactIds.has(signal.audience.contactId)) return undefined
    return visitorTypingFrame(signal.conversationId)
  }

  #dataOf(event: FeedEvent, directory: Directory): object | undefined {
    switch (event.type) {
      case 'contact.created':
      case 'contact.updated':
      case 'contact.merged':
        this.#recogniseSelf((event.data as EventData<'contact.created'>).contact)
        return undefined
      case 'contact.unmerged': {
        const { contact, restored } = event.data as EventData<'contact.unmerged'>
        this.#recogniseSelf(contact)
        this.#recogniseSelf(restored)
        return undefined
      }
      case 'message.updated':
      case 'message.created': {
        const { message, contactId } = event.data as EventData<'message.created'>
        if (!this.#contactIds.has(contactId) || message.direction === 'note') return undefined
        // Of what is changed later, visitors hear only that it is gone.
        if (event.type === 'message.updated' && message.recall?.state !== 'done') return undefined
        const number = message.author.kind === 'member' ? directory.get(message.author.id ?? '')?.number : null
        const isGone = this.#recalled.has(message.id) || message.recall?.state === 'done'
        return { message: toVisitorMessage(message, number ?? null, isGone) }
      }
      case 'message.status': {
        const { contactId, messageId, conversationId, number, status } = event.data as EventData<'message.status'>
        return this.#contactIds.has(contactId) ? { messageId, conversationId, number, status } : undefined
      }
      case 'conversation.assigned': {
        const { conversation } = event.data as EventData<'conversation.assigned'>
        if (!this.#contactIds.has(conversation.contactId)) return undefined
        this.#onSeen()
        const agent = directory.get(conversation.assigneeId ?? '')
        return { agent: agent === undefined ? null : { name: agent.name, number: agent.number } }
      }
      case 'conversation.queued':
        if (this.#contactIds.has((event.data as EventData<'conversation.queued'>).conversation.contactId))
          this.#onSeen()
        return undefined
      case 'conversation.closed':
        return this.#contactIds.has((event.data as EventData<'conversation.closed'>).conversation.contactId)
          ? {}
          : undefined
      case 'satisfaction.requested': {
        const { contactId, id, scale, offeredTags, expiresAt } = (event.data as EventData<'satisfaction.requested'>)
          .satisfaction
        return this.#contactIds.has(contactId) ? { satisfaction: { id, scale, offeredTags, expiresAt } } : undefined
      }
      case 'conversation.read': {
        const { conversation } = event.data as EventData<'conversation.read'>
        return this.#contactIds.has(conversation.contactId) ? { agentRead: conversation.agentRead } : undefined
      }
      default:
        return undefined
    }
  }

  /** The first message makes the visitor a contact: the event that says so carries their address. */
  #recogniseSelf(contact: Contact): void {
    const { kind, scope, address } = addressOfVisitor({ ...this.principal, visitorId: this.principal.id })
    const mine = contact.identities.some(
      (identity) => identity.kind === kind && identity.scope === scope && identity.address === address,
    )
    if (mine) this.#contactIds = new Set([contact.id, ...contact.mergedIds])
  }
}
