/** Which engine carries voices: rtpengine where the operator names one, else our own. */
import { createSocket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import type { CallDesk } from '../contract.ts'
import { openEmbeddedMedia } from './embedded-media.ts'
import type { MediaEngine } from './media.ts'
import { openRtpengine } from './rtpengine.ts'

/** Opens it. Rejects when rtpengine does not answer: the hub tries again, and a trunk goes elsewhere meanwhile. */
export async function openMedia({ host, address, rtpPorts, rtpengine }: CallDesk['place']): Promise<MediaEngine> {
  if (rtpengine === '') return openEmbeddedMedia({ host, address, ports: rtpPorts })
  const colon = rtpengine.lastIndexOf(':')
  const at = { host: rtpengine.slice(0, colon), port: Number(rtpengine.slice(colon + 1)) }
  // Phones are told where rtpengine is; it is told where we are, on the network between the two.
  const towards = host === '0.0.0.0' || host === '::' ? await addressTowards(at) : host
  return openRtpengine({ ...at, own: openEmbeddedMedia({ host, address: towards, ports: rtpPorts }) })
}

/** Our own address on the way there. Rejects when there is no way. */
async function addressTowards({ host, port }: { host: string; port: number }): Promise<string> {
  const { address, family } = await lookup(host)
  const socket = createSocket(family === 6 ? 'udp6' : 'udp4')
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject)
      // Nothing is sent by this.
      socket.connect(port, address, () => resolve())
    })
    return socket.address().address
  } finally {
    socket.close()
  }
}
