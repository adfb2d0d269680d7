/** The suite of voices over the engine of our own. */
import { openEmbeddedMedia } from '../../src/connectors/sip/media.ts'
import { mediaConformance } from './media.ts'

mediaConformance('the embedded engine', () => openEmbeddedMedia({ host: '127.0.0.1', ports: [24_000, 24_199] }))
