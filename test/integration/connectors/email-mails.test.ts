/** What mails are made of, over a real Dovecot and a real Exim: what is refused, and words, names and files however they are written. */
import { type AddressInfo, createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ConnectorBench, type TestChannel } from '../../conformance/connector-bench.ts'
import { sampleBytes } from '../../conformance/connector-samples.ts'
import { farEnd, type MailFarEnd } from '../../fakes/email.ts'
import { eventually } from '../../support/eventually.ts'
import { customers } from '../../support/mail-servers.ts'
import { describeWith } from '../../support/services.ts'

describeWith(farEnd.needs ?? '', farEnd.needs === undefined ? 'here' : undefined, 'a mail', () => {
  let bench: ConnectorBench
  let channel: TestChannel
  let far: MailFarEnd

  beforeAll(async () => {
    bench = await ConnectorBench.open([farEnd])
    channel = await bench.channel(farEnd)
    far = channel.far as MailFarEnd
  })
  afterAll(async () => {
    await bench?.close()
  })

  /** Why mails of the channel were left in its mailbox, in their order. */
  const refusals = async (channelId: string) => {
    const rows = await bench.ground.db.work('test', [bench.shop.tenantId], (tx) =>
      tx.query<{ reason: string }>(
        `select data ->> 'reason' as reason from outbox where type = 'channel.gap' and subject = $1 order by id`,
        channelId,
      ),
    )
    return rows.map(({ reason }) => reason.replace('A mail was left in the mailbox: ', ''))
  }
  const heardWith = (words: string) => bench.heardWith(channel.id, words)

  it('that is a bomb is refused by name and left in the mailbox, unread, and what follows it comes', async () => {
    const head = (id: string) => `From: bomb@${customers}\r\nMessage-ID: <bomb-${id}@x>\r\nMIME-Version: 1.0\r\n`
    const plain = 'Content-Type: text/plain\r\n\r\nBoom;\r\n'
    const wide = `${head('wide')}Content-Type: multipart/mixed; boundary=b\r\n\r\n${`--b\r\n${plain}`.repeat(201)}--b--\r\n`
    const deep = (levels: number) =>
      Array.from({ length: levels }).reduce<string>(
        (inner, _, at) => `Content-Type: multipart/mixed; boundary=b${at}\r\n\r\n--b${at}\r\n${inner}--b${at}--\r\n`,
        plain,
      )
    const large = `${head('large')}${plain}${`${'x'.repeat(998)}\r\n`.repeat(26_300)}`
    // Of the last not even the description is read: a hundred levels are enough.
    const bombs = [wide, `${head('deep')}${deep(20)}`, large, `${head('deepest')}${deep(150)}`]
    const before = (await bench.heard(channel.id)).length
    for (const raw of bombs) await far.mail({ envelope: { from: `bomb@${customers}`, to: far.address }, raw })
    await far.mail({ from: `bomb@${customers}`, text: 'Sorry;' })
    await heardWith('Sorry;')
    expect(await bench.heard(channel.id)).toHaveLength(before + 1)
    expect((await refusals(channel.id)).map((reason) => reason.split(':')[0])).toEqual([
      'mail-too-many-parts',
      'mail-too-deep',
      'mail-too-large',
      'mail-unreadable',
    ])
    expect((await far.unread()).filter((mail) => mail.includes('Message-ID: <bomb-'))).toHaveLength(bombs.length)
  })

  it('whose description cannot be read is refused by name, not passed over', async () => {
    // Dovecot describes no more than a hundred levels; another server may.
    const structure = `${'('.repeat(150)}"text" "plain" nil nil nil "7bit" 5 1${')'.repeat(150)}`
    const broken = '2 FETCH (UID 8 FLAGS () BODYSTRUCTURE ("text" "plain)'
    const answers: [RegExp, ...string[]][] = [
      [/ CAPABILITY/, 'CAPABILITY IMAP4rev1'],
      [/ (SELECT|EXAMINE) /, '2 EXISTS', 'OK [UIDVALIDITY 1] .', 'OK [UIDNEXT 7] .'],
      [/ LIST /, 'LIST () "/" INBOX'],
      [/ UID SEARCH /, 'SEARCH 7 8'],
      [/ UID FETCH .*BODYSTRUCTURE/, `1 FETCH (UID 7 FLAGS () BODYSTRUCTURE ${structure})`, broken],
      [/ UID FETCH /, '2 FETCH (UID 8 FLAGS ())'],
    ]
    const imap = createServer((socket) => {
      socket.on('error', () => {})
      socket.write('* OK ready\r\n')
      createInterface(socket).on('line', (line) => {
        const [, ...told] = answers.find(([form]) => form.test(line.toUpperCase())) ?? []
        socket.write([...told.map((one) => `* ${one}`), `${line.split(' ')[0]} OK done`, ''].join('\r\n'))
      })
    })
    await new Promise<void>((resolve) => imap.listen(0, '127.0.0.1', () => resolve()))
    const imapPort = (imap.address() as AddressInfo).port
    const other = await bench.channel({
      ...farEnd,
      async open() {
        const made = (await farEnd.open()) as MailFarEnd
        return Object.defineProperty(made, 'settings', { value: { ...made.settings, imapPort, imapSecurity: 'none' } })
      },
    })
    await eventually(async () => (await refusals(other.id)).length === 2)
    for (const reason of await refusals(other.id)) expect(reason).toContain('mail-unreadable: the server’s description')
    await bench.switchChannel(other.id, 'email', false)
    await bench.closed(other.id)
    await new Promise((resolve) => imap.close(resolve))
  })

  it('with heads that were never encoded is read in GBK, Big5 or Shift_JIS, its files too', async () => {
    // 订单还没有收到 and 订单.txt, 訂單.txt, 注文.txt
    const raw = [
      `From: "\xc0\xee\xc0\xd7" <never@${customers}>\r\nTo: ${far.address}\r\nMessage-ID: <never@x>\r\nMIME-Version: 1.0`,
      'Subject: \xb6\xa9\xb5\xa5\xbb\xb9\xc3\xbb\xd3\xd0\xca\xd5\xb5\xbd',
      'Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nnever encoded',
      ...['\xb6\xa9\xb5\xa5', '\xad\x71\xb3\xe6', '\x92\x8d\x95\xb6'].map(
        (name) => `--x\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename="${name}.txt"\r\n\r\nx`,
      ),
      '--x--\r\n',
    ]
    const envelope = { from: `never@${customers}`, to: far.address }
    await far.mail({ envelope, raw: Buffer.from(raw.join('\r\n'), 'latin1') })
    const { parts } = await heardWith('never encoded')
    expect(parts.map((part) => ('blob' in part ? part.blob.name : part.type === 'text' && part.subject))).toEqual([
      '订单还没有收到',
      '订单.txt',
      '訂單.txt',
      '注文.txt',
    ])
    // A mail that is nothing but a file has its head for that of the file.
    const alone = `From: never@${customers}\r\nContent-Type: application/pdf; name="\xb6\xa9\xb5\xa5.pdf"\r\nSubject: alone;\r\n\r\n%PDF`
    await far.mail({ envelope, raw: Buffer.from(alone, 'latin1') })
    expect((await heardWith('alone;')).parts[1]).toMatchObject({ blob: { name: '订单.pdf' } })
  })

  it('has files that are what their bytes are, whatever it says of them', async () => {
    const attachments = [
      { filename: 'photo.jpg', contentType: 'image/jpeg', content: '<script>alert(1)</script>' },
      { filename: 'picture', contentType: 'text/html', content: sampleBytes('cat.webp') },
      { filename: 'invoice.pdf', contentType: 'application/pdf', content: 'MZ\x90\x00' },
    ]
    await far.mail({ from: `liar@${customers}`, text: 'As you see;', attachments })
    const { parts } = await heardWith('As you see;')
    const ids = parts.flatMap((part) => ('blob' in part ? [part.blob.fileId] : []))
    const files = await Promise.all(ids.map((id) => bench.came(id)))
    expect(files.map(({ mediaType }) => mediaType)).toEqual([
      'application/octet-stream',
      'image/webp',
      'application/octet-stream',
    ])
  })

  it('has its pictures where its HTML shows them, by their Content-ID, before and after they are fetched', async () => {
    const cat = { filename: 'cat.webp', contentType: 'image/webp', content: sampleBytes('cat.webp'), cid: 'cat 1@x' }
    const html = '<p>Broken here; <img src="cid:cat%201@x"> <img src="https://spy.example/1.gif"></p>'
    await far.mail({ from: `shows@${customers}`, text: 'Broken here;', html, attachments: [cat] })
    const { parts } = await heardWith('Broken here;')
    expect(parts[0]).toMatchObject({ html: '<p>Broken here; <img src="cid:cat 1@x" /> <img /></p>' })
    expect(parts[1]).toMatchObject({ blob: { contentId: 'cat 1@x' } })
    await bench.came(parts[1] !== undefined && 'blob' in parts[1] ? parts[1].blob.fileId : undefined)
    const after = await heardWith('Broken here;')
    expect(after.parts[1]).toMatchObject({ type: 'image', blob: { mediaType: 'image/webp', contentId: 'cat 1@x' } })
  })

  it('has the names of its files, however mail programs write and break them, and its words in their charset', async () => {
    const base64 = (hex: string) => Buffer.from(hex, 'hex').toString('base64')
    const named: [head: string, name: string][] = [
      ["filename*=GB18030''%B6%A9%B5%A5.txt", '订单.txt'],
      ['filename*0*=utf-8\'\'%E8%AE;\r\n filename*1*=%A2%E5%8D%95;\r\n filename*2=".txt"', '订单.txt'],
      ["filename*=iso-2022-jp'ja'%1B%24BCmJ8%1B%28B.txt", '注文.txt'],
      // An encoded word has no place in quotes (RFC 2047, 5), and yet it stands there in most mails from China and Japan.
      ['filename="=?GBK?B?tqm1pS50eHQ=?="', '订单.txt'],
      // A character may be torn between two of them.
      ['filename="=?gb2312?B?tqm1?=\r\n =?gb2312?B?pS50eHQ=?="', '订单.txt'],
      ['filename==?utf-8?B?6K6i5Y2VLnR4dA==?=', '订单.txt'],
      ['filename="=?ISO-2022-JP?B?GyRCQ21KOBsoQi50eHQ=?="', '注文.txt'],
      [`filename="=?shift_jis?B?${base64('928d95b6')}?=.txt"`, '注文.txt'],
      [`filename="=?euc-kr?B?${base64('c1d6b9ae')}?=.txt"`, '주문.txt'],
      [`filename="=?big5?B?${base64('ad71b3e6')}?=.txt"`, '訂單.txt'],
      ['filename="订单.txt"', '订单.txt'],
      ['filename="..\\\\..\\\\x/evil.txt"', 'evil.txt'],
    ]
    const raw = [
      `From: li@${customers}\r\nTo: ${far.address}\r\nMessage-ID: <names@${customers}>\r\nMIME-Version: 1.0`,
      `Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain; charset=euc-kr\r\nContent-Transfer-Encoding: base64\r\n\r\n${base64('c1d6b9ae')}`,
      ...named.map(
        ([head]) => `--x\r\nContent-Type: text/plain\r\nContent-Disposition: attachment;\r\n ${head}\r\n\r\nx`,
      ),
      '--x--\r\n',
    ]
    await far.mail({ envelope: { from: `li@${customers}`, to: far.address }, raw: raw.join('\r\n') })
    const { parts } = await heardWith('주문')
    const names = parts.flatMap((part) => ('blob' in part ? [part.blob.name] : []))
    expect(names).toEqual(named.map(([, name]) => name))
  })
})
