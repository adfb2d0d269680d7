/** The way out: how a number is called through the trunk of a channel. */
import type { Hub } from '../contract.ts'
import type { RingOptions } from './signalling.ts'

export interface TrunkSettings {
  readonly trunkServer?: string
  readonly trunkUser?: string
  readonly trunkPassword?: string
  readonly trunkCallerId?: string
}

export interface Trunk {
  /** How to call a number, and who it sees calling (the channel's own setting unless given). Rejects where there is no trunk, or at an address that the hub may not call. */
  dial(number: string, callerId?: string): Promise<Pick<RingOptions, 'uri' | 'from' | 'proxy' | 'auth'>>
}

export function trunkOf(settings: TrunkSettings, hub: Pick<Hub, 'resolve'>): Trunk {
  const { trunkServer, trunkUser, trunkPassword, trunkCallerId } = settings
  return {
    async dial(number, callerId) {
      const found = /^(\[[0-9A-Fa-f:]+\]|[A-Za-z0-9.-]+)(?::(\d{1,5}))?(;transport=(?:udp|tcp))?$/i.exec(
        trunkServer ?? '',
      )
      if (found === null) throw new Error('The channel has no trunk to call out by.')
      const [, host = '', port = '5060', transport = ''] = found
      // The address that was judged is the one that is called.
      const address = await hub.resolve(host.replace(/^\[|\]$/g, ''))
      const shown = address.includes(':') ? `[${address}]` : address
      const from = callerId ?? trunkCallerId ?? trunkUser ?? 'anonymous'
      return {
        uri: `sip:${number}@${host}:${port}${transport}`,
        from: `<sip:${from}@${host}>`,
        proxy: `sip:${shown}:${port}${transport}`,
        ...(trunkUser !== undefined &&
          trunkPassword !== undefined && { auth: { username: trunkUser, password: trunkPassword } }),
      }
    },
  }
}
