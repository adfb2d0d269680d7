/**
 * What people ask of routing. A command is a row and an event for the tenant's shard, written together; the shard, the
 * only writer of presence and load, writes the outcome in the transaction of its decision.
 */
import { emit } from '../core/events/outbox.ts'
import type { Actor, Database, TenantTx } from '../core/platform/database.ts'
import { newId } from '../core/platform/ids.ts'
import { together } from '../core/platform/together.ts'
import type { Wake } from '../core/platform/wake.ts'

/** As the engine knows them. */
type Medium = 'chat' | 'call' | 'ticket'

export type Command =
  | {
      readonly kind: 'presence'
      readonly memberId: string
      readonly state: 'online' | 'busy' | 'away' | 'offline'
      readonly reason?: string
      /** The tenant's own word for it. */
      readonly status?: string
      /** Media in which nothing is taken meanwhile, and why. */
      readonly closed?: readonly Medium[]
      readonly closedReasons?: { readonly [medium in Medium]?: string }
    }
  | { readonly kind: 'accept'; readonly offerId: string; readonly memberId: string }
  | { readonly kind: 'decline'; readonly offerId: string; readonly memberId: string; readonly reason?: string }
  /** Whoever is asked looks into it first: the offer stays open for so long. */
  | { readonly kind: 'consider'; readonly offerId: string; readonly memberId: string; readonly forMs: number }
  | { readonly kind: 'pull'; readonly conversationId: string; readonly memberId: string }
  | {
      readonly kind: 'assign'
      readonly conversationId: string
      readonly memberId: string
      /** Also to an agent who is full, up to their hard limit. */
      readonly override?: true
      /** Who held it takes part from then on. */
      readonly keepsHolder?: true
    }
  /** It has been opened again, and waits; with `memberId` for that member first. */
  | { readonly kind: 'reopen'; readonly conversationId: string; readonly memberId?: string }
  | {
      readonly kind: 'park'
      readonly conversationId: string
      /** Only while this member holds it. */
      readonly memberId?: string
      /** In ms; null: until the customer writes. */
      readonly until: number | null
      /** The last message that is known to whoever asks. */
      readonly number: number
    }
  /** Put off while it waits: nobody is asked before `until`, or before the customer writes; it keeps its place. */
  | {
      readonly kind: 'defer'
      readonly conversationId: string
      readonly until: number | null
      readonly number: number
    }
  | { readonly kind: 'wake'; readonly conversationId: string }
  | {
      readonly kind: 'transfer'
      readonly conversationId: string
      readonly groupId?: string
      readonly memberId?: string
      /** To a group: whoever holds it keeps it until somebody there takes it. */
      readonly warm?: true
      /** Whoever is to have it is asked also where they would be given it at once. */
      readonly asks?: true
    }
  /** Its holder keeps what nobody has taken yet. */
  | { readonly kind: 'recall'; readonly conversationId: string; readonly memberId?: string }
  /** The member's streams began, or are all over. */
  | { readonly kind: 'link'; readonly memberId: string; readonly link: 'up' | 'down'; readonly graceMs: number }
  /** Its holder will want time after the end. */
  | { readonly kind: 'wrap-up'; readonly conversationId: string; readonly memberId: string }
  | { readonly kind: 'wrap-up-done'; readonly conversationId: string; readonly memberId: string }

/** `done`: it is so now. `refused`: a word why (`taken`, `expired`, `full`, `stale`, `unknown`), nothing changed. */
export interface Outcome {
  readonly result: 'done' | 'refused'
  readonly code?: string
  readonly detail?: string
  /** Who holds the conversation now, where that is the answer. */
  readonly assigneeId?: string | null
}

/** Writes a command; call hintCommand after the commit. The caller has checked that its principal may ask for this. */
export async function issueCommand(tx: TenantTx, command: Command): Promise<string> {
  const id = newId('cmd')
  const { kind, ...data } = command
  await together([
    tx.run(
      'insert into commands (tenant_id, id, kind, data, actor_id) values ($1, $2, $3, $4, $5)',
      tx.tenantId,
      id,
      kind,
      JSON.stringify(data),
      tx.actorId,
    ),
    emit(tx, 'command.issued', id, { commandId: id, kind, data }),
  ])
  return id
}

/** Says, after the commit, that the tenant has asked something: to the relay, and to the shard, which need not wait for the log. */
export function hintCommand(wake: Wake, tenantId: string): void {
  wake.hint('outbox')
  wake.hint(`asked:${tenantId}`)
}

/** Says, after the commit, that these commands have their outcomes. */
export function hintOutcomes(wake: Wake, outcomes: Iterable<readonly [id: string, outcome: Outcome]>): void {
  wake.hint('commands')
  for (const [id, outcome] of outcomes) wake.hint(`command:${id}`, outcome)
}

/** The outcome, as soon as the shard has decided; undefined when it has not within `timeoutMs`. Holds no transaction. */
export async function awaitOutcome(
  db: Database,
  wake: Wake,
  actor: Actor,
  commandId: string,
  timeoutMs: number,
): Promise<Outcome | undefined> {
  const deadline = Date.now() + timeoutMs
  for (;;) {
    const hearing = hearOutcome(wake, commandId, Math.max(0, Math.min(250, deadline - Date.now())))
    const row = await db.transaction(actor, (tx) =>
      tx.maybe<{ outcome: Outcome | null }>(
        'select outcome from commands where tenant_id = $1 and id = $2',
        actor.tenantId,
        commandId,
      ),
    )
    if (row?.outcome) return row.outcome
    if (Date.now() >= deadline) return undefined
    const heard = await hearing
    if (heard !== undefined) return heard
  }
}

/** Resolves at the next hint, with the outcome where a shard of this process gave it, or else after `timeoutMs`. */
function hearOutcome(wake: Wake, commandId: string, timeoutMs: number): Promise<Outcome | undefined> {
  return new Promise((resolve) => {
    const done = (said?: unknown) => {
      clearTimeout(timer)
      off()
      resolve(said as Outcome | undefined)
    }
    const timer = setTimeout(done, timeoutMs)
    const off = wake.on(`command:${commandId}`, done)
  })
}

export interface FoundCommand {
  readonly id: string
  readonly kind: string
  readonly actorId: string
  readonly outcome: Outcome | null
  readonly createdAt: Date
  readonly decidedAt: Date | null
}

export function findCommand(tx: TenantTx, id: string): Promise<FoundCommand | undefined> {
  return tx.maybe<FoundCommand>(
    'select id, kind, actor_id, outcome, created_at, decided_at from commands where tenant_id = $1 and id = $2',
    tx.tenantId,
    id,
  )
}
