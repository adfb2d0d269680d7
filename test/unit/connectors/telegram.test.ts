import fc from 'fast-check'
import { NetworkError, TelegramApiError, type Update } from 'node-telegram-bot-api'
import { describe, expect, it } from 'vitest'
import { verdict } from '../../../src/connectors/telegram/connector.ts'
import { fromUpdate, toCall } from '../../../src/connectors/telegram/translate.ts'
import { checkInbound } from '../../../src/core/conversations/inbound.ts'
import type { Inbound, Outbound, Part } from '../../../src/core/conversations/model.ts'

type InboundMessage = Extract<Inbound, { kind: 'message' }>

const from = { id: 42, is_bot: false, first_name: '小', last_name: '明', username: 'ming', language_code: 'zh-hans' }
const frame = { message_id: 7, date: 1_790_000_000, from, chat: { id: 42, type: 'private' } }
/** As the platform documents it: https://core.telegram.org/bots/api#message */
const heard = (fields: object) =>
  fromUpdate({ update_id: 1, message: { ...frame, ...fields } } as unknown as Update) as InboundMessage | undefined
const partsOf = (fields: object) => heard(fields)?.parts
const outbound = (parts: Part[], replyTo?: string): Outbound => ({
  id: 'msg_1',
  attempt: 1,
  peer: '42',
  conversationId: 'cnv_1',
  messageId: 'msg_1',
  parts,
  ...(replyTo !== undefined && { replyTo }),
  author: {},
})

describe('what comes from Telegram', () => {
  it('is a message of a person, known by chat and number', () => {
    expect(heard({ text: '在吗', reply_to_message: { ...frame, message_id: 5 } })).toEqual({
      kind: 'message',
      key: 'message:42:7',
      externalId: '42:7',
      replyTo: '42:5',
      peer: '42',
      at: '2026-09-21T14:13:20.000Z',
      from: {
        kind: 'telegram',
        scope: '',
        address: '42',
        verified: true,
        name: '小 明',
        claims: { username: 'ming', language: 'zh-hans' },
      },
      parts: [{ type: 'text', text: '在吗' }],
    })
  })

  it('has the address behind a link that shows other words', () => {
    const entities = [
      { type: 'bold', offset: 0, length: 2 },
      { type: 'text_link', offset: 3, length: 4, url: 'https://example.com/a' },
      { type: 'text_link', offset: 8, length: 21, url: 'https://example.com/b' },
    ]
    const said = '👋 here https://example.com/b'
    expect(partsOf({ text: said, entities })).toEqual([
      { type: 'text', text: '👋 here (https://example.com/a) https://example.com/b' },
    ])
  })

  it('is taken by the hub, however much of it there is', () => {
    const long = fc.oneof(fc.string({ minLength: 1 }), fc.constantFrom('长'.repeat(4096), 'x'.repeat(4096)))
    const file = fc.record({ file_id: fc.string(), file_name: long, mime_type: long, file_size: fc.nat() })
    const link = fc.record({
      type: fc.constant('text_link'),
      offset: fc.nat(4096),
      length: fc.nat(4096),
      url: fc.constant(`https://example.com/${'x'.repeat(2000)}`),
    })
    const entities = fc.array(link, { minLength: 1, maxLength: 100, size: 'max' })
    const fields = fc.oneof(
      fc.record({ text: long, entities }),
      fc.record({ document: file, caption: long, caption_entities: entities }),
      fc.record({ voice: file, caption: long }),
      fc.record({
        venue: fc.record({
          location: fc.record({ latitude: fc.double({ min: -90, max: 90, noNaN: true }), longitude: fc.constant(180) }),
          title: long,
          address: long,
        }),
      }),
      fc.record({ contact: fc.record({ first_name: long, last_name: long, phone_number: long, vcard: long }) }),
      fc.record({ chat: fc.record({ id: fc.integer(), type: fc.constant('supergroup'), title: long }), text: long }),
    )
    fc.assert(
      fc.property(fields, (said) => {
        const event = heard(said)
        if (event !== undefined) checkInbound(event)
      }),
      { numRuns: 60 },
    )
  })

  it('is a person with phone and e-mail', () => {
    const vcard = 'BEGIN:VCARD\r\nEMAIL;TYPE=work:han@example.com\r\nEND:VCARD'
    expect(
      partsOf({ contact: { phone_number: '+8613800138000', first_name: '梅梅', last_name: '韩', vcard } }),
    ).toEqual([{ type: 'contact', name: '梅梅 韩', phones: ['+8613800138000'], emails: ['han@example.com'] }])
  })

  it('says of a group that it is one', () => {
    expect(heard({ text: 'hi', chat: { id: -100, type: 'supergroup', title: 'Tea' } })).toMatchObject({
      peer: '-100',
      chat: { kind: 'group', title: 'Tea' },
    })
  })

  it.each([
    {
      what: 'a photo, in its largest size',
      fields: {
        photo: [
          { file_id: 's', file_unique_id: '1', width: 90, height: 60, file_size: 10 },
          { file_id: 'l', file_unique_id: '2', width: 900, height: 600, file_size: 1000 },
        ],
        caption: 'this one',
      },
      part: {
        type: 'image',
        caption: 'this one',
        blob: { locator: { fileId: 'l' }, mediaType: 'image/jpeg', size: 1000, width: 900, height: 600 },
      },
    },
    {
      what: 'a voice',
      fields: { voice: { file_id: 'v', file_unique_id: '1', duration: 3, mime_type: 'audio/ogg' } },
      part: { type: 'audio', blob: { locator: { fileId: 'v' }, mediaType: 'audio/ogg', durationMs: 3000 } },
    },
    {
      what: 'a document with its name',
      fields: { document: { file_id: 'd', file_unique_id: '1', file_name: 'a.pdf', mime_type: 'application/pdf' } },
      part: { type: 'file', blob: { locator: { fileId: 'd' }, mediaType: 'application/pdf', name: 'a.pdf' } },
    },
    {
      what: 'a moving picture, which is a document as well',
      fields: {
        animation: { file_id: 'a', file_unique_id: '1', width: 1, height: 1, duration: 2 },
        document: { file_id: 'a', file_unique_id: '1' },
      },
      part: { type: 'video' },
    },
    {
      what: 'a contact',
      fields: { contact: { phone_number: '+8613800138000', first_name: 'Han', last_name: 'Mei' } },
      part: { type: 'contact', name: 'Han Mei', phones: ['+8613800138000'] },
    },
    {
      what: 'what cannot be shown',
      fields: { poll: { id: '1', question: 'Tea?' } },
      part: { type: 'unsupported', native: 'poll' },
    },
  ])('may be $what', ({ fields, part }) => {
    expect(partsOf(fields)).toMatchObject([part])
  })

  it('is nothing when somebody joins a group, and when a channel speaks', () => {
    expect(heard({ new_chat_members: [from] })).toBeUndefined()
    expect(heard({ text: 'news', from: undefined })).toBeUndefined()
  })

  it('is the label of a button that was pressed, in answer to its message', () => {
    const markup = { inline_keyboard: [[{ text: 'Yes, please', callback_data: 'y' }]] }
    const query = { id: 'q1', from, chat_instance: 'c', data: 'y', message: { ...frame, reply_markup: markup } }
    expect(fromUpdate({ update_id: 1, callback_query: query } as unknown as Update)).toMatchObject({
      key: 'button:q1',
      replyTo: '42:7',
      parts: [{ type: 'text', text: 'Yes, please' }],
    })
  })
})

describe('what goes to Telegram', () => {
  it.each([
    ['a photograph', 'image', { mediaType: 'image/jpeg', size: 9_000_000, width: 4000, height: 3000 }, 'sendPhoto'],
    ['a photograph that is too large', 'image', { mediaType: 'image/jpeg', size: 10_000_001 }, 'sendDocument'],
    ['a picture that is too long', 'image', { mediaType: 'image/png', width: 100, height: 2100 }, 'sendDocument'],
    ['a moving picture', 'image', { mediaType: 'image/gif' }, 'sendAnimation'],
    ['a voice', 'audio', { mediaType: 'audio/ogg' }, 'sendVoice'],
    ['music', 'audio', { mediaType: 'audio/mpeg' }, 'sendAudio'],
    ['a recording that it cannot play', 'audio', { mediaType: 'audio/amr' }, 'sendDocument'],
    ['a film', 'video', { mediaType: 'video/mp4' }, 'sendVideo'],
    ['a picture sent as a file', 'file', { mediaType: 'image/png' }, 'sendDocument'],
    ['a sticker', 'sticker', { mediaType: 'image/webp', size: 30_000 }, 'sendSticker'],
    ['a sticker of another kind', 'sticker', { mediaType: 'image/png' }, 'sendPhoto'],
  ] as const)('%s goes as what Telegram takes', (_, type, blob, method) => {
    expect(toCall(outbound([{ type, blob }])).method).toBe(method)
  })

  it('answers the message that it answers, if that is of the same chat', () => {
    const text = { type: 'text', text: 'yes' } as const
    expect(toCall(outbound([text], '42:7')).params.reply_parameters).toEqual({
      message_id: 7,
      allow_sending_without_reply: true,
    })
    for (const other of ['421:7', '42:x', 'nonsense']) {
      expect(toCall(outbound([text], other)).params.reply_parameters).toBeUndefined()
    }
  })

  it('has choices as buttons, each within what a button carries', () => {
    const options = [
      { id: 'a', label: 'This' },
      { id: '字'.repeat(22), label: 'That' },
    ]
    expect(toCall(outbound([{ type: 'choice', prompt: 'Which?', options }])).params).toMatchObject({
      reply_markup: {
        inline_keyboard: [[{ text: 'This', callback_data: 'a' }], [{ text: 'That', callback_data: '#1' }]],
      },
    })
  })
})

describe('what Telegram answers to a send', () => {
  it.each([
    { error: new TelegramApiError(429, 'Too Many Requests', { retry_after: 7 }), kind: 'rate-limited', afterMs: 7000 },
    { error: new TelegramApiError(400, 'upgraded', { migrate_to_chat_id: -1001 }), kind: 'moved', peer: '-1001' },
    { error: new TelegramApiError(403, 'Forbidden: bot was blocked by the user'), kind: 'recipient-gone' },
    { error: new TelegramApiError(401, 'Unauthorized'), kind: 'auth' },
    { error: new TelegramApiError(400, 'Bad Request: message is too long'), kind: 'rejected' },
    { error: new TelegramApiError(502, 'Bad Gateway'), kind: 'unknown' },
    {
      error: new NetworkError('reset', { cause: Object.assign(new Error(), { code: 'ECONNRESET' }) }),
      kind: 'unknown',
    },
    { error: new NetworkError('none', { cause: Object.assign(new Error(), { code: 'ECONNREFUSED' }) }), kind: 'retry' },
  ])('$error.message means $kind', ({ error, ...wanted }) => {
    expect(verdict(error)).toMatchObject(wanted)
  })
})
