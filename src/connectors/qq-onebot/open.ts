/** An account at work, by each of the three ways. */
import type { Hub, PlatformSocket } from '../contract.ts'
import { OnebotConnector } from './connector.ts'
import { HttpGateway, SocketGateway } from './gateway.ts'
import { connectionOf, type OnebotSettings } from './settings.ts'

/** Over a socket, whoever has opened it. Lost when it closes. */
export async function openSocket(socket: PlatformSocket, settings: OnebotSettings, hub: Hub): Promise<OnebotConnector> {
  const gateway = new SocketGateway(socket)
  const connector = new OnebotConnector(settings, hub, gateway)
  const nonsense = () => hub.log.warn({}, 'the gateway sent a frame that is no JSON object')
  void gateway
    .read((event) => connector.hear(event), nonsense)
    .then(() => {
      hub.lost(new Error('The gateway has closed the connection.'))
    })
  return started(connector)
}

/** The hub dials, or calls. */
export async function open(settings: OnebotSettings, hub: Hub): Promise<OnebotConnector> {
  const { address, accessToken } = settings
  if (address === undefined) throw new Error('The address of the gateway is missing.')
  if (connectionOf(settings) === 'http') {
    return started(new OnebotConnector(settings, hub, new HttpGateway(asHttp(address), accessToken, hub.fetch)))
  }
  const socket = await hub.dial(asWs(address), { authorization: `Bearer ${accessToken}` })
  return openSocket(socket, settings, hub)
}

async function started(connector: OnebotConnector): Promise<OnebotConnector> {
  try {
    await connector.start()
    return connector
  } catch (error) {
    await connector.close()
    throw error
  }
}

/** One address does for both ways: many gateways serve them on one port. */
export function asHttp(address: string): string {
  return address.replace(/^ws/i, 'http')
}

export function asWs(address: string): string {
  return address.replace(/^http/i, 'ws')
}
