/** Alipay's calls: a form in GBK whose one field is XML, signed with Alipay's key, answered with XML signed with ours. https://opendocs.alipay.com/common/02khjm */
import {
  type HookReply,
  type HookRequest,
  type HookResult,
  misplaced,
  oversized,
  refuse,
  textsInXml,
} from '../contract.ts'
import type { AlipaySettings } from './connector.ts'
import { alipayKey, canonicalBytes, formIn, isSigned, ownKey, publicHalfOf, signed } from './signing.ts'
import { type Fields, fromFields, userIn } from './translate.ts'

/** A message has its name, by which it is known for ever; what is older than this is played again. */
const toleranceMs = 24 * 3_600_000
const charsets: Readonly<Record<string, string>> = { gbk: 'gbk', gb2312: 'gbk', 'utf-8': 'utf-8' }

export function hear(request: HookRequest, settings: AlipaySettings): HookResult {
  const { method, body, at } = request
  const elsewhere = misplaced(request)
  if (elsewhere !== undefined) return elsewhere
  if (method !== 'POST') return refuse(405, 'Only POST is understood.')
  const tooLong = oversized(request)
  if (tooLong !== undefined) return tooLong
  const form = formIn(body)
  const signature = form?.get('sign')?.toString('latin1') ?? ''
  if (form === undefined || signature === '') return refuse(403, 'The call is not signed.')
  if (!isSigned(canonicalBytes(form), signature, alipayKey(settings))) {
    return refuse(403, 'The signature does not fit the public key of Alipay.')
  }
  const fields = contentOf(form)
  if (fields === undefined) return refuse(400, 'The content is not XML as Alipay writes it.')
  if (fields.get('AppId') !== settings.appId) return refuse(403, 'The call is for another account.')
  if (form.get('service')?.toString() === 'alipay.service.check') {
    const key = publicHalfOf(ownKey(settings))
    return { events: [], reply: reply(`<success>true</success><biz_content>${key}</biz_content>`, settings) }
  }
  const saidAt = Number(fields.get('CreateTime'))
  if (!(Math.abs(at - saidAt) <= toleranceMs)) return refuse(403, 'The time is too far from the time here.')
  const event = fromFields(fields, settings.appId)
  const { appId } = settings
  const ack = `<XML><ToUserId><![CDATA[${userIn(fields).replace(/\D/g, '')}]]></ToUserId><AppId><![CDATA[${appId}]]></AppId><CreateTime>${at}</CreateTime><MsgType><![CDATA[ack]]></MsgType></XML>`
  return { events: event === undefined ? [] : [event], reply: reply(ack, settings) }
}

function contentOf(form: ReadonlyMap<string, Buffer>): Fields | undefined {
  const charset = charsets[(form.get('charset')?.toString('latin1') ?? 'gbk').toLowerCase()]
  const content = form.get('biz_content')
  if (charset === undefined || content === undefined) return undefined
  try {
    return textsInXml(new TextDecoder(charset, { fatal: true }).decode(content))
  } catch {
    return undefined
  }
}

/** All of it is ASCII, and so the same in GBK. */
function reply(response: string, settings: AlipaySettings): HookReply {
  const sign = signed(response, ownKey(settings))
  const body = `<?xml version="1.0" encoding="GBK"?><alipay><response>${response}</response><sign>${sign}</sign><sign_type>RSA2</sign_type></alipay>`
  return { status: 200, headers: { 'content-type': 'text/xml; charset=GBK' }, body }
}
