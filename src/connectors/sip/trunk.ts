/** The ways out: how a number is called through the trunk of a channel, and how somebody's own SIP address is called past it. */
import type { Hub } from '../contract.ts'
import type { RingOptions } from './signalling.ts'

export interface TrunkSettings {
  readonly trunkServer?: string
  readonly trunkUser?: string
  readonly trunkPassword?: string
  readonly trunkCallerId?: string
}

/** Where the trunk is. */
export interface TrunkWay {
  /** As it is named, and as it is asked: `sip:` comes before, somebody's name and `@` between. */
  readonly host: string
  readonly hostport: string
  /** The address that was judged: it is the one that is asked. */
  readonly address: string
  readonly proxy: string
  readonly transport: 'udp' | 'tcp'
  readonly auth?: NonNullable<RingOptions['auth']>
}

export interface Trunk {
  /** Rejects where there is no trunk, or one at an address that the hub may not call. */
  way(): Promise<TrunkWay>
  /** How to call a number, and who it sees calling (the channel's own setting unless given). Rejects as `way` does. */
  dial(number: string, callerId?: string): Promise<Pick<RingOptions, 'uri' | 'from' | 'proxy' | 'auth'>>
  /** How to call a `sip:` URI. Rejects for one that names no host, or a host that the hub may not call. */
  reach(uri: string): Promise<Pick<RingOptions, 'uri' | 'proxy'>>
}

export function trunkOf(settings: TrunkSettings, hub: Pick<Hub, 'resolve'>): Trunk {
  const { trunkServer, trunkUser, trunkPassword, trunkCallerId } = settings
  const way = async (): Promise<TrunkWay> => {
    const place = await placeOf(trunkServer ?? '', hub)
    if (place === undefined) throw new Error('The channel has no trunk to call out by.')
    return {
      ...place,
      ...(trunkUser !== undefined &&
        trunkPassword !== undefined && { auth: { username: trunkUser, password: trunkPassword } }),
    }
  }
  return {
    way,
    async dial(number, callerId) {
      const { host, hostport, proxy, auth } = await way()
      const from = callerId ?? trunkCallerId ?? trunkUser ?? 'anonymous'
      return {
        uri: `sip:${number}@${hostport}`,
        from: `<sip:${from}@${host}>`,
        proxy,
        ...(auth !== undefined && { auth }),
      }
    },
    async reach(uri) {
      const place = await placeOf(uri.slice(uri.indexOf('@') + 1), hub)
      if (place === undefined) throw new Error('That is no SIP address that can be called.')
      return { uri, proxy: place.proxy }
    },
  }
}

/** Host, port and transport as they are written, with the address that was judged; undefined for what is none. */
async function placeOf(written: string, hub: Pick<Hub, 'resolve'>): Promise<Omit<TrunkWay, 'auth'> | undefined> {
  const found = /^(\[[0-9A-Fa-f:]+\]|[A-Za-z0-9.-]+)(?::(\d{1,5}))?(;transport=(?:udp|tcp))?$/i.exec(written)
  if (found === null) return undefined
  const [, host = '', port = '5060', transport = ''] = found
  const address = await hub.resolve(host.replace(/^\[|\]$/g, ''))
  const shown = address.includes(':') ? `[${address}]` : address
  return {
    host,
    hostport: `${host}:${port}${transport}`,
    address,
    proxy: `sip:${shown}:${port}${transport}`,
    transport: /tcp$/i.test(transport) ? 'tcp' : 'udp',
  }
}
