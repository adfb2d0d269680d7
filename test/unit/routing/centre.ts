/** A contact centre of a few lines: each test states only what matters to it. */
import { apply, createState, nextDue } from '../../../src/routing/engine.ts'
import type { AgentConfig, Decision, EngineEvent, Enqueue, GroupConfig } from '../../../src/routing/model.ts'

type Told = EngineEvent extends infer E ? (E extends EngineEvent ? Omit<E, 'at'> & { at?: number } : never) : never

/** An engine with a clock that stands still until `pass` moves it. Group `g` asks before it assigns, unless told otherwise. */
export function centre(group: Partial<GroupConfig> = {}) {
  const state = createState('tenant')
  let at = 1_000_000
  const tell = (event: Told): Decision[] => apply(state, { at, ...event } as EngineEvent)
  tell({ type: 'config.group', group: { id: 'g', acceptMode: 'manual', ...group } })
  return {
    state,
    tell,
    now: () => at,
    /** Moves the clock and lets every timer fire at its own time. */
    pass(ms: number): Decision[] {
      const until = at + ms
      const decisions: Decision[] = []
      for (let due = nextDue(state); due !== undefined && due <= until; due = nextDue(state)) {
        at = Math.max(at, due)
        decisions.push(...tell({ type: 'tick' }))
      }
      at = until
      return decisions
    },
    /** An agent of group `g`, online. */
    agent(id: string, config: Partial<AgentConfig> = {}): Decision[] {
      tell({ type: 'config.agent', agent: { id, memberships: [{ groupId: 'g' }], ...config } })
      return tell({ type: 'agent.presence', agentId: id, state: 'online' })
    },
    enqueue(itemId: string, facts: Partial<Enqueue> = {}): Decision[] {
      return tell({ type: 'item.enqueue', itemId, groupId: 'g', medium: 'chat', ...facts })
    },
    offerOf(itemId: string): string {
      return state.items.get(itemId)?.offers[0]?.id ?? 'none'
    },
    accept(itemId: string): Decision[] {
      const offer = state.items.get(itemId)?.offers[0]
      return tell({ type: 'item.accept', offerId: offer?.id ?? 'none', agentId: offer?.agent.id ?? 'none' })
    },
    decline(itemId: string): Decision[] {
      const offer = state.items.get(itemId)?.offers[0]
      return tell({ type: 'item.decline', offerId: offer?.id ?? 'none', agentId: offer?.agent.id ?? 'none' })
    },
    stateOf: (itemId: string) => state.items.get(itemId)?.state,
    /** Who holds the item, or is offered it. */
    holderOf: (itemId: string) => (state.items.get(itemId)?.agent ?? state.items.get(itemId)?.offers[0]?.agent)?.id,
  }
}

/** The kinds of decisions, in order. */
export function kinds(decisions: readonly Decision[]): string[] {
  return decisions.map(({ type }) => type)
}
