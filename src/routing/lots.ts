/**
 * Choice by lot, from what the state says, so that it can be replayed. Everybody's lot is drawn anew for each piece of work,
 * which costs a look at each who could take it.
 */
import { heapFind } from './heap.ts'
import type { Agent, Queue, Slot, State } from './state.ts'

/** The agent's lot for the next piece of work: the finalizer of MurmurHash3 over the id's salt and the turn. */
export function lotOf(state: State, { salt }: Agent): number {
  let x = salt ^ state.turn
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b)
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35)
  return (x ^ (x >>> 16)) >>> 0
}

/** The queue's best candidate of those who are not passed over, by its group's strategy. */
export function findCandidate(state: State, queue: Queue, passOver: (slot: Slot) => boolean): Slot | undefined {
  const first = heapFind(queue.candidates, passOver)
  if (queue.group.settings.strategy !== 'random' || !first) return first
  let best = first
  let least = Number.POSITIVE_INFINITY
  for (const slot of queue.candidates.nodes) {
    if (slot.tier !== first.tier || passOver(slot)) continue
    const lot = lotOf(state, slot.agent)
    if (lot > least || (lot === least && slot.agent.seq > best.agent.seq)) continue
    best = slot
    least = lot
  }
  return best
}
