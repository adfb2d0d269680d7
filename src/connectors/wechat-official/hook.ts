/** WeChat's calls: verified, unsealed, read. https://developers.weixin.qq.com/doc/service/guide/dev/push/ */
import { type HookRequest, type HookResult, refuse } from '../contract.ts'
import { answer, type Fields, notXml, objection, outerFields, sealedFields, stampOf } from '../wechat/calls.ts'
import { isSigned } from '../wechat/envelope.ts'
import type { WechatSettings } from './connector.ts'
import { fromFields, opensOnItself, passiveMs } from './translate.ts'

export interface HookSettings extends WechatSettings {
  readonly replies?: 'customer-service' | 'passive'
  readonly opensOn?: readonly string[]
}

export function hear(request: HookRequest, settings: HookSettings): HookResult {
  const { query, method } = request
  const { token, encodingAesKey, appId: receiver } = settings
  const { timestamp, nonce } = stampOf(request)
  if (!isSigned(query.get('signature'), token, timestamp, nonce)) {
    return refuse(403, 'The signature does not fit the token of the channel.')
  }
  const refused = objection(request)
  if (refused !== undefined) return refused
  if (method === 'GET') return answer(query.get('echostr') ?? '')
  const said =
    encodingAesKey === undefined ? outerFields(request) : sealedFields(request, { token, encodingAesKey, receiver })
  if (said === undefined) return notXml
  return 'reply' in said ? said : heard(said, request, settings)
}

function heard(fields: Fields, { at }: HookRequest, settings: HookSettings): HookResult {
  const { appId, replies, opensOn = opensOnItself } = settings
  const passive = replies === 'passive'
  const event = fromFields(fields, { appId, opensOn, passive, at })
  const done = answer('success')
  if (event === undefined) return done
  return { ...done, events: [event], ...(passive && { open: { name: event.key, forMs: passiveMs } }) }
}
