/** Which engine carries voices: rtpengine where the operator names one, else our own. */
import type { CallDesk } from '../contract.ts'
import { openEmbeddedMedia } from './embedded-media.ts'
import type { MediaEngine } from './media.ts'
import { openRtpengine } from './rtpengine.ts'

/** Opens it. Rejects when rtpengine does not answer: the hub tries again, and a trunk goes elsewhere meanwhile. */
export async function openMedia({ host, address, rtpPorts, rtpengine }: CallDesk['place']): Promise<MediaEngine> {
  const own = openEmbeddedMedia({ host, address, ports: rtpPorts })
  if (rtpengine === '') return own
  const colon = rtpengine.lastIndexOf(':')
  const [name, port] = [rtpengine.slice(0, colon), Number(rtpengine.slice(colon + 1))]
  return openRtpengine({ host: name, port, own })
}
