/** The agent's console in a real browser, against a hub in memory that the test can cut off. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { buildWebIfStale } from '../../scripts/build-web.ts'
import { type FakeHub, startFakeHub } from '../fakes/hub-api.ts'
import { newId, password } from '../fakes/hub-state.ts'
import { chromiumPath, launchChromium, openPage, seriousFindings } from '../support/browser.ts'
import { eventually } from '../support/eventually.ts'
import { describeWith } from '../support/services.ts'

describeWith('Chromium', chromiumPath, 'the console', (chromium) => {
  let browser: Browser
  let hub: FakeHub
  let lastKey = 0

  beforeAll(async () => {
    await buildWebIfStale()
    browser = await launchChromium(chromium)
  })
  afterAll(() => browser?.close())
  beforeEach(async () => {
    hub = await startFakeHub()
  })
  afterEach(async () => {
    await Promise.all(browser.contexts().map((context) => context.close()))
    await hub.close()
  })

  async function logIn(page: Page, number = '8001') {
    await page.fill('[name=login]', number)
    await page.fill('[name=password]', password)
    await page.click('.login-form button')
  }
  /** An agent who is logged in and online. */
  async function agent(options: Parameters<typeof openPage>[1] = {}) {
    const opened = await openPage(browser, options)
    await opened.page.goto(`${hub.url}/console/`)
    await logIn(opened.page)
    await opened.page.selectOption('.presence select', 'online')
    await eventually(() => [...hub.state.presence.values()].some(({ state }) => state === 'online'))
    return opened
  }
  /** A customer writes; the same name is the same customer. */
  function customerSays(name: string, text: string) {
    const contact = hub.state.contacts.find((one) => one.name === name) ?? hub.state.makeContact(name)
    hub.state.visitorSays(contact.id, `k${++lastKey}`, [{ type: 'text', text }])
    return contact
  }
  const open = async (page: Page, name: string) => {
    await page.click(`.item:has-text("${name}")`)
    await page.waitForSelector(`.thread-head h2:has-text("${name}")`)
  }
  const sent = () =>
    hub.state.messages
      .filter(({ direction }) => direction !== 'in')
      .map(({ parts: [part] }) => (part?.type === 'text' ? part.text : ''))

  test('a wrong password is refused in words, the right one opens the page', async () => {
    const { page } = await openPage(browser)
    await page.goto(`${hub.url}/console/`)
    await page.fill('[name=login]', '8001')
    await page.fill('[name=password]', 'wrong')
    await page.click('button[type=submit]')
    await page.waitForSelector('[role=alert]:has-text("账号或密码不正确")')
    await logIn(page)
    await page.waitForSelector('.whoami:has-text("小李 8001")')
  })

  test('a conversation appears by itself, unread in the list and the title until it is opened', async () => {
    const { page } = await agent()
    customerSays('王女士', '在吗')
    customerSays('王女士', '有人吗')
    await page.waitForSelector('.item.is-unread:has-text("有人吗") .badge:has-text("2")')
    expect(await page.title()).toMatch(/^\(2\)/)
    await open(page, '王女士')
    await eventually(() => hub.state.conversations[0]?.agentRead === 2)
    await eventually(async () => !(await page.title()).startsWith('('))
    expect(await page.locator('.item .badge').count()).toBe(0)
  })

  test('a window that closes is warned of, and the answer goes by another channel of the customer that is chosen instead', async () => {
    const other = newId('chn')
    hub.state.otherWays.push({
      channelId: other,
      name: '售后邮箱',
      kind: 'email',
      isCurrent: false,
      isOpen: true,
      replyWindow: null,
      lastInboundAt: null,
      recall: null,
    })
    const { page, complaints } = await agent()
    customerSays('王女士', '在吗')
    await open(page, '王女士')
    const [conversation] = hub.state.conversations
    if (conversation === undefined) throw new Error('no conversation')
    const inMinutes = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString()
    const window = (minutes: number, usesLeft: number | null) =>
      hub.state.change(conversation, { replyWindow: { expiresAt: inMinutes(minutes), usesLeft } }, 'window.changed')
    window(600, 3)
    await page.waitForSelector('.ways:has-text("还可回复 3 次")')
    window(30, 2)
    await page.waitForSelector('.ways.is-ending:has-text("“网站客服”即将不能回复")')
    expect(await seriousFindings(page)).toEqual([])
    window(-1, 2)
    await page.waitForSelector('.ways.is-closed:has-text("“网站客服”已不能回复")')
    await page.click('.ways button:has-text("改用 售后邮箱 回复")')
    await page.waitForSelector('.ways:not(.is-closed) select')
    await page.fill('.composer textarea', '给您发邮件了')
    await page.press('.composer textarea', 'Enter')
    await eventually(() => sent().includes('给您发邮件了'))
    expect(hub.state.messages.at(-1)?.channelId).toBe(other)
    // A note goes nowhere, so it says nothing of channels.
    await page.click('.composer-tabs button:has-text("备注")')
    expect(await page.locator('.ways').count()).toBe(0)
    expect(complaints.filter((one) => !one.includes('401'))).toEqual([])
  })

  test('an answer is shown at once, sent once, and its delivery and reading tick', async () => {
    const { page, complaints } = await agent()
    customerSays('王女士', '在吗')
    await open(page, '王女士')
    await page.fill('.composer textarea', '在的')
    await page.press('.composer textarea', 'Enter')
    await page.waitForSelector('.row.is-out .tick.is-delivered')
    const [conversation] = hub.state.conversations
    hub.state.hear(conversation?.contactId ?? '', true, { type: 'read', number: 2 }, () => undefined)
    await page.waitForSelector('.row.is-out .tick.is-read')
    expect(sent()).toEqual(['在的'])
    expect(await page.locator('.row.is-out').count()).toBe(1)
    expect(complaints.filter((one) => !one.includes('401'))).toEqual([])
  })

  test('a note is marked as one and does not go to the customer', async () => {
    const { page } = await agent()
    customerSays('王女士', '在吗')
    await open(page, '王女士')
    await page.click('.composer-tabs button:has-text("内部备注")')
    await page.fill('.composer textarea', '老客户')
    await page.press('.composer textarea', 'Enter')
    await page.waitForSelector('.row.is-note .bubble:has-text("老客户")')
    expect(hub.state.messages.at(-1)?.direction).toBe('note')
  })

  test('answers written without a connection go out in order when it is back, each once', async () => {
    const { page } = await agent()
    customerSays('王女士', '在吗')
    await open(page, '王女士')
    hub.cut()
    for (const text of ['one', 'two']) {
      await page.fill('.composer textarea', text)
      await page.press('.composer textarea', 'Enter')
    }
    expect(await page.locator('.bubble.is-pending').count()).toBe(2)
    await page.waitForSelector('.banner.is-error')
    customerSays('王女士', '断线时说的话')
    hub.mend()
    await page.waitForSelector('.bubble:has-text("断线时说的话")')
    await eventually(() => sent().length === 2)
    await eventually(async () => (await page.locator('.bubble.is-pending').count()) === 0)
    expect(sent()).toEqual(['one', 'two'])
    expect(await page.locator('.row.is-out').count()).toBe(2)
  })

  test('an offer rings with its time; accepted it is mine, declined it is gone', async () => {
    const { page } = await agent()
    hub.state.acceptMode = 'manual'
    customerSays('王女士', '我要退货')
    await page.waitForSelector('.offer:has-text("王女士"):has-text("我要退货")')
    expect(await page.textContent('.offer .seconds')).toMatch(/^\d+ 秒$/)
    expect(await page.title()).toMatch(/^\(1\)/)
    await page.click('.offer button:has-text("拒绝")')
    await eventually(async () => (await page.locator('.offer').count()) === 0)
    customerSays('张先生', '开发票')
    await page.click('.offer button:has-text("接受")')
    await page.waitForSelector('.thread-head h2:has-text("张先生")')
    await page.waitForSelector('.composer')
    expect(hub.state.offers.map(({ state }) => state)).toEqual(['declined', 'accepted'])
  })

  test('an offer that nobody answers goes away by itself', async () => {
    hub.state.offerSeconds = 2
    const { page } = await agent()
    hub.state.acceptMode = 'manual'
    customerSays('王女士', '我要退货')
    await page.waitForSelector('.offer')
    await page.waitForSelector('.offer', { state: 'detached' })
  })

  test('a waiting conversation can be taken, and one that somebody else took is refused in words', async () => {
    const { page } = await agent()
    hub.state.acceptMode = 'queue'
    customerSays('王女士', '排队中')
    customerSays('张先生', '也在排队')
    await page.click('.rail a:has-text("排队中")')
    await open(page, '王女士')
    await page.click('.thread-foot button:has-text("接入")')
    await page.waitForSelector('.composer')
    await page.click('.rail a:has-text("排队中")')
    await open(page, '张先生')
    const other = hub.state.conversations.find((one) => one.contactName === '张先生')
    if (other) other.heldBy = 'agent'
    await page.click('.thread-foot button:has-text("接入")')
    await page.waitForSelector('.notice.is-error:has-text("已被其他坐席接入")')
  })

  test('each conversation keeps its draft, over a reload too', async () => {
    const { page } = await agent()
    customerSays('王女士', '在吗')
    customerSays('张先生', '在吗')
    await open(page, '王女士')
    await page.fill('.composer textarea', '给王女士')
    await open(page, '张先生')
    expect(await page.inputValue('.composer textarea')).toBe('')
    await page.fill('.composer textarea', '给张先生')
    await page.reload()
    await page.waitForSelector('.thread-head h2:has-text("张先生")')
    expect(await page.inputValue('.composer textarea')).toBe('给张先生')
    await open(page, '王女士')
    expect(await page.inputValue('.composer textarea')).toBe('给王女士')
  })

  test('a session that ends asks for the password over the page, and loses nothing', async () => {
    const { page } = await agent()
    const asked = new Set<unknown>()
    page.on('request', (request) => asked.add(request))
    page.on('requestfinished', (request) => asked.delete(request))
    page.on('requestfailed', (request) => asked.delete(request))
    customerSays('王女士', '在吗')
    await open(page, '王女士')
    // What the page reads beside must not be what meets the end of the session: the answer that is sent is.
    await page.waitForSelector('.details:has-text("没有其他会话")')
    await eventually(() => asked.size === 0)
    hub.state.endSessions()
    await page.fill('.composer textarea', '别丢了')
    await page.press('.composer textarea', 'Enter')
    await page.waitForSelector('dialog[open]')
    await page.waitForSelector('.bubble.is-pending:has-text("别丢了")')
    await logIn(page)
    await page.waitForSelector('dialog', { state: 'detached' })
    await eventually(() => sent().length === 1)
    expect(sent()).toEqual(['别丢了'])
  })

  test('the customer’s name is changed, and what somebody else wrote meanwhile is shown first', async () => {
    const { page } = await agent()
    const contact = customerSays('王女士', '在吗')
    await open(page, '王女士')
    await page.click('[aria-label="修改 姓名"]')
    await page.fill('.contact-name input', '王小姐')
    await page.press('.contact-name input', 'Enter')
    await page.waitForSelector('.item:has-text("王小姐")')
    await page.click('[aria-label="修改 姓名"]')
    await page.fill('.contact-name input', '王先生')
    Object.assign(contact, { name: '王总', version: contact.version + 1 })
    await page.press('.contact-name input', 'Enter')
    await page.waitForSelector('.contact-name .failure:has-text("他人刚刚修改过")')
    await page.waitForSelector('.item:has-text("王总")')
    expect(await page.inputValue('.contact-name input')).toBe('王先生')
    await page.press('.contact-name input', 'Enter')
    await page.waitForSelector('.item:has-text("王先生")')
  })

  test('what customers say of themselves is marked as unverified, and they can be blocked and unblocked', async () => {
    const { page } = await agent()
    const contact = hub.state.makeContact('王女士', { vip: '我是 VIP' })
    hub.state.visitorSays(contact.id, 'k-vip', [{ type: 'text', text: '在吗' }])
    await open(page, '王女士')
    await page.waitForSelector('.details dd:has-text("我是 VIP") .tag:has-text("未验证")')
    await page.click('.details button:has-text("拉黑")')
    await page.fill('.block-form input', '辱骂')
    await page.click('.block-form button.danger')
    await page.waitForSelector('.warning:has-text("已拉黑 辱骂")')
    await page.click('.details button:has-text("移出黑名单")')
    await page.waitForSelector('.warning', { state: 'detached' })
  })

  test('a closed conversation leaves my list, is found among the closed ones, and its words in the history', async () => {
    const { page } = await agent()
    customerSays('王女士', '第一次')
    await open(page, '王女士')
    await page.keyboard.press('Alt+KeyE')
    await page.waitForSelector('.thread-foot:has-text("会话已结束")')
    expect(await page.locator('.item').count()).toBe(0)
    await page.click('.rail a:has-text("已结束")')
    await page.waitForSelector('.item:has-text("王女士")')
    customerSays('王女士', '第二次')
    await page.click('.rail a:has-text("我的会话")')
    await open(page, '王女士')
    await page.click('.tabs button:has-text("历史消息")')
    await page.waitForSelector('.past:has-text("第一次")')
  })

  test('a customer who waits too long is told of, and stands out in the list until they are answered', async () => {
    const { page } = await agent()
    customerSays('王女士', '有人吗')
    await page.waitForSelector('.item:has-text("有人吗")')
    const [conversation] = hub.state.conversations
    if (!conversation) throw new Error('there is no conversation')
    conversation.waitingSince = new Date(Date.now() - 180_000).toISOString()
    hub.state.change(conversation, { overdue: true }, 'conversation.overdue')
    await page.waitForSelector('.notice:has-text("王女士 等待答复已超时")')
    await page.waitForSelector('.item .overdue:has-text("客户等待 3 分钟")')
    hub.state.change(conversation, { waitingSince: null }, 'conversation.updated')
    await page.waitForSelector('.item .overdue', { state: 'detached' })
  })

  test('keys go through the list, and the help tells which', async () => {
    const { page } = await agent()
    customerSays('王女士', '一')
    await page.waitForSelector('.item:has-text("王女士")')
    customerSays('张先生', '二')
    await page.waitForSelector('.item:has-text("张先生")')
    await page.keyboard.press('Alt+KeyJ')
    await page.waitForSelector('.thread-head h2:has-text("张先生")')
    await page.keyboard.press('Alt+KeyJ')
    await page.waitForSelector('.thread-head h2:has-text("王女士")')
    await page.keyboard.press('Alt+KeyK')
    await page.waitForSelector('.thread-head h2:has-text("张先生")')
    await page.fill('.composer textarea', '')
    await page.locator('.composer textarea').pressSequentially('真的吗?')
    expect(await page.locator('dialog').count()).toBe(0)
    await page.locator('.log').focus()
    await page.keyboard.press('Shift+Slash')
    await page.waitForSelector('dialog[open] kbd:has-text("Alt+J")')
    await page.keyboard.press('Escape')
    await page.waitForSelector('dialog', { state: 'detached' })
  })

  test('the page speaks another language at once, and again after a reload', async () => {
    const { page } = await agent()
    await page.selectOption('.topbar .language', 'zh-TW')
    await page.waitForSelector('.rail:has-text("我的對話")')
    await page.reload()
    await page.waitForSelector('.rail:has-text("我的對話")')
    expect(await page.evaluate(() => document.documentElement.lang)).toBe('zh-TW')
    await page.selectOption('.topbar .language', 'en')
    await page.waitForSelector('.rail:has-text("Mine")')
  })

  test('hostile words make no element', async () => {
    const { page } = await agent()
    customerSays('<img src=x onerror=alert(1)>', '<script>alert(1)</script><b>x</b>')
    await page.waitForSelector('.item')
    await page.click('.item')
    await page.waitForSelector('.bubble:has-text("<script>")')
    expect(await page.locator('img, script:not([src]), b:has-text("x")').count()).toBe(0)
  })

  test('on a phone there is one pane at a time, and nothing runs out of the screen', async () => {
    const { page } = await agent({ width: 390, height: 844 })
    customerSays('王女士', '在吗'.repeat(80))
    await page.click('.item')
    await page.waitForSelector('.composer')
    expect(await page.isVisible('.list-pane')).toBe(false)
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390)
    await page.click('.panel-toggle')
    await page.waitForSelector('.panel.is-shown')
    await page.click('.panel [aria-label="关闭"]')
    await page.click('[aria-label="返回列表"]')
    await page.waitForSelector('.list-pane', { state: 'visible' })
  })

  test('an accessibility check finds nothing serious on any page, in light and dark', async () => {
    const { page } = await openPage(browser)
    await page.goto(`${hub.url}/console/`)
    await page.waitForSelector('form')
    expect(await seriousFindings(page)).toEqual([])
    await logIn(page)
    await page.selectOption('.presence select', 'online')
    await eventually(() => [...hub.state.presence.values()].some(({ state }) => state === 'online'))
    customerSays('王女士', '看 https://a.example')
    hub.state.acceptMode = 'manual'
    customerSays('张先生', '我要退货')
    await page.waitForSelector('.offer')
    await open(page, '王女士')
    await page.fill('.composer textarea', '好的')
    await page.press('.composer textarea', 'Enter')
    await page.click('.composer-tabs button:has-text("内部备注")')
    await page.fill('.composer textarea', '备注')
    await page.press('.composer textarea', 'Enter')
    await page.waitForSelector('.row.is-note')
    await page.waitForSelector('.tag')
    expect(await seriousFindings(page)).toEqual([])
    await page.emulateMedia({ colorScheme: 'dark' })
    expect(await seriousFindings(page)).toEqual([])
    await page.locator('.log').focus()
    await page.keyboard.press('Shift+Slash')
    await page.waitForSelector('dialog[open]')
    expect(await seriousFindings(page)).toEqual([])
  })
})
