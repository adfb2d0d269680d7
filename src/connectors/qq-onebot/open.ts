/** An account at work, by each of the three ways. */
import type { Hub, PlatformSocket } from '../contract.ts'
import { OnebotConnector } from './connector.ts'
import { HttpGateway, SocketGateway } from './gateway.ts'
import { connectionOf, type OnebotSettings } from './settings.ts'

/** Over a socket, whoever has opened it. Lost when it closes. */
export async function openSocket(socket: PlatformSocket, settings: OnebotSettings, hub: Hub): Promise<OnebotConnector> {
  return overSocket(new SocketGateway(socket), settings, hub)
}

async function overSocket(gateway: SocketGateway, settings: OnebotSettings, hub: Hub): Promise<OnebotConnector> {
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
  const gateway = await reach(settings, hub)
  if (gateway instanceof SocketGateway) return overSocket(gateway, settings, hub)
  return started(new OnebotConnector(settings, hub, gateway))
}

/** The gateway that the hub dials, or calls: one that is dialled is not read yet. Rejects when it cannot be reached. */
export async function reach(settings: OnebotSettings, hub: Hub): Promise<SocketGateway | HttpGateway> {
  const { address, accessToken } = settings
  if (address === undefined) throw new Error('The address of the gateway is missing.')
  if (connectionOf(settings) === 'http') return new HttpGateway(asHttp(address), accessToken, hub.fetch)
  return new SocketGateway(await hub.dial(asWs(address), { authorization: `Bearer ${accessToken}` }))
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
function asHttp(address: string): string {
  return address.replace(/^ws/i, 'http')
}

function asWs(address: string): string {
  return address.replace(/^http/i, 'ws')
}
