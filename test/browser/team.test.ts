/** Colleagues at work together, over a whole hub: notes that call out, taking part, tags; the supervisor who looks and steps in. */
import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { buildWebIfStale } from '../../scripts/build-web.ts'
import type { Conversation } from '../../src/core/events/shapes.ts'
import { chromiumPath, launchChromium, seriousFindings } from '../support/browser.ts'
import { ask, logIn, newVisitor } from '../support/console.ts'
import { eventually } from '../support/eventually.ts'
import { type HubProcess, startHub } from '../support/hub-process.ts'
import { describeWith } from '../support/services.ts'

describeWith('Chromium', chromiumPath, 'colleagues in the console', (chromium) => {
  let browser: Browser
  let hub: HubProcess

  beforeAll(async () => {
    await buildWebIfStale()
    const starting = startHub()
    browser = await launchChromium(chromium)
    hub = await starting
  })
  afterEach(() => Promise.all(browser.contexts().map((context) => context.close())))
  afterAll(async () => {
    await browser?.close()
    await hub?.close()
  })

  const conversationOf = (preview: string) =>
    eventually(async () => {
      const { data } = await ask<{ data: Conversation[] }>(hub, 'GET', 'conversations')
      return data.find((one) => one.preview === preview)
    })
  /** An agent with a conversation before them. */
  async function talking(words: string) {
    const visitor = await newVisitor(hub)
    const { page, complaints } = await logIn(browser, hub, '8001', { presence: 'online' })
    await visitor.say(words)
    await page.click(`.item:has-text("${words}")`)
    await page.waitForSelector('.composer')
    return { page, complaints, visitor }
  }

  test('a note that calls out brings the colleague in, who answers beside the holder and leaves again', async () => {
    const { page, complaints } = await talking('茶具怎么退')
    const { page: other } = await logIn(browser, hub, '8002')
    await page.keyboard.press('Alt+KeyP')
    await page.waitForSelector('.composer.is-note')
    await page.locator('.composer textarea').pressSequentially('请 @韩')
    await page.waitForSelector('.canned [role=option]:has-text("韩梅梅 8002")')
    expect(await seriousFindings(page)).toEqual([])
    await page.keyboard.press('Enter')
    expect(await page.inputValue('.composer textarea')).toBe('请 @韩梅梅 ')
    await page.locator('.composer textarea').pressSequentially('看一下')
    await page.keyboard.press('Enter')
    await page.waitForSelector('.row.is-note .bubble:has-text("请 @韩梅梅 看一下")')
    await page.waitForSelector('.thread-title:has-text("参与人：韩梅梅")')

    await other.waitForSelector('.notice:has-text("李雷 在备注中提到了您")')
    await other.waitForSelector('.rail a:has-text("提到我的") .badge:has-text("1")')
    await other.click('.rail a:has-text("提到我的")')
    expect(await seriousFindings(other)).toEqual([])
    await other.click('.found:has-text("看一下")')
    await other.fill('.composer textarea', '七天内都可以退')
    await other.press('.composer textarea', 'Enter')
    await page.waitForSelector('.row.is-out .bubble:has-text("七天内都可以退")')
    await other.click('.thread-head .menu summary')
    await other.click('.menu-list button:has-text("退出会话")')
    await other.waitForSelector('.thread.is-empty')
    await eventually(async () => (await page.locator('.thread-title:has-text("参与人")').count()) === 0)
    expect((await conversationOf('七天内都可以退')).participantIds).toEqual([])
    expect(complaints.filter((one) => !one.includes('401'))).toEqual([])
  })

  test('a colleague is invited and sent away; tags are put on and taken off', async () => {
    const { page } = await talking('要开发票')
    await page.click('.thread-head .menu summary')
    await page.click('.menu-list button:has-text("邀请同事")')
    await page.click('dialog button:has-text("韩梅梅")')
    await page.waitForSelector('dialog', { state: 'detached' })
    await page.click('.panel [aria-label="请出 韩梅梅"]')
    await page.waitForSelector('.thread-title:has-text("参与人")', { state: 'detached' })
    for (const tag of ['发票', '急']) {
      await page.fill('[aria-label="添加 会话标签"]', tag)
      await page.press('[aria-label="添加 会话标签"]', 'Enter')
      await page.waitForSelector(`.chip:has-text("${tag}")`)
    }
    await page.click('[aria-label="移除 急"]')
    await eventually(async () => (await conversationOf('要开发票')).tags.join() === '发票')
  })

  test('the supervisor sees queues and agents, is told why it went so, takes over and gives it back', async () => {
    const { page } = await talking('我要投诉')
    const { page: boss, complaints } = await logIn(browser, hub, 'supervisor@demo.example', { presence: 'online' })
    const queued = await ask<{ data: { id: string; name: string }[] }>(hub, 'GET', 'groups')
    expect(queued.data.map(({ name }) => name)).toContain('售前')
    await boss.click('.rail a:has-text("实时监控")')
    await boss.waitForSelector('.card:has-text("售前")')
    await boss.waitForSelector('tr:has-text("李雷"):has-text("在线")')
    expect(await seriousFindings(boss)).toEqual([])
    await boss.click('[aria-label*="李雷 8001：接待的会话"]')
    const entry = boss.locator('.monitored li', { hasText: '我要投诉' })
    await entry.locator('button:has-text("为什么这样分配")').click()
    await boss.waitForSelector('dialog .stands:has-text("李雷"):has-text("正在由其接待")')
    await boss.waitForSelector('dialog li:has-text("分配给 李雷"):has-text("可以接待")')
    expect(await seriousFindings(boss)).toEqual([])
    await boss.click('dialog [aria-label="关闭"]')
    await boss.locator('.monitored li', { hasText: '我要投诉' }).locator('button:has-text("接管")').click()
    await boss.waitForSelector('.monitored li:has-text("我要投诉")', { state: 'detached' })
    await page.waitForSelector('.item:has-text("我要投诉")', { state: 'detached' })
    await boss.click('dialog .form-acts button')
    await boss.click('.rail a:has-text("我的会话")')
    await boss.click('.item:has-text("我要投诉")')
    await boss.waitForSelector('.composer')
    await boss.click('.thread-head .menu summary')
    await boss.click('.menu-list button:has-text("分配给同事")')
    await boss.click('dialog button:has-text("李雷")')
    await page.waitForSelector('.item:has-text("我要投诉")')
    // Without holding it one still notes on it, and no word goes to the customer.
    await boss.click('.thread-foot button:has-text("写备注")')
    await boss.waitForSelector('.composer.is-note')
    expect(await boss.locator('.composer-tabs button:has-text("回复")').count()).toBe(0)
    await boss.fill('.composer textarea', '先道歉')
    await boss.press('.composer textarea', 'Enter')
    await page.click('.item:has-text("我要投诉")')
    await page.waitForSelector('.row.is-note .bubble:has-text("先道歉")')
    expect(complaints.filter((one) => !one.includes('401'))).toEqual([])
  })

  test('the monitor can be read on a phone', async () => {
    const { page } = await logIn(browser, hub, 'supervisor@demo.example', { width: 390, height: 844 })
    await page.goto(`${hub.base}/console/#/monitor`)
    await page.waitForSelector('.card:has-text("售前")')
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390)
  })
})
