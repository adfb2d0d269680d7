/** The whole hub with its pages: a visitor in one browser, an agent in another, and nothing between them but the product. */
import { SignJWT } from 'jose'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { buildWebIfStale } from '../../scripts/build-web.ts'
import { chromiumPath, launchChromium, openPage, widgetFrame } from '../support/browser.ts'
import { eventually } from '../support/eventually.ts'
import { type HubProcess, startHub } from '../support/hub-process.ts'
import { describeWith } from '../support/services.ts'

describeWith('Chromium', chromiumPath, 'a chat over the whole hub', (chromium) => {
  let browser: Browser
  let hub: HubProcess
  let channelId: string

  beforeAll(async () => {
    await buildWebIfStale()
    const starting = startHub()
    browser = await launchChromium(chromium)
    hub = await starting
    const { data } = await ask<{ data: { id: string; kind: string }[] }>('channels')
    channelId = data.find(({ kind }) => kind === 'webchat')?.id ?? ''
  })
  afterAll(async () => {
    await browser?.close()
    await hub?.close()
  })
  afterEach(() => Promise.all(browser.contexts().map((context) => context.close())))

  async function ask<T>(path: string): Promise<T> {
    const response = await fetch(`${hub.base}/v1/${path}`, { headers: { authorization: `Bearer ${hub.apiKey}` } })
    return (await response.json()) as T
  }
  /** The words of the latest conversation of all, as the API tells them. */
  async function words(): Promise<string[]> {
    const { data: conversations } = await ask<{ data: { id: string; openedAt: string }[] }>('conversations')
    const latest = conversations.toSorted((a, b) => b.openedAt.localeCompare(a.openedAt))[0]
    const { data } = await ask<{ data: { parts: { text: string }[] }[] }>(`conversations/${latest?.id}/messages`)
    return data.map(({ parts: [part] }) => part?.text ?? '')
  }
  async function agent(number = '8001') {
    const opened = await openPage(browser)
    const { page } = opened
    await page.goto(`${hub.base}/console/`)
    await page.fill('[name=login]', number)
    await page.fill('[name=password]', hub.passwords.get(number) ?? '')
    await page.click('.login-form button')
    await page.selectOption('.presence select', 'online')
    await page.waitForSelector('.presence.is-online')
    return opened
  }
  async function visitor() {
    const opened = await openPage(browser)
    await opened.page.goto(`${hub.base}/demo/?channel=${channelId}`)
    return { ...opened, chat: await openChat(opened.page) }
  }
  async function openChat(page: Page) {
    await page.click('[data-chat]')
    const chat = await widgetFrame(page)
    await chat.waitForSelector('textarea')
    return chat
  }
  const say = async (on: Pick<Page, 'fill' | 'press'>, text: string) => {
    await on.fill('textarea', text)
    await on.press('textarea', 'Enter')
  }

  test('a visitor writes, the agent gets it and answers, both see it; both reload and go on', async () => {
    const desk = await agent()
    const { page, chat, complaints } = await visitor()
    await say(chat, '你好，龙井还有货吗？')
    await desk.page.click('.item:has-text("龙井还有货吗")')
    await desk.page.waitForSelector('.bubble:has-text("你好，龙井还有货吗？")')
    await desk.page.waitForSelector('.composer')
    await say(desk.page, '有的，今天下单明天发。')
    await chat.waitForSelector('.bubble.out:has-text("有的，今天下单明天发。")')
    await chat.waitForSelector('.who:has-text("客服 李雷（工号 8001）")')
    await chat.waitForSelector('.meta.in:has-text("已读")')
    await desk.page.waitForSelector('.row.is-out .tick.is-read')

    await Promise.all([page.reload(), desk.page.reload()])
    const again = await openChat(page)
    await again.waitForSelector('.bubble.out:has-text("有的，今天下单明天发。")')
    await desk.page.waitForSelector('.bubble:has-text("你好，龙井还有货吗？")')
    await say(again, '那来两盒')
    await desk.page.waitForSelector('.bubble:has-text("那来两盒")')
    await say(desk.page, '好的，已为您备注')
    await again.waitForSelector('.bubble.out:has-text("好的，已为您备注")')
    expect(await words()).toEqual(['你好，龙井还有货吗？', '有的，今天下单明天发。', '那来两盒', '好的，已为您备注'])
    expect(await again.locator('.bubble.in').count()).toBe(2)
    expect(await desk.page.locator('.bubble').count()).toBe(4)

    await desk.page.click('.thread-head button:has-text("结束会话")')
    await again.waitForSelector('.day:has-text("本次会话已结束")')
    expect([...complaints, ...desk.complaints].filter((one) => !one.includes('401'))).toEqual([])
  })

  test('an agent hands a conversation on to another group, whose agent accepts it with its history and goes on', async () => {
    const [first, second] = [await agent(), await agent('8002')]
    const { chat } = await visitor()
    await say(chat, '我要退货')
    await first.page.click('.item:has-text("我要退货")')
    await first.page.waitForSelector('.composer')
    await first.page.click('.thread-head button:has-text("转接")')
    await first.page.click('.transfer button:has-text("售后")')
    await second.page.click('.offer button:has-text("接受")')
    await second.page.waitForSelector('.bubble:has-text("我要退货")')
    await say(second.page, '售后为您服务')
    await chat.waitForSelector('.bubble.out:has-text("售后为您服务")')
    await chat.waitForSelector('.who:has-text("8002")')
    await first.page.waitForSelector('.item:has-text("我要退货")', { state: 'detached' })
    await second.page.click('.thread-head button:has-text("结束会话")')
    await chat.waitForSelector('.day:has-text("本次会话已结束")')
  })

  test('a canned reply is found by a slash, filled in, and sent', async () => {
    await fetch(`${hub.base}/v1/canned-replies`, {
      method: 'POST',
      headers: { authorization: `Bearer ${hub.apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ title: '开场', folder: '礼貌', text: '您好，我是{{agent.name}}（{{agent.number}}）' }),
    })
    const desk = await agent()
    const { chat } = await visitor()
    await say(chat, '有人吗')
    await desk.page.click('.item:has-text("有人吗")')
    await desk.page.waitForSelector('.composer')
    await desk.page.fill('.composer textarea', '/开')
    await desk.page.waitForSelector('.canned button:has-text("礼貌 · 开场")')
    await desk.page.press('.composer textarea', 'Enter')
    expect(await desk.page.inputValue('.composer textarea')).toBe('您好，我是李雷（8001）')
    await desk.page.press('.composer textarea', 'Enter')
    await chat.waitForSelector('.bubble.out:has-text("您好，我是李雷（8001）")')
    await desk.page.click('.thread-head button:has-text("结束会话")')
    await chat.waitForSelector('.day:has-text("本次会话已结束")')
  })

  test('what an agent takes back is gone for the visitor, also after a reload, and marked for the agent', async () => {
    const desk = await agent()
    const { page, chat } = await visitor()
    await say(chat, '多少钱一盒')
    await desk.page.click('.item:has-text("多少钱一盒")')
    await desk.page.waitForSelector('.composer')
    await say(desk.page, '内部价 88 元')
    await chat.waitForSelector('.bubble.out:has-text("内部价 88 元")')
    await desk.page.hover('.row.is-out:has-text("内部价 88 元")')
    await desk.page.click('.row.is-out:has-text("内部价 88 元") .take-back')
    await chat.waitForSelector('.bubble.out:has-text("消息已撤回")')
    await desk.page.waitForSelector('.row.is-out:has(.is-recalled):has-text("已撤回")')
    await page.reload()
    const again = await openChat(page)
    await again.waitForSelector('.bubble.out:has-text("消息已撤回")')
    expect(await again.locator('text=内部价').count()).toBe(0)
    await desk.page.click('.thread-head button:has-text("结束会话")')
    await again.waitForSelector('.day:has-text("本次会话已结束")')
  })

  test('each sees the other writing', async () => {
    const desk = await agent()
    const { chat } = await visitor()
    await say(chat, '在吗')
    await desk.page.click('.item:has-text("在吗")')
    await desk.page.waitForSelector('.composer')
    await eventually(async () => {
      await chat.locator('textarea').pressSequentially('x')
      return desk.page.isVisible('.writing')
    })
    await eventually(async () => {
      await desk.page.locator('.composer textarea').pressSequentially('y')
      return (await chat.textContent('.who p')) === '对方正在输入…'
    })
  })

  test('a business says by its signature who the visitor is; a forged one is refused and the chat goes on', async () => {
    const secret = 'a secret that only the business and the hub know'
    const created = await fetch(`${hub.base}/v1/channels`, {
      method: 'POST',
      headers: { authorization: `Bearer ${hub.apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ kind: 'webchat', name: '会员', settings: { identitySecrets: [secret] } }),
    })
    const { id } = (await created.json()) as { id: string }
    const signed = (key: string) =>
      new SignJWT({})
        .setProtectedHeader({ alg: 'HS256' })
        .setSubject('member-42')
        .setAudience(id)
        .setIssuedAt()
        .setExpirationTime('10m')
        .sign(new TextEncoder().encode(key))
    const { page } = await openPage(browser)
    await page.goto(`${hub.base}/demo/?channel=${id}`)
    await page.waitForFunction(() => 'tributary' in window)
    const identify = async (jwt: string) =>
      page.evaluate(
        (token) =>
          (window as unknown as { tributary: { identify(t: string): Promise<string | null> } }).tributary.identify(
            token,
          ),
        jwt,
      )
    expect(await identify(await signed('another secret, just as long as the right one'))).toBeNull()
    expect(await identify(await signed(secret))).toBe('member-42')
    await say(await openChat(page), '我的订单到哪了')
    await eventually(async () => (await words()).includes('我的订单到哪了'))
  })

  const patient = { timeout: 120_000 }
  test(
    'both go on by themselves when the hub was killed and started again, and no word is lost or doubled',
    patient,
    async () => {
      const desk = await agent()
      const { chat } = await visitor()
      await say(chat, 'before')
      await desk.page.click('.item:has-text("before")')
      await desk.page.waitForSelector('.composer')
      await say(desk.page, 'answer before')
      await chat.waitForSelector('.bubble.out:has-text("answer before")')
      await hub.kill()
      await say(chat, 'while it is down')
      await say(desk.page, 'answer while it is down')
      await hub.start()
      await chat.waitForSelector('.bubble.out:has-text("answer while it is down")', { timeout: 50_000 })
      await desk.page.waitForSelector('.row.is-in .bubble:has-text("while it is down")', { timeout: 50_000 })
      const all = await words()
      expect(all.toSorted()).toEqual(['answer before', 'answer while it is down', 'before', 'while it is down'])
    },
  )
})
