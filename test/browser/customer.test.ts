/** The customer's record beside a conversation, over a whole hub. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { buildWebIfStale } from '../../scripts/build-web.ts'
import type { Contact } from '../../src/core/events/shapes.ts'
import { chromiumPath, launchChromium, seriousFindings } from '../support/browser.ts'
import { ask, logIn, newVisitor } from '../support/console.ts'
import { eventually } from '../support/eventually.ts'
import { type HubProcess, startHub } from '../support/hub-process.ts'
import { describeWith } from '../support/services.ts'

describeWith('Chromium', chromiumPath, 'the customer beside a conversation', (chromium) => {
  let browser: Browser
  let hub: HubProcess

  beforeAll(async () => {
    await buildWebIfStale()
    const starting = startHub()
    browser = await launchChromium(chromium)
    hub = await starting
    await ask(hub, 'PUT', 'contact-fields/level', { label: '等级', type: 'choice', options: ['金', '银'] })
    await ask(hub, 'PUT', 'contact-fields/birthday', { label: '生日', type: 'date' })
    await ask(hub, 'PUT', 'contact-fields/limit', { label: '额度', type: 'number' })
    await ask(hub, 'POST', 'contact-groups', { name: '老客户' })
  })
  afterEach(() => Promise.all(browser.contexts().map((context) => context.close())))
  afterAll(async () => {
    await browser?.close()
    await hub?.close()
  })

  /** An agent who has the conversation of a new customer open, who has just said that. */
  async function talking(words: string, options: Parameters<typeof logIn>[3] = {}) {
    const visitor = await newVisitor(hub)
    const { page, complaints } = await logIn(browser, hub, '8001', { presence: 'online', ...options })
    await visitor.say(words)
    await page.click(`.item:has-text("${words}")`)
    await page.waitForSelector('.details')
    const id = await eventually(async () => {
      const { data } = await ask<{ data: { contactId: string; preview: string }[] }>(hub, 'GET', 'conversations')
      return data.find(({ preview }) => preview === words)?.contactId
    })
    return { page, complaints, id, visitor, contact: () => ask<Contact>(hub, 'GET', `contacts/${id}`) }
  }
  async function edit(page: Page, label: string, value: string) {
    await page.click(`.details [aria-label="修改 ${label}"]`)
    await page.locator('.edit-form').locator('input, textarea').fill(value)
    await page.press('.edit-form >> css=input, textarea', 'Enter')
    await page.waitForSelector('.edit-form', { state: 'detached' })
  }
  async function addAddress(page: Page, kind: string, address: string) {
    if (!(await page.isVisible('.edit-form [aria-label="号码或账号"]'))) await page.click('[aria-label="添加联系方式"]')
    await page.selectOption('.edit-form [aria-label="类型"]', kind)
    await page.fill('.edit-form [aria-label="号码或账号"]', address)
    await page.press('.edit-form [aria-label="号码或账号"]', 'Enter')
  }

  test('a record is completed where it is shown: name, place, several phones, tags, groups, attributes', async () => {
    const { page, complaints, contact } = await talking('我要下单')
    await edit(page, '姓名', '林女士')
    await page.waitForSelector('.item:has-text("林女士")')
    await edit(page, '公司', '山茶杂货')
    await edit(page, '省份', '浙江')
    await edit(page, '城市', '杭州')
    await addAddress(page, 'phone', '138 0013 8001')
    await page.waitForSelector('.details dd:has-text("+8613800138001")')
    await addAddress(page, 'phone', '13800138002')
    await page.waitForSelector('.details dd:has-text("+8613800138002")')
    await addAddress(page, 'wechat', 'linlin_66')
    await page.waitForSelector('.details dd:has-text("linlin_66")')
    await page.click('[aria-label="移除 +8613800138001"]')
    await page.waitForSelector('.details dd:has-text("+8613800138001")', { state: 'detached' })
    for (const tag of ['大客户', '爱喝龙井']) {
      await page.fill('[aria-label="添加 标签"]', tag)
      await page.press('[aria-label="添加 标签"]', 'Enter')
      await page.waitForSelector(`.chip:has-text("${tag}")`)
    }
    await page.click('[aria-label="移除 大客户"]')
    await page.selectOption('[aria-label="添加 客户分组"]', { label: '老客户' })
    await page.waitForSelector('.chip:has-text("老客户")')
    await page.click('[aria-label="修改 等级"]')
    await page.selectOption('.edit-form select', '金')
    await page.click('.edit-form button:has-text("保存")')
    await edit(page, '生日', '1990-05-01')
    await page.click('[aria-label="添加资料"]')
    await page.fill('.edit-form [aria-label="名称"]', '口味')
    await page.fill('.edit-form [aria-label="内容"]', '清淡')
    await page.press('.edit-form [aria-label="内容"]', 'Enter')
    await page.waitForSelector('.details dd:has-text("清淡")')
    expect(await seriousFindings(page)).toEqual([])

    const kept = await contact()
    expect(kept).toMatchObject({
      name: '林女士',
      company: '山茶杂货',
      province: '浙江',
      city: '杭州',
      tags: ['爱喝龙井'],
      attributes: { level: '金', birthday: '1990-05-01', 口味: '清淡' },
    })
    expect(kept.groupIds).toHaveLength(1)
    expect(kept.identities.map(({ kind, address }) => `${kind} ${address}`)).toEqual(
      expect.arrayContaining(['phone +8613800138002', 'wechat linlin_66']),
    )
    expect(kept.identities.some(({ address }) => address === '+8613800138001')).toBe(false)
    expect(complaints.filter((one) => !one.includes('401'))).toEqual([])
  })

  test('what is no phone number, another’s address or of a wrong type is refused beside the field; typing is kept', async () => {
    const { page, contact } = await talking('请看一下')
    await addAddress(page, 'phone', '这不是号码')
    await page.waitForSelector('.edit-form .failure:has-text("不是有效的号码或地址")')
    expect(await page.inputValue('.edit-form [aria-label="号码或账号"]')).toBe('这不是号码')
    await addAddress(page, 'email', 'Zhou@customer.example')
    await page.waitForSelector('.edit-form .failure:has-text("已是另一位客户的联系方式")')
    await page.keyboard.press('Escape')
    await page.click('.edit-form button:has-text("取消")')
    const before = await contact()
    expect(before.identities).toHaveLength(1)

    // Two others change the record while this page's line is down: one thing apart, and the same thing.
    await page.click('.details [aria-label="修改 公司"]')
    await page.fill('.edit-form input', '我写的公司')
    await ask(hub, 'PATCH', `contacts/${before.id}`, { city: '苏州' })
    await page.press('.edit-form input', 'Enter')
    await page.waitForSelector('.edit-form', { state: 'detached' })
    expect(await contact()).toMatchObject({ company: '我写的公司', city: '苏州' })
    await page.click('.details [aria-label="修改 公司"]')
    await ask(hub, 'PATCH', `contacts/${before.id}`, { company: '他写的公司' })
    await page.waitForSelector('.edit-form .failure:has-text("他写的公司")')
    await page.keyboard.press('Escape')
    await page.waitForSelector('.details dd:has-text("他写的公司")')
  })

  test('notes are written, changed and taken away, and a colleague’s appears by itself', async () => {
    const { page, id } = await talking('记一下')
    await page.click('[aria-label="写备注"]')
    await page.fill('[aria-label="备注内容"]', '喜欢电话联系')
    await page.click('.edit-form button:has-text("保存")')
    await page.waitForSelector('.note:has-text("喜欢电话联系")')
    await ask(hub, 'POST', `contacts/${id}/notes`, { text: '同事写的' })
    await page.waitForSelector('.note:has-text("同事写的")')
    const mine = page.locator('.note', { hasText: '喜欢电话联系' })
    await mine.locator('[aria-label="修改 备注内容"]').click()
    await page.fill('.note textarea', '只在上午联系')
    await page.click('.note button:has-text("保存")')
    await page.waitForSelector('.note:has-text("只在上午联系"):has-text("已修改")')
    await page.locator('.note', { hasText: '只在上午联系' }).locator('[aria-label="移除 备注"]').click()
    await page.waitForSelector('.note:has-text("只在上午联系")', { state: 'detached' })
    expect(await page.locator('.note').count()).toBe(1)
  })

  test('earlier conversations lead to what was said then; a supervisor blocks with a reason and an end', async () => {
    const { page, visitor, id } = await talking('第一件事')
    await page.click('.thread-head button:has-text("结束")')
    await page.waitForSelector('.thread-foot:has-text("会话已结束")')
    const { data } = await ask<{ data: { id: string }[] }>(hub, 'GET', `conversations?contactId=${id}`)
    await visitor.say('第二件事')
    const all = await eventually(async () => {
      const found = await ask<{ data: { id: string; preview: string }[] }>(hub, 'GET', `conversations?contactId=${id}`)
      return found.data.some(({ preview }) => preview === '第二件事') ? found.data : undefined
    })
    const { page: other } = await logIn(browser, hub, 'supervisor@demo.example', { width: 390, height: 844 })
    await other.goto(`${hub.base}/console/#/all/${all[0]?.id}`)
    await other.click('.panel-toggle')
    await other.click('.details button:has-text("拉黑")')
    await other.fill('.block-form input', '辱骂')
    await other.selectOption('.block-form select', 'day')
    expect(await other.evaluate(() => document.documentElement.scrollWidth)).toBe(390)
    await other.click('.block-form button.danger')
    await other.waitForSelector('.warning:has-text("已拉黑 辱骂"):has-text("至")')
    const { blocked } = await ask<Contact>(hub, 'GET', `contacts/${id}`)
    expect(blocked?.until).not.toBeNull()
    await page.waitForSelector('.warning:has-text("已拉黑 辱骂")')
    expect(data).toHaveLength(1)
  })

  test('two records of one person are made one, and two again', async () => {
    const { page: boss, visitor, id } = await talking('我以前买过', { presence: 'online' })
    await boss.close()
    const { page } = await logIn(browser, hub, 'supervisor@demo.example')
    const { data } = await ask<{ data: { id: string }[] }>(hub, 'GET', `conversations?contactId=${id}`)
    await page.goto(`${hub.base}/console/#/all/${data[0]?.id}`)
    await page.click('.details button:has-text("合并客户")')
    await page.fill('dialog input', '吴女士')
    await page.press('dialog input', 'Enter')
    await page.click('dialog .transfer button:has-text("吴女士")')
    expect(await seriousFindings(page)).toEqual([])
    await page.click('dialog button:has-text("交换")')
    await page.click('dialog button:has-text("确认合并")')
    await page.waitForSelector('dialog', { state: 'detached' })
    await page.waitForSelector('.contact-name:has-text("吴女士")')
    await page.waitForSelector('.details dd:has-text("+8613900139000")')
    await visitor.say('合并后说的')
    await page.waitForSelector('.bubble:has-text("合并后说的")')
    await page.click('.details button:has-text("撤销合并")')
    await page.waitForSelector('.contact-name:has-text("吴女士")', { state: 'detached' })
    const merged = await ask<Contact>(hub, 'GET', `contacts/${id}`)
    expect(merged.id).toBe(id)
    expect(merged.mergedIds).toEqual([])
  })
})
