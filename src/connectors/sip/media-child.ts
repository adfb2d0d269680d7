/** The process in which voices pass: what else the hub does never makes them wait. Told by IPC; ends with the hub, its recordings whole. */
import type { Remote } from './party.ts'
import { type Part, Relay, type Talk } from './relay.ts'
import { Room } from './room.ts'
import type { Side } from './wav.ts'

export type MediaOrder =
  | { readonly do: 'open'; readonly host: string; readonly ports: readonly [number, number] }
  | { readonly do: 'connect'; readonly side: Side; readonly remote: Remote }
  | { readonly do: 'wait' | 'hold' | 'play'; readonly files: readonly string[] }
  | ({ readonly do: 'talk' } & Talk)
  | { readonly do: 'record'; readonly path: string }
  | { readonly do: 'pause'; readonly isPaused: boolean }
  | { readonly do: 'meet'; readonly room: string; readonly path: string | null }
  | { readonly do: 'mute'; readonly side: Side; readonly isMuted: boolean }
  | { readonly do: 'press'; readonly digits: string }
  | { readonly do: 'hear-as'; readonly remote: Remote }
  | { readonly do: 'stop' | 'attend' | 'resume' | 'part' | 'listen' | 'unlisten' | 'close' }

export interface MediaAsk {
  readonly id: number
  readonly call: string
  readonly order: MediaOrder
}

export type MediaResult = Readonly<Record<Side, number>> | Part | number | boolean | null

/** An answer, or a key that somebody pressed. */
export type MediaWord =
  | { readonly id: number; readonly result: MediaResult }
  | { readonly id: number; readonly failed: string }
  | { readonly call: string; readonly side: Side; readonly key: string }

const relays = new Map<string, Relay>()
const rooms = new Map<string, Room>()
const now = () => performance.now()
const say = (word: MediaWord) => process.send?.(word)

async function open(call: string, host: string, ports: readonly [number, number]): Promise<MediaResult> {
  const relay = await Relay.open(host, ports, now)
  relay.onKey = (side, key) => say({ call, side, key })
  relays.set(call, relay)
  return relay.ports
}

async function obey(call: string, order: MediaOrder): Promise<MediaResult> {
  if (order.do === 'open') return open(call, order.host, order.ports)
  const relay = relays.get(call)
  if (relay === undefined) throw new Error('There is no such call.')
  switch (order.do) {
    case 'connect':
      relay.connect(order.side, order.remote)
      return null
    case 'wait':
    case 'hold':
      relay[order.do](order.files)
      return null
    case 'play':
      return relay.play(order.files)
    case 'talk':
      relay.talk(order)
      return null
    case 'record':
      relay.record(order.path)
      return null
    case 'meet': {
      const room = rooms.get(order.room) ?? new Room()
      rooms.set(order.room, room)
      relay.meet(room, order.path)
      return null
    }
    case 'mute':
      relay.mute(order.side, order.isMuted)
      return null
    case 'press':
      return relay.press(order.digits)
    case 'pause':
      relay.pause(order.isPaused)
      return null
    case 'part':
      return relay.part()
    case 'listen':
      return relay.listen()
    case 'hear-as':
      relay.hearAs(order.remote)
      return null
    case 'close':
      relays.delete(call)
      relay.close()
      return null
    default:
      relay[order.do]()
      return null
  }
}

process.on('message', ({ id, call, order }: MediaAsk) => {
  obey(call, order).then(
    (result) => say({ id, result }),
    (error: unknown) => say({ id, failed: String(error) }),
  )
})

// Each tick at its time, also when the one before came late.
let due = now()
function beat(): void {
  for (const relay of relays.values()) relay.tick()
  for (const [name, room] of rooms) {
    if (room.isEmpty) rooms.delete(name)
    else room.tick()
  }
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
