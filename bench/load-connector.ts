/**
 * A connector that is its own far end: on request it hands over messages at a rate, whether or not the hub keeps up, as
 * a platform with many customers does. Loaded by `connectors.extra`; the benchmark asks over HTTP on loopback.
 */
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Static, Type } from 'typebox'
import type { ConnectorKind, Hub } from '../src/connectors/contract.ts'

const config = Type.Object(
  {
    /** Where the benchmark listens for the address at which the connector listens. */
    announceTo: Type.String(),
    customers: Type.Integer({ minimum: 1 }),
    characters: Type.Integer({ minimum: 32 }),
  },
  { additionalProperties: false },
)

type Settings = Static<typeof config>

/** What was handed over: the moment each was due (by its place) and how long until it was durable, in ms. */
export interface Handed {
  readonly dueAt: readonly number[]
  readonly acknowledgedAfterMs: readonly number[]
}

/** A clock that two processes of one machine share, in ms. */
export function sharedNow(): number {
  return performance.timeOrigin + performance.now()
}

export const connector: ConnectorKind<typeof config> = {
  kind: 'bench-load',
  title: 'Load',
  config,
  capabilities: {
    parts: { text: {} },
    carries: 'message',
    text: {},
    initiate: 'always',
    idempotency: 'native',
    receipts: { delivered: false, read: false },
    typing: { in: false, out: false },
  },
  exclusive: true,

  async open(settings, hub) {
    const server = createServer((request, response) => {
      const asked = new URL(request.url ?? '', 'http://localhost').searchParams
      void speak(
        settings,
        hub,
        Number(asked.get('perSecond')),
        Number(asked.get('count')),
        asked.get('run') ?? '',
      ).then(
        (handed) => response.end(JSON.stringify(handed)),
        (error: Error) => response.writeHead(500).end(error.message),
      )
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    await fetch(`${settings.announceTo}?port=${port}`)
    return {
      send: async (message) => ({ externalId: message.id }),
      close: async () => {
        server.close()
        server.closeAllConnections()
      },
    }
  },
}

async function speak(settings: Settings, hub: Hub, perSecond: number, count: number, run: string): Promise<Handed> {
  const dueAt: number[] = []
  const acknowledgedAfterMs: number[] = []
  const under: Promise<void>[] = []
  const begun = sharedNow()
  for (let index = 0; index < count; index += 1) {
    const due = begun + (index * 1000) / perSecond
    while (sharedNow() < due) await new Promise((resolve) => setTimeout(resolve, 1))
    dueAt.push(due)
    under.push(
      hub.receive([message(settings, hub, index, `${run}.${index} `)]).then(() => {
        acknowledgedAfterMs.push(sharedNow() - due)
      }),
    )
  }
  await Promise.all(under)
  return { dueAt, acknowledgedAfterMs }
}

function message({ customers, characters }: Settings, hub: Hub, index: number, name: string) {
  const key = randomUUID()
  const customer = `p${index % customers}`
  return {
    kind: 'message' as const,
    key,
    peer: customer,
    at: new Date().toISOString(),
    externalId: key,
    from: { kind: 'bench-load', scope: hub.channelId, address: customer, name: customer },
    parts: [{ type: 'text' as const, text: name.padEnd(characters, 'x') }],
  }
}
