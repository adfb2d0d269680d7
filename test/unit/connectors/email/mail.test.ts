/** Mails as bytes, and what the hub takes in of them: everything but the way over the network. */
import { describe, expect, it } from 'vitest'
import { isAutomatic } from '../../../../src/connectors/email/automatic.ts'
import { bounceIn } from '../../../../src/connectors/email/bounce.ts'
import { sanitized } from '../../../../src/connectors/email/html.ts'
import { readHead, readWords } from '../../../../src/connectors/email/read.ts'
import { type MimeNode, planOf, refusalOf } from '../../../../src/connectors/email/structure.ts'
import {
  conversationIn,
  idsIn,
  isOurs,
  messageIdOf,
  plusAddress,
  tokenOf,
} from '../../../../src/connectors/email/thread.ts'
import { fromMail, type Mail } from '../../../../src/connectors/email/translate.ts'

const key = Buffer.alloc(32, 7)
const own = { key, addresses: ['support@shop.example', 'sales@shop.example'] }
const conversationId = `cnv_${'0123456789abcdefghjkmnpqrs'}`
const received = new Date('2026-01-02T03:04:05Z')

interface Given {
  readonly head: string
  readonly plain?: string
  readonly html?: string
  readonly files?: readonly MimeNode[]
  readonly isHistory?: boolean
}

async function mailOf({ head, plain, html, files = [], isHistory = false }: Given): Promise<Mail> {
  const words = async (type: string, text: string | undefined) => {
    const node = { type, parameters: { charset: 'utf-8' }, part: '1' }
    return text === undefined ? undefined : { ...(await readWords(node, Buffer.from(text))), node, isCut: false }
  }
  const [one, other] = [await words('text/plain', plain), await words('text/html', html)]
  return {
    head: await readHead(Buffer.from(head.replaceAll('\n', '\r\n'))),
    position: { uidValidity: '7', uid: 9 },
    receivedAt: received,
    blocks: [{ ...(one && { plain: one }), ...(other && { html: other }) }],
    files,
    isHistory,
  }
}

async function heard(given: Given) {
  const found = fromMail(await mailOf(given), own)
  if (found === 'ours' || 'refusal' in found) throw new Error(JSON.stringify(found))
  return found
}

const from =
  'From: Li Lei <Li@Customers.example>\nTo: Support <support@shop.example>\nMessage-ID: <a1@customers.example>'

describe('a mail that comes in', () => {
  it('is a message of its sender, with its subject', async () => {
    const { events, peer, answerable } = await heard({
      head: `${from}\nSubject: =?gb2312?B?tqmltcPF?=`,
      plain: 'Where is it?',
    })
    expect(events).toEqual([
      {
        kind: 'message',
        key: expect.stringMatching(/^mail:[\w-]{43}$/),
        peer: 'li@customers.example',
        at: '2026-01-02T03:04:05.000Z',
        externalId: 'a1@customers.example',
        from: { kind: 'email', scope: '', address: 'li@customers.example', verified: false, name: 'Li Lei' },
        parts: [{ type: 'text', text: 'Where is it?', subject: expect.any(String) }],
      },
    ])
    expect(peer).toBe('li@customers.example')
    expect(answerable).toMatchObject({
      messageId: 'a1@customers.example',
      to: 'Li@Customers.example',
      from: 'support@shop.example',
    })
  })

  it.each([
    ['gb18030', 'c4fabac3a3ac95328236fd93', '您好，𠀀龘'],
    ['gb2312', 'b6a9b5a5e946', '订单镕'],
    ['big5', 'b17aa66ea141ad71b3e6', '您好，訂單'],
    ['iso-2022-jp', '1b2442436d4a38244e376f1b2842', '注文の件'],
    ['shift_jis', '8740928d95b6', '①注文'],
    ['euc-kr', 'c1d6b9ae20b9f8c8a3', '주문 번호'],
    ['ks_c_5601-1987', 'c1d6b9ae', '주문'],
    ['euc-jp', 'c3edcab8', '注文'],
  ])('is read in %s', async (charset, hex, text) => {
    const node = { type: 'text/plain', parameters: { charset }, encoding: 'base64' }
    const bytes = Buffer.from(Buffer.from(hex, 'hex').toString('base64'))
    expect(await readWords(node, bytes)).toEqual({ text })
    const head = Buffer.from(`Subject: =?${charset}?B?${Buffer.from(hex, 'hex').toString('base64')}?=\r\n`)
    expect((await readHead(head)).subject).toBe(text)
  })

  it.each([undefined, 'us-ascii', 'utf-8', 'unknown-8bit'])(
    'is read in GB 18030 where that is what it is, though it says %s',
    async (charset) => {
      const node = { type: 'text/plain', ...(charset !== undefined && { parameters: { charset } }), encoding: '8bit' }
      expect((await readWords(node, Buffer.from('b6a9b5a535', 'hex'))).text).toBe('订单5')
      // One bad byte makes no other charset of it, nor does a character that was cut.
      const bad = Buffer.concat([Buffer.from('订单'), Buffer.of(0xff), Buffer.from('号'), Buffer.of(0xe8, 0xae)])
      expect((await readWords(node, bad)).text).toMatch(/^订单\ufffd号\ufffd+$/)
    },
  )

  it('has its folded lines joined again (RFC 3676)', async () => {
    const node = { type: 'text/plain', parameters: { charset: 'utf-8', format: 'flowed' } }
    expect((await readWords(node, Buffer.from('One line \r\nthat goes on\r\nand another'))).text).toBe(
      'One line that goes on\nand another',
    )
  })

  it('says where its quotes begin, and keeps them', async () => {
    const text = 'Yes\n\nOn Tue, Jan 2, 2024 Shop <support@shop.example> wrote:\n> Which one?'
    const [event] = (await heard({ head: from, plain: text })).events
    expect(event?.parts).toEqual([{ type: 'text', text, quotedFrom: 5 }])
  })

  it('that is HTML alone is told in words, beside what may be shown of it', async () => {
    const [event] = (await heard({ head: from, html: '<p>Hello <b>you</b></p><script>alert(1)</script>' })).events
    expect(event?.parts).toEqual([
      { type: 'text', text: expect.stringContaining('Hello you'), html: '<p>Hello <b>you</b></p>' },
    ])
  })

  it('is answered where Reply-To says', async () => {
    const { peer, events } = await heard({ head: `${from}\nReply-To: home@customers.example`, plain: 'x' })
    expect([peer, events[0]?.from.address]).toEqual(['home@customers.example', 'li@customers.example'])
  })

  it('is answered from the address that it was written to', async () => {
    const head = 'From: li@customers.example\nTo: other@x.example\nCc: Sales <sales+spring@shop.example>'
    expect((await heard({ head, plain: 'x' })).answerable.from).toBe('sales@shop.example')
  })

  it('has the same key however often and under whatever number it is read, and another with other words in its head', async () => {
    const keyOf = async (head: string) => (await heard({ head, plain: 'x' })).events[0]?.key
    expect(await keyOf(`${from}\nReceived: by one`)).toBe(await keyOf(`${from}\nReceived: by another`))
    expect(await keyOf(`${from}\nDate: Fri, 2 Jan 2026 03:04:05 +0000`)).not.toBe(await keyOf(from))
    const nameless = 'From: li@customers.example'
    expect(await keyOf(`${nameless}\nReceived: by one`)).not.toBe(await keyOf(`${nameless}\nReceived: by another`))
  })

  it('of many words comes in pieces of which none is lost, with the whole beside it where it is too long', async () => {
    const text = '多字'.repeat(12_000)
    const [event] = (await heard({ head: from, plain: text })).events
    const texts = event?.parts.flatMap((part) => (part.type === 'text' ? [part.text] : []))
    expect(texts?.join('')).toBe(text)
    const longer = (await heard({ head: from, plain: '多字'.repeat(30_000) })).events[0]?.parts.at(-1)
    expect(longer).toMatchObject({ type: 'file', blob: { name: 'mail.txt', locator: { asWords: true, part: '1' } } })
  })

  it('of many files is several messages', async () => {
    const files = Array.from(
      { length: 100 },
      (_, index): MimeNode => ({ type: 'image/png', part: `${index + 2}`, parameters: { name: 'a.png' } }),
    )
    const { events } = await heard({ head: from, plain: 'x', files })
    expect(events.flatMap(({ parts }) => parts)).toHaveLength(101)
    expect(new Set(events.map((event) => event.key)).size).toBe(3)
  })

  it('without an address of its sender is refused by name', async () => {
    expect(fromMail(await mailOf({ head: 'From: nobody\nSubject: x', plain: 'x' }), own)).toEqual({
      refusal: expect.stringContaining('mail-without-sender'),
    })
  })

  it('counts as verified only by the word of the mailbox’s own server', async () => {
    const verified = async (results: string, authservId?: string) => {
      const mail = await mailOf({ head: `Authentication-Results: ${results}\n${from}`, plain: 'x' })
      const found = fromMail(mail, { ...own, authservId })
      return typeof found === 'object' && 'events' in found && found.events[0]?.from.verified
    }
    expect(
      await verified('mx.shop.example; spf=pass; dmarc=pass header.from=customers.example', 'mx.shop.example'),
    ).toBe(true)
    expect(await verified('mx.shop.example; spf=pass; dmarc=fail', 'mx.shop.example')).toBe(false)
    expect(await verified('mx.evil.example; dmarc=pass', 'mx.shop.example')).toBe(false)
    expect(await verified('mx.shop.example; dmarc=pass')).toBe(false)
    // A second one was in the mail when it came.
    expect(
      await verified(
        'mx.shop.example; dmarc=none\nAuthentication-Results: mx.shop.example; dmarc=pass',
        'mx.shop.example',
      ),
    ).toBe(false)
  })
})

describe('the thread of a mail', () => {
  const message = { id: 'msg_0123456789abcdefghjkmnpqrs', conversationId }
  const ours = messageIdOf(key, message, 'shop.example')

  it('is told by the token in our Message-ID and in our plus address, in upper case too', () => {
    expect(conversationIn(key, [ours])).toBe(conversationId)
    expect(conversationIn(key, ['x@y.example', ours.toUpperCase()])).toBe(conversationId)
    const plus = plusAddress('support@shop.example', tokenOf(key, conversationId)) ?? ''
    expect(plus.indexOf('@')).toBeLessThanOrEqual(64)
    expect(conversationIn(key, [plus])).toBe(conversationId)
    expect(plusAddress(`${'a'.repeat(30)}@shop.example`, tokenOf(key, conversationId))).toBeUndefined()
  })

  it('is not told by a token that was guessed, cut or made with another key', () => {
    const [local = '', host] = ours.split('@')
    for (let at = local.length - 43; at < local.length; at++) {
      const forged = `${local.slice(0, at)}${local[at] === 'a' ? 'b' : 'a'}${local.slice(at + 1)}@${host}`
      expect(conversationIn(key, [forged])).toBeUndefined()
    }
    expect(conversationIn(Buffer.alloc(32, 8), [ours])).toBeUndefined()
    expect(isOurs(key, ours)).toBe(true)
    expect(isOurs(Buffer.alloc(32, 8), ours)).toBe(false)
  })

  it('names a conversation with proof, and what others’ ids claim without', async () => {
    const head = `${from}\nIn-Reply-To: <${ours}>\nReferences: <first@x.example> <second@x.example>\n <${ours}>`
    expect((await heard({ head, plain: 'x' })).events[0]?.thread).toEqual({
      conversationId,
      references: [ours, 'second@x.example', 'first@x.example'],
    })
    const forged = `${from}\nIn-Reply-To: <${ours.replace('msg_', 'msg_x').replace(/.@/, '@')}>`
    expect((await heard({ head: forged, plain: 'x' })).events[0]?.thread).not.toHaveProperty('conversationId')
  })

  it('a copy of our own mail is none of a customer’s', async () => {
    expect(fromMail(await mailOf({ head: `From: support@shop.example\nMessage-ID: <${ours}>`, plain: 'x' }), own)).toBe(
      'ours',
    )
  })

  it('reads ids out of whatever a header holds', () => {
    expect(idsIn('<a@b> junk <c@d>\t<>< e@f>')).toEqual(['a@b', 'c@d'])
    expect(idsIn(undefined)).toEqual([])
  })
})

describe('what a program sent', () => {
  const fields = (text: string) =>
    new Map(text.split('\n').map((line) => [line.split(': ')[0] ?? '', [line.split(': ')[1] ?? '']]))

  it.each([
    'auto-submitted: auto-replied',
    'precedence: bulk',
    'list-id: <news.x.example>',
    'list-unsubscribe: <mailto:a@x.example>',
    'x-auto-response-suppress: All',
    'x-auto-response-suppress: DR, OOF, AutoReply',
    'return-path: <>',
    'content-type: multipart/report; report-type=delivery-status',
  ])('is known by %s', (field) => {
    expect(isAutomatic(fields(field), 'li@customers.example')).toBe(true)
  })

  it('is known by its sender, and nothing else is', () => {
    for (const name of ['mailer-daemon', 'noreply', 'no-reply', 'do-not-reply', 'bounces+7', 'notifications']) {
      expect(isAutomatic(new Map(), `${name}@x.example`)).toBe(true)
    }
    expect(isAutomatic(fields('auto-submitted: no'), 'li@customers.example')).toBe(false)
    expect(isAutomatic(fields('precedence: first-class'), 'li@customers.example')).toBe(false)
  })

  it('is marked so, as is history and what comes from an address of ours', async () => {
    const automatic = async (given: Given) => (await heard(given)).events[0]?.automatic
    expect(await automatic({ head: `${from}\nAuto-Submitted: auto-generated`, plain: 'x' })).toBe(true)
    expect(await automatic({ head: from, plain: 'x', isHistory: true })).toBe(true)
    expect(await automatic({ head: 'From: sales@shop.example', plain: 'x' })).toBe(true)
    expect(await automatic({ head: from, plain: 'x' })).toBeUndefined()
  })
})

describe('a report of what could not be delivered', () => {
  const status = [
    'Reporting-MTA: dns; mx.shop.example',
    '',
    'Original-Recipient: rfc822;li@customers.example',
    'Final-Recipient: rfc822; Li@Customers.example',
    'Action: failed',
    'Status: 5.1.1',
    'Diagnostic-Code: smtp; 550-5.1.1 No such user',
    '  here',
  ].join('\r\n')
  const original =
    'Received: x\r\nMessage-ID:\r\n <msg_1@shop.example>\r\nSubject: Re: Order\r\n\r\nMessage-ID: <body@x>'

  it('names the mail, the recipient and the reason', () => {
    expect(bounceIn(status, original)).toEqual({
      messageId: 'msg_1@shop.example',
      recipient: 'li@customers.example',
      reason: expect.stringContaining('5.1.1 No such user here'),
    })
  })

  it('is no failure while the mail is only late, or was delivered, or is not named', () => {
    expect(bounceIn(status.replace('failed', 'delayed'), original)).toBeUndefined()
    expect(bounceIn(status.replace('failed', 'delivered'), original)).toBeUndefined()
    expect(bounceIn(status, 'Subject: x\r\n\r\nMessage-ID: <body@x>')).toBeUndefined()
    expect(bounceIn('', '')).toBeUndefined()
  })
})

describe('what a mail is made of', () => {
  const leaf = (type: string, more: Partial<MimeNode> = {}): MimeNode => ({ type, ...more })
  const many = (type: string, ...childNodes: MimeNode[]): MimeNode => ({ type: `multipart/${type}`, childNodes })

  it('is its text in the best form, and its files', () => {
    const html = many('related', leaf('text/html', { part: '1.2.1' }), leaf('image/png', { part: '1.2.2', id: '<a>' }))
    const root = many(
      'mixed',
      many('alternative', leaf('text/plain', { part: '1.1' }), html),
      leaf('application/pdf', { part: '2' }),
    )
    const { blocks, files } = planOf(root)
    expect(blocks).toEqual([{ plain: leaf('text/plain', { part: '1.1' }), html: leaf('text/html', { part: '1.2.1' }) }])
    expect(files.map(({ part }) => part)).toEqual(['1.2.2', '2'])
  })

  it('keeps what is forwarded as a file, attached texts too, and drops signatures', () => {
    const forwarded = leaf('message/rfc822', { part: '2', childNodes: [leaf('text/plain')] })
    const attached = leaf('text/plain', { part: '3', disposition: 'attachment' })
    const named = leaf('text/plain', { part: '4', parameters: { name: 'notes.txt' } })
    const { blocks, files } = planOf(
      many('mixed', leaf('text/plain', { part: '1' }), forwarded, attached, named, leaf('application/pgp-signature')),
    )
    expect([blocks.length, files.map(({ part }) => part)]).toEqual([1, ['2', '3', '4']])
  })

  it('is refused by name when it is a bomb', () => {
    let deep = leaf('text/plain')
    for (let level = 0; level < 20; level++) deep = many('mixed', deep)
    const wide = many('mixed', ...Array.from({ length: 200 }, () => leaf('text/plain')))
    expect(refusalOf(deep, 100)).toContain('mail-too-deep')
    expect(refusalOf(wide, 100)).toContain('mail-too-many-parts')
    expect(refusalOf(leaf('text/plain'), 26 * 1024 * 1024)).toContain('mail-too-large')
    expect(
      refusalOf(many('mixed', ...Array.from({ length: 199 }, () => leaf('text/plain'))), 25 * 1024 * 1024),
    ).toBeUndefined()
  })
})

describe('HTML of a mail', () => {
  it('names the files that stand in it, and these alone', async () => {
    const leaf = (part: string, id: string): MimeNode => ({ type: 'image/png', part, id })
    const html = '<p>Here: <img src="cid:one@x"> and <img src="cid:one@x"></p><img src="cid:gone@x">'
    const files = [leaf('2', '<one@x>'), leaf('3', '<one@x>'), leaf('4', '<two@x>'), leaf('5', ' ')]
    const [event] = (await heard({ head: from, html, files })).events
    const [words, ...others] = event?.parts ?? []
    expect(words).toMatchObject({
      html: '<p>Here: <img src="cid:one@x" /> and <img src="cid:one@x" /></p><img />',
    })
    expect(others.map((part) => 'blob' in part && part.blob.contentId)).toEqual([
      'one@x',
      undefined,
      undefined,
      undefined,
    ])
  })

  it.each([
    ['<script>alert(1)</script>a', 'a'],
    ['<p onclick="x()">a</p>', '<p>a</p>'],
    ['<a href="javascript:alert(1)">a</a>', '<a rel="noopener noreferrer nofollow" target="_blank">a</a>'],
    ['<img src="https://spy.example/1.gif">', '<img />'],
    ['<img src="data:image/svg+xml;base64,PHN2Zz4=">', '<img />'],
    ['<img src="cid:logo">', '<img src="cid:logo" />'],
    ['<img src="CID:lo%67o" alt="us">', '<img alt="us" src="cid:logo" />'],
    ['<img src="cid:elsewhere" alt="it">', '<img alt="it" />'],
    ['<style>p{background:url(https://spy.example)}</style><p>a</p>', '<p>a</p>'],
    ['<p style="color:#f00;background:url(https://spy.example);position:fixed">a</p>', '<p style="color:#f00">a</p>'],
    ['<iframe src="https://x.example"></iframe><form action="/"><input></form>', ''],
    ['<svg><script>alert(1)</script></svg><math></math>', ''],
    ['<meta http-equiv="refresh" content="0;url=https://x.example"><base href="https://x.example">', ''],
  ])('loses what acts or spies: %s', (given, kept) => {
    expect(sanitized(given, (contentId) => contentId === 'logo')).toBe(kept)
  })
})
