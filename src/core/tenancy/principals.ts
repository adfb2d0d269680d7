/** Who asks. Every request, socket and job acts as one of these, and every permission is asked of one of these. */

export interface MemberPrincipal {
  readonly kind: 'member'
  /** `usr_…` */
  readonly id: string
  readonly tenantId: string
  /** The session it came with: the scope of its idempotency keys. */
  readonly credential: string
  readonly role: 'admin' | 'supervisor' | 'agent'
  readonly permissions: ReadonlySet<string>
  /** Skill groups of which the member is one, which decide what an agent may see waiting. */
  readonly groupIds: readonly string[]
}

export interface KeyPrincipal {
  readonly kind: 'key'
  /** `key_…` */
  readonly id: string
  readonly tenantId: string
  readonly credential: string
  readonly permissions: ReadonlySet<string>
}

export interface VisitorPrincipal {
  readonly kind: 'visitor'
  /** `vis_…` */
  readonly id: string
  readonly tenantId: string
  readonly credential: string
  readonly channelId: string
  /** The business's own id of the person, when its signed word vouches for it. */
  readonly subject: string | null
  readonly permissions: ReadonlySet<string>
}

export type Principal = MemberPrincipal | KeyPrincipal | VisitorPrincipal
