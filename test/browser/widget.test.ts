/** The widget on a shop's page, in a real browser, against a hub in memory that the test can cut off. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { buildWebIfStale } from '../../scripts/build-web.ts'
import { type FakeHub, startFakeHub } from '../fakes/hub-api.ts'
import { channelId } from '../fakes/hub-state.ts'
import { chromiumPath, launchChromium, openPage, seriousFindings, widgetFrame } from '../support/browser.ts'
import { eventually } from '../support/eventually.ts'
import { describeWith } from '../support/services.ts'

describeWith('Chromium', chromiumPath, 'the widget', (chromium) => {
  let browser: Browser
  let hub: FakeHub

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

  /** A visitor on the shop's page who has opened the chat. */
  async function visit(options: Parameters<typeof openPage>[1] = {}, query = '') {
    const opened = await openPage(browser, options)
    await opened.page.goto(`${hub.url}/demo/?channel=${channelId}${query}`)
    return { ...opened, chat: await openChat(opened.page) }
  }
  async function openChat(page: Page) {
    await page.waitForFunction(() => 'tributary' in window)
    await page.evaluate(() => (window as unknown as { tributary: { open(): void } }).tributary.open())
    const chat = await widgetFrame(page)
    await chat.waitForSelector('textarea')
    return chat
  }
  const said = () => hub.state.messages.map(({ parts: [part] }) => (part?.type === 'text' ? part.text : ''))
  const agentSays = (text: string) => {
    const conversation = hub.state.conversations.at(-1)
    if (!conversation) throw new Error('nobody has written yet')
    const [li] = hub.state.members
    if (!conversation.assigneeId && li) hub.state.assign(conversation, li.id)
    const author = { kind: 'member', id: li?.id ?? '', name: li?.name ?? '' } as const
    return hub.state.say(conversation, 'out', author, [{ type: 'text', text }], null)
  }
  const unread = (page: Page) =>
    eventually(async () => {
      const title = await (await widgetFrame(page)).title()
      return /^\((\d+)\)/.exec(title)?.[1]
    })

  test('what a visitor writes arrives once, and the answer shows the agent’s name and number', async () => {
    const { chat, complaints } = await visit()
    await chat.fill('textarea', '你好')
    await chat.press('textarea', 'Enter')
    await eventually(() => said().length === 1)
    agentSays('您好，请讲')
    await chat.waitForSelector('.bubble.out:has-text("您好，请讲")')
    await chat.waitForSelector('.who:has-text("客服 小李（工号 8001）")')
    expect(said()).toEqual(['你好', '您好，请讲'])
    expect(complaints).toEqual([])
  })

  test('nothing but how the button looks is asked of the hub, and nothing stored, before the visitor opens the chat', async () => {
    const { page } = await openPage(browser)
    const calls: string[] = []
    page.on('request', (request) => calls.push(new URL(request.url()).pathname))
    await page.goto(`${hub.url}/demo/?channel=${channelId}`)
    await page.waitForFunction(() => 'tributary' in window)
    expect(calls.filter((path) => path.startsWith('/v1/') || path.startsWith('/widget/'))).toEqual([
      `/v1/visitor/looks/${channelId}/launcher.css`,
    ])
    expect(await page.evaluate(() => localStorage.length)).toBe(0)
    expect(hub.state.contacts).toEqual([])
  })

  test('words written without a connection are kept over a reload, and sent once when it is back', async () => {
    const { page, chat } = await visit()
    await chat.fill('textarea', 'first')
    await chat.press('textarea', 'Enter')
    await chat.waitForSelector('.meta.in:has-text("已发送")')
    hub.cut()
    for (const text of ['second', 'third']) {
      await chat.fill('textarea', text)
      await chat.press('textarea', 'Enter')
    }
    expect(await chat.locator('.meta.sending').count()).toBe(2)
    await chat.waitForSelector('.notice')
    hub.mend()
    await page.reload()
    const again = await openChat(page)
    await eventually(() => said().length === 3)
    await eventually(async () => (await again.locator('.bubble.in').count()) === 3)
    expect(said()).toEqual(['first', 'second', 'third'])
    expect(await again.locator('.meta.sending').count()).toBe(0)
  })

  test('answers that came while the line was down are there when it is back, each once', async () => {
    const { chat } = await visit()
    await chat.fill('textarea', 'hello')
    await chat.press('textarea', 'Enter')
    await eventually(() => said().length === 1)
    agentSays('one')
    await chat.waitForSelector('.bubble.out:has-text("one")')
    hub.cut()
    agentSays('two')
    hub.mend()
    await chat.waitForSelector('.bubble.out:has-text("two")')
    expect(await chat.locator('.bubble.out:has-text("one")').count()).toBe(1)
    expect(await chat.locator('.bubble.out:has-text("two")').count()).toBe(1)
  })

  test('a visitor who comes back finds their conversation', async () => {
    const { page, chat } = await visit()
    await chat.fill('textarea', '你好')
    await chat.press('textarea', 'Enter')
    await eventually(() => said().length === 1)
    await page.reload()
    const again = await openChat(page)
    await again.waitForSelector('.bubble.in:has-text("你好")')
    expect(hub.state.contacts).toHaveLength(1)
  })

  test('an answer to a closed chat counts as unread, and opening it reads it', async () => {
    const { page, chat } = await visit()
    await chat.fill('textarea', '你好')
    await chat.press('textarea', 'Enter')
    await eventually(() => said().length === 1)
    await chat.click('[aria-label="关闭"]')
    agentSays('在的')
    expect(await unread(page)).toBe('1')
    await openChat(page)
    await eventually(() => hub.state.conversations[0]?.customerRead === 2)
    expect(await chat.title()).not.toMatch(/^\(/)
  })

  test('Enter chooses the candidate of an input method and sends nothing', async () => {
    const { page, chat } = await visit()
    await chat.focus('textarea')
    const session = await page.context().newCDPSession(page)
    await session.send('Input.imeSetComposition', { text: 'ni hao', selectionStart: 6, selectionEnd: 6 })
    await chat.locator('textarea').dispatchEvent('keydown', { key: 'Enter', keyCode: 229, isComposing: true })
    expect(said()).toEqual([])
    await session.send('Input.insertText', { text: '你好' })
    await chat.press('textarea', 'Enter')
    await eventually(() => said().length === 1)
    expect(said()).toEqual(['你好'])
  })

  test('reading and writing show on both sides', async () => {
    const { chat } = await visit()
    await chat.fill('textarea', '你好')
    await chat.press('textarea', 'Enter')
    await eventually(() => said().length === 1)
    agentSays('在的')
    await eventually(() => hub.state.conversations[0]?.customerRead === 2)
    const [li] = hub.state.members
    const { id = '' } = hub.state.conversations[0] ?? {}
    hub.state.hear(li?.id ?? '', false, { type: 'read', conversationId: id, number: 1 }, () => undefined)
    await chat.waitForSelector('.meta.in:has-text("已读")')
    hub.state.hear(li?.id ?? '', false, { type: 'typing', conversationId: id }, () => undefined)
    await chat.waitForSelector('.who:has-text("对方正在输入")')
  })

  test('markup that somebody writes stays text', async () => {
    const { chat } = await visit()
    await chat.fill('textarea', '<img src=x onerror=alert(1)>')
    await chat.press('textarea', 'Enter')
    await eventually(() => said().length === 1)
    agentSays('<script>alert(1)</script><b>x</b>')
    await chat.waitForSelector('.bubble.out:has-text("<script>")')
    expect(await chat.locator('.log img, .log script, .log b').count()).toBe(0)
  })

  test('another page cannot speak to the widget, nor to the loader', async () => {
    const { page } = await openPage(browser)
    await page.goto(`${hub.url}/demo/?channel=${channelId}`)
    await page.waitForFunction(() => 'tributary' in window)
    await page.evaluate(() => {
      for (const data of [{ type: 'close' }, { type: 'state', unread: 9 }, 'tributary.hello']) postMessage(data, '*')
    })
    const chat = await openChat(page)
    await chat.evaluate(() => {
      const pipe = new MessageChannel()
      postMessage({ type: 'tributary.hello', channelId: 'chn_evil', open: true }, '*', [pipe.port2])
    })
    await chat.fill('textarea', '你好')
    await chat.press('textarea', 'Enter')
    await eventually(() => said().length === 1)
  })

  test('it speaks the language that the page asks for, and fills a phone’s screen', async () => {
    const { chat } = await visit({ width: 390, height: 844 }, '&locale=zh-TW')
    await chat.waitForSelector('textarea[placeholder="請輸入訊息…"]')
    expect(await chat.evaluate(() => [innerWidth, innerHeight])).toEqual([390, 844])
    expect(await chat.evaluate(() => document.documentElement.scrollWidth)).toBe(390)
  })

  test('a page of its own works as a link', async () => {
    const { page } = await openPage(browser, { width: 390, height: 844 })
    await page.goto(`${hub.url}/widget/?channel=${channelId}`)
    await page.fill('textarea', '你好')
    await page.press('textarea', 'Enter')
    await eventually(() => said().length === 1)
  })

  test('an accessibility check finds nothing serious, in light and dark', async () => {
    const { page, chat } = await visit()
    await chat.fill('textarea', '你好')
    await chat.press('textarea', 'Enter')
    await eventually(() => said().length === 1)
    agentSays('看 https://a.example')
    await chat.waitForSelector('.bubble.out a')
    await chat.click('[aria-label="表情"]')
    expect(await seriousFindings(chat)).toEqual([])
    await page.emulateMedia({ colorScheme: 'dark' })
    expect(await seriousFindings(chat)).toEqual([])
  })
})
