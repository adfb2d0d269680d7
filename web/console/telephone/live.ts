/** Calls that go on and are mine: told by the stream, read anew when the line comes back. */
import { signal } from '@preact/signals'
import { type Call, listCalls } from '../../api-calls.ts'
import { api } from '../calls.ts'
import { onFrames } from '../connection.ts'
import { hub, may } from '../store.ts'

export const myCalls = signal<readonly Call[]>([])

/** Whether the member talks in it, or their phone rings for it. */
export function isOf(call: Call, memberId: string): boolean {
  return call.legs.some((leg) => leg.memberId === memberId && leg.state !== 'ended')
}

/** Takes in how a call stands now. */
export function withCall(calls: readonly Call[], call: Call, memberId: string): readonly Call[] {
  const others = calls.filter(({ id }) => id !== call.id)
  return call.state !== 'ended' && isOf(call, memberId) ? [...others, call] : others
}

async function load(): Promise<void> {
  const { data } = await listCalls(api, { live: true }, undefined, 100)
  myCalls.value = data.filter((call) => isOf(call, hub.peek().me))
}

/** Begins to follow them, for whoever may see calls. */
export function followCalls(): () => void {
  if (!may('conversation:read')) return () => {}
  void load().catch(() => {})
  return onFrames(({ type, data, recovered }) => {
    const call = (data as { call?: Call } | undefined)?.call
    if (call !== undefined && type.startsWith('call.')) {
      myCalls.value = withCall(myCalls.peek(), call, hub.peek().me)
    } else if (type === 'stream.ready' && recovered !== true) void load().catch(() => {})
  })
}
