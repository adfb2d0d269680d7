/** The suite of voices over both engines. */
import { openEmbeddedMedia } from '../../src/connectors/sip/embedded-media.ts'
import { openRtpengine } from '../../src/connectors/sip/rtpengine.ts'
import { describeWith, rtpengineAt } from '../support/services.ts'
import { mediaConformance } from './media.ts'

const openOwn = () => openEmbeddedMedia({ host: '127.0.0.1', address: '127.0.0.1', ports: [24_000, 24_199] })

mediaConformance('the embedded engine', async () => openOwn())

describeWith('rtpengine', rtpengineAt, 'voices through rtpengine', (at) => {
  const [host = '', port] = at.split(':')
  mediaConformance('its ng protocol', () => openRtpengine({ host, port: Number(port), own: openOwn() }))
})
