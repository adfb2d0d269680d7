/** How a call ends, and what its legs make of its state before. Pure. */
import {
  type CallCommand,
  type CallEnd,
  type CallRecord,
  closeConsult,
  type Step,
  talkingLeg,
  withLeg,
} from './record.ts'

export function to(record: CallRecord, ...commands: CallCommand[]): Step {
  return { record, commands, ignored: false }
}

export function nothing(record: CallRecord): Step {
  return { record, commands: [], ignored: true }
}

/** Ends it: every leg is let go, then the commands are carried out. */
export function finish(
  record: CallRecord,
  at: number,
  end: CallEnd,
  endedBy: NonNullable<CallRecord['endedBy']>,
  commands: readonly CallCommand[],
  detail: string | null = null,
): Step {
  const { record: left, commands: letGo } = letAllGo(record, at)
  return to({ ...left, state: 'ended', endedAt: at, end, endedBy, detail }, ...letGo, ...commands)
}

/** Nobody talks or rings any more; the state is still as it was. */
export function letAllGo(record: CallRecord, at: number): { record: CallRecord; commands: CallCommand[] } {
  const open = record.legs.filter(({ state }) => state !== 'ended')
  const { question: _, handed: __, ...asked } = closeConsult(unheld(record, at), 'ended', at)
  let next: CallRecord = asked
  for (const leg of open) {
    const outcome = leg.state === 'ringing' ? 'withdrawn' : 'hung-up'
    next = withLeg(next, leg.id, { state: 'ended', endedAt: at, outcome })
  }
  const commands = open.map(
    ({ id, state }): CallCommand =>
      state === 'ringing' ? { do: 'stop-ringing', leg: id } : { do: 'release', leg: id },
  )
  return { record: next, commands }
}

/** The state that its legs make of a call that is not over. */
export function settled(record: CallRecord): CallRecord {
  if (talkingLeg(record) !== undefined) return record
  const rings = record.legs.some(({ state }) => state === 'ringing')
  if (record.state === 'forwarding') return record
  return { ...record, state: rings ? 'offered' : 'queued' }
}

export function unheld(record: CallRecord, at: number): CallRecord {
  if (record.heldSince === null) return record
  return { ...record, heldSince: null, heldMs: record.heldMs + Math.max(0, at - record.heldSince) }
}
