/** Tickets in the console, over a whole hub. */
import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { buildWebIfStale } from '../../scripts/build-web.ts'
import type { Ticket } from '../../src/core/events/ticket-shapes.ts'
import { chromiumPath, launchChromium, seriousFindings } from '../support/browser.ts'
import { ask, logIn, newVisitor } from '../support/console.ts'
import { eventually } from '../support/eventually.ts'
import { type HubProcess, startHub } from '../support/hub-process.ts'
import { describeWith } from '../support/services.ts'

describeWith('Chromium', chromiumPath, 'tickets in the console', (chromium) => {
  let browser: Browser
  let hub: HubProcess

  beforeAll(async () => {
    await buildWebIfStale()
    const starting = startHub()
    browser = await launchChromium(chromium)
    hub = await starting
    await ask(hub, 'PUT', 'ticket-categories/returns', { name: '退换货' })
    await ask(hub, 'PUT', 'ticket-fields/order-no', { name: '订单号', type: 'text', required: true })
    await ask(hub, 'PUT', 'ticket-fields/amount', { name: '金额', type: 'number' })
  })
  afterEach(() => Promise.all(browser.contexts().map((context) => context.close())))
  afterAll(async () => {
    await browser?.close()
    await hub?.close()
  })

  const ticketOf = async (subject: string) => {
    const { data } = await ask<{ data: Ticket[] }>(hub, 'GET', `tickets?${new URLSearchParams({ text: subject })}`)
    return data[0]
  }
  const make = (subject: string, more: object = {}) =>
    ask<Ticket>(hub, 'POST', 'tickets', { subject, fields: { 'order-no': 'A0' }, ...more })
  const idOf = async (number: string) => {
    const { data } = await ask<{ data: { id: string; number: string | null }[] }>(hub, 'GET', 'members')
    return data.find((member) => member.number === number)?.id
  }

  test('one is made from a conversation, worked on in place, and answered to the customer', async () => {
    const { page, complaints } = await logIn(browser, hub, '8001', { presence: 'online' })
    const visitor = await newVisitor(hub)
    await visitor.say('杯子碎了')
    await page.click('.item:has-text("杯子碎了")')
    await page.click('.thread-head .menu summary')
    await page.click('.menu-list button:has-text("新建工单")')
    await page.fill('dialog [name=subject]', '退换：杯子')
    await page.fill('dialog [name="own.order-no"]', 'A1024')
    await page.selectOption('dialog [name=category]', 'returns')
    expect(await seriousFindings(page)).toEqual([])
    await page.click('dialog button[type=submit]')
    await page.waitForSelector('dialog', { state: 'detached' })

    // It stands with the customer, and leads to itself.
    await page.click('.panel a:has-text("退换：杯子")')
    await page.waitForSelector('.thread-title:has-text("退换：杯子")')
    await page.waitForSelector('.item[aria-current]:has-text("退换：杯子")')
    const made = await ticketOf('退换：杯子')
    expect(made).toMatchObject({ category: 'returns', assigneeId: await idOf('8001'), fields: { 'order-no': 'A1024' } })

    await page.selectOption('.panel [aria-label="状态"]', 'pending')
    await page.selectOption('.panel [aria-label="优先级"]', 'urgent')
    await page.click('.panel [aria-label="修改 金额"]')
    await page.fill('.panel .edit-form input', '59.9')
    await page.press('.panel .edit-form input', 'Enter')
    await page.waitForSelector('.panel dd:has-text("59.9")')
    await page.fill('.panel .chips input', '易碎')
    await page.press('.panel .chips input', 'Enter')
    await page.waitForSelector('.chip:has-text("易碎")')
    await page.click('.panel [aria-label="修改 截止时间"]')
    await page.fill('.panel .edit-form input', '2020-01-02T09:30')
    await page.press('.panel .edit-form input', 'Enter')
    await page.waitForSelector('.panel .overdue:has-text("已超期")')
    await eventually(async () => (await ticketOf('退换：杯子'))?.dueAt === '2020-01-02T01:30:00.000Z')
    expect(await ticketOf('退换：杯子')).toMatchObject({
      status: 'pending',
      priority: 'urgent',
      tags: ['易碎'],
      fields: { 'order-no': 'A1024', amount: 59.9 },
    })

    await page.fill('.composer textarea', '已联系仓库')
    await page.press('.composer textarea', 'Enter')
    await page.waitForSelector('.row.is-note .bubble:has-text("已联系仓库")')
    await page.click('.composer-tabs button:has-text("回复客户")')
    await page.fill('.composer textarea', '新杯子明天寄出')
    await page.press('.composer textarea', 'Enter')
    await page.waitForSelector('.row.is-out .bubble:has-text("新杯子明天寄出")')
    await page.click('.panel summary:has-text("变更记录")')
    await page.waitForSelector('.history-list:has-text("优先级：普通 → 紧急")')
    expect(await seriousFindings(page)).toEqual([])
    await page.emulateMedia({ colorScheme: 'dark' })
    expect(await seriousFindings(page)).toEqual([])

    // What was said to the customer stands in the conversation, and the ticket in the thread.
    await page.click('.panel a:has-text("打开会话")')
    await page.waitForSelector('.row.is-out .bubble:has-text("新杯子明天寄出")')
    await page.click('.tabs button:has-text("历史消息")')
    await page.waitForSelector('.past.is-ticket:has-text("退换：杯子")')
    expect(complaints.filter((one) => !one.includes('401'))).toEqual([])
  })

  test('what the hub refuses is said beside the field, and nothing is made', async () => {
    const { page } = await logIn(browser, hub, '8001')
    await page.click('.rail a:has-text("工单")')
    await page.click('.list-head [aria-label="新建工单"]')
    await page.fill('dialog [name=subject]', '少了订单号')
    // As a page that does not know yet that the field is required.
    await page.locator('dialog form').evaluate((form) => form.setAttribute('novalidate', ''))
    await page.click('dialog button[type=submit]')
    await page.waitForSelector('dialog .field.is-wrong:has-text("订单号")')
    await page.waitForSelector('dialog .failure:has-text("请检查标出的栏位")')
    expect(await ticketOf('少了订单号')).toBeUndefined()
    await page.fill('dialog [name="own.order-no"]', 'B1')
    await page.click('dialog button[type=submit]')
    await page.waitForSelector('.thread-title:has-text("少了订单号")')
  })

  test('a list is filtered, its filter stands in the address, and what others do appears by itself', async () => {
    const { page } = await logIn(browser, hub, 'supervisor@demo.example')
    await make('漏发一袋', { priority: 'high', category: 'returns' })
    await make('发票抬头')
    await page.click('.rail a:has-text("工单")')
    await page.waitForSelector('.empty:has-text("没有符合条件的工单")')
    await page.selectOption('.filters [aria-label="范围"]', 'unassigned')
    await page.waitForSelector('.item:has-text("发票抬头")')
    await page.selectOption('.filters [aria-label="分类"]', 'returns')
    await page.waitForSelector('.item:has-text("发票抬头")', { state: 'detached' })
    await page.waitForSelector('.item:has-text("漏发一袋")')
    await page.reload()
    await page.waitForSelector('.item:has-text("漏发一袋")')
    expect(await page.inputValue('.filters [aria-label="分类"]')).toBe('returns')
    await make('刚刚来的', { category: 'returns' })
    await page.waitForSelector('.item:has-text("刚刚来的")')
    await page.fill('.filters input', '漏发')
    await page.press('.filters input', 'Enter')
    await page.waitForSelector('.item:has-text("刚刚来的")', { state: 'detached' })
    expect(page.url()).toContain('category=returns')
  })

  test('of two who change a ticket the slower sees what the other did and is asked again; links lead on', async () => {
    const ticket = await make('谁更快', { assigneeId: await idOf('8001') })
    const other = await make('另一张', { assigneeId: await idOf('8001') })
    const { page } = await logIn(browser, hub, '8001')
    await page.goto(`${hub.base}/console/#/tickets/${ticket.id}`)
    await page.click('.thread-head [aria-label="修改 主题"]')
    await page.fill('.thread-head .edit-form input', '我改的')
    // The page hears of nothing while its line is down.
    await page.context().setOffline(true)
    await ask(hub, 'PATCH', `tickets/${ticket.id}`, { subject: '他改的' }, { 'if-match': '*' })
    await page.context().setOffline(false)
    await page.press('.thread-head .edit-form input', 'Enter')
    await eventually(async () => {
      const subject = (await ask<Ticket>(hub, 'GET', `tickets/${ticket.id}`)).subject
      if (subject === '我改的') return true
      // Refused once: what was typed is still there, and a second word keeps it.
      if (await page.isVisible('.thread-head .failure:has-text("他人刚刚修改过")'))
        await page.press('.thread-head .edit-form input', 'Enter')
      return undefined
    })
    await page.selectOption('.inline-form select', 'blocks')
    await page.fill('.inline-form input', `#${other.number}`)
    await page.press('.inline-form input', 'Enter')
    await page.click('.panel a:has-text("另一张")')
    await page.waitForSelector('.thread-title:has-text("另一张")')
    await page.waitForSelector('.panel li:has-text("被阻塞于"):has-text("我改的")')
  })

  test('a ticket of nobody is taken by one', async () => {
    const { data: groups } = await ask<{ data: { id: string; name: string }[] }>(hub, 'GET', 'groups')
    const ticket = await make('谁来处理', { groupId: groups.find(({ name }) => name === '售后')?.id })
    const { page } = await logIn(browser, hub, '8002')
    await page.goto(`${hub.base}/console/#/tickets/${ticket.id}?view=unassigned`)
    await page.click('.thread-head button:has-text("领取")')
    await page.waitForSelector('.thread-head button:has-text("领取")', { state: 'detached' })
    expect((await ticketOf('谁来处理'))?.assigneeId).toBe(await idOf('8002'))
  })

  test('on a phone there is the list or the ticket, and nothing runs out of the screen', async () => {
    const ticket = await make('手机上看'.repeat(20), { assigneeId: await idOf('8001') })
    const { page } = await logIn(browser, hub, '8001', { width: 390, height: 844 })
    await page.goto(`${hub.base}/console/#/tickets/${ticket.id}`)
    await page.waitForSelector('.thread-title')
    expect(await page.isVisible('.list-pane')).toBe(false)
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390)
    await page.click('.panel-toggle')
    await page.waitForSelector('.panel.is-shown [aria-label="状态"]')
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390)
    await page.click('.panel-close')
    await page.click('[aria-label="返回列表"]')
    await page.waitForSelector('.item:has-text("手机上看")', { state: 'visible' })
  })
})
