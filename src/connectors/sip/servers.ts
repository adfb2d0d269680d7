/** Which SIP stack a channel has: a drachtio-server's, where the operator has one for its port, else our own. */
import type { CallDesk } from '../contract.ts'
import { openStandIn } from './stand-in.ts'

export interface SipServer {
  /** Where its application connects, and by which secret. */
  readonly app: { readonly host: string; readonly port: number; readonly secret: string }
  close(): Promise<void>
}

/**
 * Opens our own stack on that port, or names the drachtio-server that has it. `hears` says who is heard at all; a drachtio-server passes on
 * everybody, so the connector asks as well. Rejects when the port is taken.
 */
export async function openSipServer(
  { place, key }: Pick<CallDesk, 'place' | 'key'>,
  port: number,
  hears: (source: string) => boolean,
): Promise<SipServer> {
  const { host, address, drachtio } = place
  if (drachtio !== undefined && drachtio.sipPort === port) return { app: drachtio, async close() {} }
  const secret = key.toString('hex')
  const own = await openStandIn({ host, port, address, secret, hears })
  return { app: { host: '127.0.0.1', port: own.appPort, secret }, close: () => own.close() }
}
