/** How conversations go on in the console, over a whole hub: answered in time, set aside, resolved, closed with a summary, opened again. */
import { readFile } from 'node:fs/promises'
import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { buildWebIfStale } from '../../scripts/build-web.ts'
import type { Conversation } from '../../src/core/events/shapes.ts'
import { chromiumPath, launchChromium, seriousFindings } from '../support/browser.ts'
import { ask, logIn, newVisitor } from '../support/console.ts'
import { eventually } from '../support/eventually.ts'
import { type HubProcess, startHub } from '../support/hub-process.ts'
import { describeWith } from '../support/services.ts'

describeWith('Chromium', chromiumPath, 'conversations in the console', (chromium) => {
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

  const conversationOf = async (preview: string) => {
    const { data } = await ask<{ data: Conversation[] }>(hub, 'GET', 'conversations')
    return data.find((one) => one.preview === preview)
  }
  /** An agent with a conversation before them. */
  async function talking(words: string, options: Parameters<typeof logIn>[3] = {}) {
    const visitor = await newVisitor(hub)
    const { page, complaints } = await logIn(browser, hub, '8001', { presence: 'online', ...options })
    await visitor.say(words)
    await page.click(`.item:has-text("${words}")`)
    await page.waitForSelector('.composer')
    return { page, complaints, visitor }
  }

  test('without a rule a conversation is resolved at once, found among the resolved, and opened again', async () => {
    const { page, complaints } = await talking('问一下尺寸')
    await page.waitForSelector('.item:has-text("问一下尺寸"):has-text("客户等待"):has-text("时长")')
    await page.click('.states a:has-text("待处理")')
    await page.waitForSelector('.item:has-text("问一下尺寸")')
    await page.fill('.composer textarea', '二十厘米')
    await page.press('.composer textarea', 'Enter')
    await page.waitForSelector('.empty:has-text("没有等待您答复的客户")')
    await page.click('.states a:has-text("进行中")')
    await page.keyboard.press('Alt+KeyR')
    await page.waitForSelector('.thread-foot:has-text("已解决")')
    await page.click('.rail a:has-text("已结束")')
    await page.click('.states a:has-text("已解决")')
    await page.click('.item:has-text("二十厘米")')
    expect(await seriousFindings(page)).toEqual([])
    await page.click('.thread-foot button:has-text("重新打开")')
    await page.waitForSelector('.composer')
    await page.click('.rail a:has-text("我的会话")')
    await page.waitForSelector('.item:has-text("二十厘米")')
    expect(complaints.filter((one) => !one.includes('401'))).toEqual([])
  })

  test('where the rule asks for it, nothing ends without a category and a summary, which stand there afterwards', async () => {
    await ask(hub, 'PUT', 'conversation-categories/complaint', { name: '投诉' })
    await ask(hub, 'PUT', 'conversation-categories/slow', { name: '发货慢', parentKey: 'complaint' })
    await ask(hub, 'PUT', 'closing-rules/all', { summary: 'required', category: 'required' })
    const { page } = await talking('怎么还不发货')
    await page.click('.thread-head button:has-text("结束会话")')
    await page.waitForSelector('dialog [name=category]')
    expect(await seriousFindings(page)).toEqual([])
    // As a page that does not know the rule: the hub asks all the same.
    await page.locator('dialog form').evaluate((form) => form.setAttribute('novalidate', ''))
    await page.click('dialog button[type=submit]')
    await page.waitForSelector('dialog .field.is-wrong')
    expect((await conversationOf('怎么还不发货'))?.status).toBe('open')
    await page.selectOption('dialog [name=category]', { label: '投诉 / 发货慢' })
    await page.fill('dialog [name=summary]', '已催仓库，今天发出')
    await page.keyboard.press('Control+Enter')
    await page.waitForSelector('.thread-foot:has-text("投诉 / 发货慢"):has-text("已催仓库")')
    await page.click('[aria-label="修改 小结"]')
    await page.fill('.edit-form textarea', '已催仓库，明天发出')
    await page.click('.edit-form button:has-text("保存")')
    await page.waitForSelector('.thread-foot:has-text("明天发出")')
    expect(await conversationOf('怎么还不发货')).toMatchObject({
      status: 'closed',
      category: 'slow',
      summary: '已催仓库，明天发出',
    })
    await ask(hub, 'DELETE', 'closing-rules/all')
  })

  test('one is away for a reason, of the usual ones or of one’s own, which is there the next time', async () => {
    const { page } = await logIn(browser, hub, '8002', { presence: 'online' })
    const choices = page.locator('.presence select')
    await choices.selectOption({ label: '整理' })
    await page.waitForSelector('.presence.is-away')
    await choices.selectOption({ label: '其他状态…' })
    await page.fill('dialog [name=reason]', '取快递')
    await page.press('dialog [name=reason]', 'Enter')
    await eventually(async () => {
      const { data } = await ask<{ data: { reason: string | null }[] }>(hub, 'GET', 'presence')
      return data.some(({ reason }) => reason === '取快递') || undefined
    })
    await choices.selectOption('online')
    await page.reload()
    await page.locator('.presence option:has-text("取快递")').waitFor({ state: 'attached' })
    await choices.selectOption('offline')
  })

  test('one is in a state of the business’s own, or online for some media only, which supervisors see and set', async () => {
    await ask(hub, 'PUT', 'agent-statuses/lunch', { name: '午餐', state: 'away' })
    const { page } = await logIn(browser, hub, '8002', { presence: 'online' })
    const choices = page.locator('.presence select')
    await choices.selectOption({ label: '其他状态…' })
    await page.waitForSelector('dialog button:has-text("午餐")')
    expect(await seriousFindings(page)).toEqual([])
    await page.click('dialog button:has-text("午餐")')
    await page.waitForSelector('.presence.is-away')
    await choices.selectOption({ label: '其他状态…' })
    await page.check('dialog [name=call]')
    await page.check('dialog [name=ticket]')
    await page.click('dialog button:has-text("确定")')
    await page.waitForSelector('.presence.is-online:has-text("暂停电话、工单")')
    const supervisor = await logIn(browser, hub, 'supervisor@demo.example')
    await supervisor.page.click('.rail a:has-text("实时监控")')
    await supervisor.page.waitForSelector('tr:has-text("韩梅梅"):has-text("暂停电话、工单")')
    await supervisor.page.click('button[aria-label="设置状态：韩梅梅 8002"]')
    await supervisor.page.uncheck('dialog [name=ticket]')
    expect(await seriousFindings(supervisor.page)).toEqual([])
    await supervisor.page.click('dialog button:has-text("确定")')
    await page.waitForSelector('.presence.is-online .load:text-is("暂停电话")')
    await choices.selectOption('offline')
  })

  test('what is set aside leaves the list, takes no capacity, and comes back when the customer writes or I want it', async () => {
    const { page, visitor } = await talking('等我量一下')
    await page.keyboard.press('Alt+KeyM')
    await page.waitForSelector('dialog button:has-text("明天 9:00")')
    expect(await seriousFindings(page)).toEqual([])
    await page.click('dialog button:has-text("明天 9:00")')
    await page.waitForSelector('.item:has-text("等我量一下")', { state: 'detached' })
    await eventually(async () => (await page.textContent('.presence .load'))?.startsWith('1/'))
    await page.click('.states a:has-text("稍后处理")')
    await page.click('.item:has-text("等我量一下")')
    await page.click('.banner button:has-text("恢复处理")')
    await page.waitForSelector('.empty:has-text("没有稍后处理的会话")')
    await page.keyboard.press('Alt+KeyM')
    await page.click('dialog button:has-text("直到客户再来消息")')
    await page.waitForSelector('.item:has-text("等我量一下")')
    await visitor.say('量好了')
    await page.click('.states a:has-text("进行中")')
    await page.waitForSelector('.item:has-text("量好了")')
  })

  test('what was said is found by Chinese words, marked, and exported as a table', async () => {
    const { page, complaints } = await talking('紫砂壶的盖子裂了，能换吗')
    await page.click('.rail a:has-text("查询")')
    await page.fill('.asking [name=q]', '盖子裂')
    await page.press('.asking [name=q]', 'Enter')
    await eventually(async () => {
      if (await page.isVisible('.found mark:has-text("盖子裂")')) return true
      // The index follows what is said within seconds.
      await page.press('.asking [name=q]', 'Enter')
      await page.reload()
      return undefined
    }, 40_000)
    expect(await seriousFindings(page)).toEqual([])
    const downloading = page.waitForEvent('download')
    await page.click('button:has-text("导出结果")')
    const path = await (await downloading).path()
    const table = await readFile(path, 'utf8')
    expect(table.startsWith('\uFEFF时间,客户,')).toBe(true)
    expect(table).toContain('紫砂壶的盖子裂了，能换吗')
    await page.click('.found:has(mark)')
    await page.waitForSelector('.bubble:has-text("紫砂壶的盖子裂了")')
    expect(complaints.filter((one) => !one.includes('401'))).toEqual([])
  })

  test('on a phone the acts stand in the menu, and nothing runs out of the screen', async () => {
    const { page } = await talking('手机上', { width: 390, height: 844 })
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390)
    await page.click('.thread-head .menu summary')
    await page.waitForSelector('.menu-list button:has-text("转接")', { state: 'visible' })
    await page.click('.menu-list button:has-text("结束会话")')
    await page.waitForSelector('.thread-foot:has-text("会话已结束")')
  })
})
