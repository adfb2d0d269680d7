/** A visitor's browser: it speaks through the API's door and reads from the store, so its far end is the hub itself. */
import type { ConnectorKind } from '../../src/connectors/contract.ts'
import { webchat } from '../../src/connectors/webchat/index.ts'
import { fromVisitor } from '../../src/connectors/webchat/translate.ts'
import type { ConnectorUnderTest, FarEnd, Place, Said } from './far-end.ts'

const identitySecret = 'the-business-signs-its-visitors-with-this'

export const farEnd: ConnectorUnderTest = {
  kind: webchat as unknown as ConnectorKind,
  manners: [],
  drops: false,
  signs: false,
  carriesIn: Object.keys(webchat.capabilities.parts) as ConnectorUnderTest['carriesIn'],
  async open() {
    return new Visitor()
  },
}

class Visitor implements FarEnd {
  readonly settings = { origins: ['https://shop.example'], look: { title: '您好' }, identitySecrets: [identitySecret] }
  readonly secrets = [identitySecret]
  #place: Place | undefined

  serve(place: Place): void {
    this.#place = place
  }

  async say({ id, peer, parts }: Said): Promise<void> {
    const said = { visitorId: peer, subject: null, clientId: id, parts, atMs: Date.now() }
    await this.#place?.receive([fromVisitor({ channelId: this.#place.channelId, ...said })])
  }

  async taken() {
    return (await this.#place?.accepted()) ?? []
  }

  next(): void {
    throw new Error('a visitor takes everything')
  }

  async close(): Promise<void> {}
}
