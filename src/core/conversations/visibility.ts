/**
 * Who sees which conversation: one rule, as a condition of SQL for what is read and as a function for what is streamed.
 * Whoever holds `conversation:read-all` sees every one of the tenant. An agent sees those assigned to them (closed ones
 * too) or in which they take part, those offered to them, and those that wait in one of their groups. Nobody else sees any.
 */
import type { KeyPrincipal, MemberPrincipal } from '../tenancy/principals.ts'
import type { Audience } from './rows.ts'

export interface Viewer {
  /** `usr_…`, null for a program. */
  readonly memberId: string | null
  readonly all: boolean
  readonly groupIds: readonly string[]
}

export function viewerOf(principal: MemberPrincipal | KeyPrincipal): Viewer {
  return {
    memberId: principal.kind === 'member' ? principal.id : null,
    all: principal.permissions.has('conversation:read-all'),
    groupIds: principal.kind === 'member' ? principal.groupIds : [],
  }
}

/** What decides who sees a conversation. Events from before anybody could take part do not name any. */
export type Seen = Omit<Audience, 'contactId' | 'participantIds'> & { readonly participantIds?: readonly string[] }

/** Whether the viewer may read the conversation as it stands. `offered` says whether it has an open offer to the viewer. */
export function maySee(viewer: Viewer, of: Seen, offered: boolean): boolean {
  if (viewer.all) return true
  if (viewer.memberId === null) return false
  if (of.assigneeId === viewer.memberId || offered || of.participantIds?.includes(viewer.memberId)) return true
  return of.heldBy === 'queue' && of.groupId !== null && viewer.groupIds.includes(of.groupId)
}

/** What an event may tell of the state before it, so that those who lose sight of a conversation hear why. */
export type Passing = Seen & {
  readonly type: string
  readonly previousAssigneeId: string | null
  /** Who joined or left. */
  readonly memberId?: string
}

/**
 * Whether an event of a conversation may be shown: to all who see it after the event, and to those from whose sight the
 * event takes it: the agent who held it, who took part, and the group in which it waited until it was assigned or closed.
 */
export function maySeeEvent(viewer: Viewer, event: Passing, offered: boolean): boolean {
  if (maySee(viewer, event, offered)) return true
  if (viewer.memberId === null) return false
  if (event.previousAssigneeId === viewer.memberId || event.memberId === viewer.memberId) return true
  const leftTheQueue =
    (event.type === 'conversation.assigned' && event.previousAssigneeId === null) ||
    ((event.type === 'conversation.closed' || event.type === 'conversation.resolved') && event.assigneeId === null)
  return leftTheQueue && event.groupId !== null && viewer.groupIds.includes(event.groupId)
}

/** The same rule as maySee, on `conversations` under the alias `c`; `bind` adds a parameter to the statement. */
export function visibleTo(viewer: Viewer, bind: (value: unknown) => string): string {
  if (viewer.all) return 'true'
  if (viewer.memberId === null) return 'false'
  const me = bind(viewer.memberId)
  return `(c.assignee_id = ${me} or ${me} = any(c.participant_ids)
    or (c.held_by = 'queue' and c.group_id = any(${bind(viewer.groupIds)}::text[]))
    or exists (select 1 from offers o where o.tenant_id = c.tenant_id and o.agent_id = ${me} and o.state = 'open'
                                        and o.conversation_id = c.id))`
}
