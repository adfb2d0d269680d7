/** What is claimed of every history: each function throws if its claim does not hold. Used by the tests and by the mutation check. */
import assert from 'node:assert/strict'
import { apply, createState, hash, nextDue, restore, type State } from '../../../src/routing/engine.ts'
import type { Decision, EngineEvent } from '../../../src/routing/model.ts'
import { Follower } from './follow.ts'
import { run, type Step } from './histories.ts'

/** The events of a history, as they were told. */
export function recorded(seed: number, steps: readonly Step[]): EngineEvent[] {
  const events: EngineEvent[] = []
  run(new Follower(createState('t')), seed, steps, (event) => events.push(event))
  return events
}

/** I1–I11, I15–I17: every decision and every state is what the oracle expects. */
export function isAsSpecified(seed: number, steps: readonly Step[]): void {
  run(new Follower(createState('t')), seed, steps)
}

/** I12: telling every command twice changes nothing. */
export function isIdempotent(seed: number, steps: readonly Step[]): void {
  const state = createState('t')
  for (const event of recorded(seed, steps)) {
    apply(state, event)
    if (event.commandId === undefined) continue
    const before = hash(state)
    const again = apply(state, event)
    assert.equal(again.length, 1)
    assert.partialDeepStrictEqual(again[0], { type: 'ignored', reason: 'duplicate' })
    assert.equal(hash(state), before)
  }
}

/** I13: a state restored from its records after `at` events is the same and goes on in the same way. */
export function isRestorable(seed: number, steps: readonly Step[], at: number): void {
  const follower = new Follower(createState('t'))
  let restored: State | undefined
  let events = 0
  const after: { event: EngineEvent; decisions: Decision[] }[] = []
  const followed = follower.apply.bind(follower)
  follower.apply = (event) => {
    const decisions = followed(event)
    if (restored) after.push({ event, decisions: structuredClone(decisions) })
    if (++events === at) {
      restored = restore('t', follower.stored())
      assert.equal(hash(restored), hash(follower.state))
      assert.equal(nextDue(restored), nextDue(follower.state))
    }
    return decisions
  }
  run(follower, seed, steps)
  if (!restored) return
  for (const { event, decisions } of after) assert.deepEqual(apply(restored, event), decisions)
  assert.equal(hash(restored), hash(follower.state))
}

/** I15: after a history, every waiting item that nobody on duty is too full for is offered within the re-offer delay. */
export function isOfferedInTime(seed: number, steps: readonly Step[], longestDelay: number): void {
  const follower = new Follower(createState('t'))
  run(follower, seed, steps)
  const { oracle } = follower
  const open = [...oracle.items.values()].filter((item) => {
    const onDuty = [...oracle.agents.values()].filter(
      (agent) => oracle.isRoutable(agent) && oracle.isEligible(agent, item),
    )
    return (
      item.state === 'waiting' &&
      oracle.groups.has(item.groupId) &&
      onDuty.length > 0 &&
      onDuty.every((agent) => oracle.hasRoom(agent, item))
    )
  })
  const offered = new Set<string>()
  const until = follower.tenant.at + longestDelay
  for (let due = nextDue(follower.state); due !== undefined && due <= until; due = nextDue(follower.state)) {
    for (const decision of follower.apply({ type: 'tick', at: due })) {
      if (decision.type === 'offer' || decision.type === 'assign') offered.add(decision.itemId)
      // Somebody else's time-out or a departure changes who is on duty: the claim is about a standing situation.
      if (['requeue', 'setPresence', 'overflow'].includes(decision.type)) return
    }
  }
  for (const item of open) {
    const couldStill =
      oracle.items.has(item.id) && [...oracle.agents.values()].some((agent) => oracle.couldTake(agent, item))
    if (couldStill) assert(offered.has(item.id), `I15: ${item.id} was not offered within ${longestDelay} ms`)
  }
}
