/** Mail over a real Dovecot and a real Exim: threads, what breaks on the way, and what somebody sends to do harm. */
import { generateKeyPairSync } from 'node:crypto'
import { readdir, rename, rm, utimes } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text as consumeText } from 'node:stream/consumers'
import { SignJWT } from 'jose'
import { simpleParser } from 'mailparser'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { closeConversation } from '../../../src/core/conversations/lifecycle.ts'
import type { Part } from '../../../src/core/conversations/model.ts'
import { newId } from '../../../src/core/platform/ids.ts'
import { ConnectorBench, type TestChannel } from '../../conformance/connector-bench.ts'
import { farEnd, type MailFarEnd } from '../../fakes/email.ts'
import { eventually } from '../../support/eventually.ts'
import { customers, tokenKey } from '../../support/mail-servers.ts'
import { startProxy } from '../../support/proxy.ts'
import { describeWith } from '../../support/services.ts'

const text = (value: string): Part => ({ type: 'text', text: value })

describeWith(farEnd.needs ?? '', farEnd.needs === undefined ? 'here' : undefined, 'a mailbox', () => {
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

  const heardWith = (words: string) => bench.heardWith(channel.id, words)
  const countOf = async (words: string) =>
    (await bench.heard(channel.id)).filter(({ parts: [part] }) => part?.type === 'text' && part.text.includes(words))
      .length
  /** A customer has written and was answered; with the mail that they got. */
  const talk = async (name: string) => {
    const first = `first-${name}@${customers}`
    await far.mail({ from: `${name}@${customers}`, subject: 'Order 7', text: `I am ${name}.`, messageId: `<${first}>` })
    const { conversationId } = await heardWith(`I am ${name}.`)
    const answer = await bench.reply(conversationId, [text(`Good morning ${name}`)])
    const { externalId } = await bench.delivery(answer, 'accepted')
    const mails = await Promise.all((await far.servers.sentToCustomers()).map((mail) => simpleParser(mail)))
    const got = mails.find(({ messageId }) => messageId === `<${externalId}>`)
    if (got === undefined) throw new Error('the answer did not arrive')
    return { conversationId, first, answer, externalId, got }
  }

  it('an answer stands in the customer’s thread, and theirs comes back into the conversation', async () => {
    const { conversationId, first, externalId, got } = await talk('hanmei')
    expect(got).toMatchObject({ subject: 'Re: Order 7', inReplyTo: `<${first}>` })
    expect(got.from?.value).toEqual([{ name: 'The Shop', address: far.address }])
    await far.mail({
      from: `hanmei@${customers}`,
      subject: 'Re: Order 7',
      text: 'Thanks, hanmei',
      inReplyTo: `<${externalId}>`,
    })
    expect((await heardWith('Thanks, hanmei')).conversationId).toBe(conversationId)
  })

  it('who answers from another address is there too, by the token in our ids or in the address', async () => {
    const { conversationId, externalId, got } = await talk('lilei')
    await far.mail({
      from: `home-of-lilei@${customers}`,
      text: 'From home',
      references: [`<x@y.example>`, `<${externalId}>`],
    })
    expect((await heardWith('From home')).conversationId).toBe(conversationId)
    const plus = got.replyTo?.value[0]?.address
    await far.mail({ from: `office-of-lilei@${customers}`, to: plus, text: 'From the office' })
    expect((await heardWith('From the office')).conversationId).toBe(conversationId)
    // Each is answered where they wrote last, and stays who they are.
    const authors = await bench.ground.db.work('test', [bench.shop.tenantId], (tx) =>
      tx.query<{ contactId: string }>(
        `select distinct contact_id from messages where tenant_id = $1 and conversation_id = $2 and direction = 'in'`,
        bench.shop.tenantId,
        conversationId,
      ),
    )
    expect(authors).toHaveLength(3)
  })

  it('References that a stranger forged are not believed, those of who took part are', async () => {
    const { conversationId, first, externalId } = await talk('forged')
    const wrong = externalId?.replace(
      /\.([0-9a-z])([0-9a-z]{15})@/,
      (_, a, rest) => `.${a === 'a' ? 'b' : 'a'}${rest}@`,
    )
    await far.mail({ from: `mallory@${customers}`, text: 'Let me in', references: [`<${first}>`, `<${wrong}>`] })
    expect((await heardWith('Let me in')).conversationId).not.toBe(conversationId)
    await bench.ground.db.transaction(bench.shop.actor, (tx) =>
      closeConversation(
        tx,
        {
          kind: 'key',
          id: newId('key'),
          tenantId: bench.shop.tenantId,
          credential: 'test',
          permissions: new Set(['conversation:read-all', 'conversation:manage', 'conversation:reply']),
        } as Parameters<typeof closeConversation>[1],
        conversationId,
      ),
    )
    await bench.ground.db.work('test', [bench.shop.tenantId], (tx) =>
      tx.run(
        `update conversations set closed_at = now() - interval '9 days' where tenant_id = $1 and id = $2`,
        bench.shop.tenantId,
        conversationId,
      ),
    )
    // Days after its end only an answer that names it opens it again.
    await far.mail({ from: `forged@${customers}`, text: 'Once more', inReplyTo: `<${first}>` })
    expect((await heardWith('Once more')).conversationId).toBe(conversationId)
  })

  it('what comes while the connection is killed, at whatever step of taking it in, is there once', async () => {
    // News, the end of waiting, the search, what the mail is made of, its words, its mark: one more of them each time.
    const steps = [0, 1, 2, 3, 4, 5, 6, 7, 8]
    for (const step of steps) {
      far.dropAfter(step)
      await far.mail({
        from: `storm@${customers}`,
        text: `storm ${step};`,
        messageId: `<storm-${step}@${customers}>`,
      })
      await heardWith(`storm ${step};`)
    }
    far.dropAfter(Number.POSITIVE_INFINITY)
    await bench.opened(channel.id)
    await far.say({ id: newId('evt'), peer: 'storm', parts: [text('after the storm')] })
    await heardWith('after the storm')
    await bench.drained()
    expect(await countOf('storm ')).toBe(steps.length)
  })

  it('a folder that the server numbers anew is nothing said twice, and what is new in it comes', async () => {
    await far.mail({ from: `anew@${customers}`, text: 'before;', messageId: `<anew-1@${customers}>` })
    await heardWith('before;')
    // One without a Message-ID is known by its whole head.
    const raw = `From: anew@${customers}\r\nSubject: nameless\r\n\r\nnameless;\r\n`
    await far.mail({ envelope: { from: `anew@${customers}`, to: far.address }, raw })
    expect((await heardWith('nameless;')).externalId).toBeNull()
    const before = (await bench.heard(channel.id)).length
    await bench.switchChannel(channel.id, 'email', false)
    await bench.closed(channel.id)
    const folder = far.servers.maildir(far.box)
    const numbering = [
      'dovecot-uidlist',
      'dovecot-uidvalidity',
      'dovecot.index',
      'dovecot.index.log',
      'dovecot.index.cache',
    ]
    for (const name of numbering) await rm(join(folder, name), { force: true })
    await far.mail({ from: `anew@${customers}`, text: 'after;', messageId: `<anew-2@${customers}>` })
    await bench.switchChannel(channel.id, 'email', true)
    await bench.opened(channel.id)
    await heardWith('after;')
    await far.say({ id: newId('evt'), peer: 'anew', parts: [text('later;')] })
    await bench.drained()
    expect(bench.lines.join('')).toContain('numbered the folder anew')
    expect(await bench.heard(channel.id)).toHaveLength(before + 2)
  })

  it('a mail that comes back fails its message, with what the server said', async () => {
    await far.mail({ from: `gone@${customers}`, text: 'I am gone.' })
    const { conversationId } = await heardWith('I am gone.')
    const answer = await bench.reply(conversationId, [text('Are you there?')])
    expect((await bench.delivery(answer, 'failed')).failure?.detail).toContain('could not be delivered')
    expect(await countOf('Mail delivery failed')).toBe(0)
  })

  it('what a program sent is marked, so that the hub says nothing by itself in return', async () => {
    await far.mail({ from: `away@${customers}`, text: 'I am away.', headers: { 'Auto-Submitted': 'auto-replied' } })
    const { id } = await heardWith('I am away.')
    const [row] = await bench.ground.db.work('test', [bench.shop.tenantId], (tx) =>
      tx.query<{ automatic: boolean }>(
        'select automatic from messages where tenant_id = $1 and id = $2',
        bench.shop.tenantId,
        id,
      ),
    )
    expect(row?.automatic).toBe(true)
  })

  it('mail from before the channel comes in as far back as is asked for, unless somebody has answered it, and is not greeted', async () => {
    const old = await bench.channel({
      ...farEnd,
      async open() {
        const made = (await farEnd.open()) as MailFarEnd
        const inbox = made.servers.maildir(made.box)
        const known = new Set<string>()
        const arrived = async (words: string) => {
          await made.mail({ from: `early@${customers}`, text: words })
          const name = await eventually(async () => {
            const names = await readdir(join(inbox, 'new')).catch(() => [])
            return names.find((one) => !known.has(one))
          })
          known.add(name)
          return name
        }
        // The server, which compares days, still finds it.
        const early = join(inbox, 'new', await arrived('Two hours too early;'))
        const at = new Date(Date.now() - (3 * 24 + 2) * 3_600_000)
        await utimes(early, at, at)
        const answered = await arrived('Answered by somebody;')
        await rename(join(inbox, 'new', answered), join(inbox, 'cur', `${answered}:2,RS`))
        await arrived('Before you were here;')
        return Object.defineProperty(made, 'settings', { value: { ...made.settings, backfillDays: 3 } })
      },
    })
    const far = old.far as MailFarEnd
    await far.say({ id: newId('evt'), peer: 'early', parts: [text('Now;')] })
    await bench.drained()
    expect((await bench.heard(old.id)).map(({ parts }) => parts)).toEqual([
      [text('Before you were here;')],
      [text('Now;')],
    ])
    const rows = await bench.ground.db.work('test', [bench.shop.tenantId], (tx) =>
      tx.query<{ automatic: boolean }>(
        `select automatic from messages where tenant_id = $1 and channel_id = $2 order by number`,
        bench.shop.tenantId,
        old.id,
      ),
    )
    expect(rows.map(({ automatic }) => automatic)).toEqual([true, false])
  })

  it('a login by OAuth takes one access token for both servers, and the refresh token that replaces its own; what goes out is signed', async () => {
    const answers: number[] = []
    const good = new Map(['google', 'microsoft'].map((app) => [app, 'granted-by-the-owner']))
    let box = ''
    const provider = createServer(async (request, response) => {
      const asked = new URLSearchParams(await consumeText(request))
      const known = asked.get('refresh_token') === good.get(asked.get('client_id') ?? '')
      // Microsoft hands out another refresh token each time; this one takes the old one no more.
      const next = asked.get('client_id') === 'microsoft' && { refresh_token: `next-${answers.length}`, expires_in: 1 }
      if (known && next) good.set('microsoft', next.refresh_token)
      answers.push(known ? 200 : 400)
      const signed = new SignJWT({ sub: box, email: box })
        .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
        .setIssuedAt()
        .setExpirationTime('1h')
      const token = await signed.sign(Buffer.from(tokenKey))
      response.writeHead(known ? 200 : 400, { 'content-type': 'application/json' })
      response.end(
        JSON.stringify(known ? { access_token: token, expires_in: 3600, ...next } : { error: 'invalid_grant' }),
      )
    })
    await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', () => resolve()))
    const oauthTokenUrl = `http://127.0.0.1:${(provider.address() as AddressInfo).port}/token`
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const opened = (oauthRefreshToken: string, oauth = 'google') =>
      bench.channel({
        ...farEnd,
        async open() {
          const made = (await farEnd.open()) as MailFarEnd
          box = made.address
          const { password: _, ...settings } = made.settings
          const login = { oauth, oauthClientId: oauth, oauthRefreshToken, oauthTokenUrl }
          const dkimPrivateKey = privateKey.export({ type: 'pkcs8', format: 'pem' })
          const dkim = { dkimDomain: 'shop.example', dkimSelector: 'mail', dkimPrivateKey }
          return Object.defineProperty(made, 'settings', { value: { ...settings, ...login, ...dkim } })
        },
      })
    const by = await opened('granted-by-the-owner')
    await by.far.say({ id: newId('evt'), peer: 'token', parts: [text('By token;')] })
    const { conversationId } = await eventually(async () => (await bench.heard(by.id))[0])
    const { externalId } = await bench.delivery(await bench.reply(conversationId, [text('Signed')]), 'accepted')
    expect(answers).toEqual([200])
    const mails = (await far.servers.sentToCustomers()).map((mail) => mail.toString('latin1'))
    const sent = mails.find((mail) => mail.includes(externalId ?? ''))
    expect(sent).toMatch(
      /DKIM-Signature: v=1; a=rsa-sha256; c=relaxed\/relaxed; d=shop\.example;\s+q=dns\/txt; s=mail;/,
    )
    const rotating = await opened('granted-by-the-owner', 'microsoft')
    await rotating.far.say({ id: newId('evt'), peer: 'rotated', parts: [text('By the next token;')] })
    const first = await eventually(async () => (await bench.heard(rotating.id))[0])
    await bench.delivery(await bench.reply(first.conversationId, [text('By the one after it')]), 'accepted')
    expect(answers.length).toBeGreaterThan(2)
    expect(new Set(answers)).toEqual(new Set([200]))
    const refused = await opened('taken-back')
    const state = await eventually(async () => {
      const [row] = await bench.ground.db.work('test', [bench.shop.tenantId], (tx) =>
        tx.query<{ state: string }>(
          `select state::text from channels where tenant_id = $1 and id = $2`,
          bench.shop.tenantId,
          refused.id,
        ),
      )
      return row?.state.includes('needs-login') && row.state
    })
    expect(state).toContain('takes the OAuth grant no more')
    await new Promise((resolve) => provider.close(resolve))
  })

  it.for(['http', 'socks5'] as const)(
    'a proxy over %s carries both ways, and is named where it leads nowhere',
    async (scheme) => {
      const proxy = await startProxy(scheme)
      const behind = await bench.channel({
        ...farEnd,
        async open() {
          const made = (await farEnd.open()) as MailFarEnd
          return Object.defineProperty(made, 'settings', { value: { ...made.settings, proxy: proxy.address } })
        },
      })
      const { imapPort, smtpPort } = (behind.far as MailFarEnd).settings
      await behind.far.say({ id: newId('evt'), peer: 'proxied', parts: [text('By proxy;')] })
      const { conversationId } = await eventually(async () => (await bench.heard(behind.id))[0])
      await bench.delivery(await bench.reply(conversationId, [text('By proxy, too')]), 'accepted')
      expect(new Set(proxy.asked)).toEqual(new Set([`localhost:${imapPort}`, `localhost:${smtpPort}`]))
      await proxy.close()
      const checks = await bench.probe(behind.id)
      expect(checks.map(({ name, ok }) => [name, ok])).toEqual([
        ['IMAP', false],
        ['SMTP', false],
      ])
      expect(JSON.stringify(checks)).not.toContain('p%40ss')
    },
  )

  it('a test of the connection names each step that fails, with its mend', async () => {
    expect(await bench.probe(channel.id)).toEqual([
      { name: 'IMAP', ok: true, detail: expect.any(String) },
      { name: 'Folder', ok: true, detail: expect.any(String) },
      { name: 'Sent', ok: true, detail: expect.any(String) },
      { name: 'SMTP', ok: true, detail: expect.any(String) },
    ])
    const wrong = await bench.channel({
      ...farEnd,
      async open() {
        const made = (await farEnd.open()) as MailFarEnd
        return Object.defineProperty(made, 'settings', {
          value: {
            ...made.settings,
            password: 'not-the-password',
            smtpPort: made.servers.imapPort,
          },
        })
      },
    })
    const checks = await bench.probe(wrong.id)
    expect(checks.map(({ name, ok }) => [name, ok])).toEqual([
      ['IMAP', false],
      ['SMTP', false],
    ])
    for (const { mend } of checks) expect(mend).toEqual(expect.any(String))
  })
})
