/** A WeChat account beyond what all connectors promise: answers in the call, one token, one upload, what the test of the connection says. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type FakePage, openFakePage } from '../../../scripts/fake.ts'
import { ConnectorBench, type TestChannel } from '../../conformance/connector-bench.ts'
import { sampleBytes, samples } from '../../conformance/connector-samples.ts'
import { farEnd, messageXml, Wechat } from '../../fakes/wechat-official.ts'
import { eventually } from '../../support/eventually.ts'

let bench: ConnectorBench

const channel = async (facts: ConstructorParameters<typeof Wechat>[0]) => {
  const far = new Wechat(facts)
  await far.start()
  return { ...(await bench.channel({ ...farEnd, open: async () => far })), wechat: far }
}
const now = () => Math.floor(Date.now() / 1000)
const text = (words: string) => ({ type: 'text', text: words }) as const
/** Somebody writes; the call, still open, and the conversation that it began. */
const writes = async ({ id, wechat }: TestChannel & { wechat: Wechat }, number: string) => {
  const before = (await bench.heard(id)).length
  const xml = messageXml(wechat.appId, `o-${number}`, { id: number, at: now() }, text(`I am ${number}`))
  const call = wechat.push(xml)
  const heard = (await bench.heard(id, before + 1)).find(({ externalId }) => externalId === number)
  return { call, xml, conversationId: heard?.conversationId ?? '' }
}

beforeAll(async () => {
  bench = await ConnectorBench.open([farEnd])
})
afterAll(() => bench?.close())

it.each([
  ['sealed', {}],
  ['plain', { plain: true }],
])(
  'a %s call of an account that can do no more is answered itself, once, and alike when it comes again',
  async (_, facts) => {
    const account = await channel({ ...facts, settings: { replies: 'passive' } })
    const { call, xml, conversationId } = await writes(account, '1001')
    const first = await bench.reply(conversationId, [text('欢迎 ]]> <光临>')])
    const second = await bench.reply(conversationId, [text('and more')])
    const { status, body } = await call
    expect(status).toBe(200)
    expect(body).toContain('<ToUserName><![CDATA[o-1001]]></ToUserName>')
    expect(body).toContain('<MsgType><![CDATA[text]]></MsgType>')
    expect(body).toContain('<![CDATA[欢迎 ]]]]><![CDATA[> <光临>]]>')
    await bench.delivery(first, 'accepted')
    expect((await bench.delivery(second, 'failed')).failure?.code).toBe('window-closed')
    expect((await account.wechat.push(xml)).body).toContain('光临')
    expect(await account.wechat.taken()).toEqual([])
  },
)

it('a call that nobody answers in time ends well, and what is said later is refused', async () => {
  const account = await channel({ settings: { replies: 'passive' } })
  const { call, conversationId } = await writes(account, '1002')
  expect(await call).toEqual({ status: 200, body: 'success' })
  const late = await bench.reply(conversationId, [text('too late')])
  expect((await bench.delivery(late, 'failed')).failure?.code).toBe('window-closed')
})

it('a token that WeChat knows no longer is minted once more, and the message goes', async () => {
  const account = await channel({})
  const { conversationId } = await writes(account, '1003')
  await bench.delivery(await bench.reply(conversationId, [text('one')]), 'accepted')
  account.wechat.forgetToken()
  await bench.delivery(await bench.reply(conversationId, [text('two')]), 'accepted')
  expect(account.wechat.tokens).toBe(2)
  expect(await account.wechat.taken()).toHaveLength(2)
})

it('a file is uploaded once for all who are sent it, and again when WeChat has forgotten it', async () => {
  const account = await channel({})
  const send = async (number: string) => {
    const { conversationId } = await writes(account, number)
    const blob = await bench.upload('shoes.jpg', sampleBytes('shoes.jpg'))
    await bench.delivery(
      await bench.reply(conversationId, [{ ...samples.image, caption: undefined, blob } as never]),
      'accepted',
    )
  }
  await send('1004')
  await send('1005')
  expect(account.wechat.uploads).toBe(1)
  account.wechat.forgetUploads()
  await send('1006')
  expect(account.wechat.uploads).toBe(2)
  expect(await account.wechat.taken()).toHaveLength(3)
})

it('an account that may not send customer-service messages is shown as such, with what to do', async () => {
  const account = await channel({})
  account.wechat.answers.set('message/custom/send', { errcode: 48001, errmsg: 'api unauthorized' })
  const { conversationId } = await writes(account, '1007')
  const failed = await bench.delivery(await bench.reply(conversationId, [text('hello')]), 'failed')
  expect(failed.failure).toMatchObject({ code: 'rejected', detail: expect.stringContaining('set replies to passive') })
  await eventually(async () => (await bench.told()).includes('"degraded"'))
})

it('the menu of an account becomes that of its channel, whenever that changes; a refusal is told, and stops no message', async () => {
  const hello = { name: '你好', type: 'click', key: 'HELLO' }
  const shop = { name: '商店', sub_button: [{ name: '新品', type: 'view', url: 'https://shop.example/new' }] }
  const account = await channel({ settings: { menu: [hello, shop] } })
  const { menus, answers } = account.wechat
  const check = async () => (await bench.probe(account.id)).find(({ name }) => name === 'Menu')
  const change = (menu: unknown) => bench.changeChannel(account.id, farEnd.kind.kind, { settings: { menu } })
  await eventually(() => menus.length === 1)
  expect(menus).toEqual([[hello, shop]])
  expect(await check()).toMatchObject({ ok: true })

  answers.set('menu/create', { errcode: 48001, errmsg: 'api unauthorized' })
  await change([hello])
  await eventually(async () => (await bench.told()).includes('The menu is not set: WeChat refused it (48001)'))
  expect(await check()).toMatchObject({ ok: false, mend: expect.any(String) })
  await bench.opened(account.id)
  const { conversationId } = await writes(account, '1008')
  await bench.delivery(await bench.reply(conversationId, [text('still here')]), 'accepted')
  expect(menus).toHaveLength(1)

  answers.delete('menu/create')
  await change([shop])
  await eventually(() => menus.length === 2)
  await change([])
  await eventually(() => menus.length === 3)
  expect(menus.slice(1)).toEqual([[shop], null])
  expect(await check()).toMatchObject({ ok: true })
})

it('on the page of its far end one types as the customer, and sees what arrives', async () => {
  let page: FakePage | undefined
  const open = async () => {
    page = await openFakePage(farEnd)
    return page.far
  }
  const account = await bench.channel({ ...farEnd, open })
  const ask = (path: string, body?: object) =>
    fetch(new URL(path, page?.url), body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) })
  expect(await (await ask('')).text()).toContain('<form id="say">')
  expect((await ask('place', { hookUrl: account.hookUrl })).status).toBe(204)
  expect((await ask('say', { peer: 'o-page', text: '在吗' })).status).toBe(204)
  const [heard] = await bench.heard(account.id, 1)
  await bench.delivery(await bench.reply(heard?.conversationId ?? '', [text('在的')]), 'accepted')
  expect(await (await ask('state')).json()).toMatchObject({
    kind: 'wechat-official',
    said: [{ peer: 'o-page', parts: [text('在吗')] }],
    taken: [{ peer: 'o-page', parts: [text('在的')] }],
  })
  expect((await ask('say', { peer: 'o-page', type: 'choice' })).status).toBe(204)
  expect(await (await ask('state')).json()).toMatchObject({
    said: [{}, { failure: expect.stringContaining('choice') }],
  })
  await page?.close()
})

it('the test of the connection says what an account may, and what to do about what it may not', async () => {
  const account = await channel({})
  const said = async () => (await bench.probe(account.id)).map(({ name, ok }) => ({ name, ok }))
  expect(await said()).toEqual([
    { name: 'Address for WeChat', ok: true },
    { name: 'AppID and AppSecret', ok: true },
    { name: 'Account', ok: true },
    { name: 'Answers', ok: false },
    { name: 'Network', ok: true },
  ])
  const kind = async () => (await bench.probe(account.id)).find(({ name }) => name === 'Account')?.detail
  account.wechat.quotas.set('/cgi-bin/menu/create', 1000).set('/cgi-bin/message/custom/send', 0)
  expect(await kind()).toMatch(/not verified.*It may: menus\. It may not: customer-service messages/)
  account.wechat.quotas.set('/cgi-bin/message/custom/send', 500_000)
  expect(await kind()).toContain('订阅号')
  account.wechat.quotas.set('/cgi-bin/message/template/send', 100_000)
  expect(await kind()).toContain('服务号')
  account.wechat.answers.set('account/getaccountbasicinfo', {
    account_type: 1,
    wx_verify_info: { qualification_verify: false },
  })
  expect(await kind()).toContain('订阅号), not verified')
  account.wechat.answers.set('customservice/getkflist', { kf_list: [] })
  account.wechat.answers.set('callback/check', { dns: [{ ip: '203.0.113.9' }], ping: [{ package_loss: '100%' }] })
  expect((await said()).slice(3)).toEqual([
    { name: 'Answers', ok: true },
    { name: 'Network', ok: false },
  ])
  const other = await channel({})
  other.wechat.refuseTokens({
    errcode: 40164,
    errmsg: 'invalid ip 203.0.113.9 ipv6 ::ffff:203.0.113.9, not in whitelist',
  })
  const [, credentials] = await bench.probe(other.id)
  expect(credentials?.mend).toContain('203.0.113.9')
})
