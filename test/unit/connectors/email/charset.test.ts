/** Heads and texts whose bytes say no charset. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { charsetOf, inUtf8 } from '../../../../src/connectors/email/charset.ts'
import { readHead, readName, readWords } from '../../../../src/connectors/email/read.ts'

/** The bytes of a text, by the tables that the platform reads with. */
function encoder(charset: string): (text: string) => Buffer {
  const decoder = new TextDecoder(charset)
  const codes = new Map<string, Buffer>()
  for (let lead = 0; lead < 256; lead++) {
    for (let trail = 0; trail < 256; trail++) {
      const bytes = Buffer.from(lead < 0x80 ? [lead] : [lead, trail])
      const text = decoder.decode(bytes)
      if ([...text].length === 1 && text !== '\ufffd' && !codes.has(text)) codes.set(text, bytes)
    }
  }
  return (text) =>
    Buffer.concat(
      [...text].map((one) => {
        const bytes = codes.get(one)
        if (bytes === undefined) throw new Error(`${one} is not in ${charset}`)
        return bytes
      }),
    )
}
const encode = {
  gb18030: encoder('gb18030'),
  big5: encoder('big5'),
  shift_jis: encoder('shift_jis'),
  'euc-kr': encoder('euc-kr'),
  'windows-1252': (text: string) => Buffer.from(text, 'latin1'),
} as const
type Charset = keyof typeof encode

const said: readonly (readonly [Charset, readonly string[]])[] = [
  [
    'gb18030',
    [
      ...['订单', '你好', '李雷', '张三', '照片', '测试', '退货申请', '韩梅梅', '王小明', '陈璐', '欧阳娜娜', '朱镕基'],
      ...['发票.pdf', '产品图片.jpg', '附件1：报价单.xlsx', '身份证正面.jpg', '营业执照', '售后服务', '回复：合同'],
      ...['关于2026年11月订单的问题', '请尽快发货，谢谢！', 'Re: 订单 20261129', 'IMG_2026（客厅）.png'],
    ],
  ],
  [
    'big5',
    [
      ...['訂單', '您好', '照片', '測試', '附件', '退貨申請', '林志玲', '陳小明', '王大明', '發票.pdf', '產品圖片.jpg'],
      ...['報價單.xlsx', '售後服務', '回覆：合約', '關於十一月的訂單', '請盡快出貨，謝謝！', 'Re: 訂單 20261129'],
    ],
  ],
  [
    'shift_jis',
    [
      ...[
        '注文の件',
        'お問い合わせ',
        '写真',
        '東京',
        '山田太郎',
        '佐藤花子',
        '見積書.xlsx',
        '請求書.pdf',
        'ファイル.zip',
      ],
      ...['返品について', 'ありがとうございます', '表示されません', 'Re: ご注文 20261129'],
    ],
  ],
]
const all = said.flatMap(([charset, texts]) => texts.map((text) => [charset, text] as const))

describe('bytes that say no charset', () => {
  it.each(all)('are known as %s: %s', (charset, text) => {
    expect(charsetOf(encode[charset](text))).toBe(charset)
  })

  it('are what the rest of the mail says of itself, where that fits', () => {
    expect(charsetOf(encode['euc-kr']('주문'), ['utf-8', 'ks_c_5601-1987'])).toBe('ks_c_5601-1987')
    expect(charsetOf(encode.big5('訂單'), ['us-ascii', 'BIG5'])).toBe('BIG5')
    expect(charsetOf(encode['windows-1252']('Größe für Müller'), ['iso-8859-1'])).toBe('iso-8859-1')
    // Everything fits into Latin letters, so that they are believed last; what does not fit is believed never.
    expect(charsetOf(encode.gb18030('订单'), ['nonsense', 'iso-8859-1'])).toBe('gb18030')
    expect(charsetOf(encode.shift_jis('注文'), ['big5', 'gb2312'])).not.toBe('big5')
  })

  it('of Western words are nothing that is looked for', () => {
    for (const words of ['Müller', 'Größe', 'Größenänderung für Jürgen', 'Réservation à Orléans', 'mañana', 'Ærø']) {
      expect(charsetOf(encode['windows-1252'](words)), words).toBeUndefined()
    }
  })

  it('stay what they are where nobody can tell', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.array(fc.string(), { maxLength: 3 }), (bytes, told) => {
        const given = Buffer.from(bytes)
        const read = inUtf8(given, told)
        if (charsetOf(given, told) === undefined) expect(read).toEqual(given)
      }),
    )
  })
})

describe('a head that was never encoded', () => {
  const head = (charset: Charset, text: string) =>
    Buffer.concat([
      Buffer.from('From: "'),
      encode[charset](text),
      Buffer.from('" <li@customers.example>\r\nSubject: '),
      encode[charset](text),
      Buffer.from('\r\nTo: "客服 in UTF-8" <support@shop.example>\r\n'),
    ])

  it.each(all)('is read in %s: %s', async (charset, text) => {
    const { subject, from, to } = await readHead(head(charset, text))
    expect([subject, from[0]?.name]).toEqual([text, text])
    // A line that is UTF-8 stays that.
    expect(to[0]?.name).toBe('客服 in UTF-8')
  })

  it('is read in what the texts of its mail are written in', async () => {
    expect((await readHead(head('euc-kr', '주문 번호'), ['euc-kr'])).subject).toBe('주문 번호')
    expect((await readHead(head('windows-1252', 'Größe'), ['windows-1252'])).subject).toBe('Größe')
  })

  it('is read in ISO-2022-JP, whose bytes are ASCII', async () => {
    const bytes = Buffer.from('Subject: \x1b$BCmJ8$N7o\x1b(B 7\r\n', 'latin1')
    expect((await readHead(bytes)).subject).toBe('注文の件 7')
  })

  it.each([
    ['Content-Disposition: attachment; filename="\x00"', '订单.txt'],
    ['Content-Type: message/rfc822; name="\x00"', '订单.txt'],
    ['Content-Type: text/html;\r\n charset=gb2312;\r\n name="\x00"\r\nContent-Disposition: inline', '订单.txt'],
    ['Content-Type: image/png', undefined],
  ])('of a file has its name: %s', async (form, name) => {
    const bytes = Buffer.from(form.replace('\x00', encode.gb18030('订单.txt').toString('latin1')), 'latin1')
    expect(await readName(Buffer.concat([bytes, Buffer.from('\r\n\r\n')]), [])).toBe(name)
  })

  it('of any bytes is read without harm', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.string(), async (bytes, charset) => {
        const given = Buffer.concat([Buffer.from('Subject: '), Buffer.from(bytes)])
        await readHead(given, [charset])
        await readName(given, [charset])
        await readWords({ type: 'text/plain', parameters: { charset }, encoding: 'quoted-printable' }, given)
      }),
      { numRuns: 50 },
    )
  })
})

describe('a text that says no charset', () => {
  it.each(['8bit', 'base64', 'quoted-printable'])('is read in what it is, as it travels in %s', async (encoding) => {
    const travelling = (bytes: Buffer) => {
      if (encoding === 'base64') return Buffer.from(bytes.toString('base64'))
      if (encoding === '8bit') return bytes
      return Buffer.from(Array.from(bytes, (byte) => `=${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''))
    }
    for (const [charset, text] of [
      ['gb18030', '订单还没有收到，请查一下。'],
      ['big5', '訂單還沒有收到，請查一下。'],
      ['shift_jis', '注文した品がまだ届きません。'],
    ] as const) {
      const node = { type: 'text/plain', encoding }
      expect((await readWords(node, travelling(encode[charset](text)))).text).toBe(text)
    }
  })
})
