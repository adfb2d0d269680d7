/** Any program: it posts what its customers say, and is posted what agents answer, both signed. */
import { STATUS_CODES } from 'node:http'
import { type Static, Type } from 'typebox'
import {
  type Check,
  type ConnectorKind,
  egressProxy,
  everyPart,
  type HookHub,
  type HookReply,
  type HookRequest,
  type HookResult,
  type Hub,
  secret,
  undelivered,
} from '../contract.ts'
import { CustomConnector, secretsOf } from './connector.ts'
import { refusalOf, secretPattern, toleranceSeconds } from './signature.ts'
import { BodyInvalid, fromBody } from './translate.ts'

const config = Type.Object(
  {
    outboundUrl: Type.Optional(
      Type.String({
        title: 'Address for answers',
        description: 'Agents’ answers are posted here. Without it the channel only listens.',
        words: {
          'zh-CN': { title: '回复推送地址', description: '坐席的回复会推送到这里；不填则只接收消息。' },
          'zh-TW': { title: '回覆推送網址', description: '客服的回覆會推送到這裡；不填則只接收訊息。' },
        },
        format: 'uri',
        pattern: '^https?://',
        maxLength: 2048,
      }),
    ),
    secret: secret({
      title: 'Signing secret',
      description: 'Signs both directions: whsec_ and 24 to 64 random bytes in base64.',
      words: {
        'zh-CN': { title: '签名密钥', description: '双向签名用：whsec_ 加 24 到 64 个随机字节的 base64。' },
        'zh-TW': { title: '簽章金鑰', description: '雙向簽章用：whsec_ 加 24 到 64 個隨機位元組的 base64。' },
      },
      pattern: secretPattern,
    }),
    previousSecret: Type.Optional(
      secret({
        title: 'Previous secret',
        description: 'Still believed, while the other side changes.',
        words: {
          'zh-CN': { title: '上一个密钥', description: '对方更换期间仍然有效。' },
          'zh-TW': { title: '上一個金鑰', description: '對方更換期間仍然有效。' },
        },
        pattern: secretPattern,
      }),
    ),
    proxy: Type.Optional(egressProxy()),
  },
  { additionalProperties: false },
)

type Settings = Static<typeof config>

export const custom: ConnectorKind<typeof config> = {
  kind: 'custom',
  title: 'Custom program',
  titles: { 'zh-CN': '自有程序', 'zh-TW': '自有程式' },
  config,
  capabilities: {
    parts: everyPart,
    carries: 'message',
    text: { maxCharacters: 20_000 },
    initiate: 'always',
    idempotency: 'native',
    receipts: { delivered: true, read: true },
    typing: { in: false, out: false },
    recall: {},
    sendTimeoutMs: 15_000,
  },
  exclusive: false,

  async open(settings, hub) {
    hub.report({ state: 'online' })
    return new CustomConnector(settings, hub)
  },

  async hook(request, settings, hub) {
    if (request.path !== '' && request.path !== '/')
      return refuse(404, 'route-unknown', 'There is nothing at this address.')
    if (request.method !== 'POST')
      return refuse(405, 'method-unsupported', 'Only POST is understood.', { allow: 'POST' })
    const refusal = refusalOf(request.headers, request.body, secretsOf(settings), request.at)
    if (refusal !== undefined) return refuse(401, refusal, refusals[refusal])
    return heard(request, hub)
  },

  probe,
}

const refusals = {
  'signature-missing': 'The headers webhook-id, webhook-timestamp and webhook-signature are needed.',
  'signature-wrong': 'No signature fits the body, the headers and the secret of the channel.',
  'timestamp-old': `webhook-timestamp is more than ${toleranceSeconds / 60} minutes away from the time here.`,
}

function heard(request: HookRequest, hub: HookHub): HookResult {
  try {
    const event = fromBody(request.body, hub.channelId, request.at)
    return { events: [event], reply: json(202, { accepted: event.key }) }
  } catch (error) {
    if (!(error instanceof BodyInvalid)) throw error
    const errors = [{ pointer: error.pointer, detail: error.message }]
    return refuse(
      400,
      'body-invalid',
      `The body is signed, but ${error.pointer || 'it'} ${error.message}.`,
      {},
      { errors },
    )
  }
}

/** Whether the address can be reached at all; nothing is posted to it. */
async function* probe(settings: Settings, hub: Hub): AsyncIterable<Check> {
  const name = 'Address for answers'
  if (settings.outboundUrl === undefined) {
    yield { name, ok: true, detail: 'There is none: the channel only listens.' }
    return
  }
  try {
    const response = await hub.fetch(settings.outboundUrl, { method: 'HEAD', signal: AbortSignal.timeout(5000) })
    await response.body?.cancel()
    yield { name, ok: true, detail: `It answers (${response.status} to HEAD).` }
  } catch (error) {
    const { kind, message } = undelivered(error)
    yield {
      name,
      ok: false,
      detail: message,
      mend:
        kind === 'rejected'
          ? 'Allow its network under egress.allow, or use a public address.'
          : 'Check address, DNS and firewall.',
    }
  }
}

/** RFC 9457. */
function refuse(
  status: number,
  code: string,
  detail: string,
  headers: Record<string, string> = {},
  more: { errors?: readonly { pointer: string; detail: string }[] } = {},
): HookResult {
  const title = STATUS_CODES[status]
  const body = JSON.stringify({ type: `urn:tributary:problem:${code}`, title, status, code, detail, ...more })
  return { events: [], reply: { status, headers: { 'content-type': 'application/problem+json', ...headers }, body } }
}

function json(status: number, body: object): HookReply {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
}
