import { describe, expect, it } from 'vitest'
import { answerTo, toDraft } from '../../../../src/connectors/email/compose.ts'
import { verdictOf } from '../../../../src/connectors/email/smtp.ts'
import { conversationIn } from '../../../../src/connectors/email/thread.ts'

const key = Buffer.alloc(32, 7)
const conversationId = 'cnv_0123456789abcdefghjkmnpqrs'

describe('a mail that goes out', () => {
  const writer = {
    key,
    address: 'support@shop.example',
    name: 'Shop',
    subject: 'A message from Shop',
    plusAddresses: true,
  }
  const outbound = {
    id: 'msg_0123456789abcdefghjkmnpqrs',
    attempt: 1,
    peer: 'li@customers.example',
    conversationId,
    messageId: 'msg_0123456789abcdefghjkmnpqrs',
    parts: [{ type: 'text' as const, text: 'Good morning' }],
    author: {},
  }
  const answered = {
    messageId: 'a2@customers.example',
    references: ['a1@customers.example'],
    subject: 'Re: 回复：Order',
    to: 'Li@Customers.example',
    from: 'sales@shop.example',
  }

  it('answers in its thread, from the address that was written to, the same at every attempt', () => {
    const draft = toDraft(outbound, answered, writer)
    expect(draft).toEqual(toDraft({ ...outbound, attempt: 2 }, answered, writer))
    expect(draft.envelope).toEqual({ from: 'sales@shop.example', to: ['Li@Customers.example'] })
    expect(draft.fields).toMatchObject({
      subject: 'Re: Order',
      inReplyTo: '<a2@customers.example>',
      references: ['<a1@customers.example>', '<a2@customers.example>'],
      messageId: `<${draft.messageId}>`,
      headers: {},
    })
    expect(conversationIn(key, [draft.messageId])).toBe(conversationId)
    expect(conversationIn(key, [draft.fields.replyTo ?? ''])).toBe(conversationId)
  })

  it('begins a thread with a subject of its own or that of the channel', () => {
    expect(toDraft(outbound, undefined, writer).fields).toMatchObject({
      subject: 'A message from Shop',
      to: outbound.peer,
    })
    const parts = [{ type: 'text' as const, text: 'x', subject: 'Your\r\nBcc: evil@x.example' }]
    expect(toDraft({ ...outbound, parts }, answered, writer).fields.subject).toBe('Your Bcc: evil@x.example')
  })

  it('says so when no person wrote it', () => {
    expect(toDraft({ ...outbound, automatic: true }, answered, writer).fields.headers).toEqual({
      'Auto-Submitted': 'auto-replied',
      'X-Auto-Response-Suppress': 'All',
    })
  })

  it.each([
    ['AW: Re: RE[2]: 答复：Order', 'Re: Order'],
    ['回覆: 訂單', 'Re: 訂單'],
    ['Regarding: shoes', 'Re: Regarding: shoes'],
    ['', 'Re: Shop'],
  ])('the answer to «%s» is «%s»', (subject, answer) => {
    expect(answerTo(subject, 'Shop')).toBe(answer)
  })
})

describe('what a server answers to a mail', () => {
  it.each([
    ['connection', undefined, undefined, 'retry'],
    ['connection', 421, '421 4.3.2 Closing', 'retry'],
    ['login', 535, '535 5.7.8 Wrong', 'auth'],
    ['login', 454, '454 4.7.0 Later', 'retry'],
    ['login', undefined, undefined, 'retry'],
    ['envelope', undefined, undefined, 'retry'],
    ['envelope', 451, '451 4.3.0 Later', 'retry'],
    ['envelope', 550, '550 5.1.1 No such user', 'recipient-gone'],
    ['envelope', 550, '550 5.7.1 Not with these words', 'rejected'],
    ['envelope', 530, '530 5.7.0 Log in first', 'auth'],
    ['content', 552, '552 5.3.4 Too large', 'rejected'],
    ['content', 451, '451 4.3.0 Later', 'retry'],
    ['content', undefined, undefined, 'unknown'],
  ] as const)('at the stage of %s, %s means what it means', (stage, code, response, kind) => {
    expect(verdictOf(stage, code, response).kind).toBe(kind)
  })
})
