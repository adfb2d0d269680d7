/** Example: TODO say what the platform is, with the address of its documentation. */
import { type Static, Type } from 'typebox'
import {
  type Check,
  type ConnectorKind,
  egressProxy,
  type Hub,
  secret,
  undelivered,
} from '../../../src/connectors/contract.ts'
import { ExampleConnector } from './connector.ts'
import { hear } from './hook.ts'

const config = Type.Object(
  {
    apiRoot: Type.String({
      title: 'Address of the API',
      description: 'TODO where somebody finds it.',
      words: { 'zh-CN': { title: '接口地址' }, 'zh-TW': { title: '介面網址' } },
      format: 'uri',
      pattern: '^https?://[^?#]*[^/?#]$',
      maxLength: 2048,
    }),
    accessToken: secret({
      title: 'Access token',
      words: { 'zh-CN': { title: '访问令牌' }, 'zh-TW': { title: '存取權杖' } },
      minLength: 16,
    }),
    signingSecret: secret({
      title: 'Signing secret',
      words: { 'zh-CN': { title: '签名密钥' }, 'zh-TW': { title: '簽章金鑰' } },
      minLength: 16,
    }),
    proxy: Type.Optional(egressProxy()),
  },
  { additionalProperties: false },
)

export const connector: ConnectorKind<typeof config> = {
  kind: 'example',
  title: 'Example',
  config,
  capabilities: {
    // TODO what one native message carries out; everything else is put into words.
    parts: { text: {} },
    carries: 'part',
    text: { maxCharacters: 2000 },
    initiate: 'always',
    // TODO native, if the platform knows our id again; lookup, if it can be asked (then write `reconcile`).
    idempotency: 'none',
    receipts: { delivered: false, read: false },
    typing: { in: false, out: false },
  },
  // TODO true, if two nodes must never serve one account at once: a long poll, a lasting connection.
  exclusive: false,

  async open(settings, hub) {
    hub.report({ state: 'online' })
    return new ExampleConnector(settings, hub)
  },

  async hook(request, settings) {
    return hear(request, settings)
  },

  probe,
}

/** TODO ask for something that changes nothing, and say of each failure what to do about it. */
async function* probe({ apiRoot, accessToken }: Static<typeof config>, hub: Hub): AsyncIterable<Check> {
  yield { name: 'Address', ok: true, detail: `The platform calls ${hub.hookUrl}.` }
  const name = 'Access token'
  try {
    const headers = { authorization: `Bearer ${accessToken}` }
    const response = await hub.fetch(`${apiRoot}/me`, { headers, signal: AbortSignal.timeout(5000) })
    await response.body?.cancel()
    yield response.ok
      ? { name, ok: true, detail: 'It is taken.' }
      : { name, ok: false, detail: `The platform answered ${response.status}.`, mend: 'Copy the token once more.' }
  } catch (error) {
    yield { name, ok: false, detail: undelivered(error).message, mend: 'Check address, DNS and firewall.' }
  }
}
