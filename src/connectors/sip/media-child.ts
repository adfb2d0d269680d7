/** The process in which voices pass: what else the hub does never makes them wait. Told by IPC; ends with the hub, its recordings whole. */
import { Relay, type Remote } from './relay.ts'
import type { Side } from './wav.ts'

export type MediaOrder =
  | { readonly do: 'open'; readonly host: string; readonly ports: readonly [number, number] }
  | { readonly do: 'connect'; readonly side: Side; readonly remote: Remote }
  | { readonly do: 'wait' | 'hold' | 'resume' | 'part' | 'close' }
  | { readonly do: 'talk'; readonly path: string }

export interface MediaAsk {
  readonly id: number
  readonly call: string
  readonly order: MediaOrder
}

export type MediaAnswer = { readonly id: number } & (
  | { readonly result: Readonly<Record<Side, number>> | number | null }
  | { readonly failed: string }
)

const relays = new Map<string, Relay>()
const now = () => performance.now()

async function obey(call: string, order: MediaOrder): Promise<Readonly<Record<Side, number>> | number | null> {
  if (order.do === 'open') {
    const relay = await Relay.open(order.host, order.ports, now)
    relays.set(call, relay)
    return relay.ports
  }
  const relay = relays.get(call)
  if (relay === undefined) throw new Error('There is no such call.')
  if (order.do === 'connect') relay.connect(order.side, order.remote)
  else if (order.do === 'talk') relay.talk(order.path)
  else if (order.do === 'part') return relay.part()
  else if (order.do === 'close') {
    relays.delete(call)
    return relay.close()
  } else relay[order.do]()
  return null
}

process.on('message', ({ id, call, order }: MediaAsk) => {
  obey(call, order).then(
    (result) => process.send?.({ id, result } satisfies MediaAnswer),
    (error: unknown) => process.send?.({ id, failed: String(error) } satisfies MediaAnswer),
  )
})

// Each tick at its time, also when the one before came late.
let due = now()
function beat(): void {
  for (const relay of relays.values()) relay.tick()
  due = Math.max(due + 20, now() - 200)
  setTimeout(beat, Math.max(0, due - now()))
}
beat()
setInterval(() => {
  for (const relay of relays.values()) relay.flush()
}, 1000)

process.on('disconnect', () => {
  for (const relay of relays.values()) relay.close()
  process.exit(0)
})
