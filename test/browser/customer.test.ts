/** The customer's record beside a conversation, and the customers' own pages, over a whole hub. */
import { readFileSync } from 'node:fs'
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

  /** A supervisor or admin on the customers' pages. */
  async function customers(login: string, path = '', options: Parameters<typeof logIn>[3] = {}) {
    const opened = await logIn(browser, hub, login, options)
    await opened.page.goto(`${hub.base}/console/#/customers${path}`)
    await opened.page.waitForSelector('.customers-page h2')
    return opened
  }
  const rowsOf = (page: Page) => page.locator('.customer-table tbody tr')

  test('customers are listed, searched, filtered, made and opened; two records are made one and two again', async () => {
    const { page, complaints } = await customers('supervisor@demo.example')
    await page.click('.rail a:has-text("客户")')
    await page.click('button:has-text("新建客户")')
    await page.fill('dialog [name=name]', '沈老板')
    await page.fill('dialog [name=phone]', '这不是号码')
    await page.click('dialog button:has-text("创建")')
    await page.waitForSelector('dialog .failure:has-text("不是有效的号码或地址")')
    await page.fill('dialog [name=phone]', '13911112222')
    await page.fill('dialog [name=company]', '沈记')
    await page.fill('dialog [name=tags]', '批发，老主顾')
    expect(await seriousFindings(page)).toEqual([])
    await page.click('dialog button:has-text("创建")')
    await page.waitForSelector('.record .contact-name:has-text("沈老板")')
    await page.waitForSelector('.record dd:has-text("+8613911112222")')
    await page.selectOption('[aria-label="添加 客户分组"]', { label: '老客户' })
    await page.waitForSelector('.chip:has-text("老客户")')
    expect(await seriousFindings(page)).toEqual([])
    await ask(hub, 'POST', 'contacts', { name: '沈先生', tags: ['批发'] })

    await page.click('.customers-nav a:has-text("全部客户")')
    await page.fill('.customer-filters [name=q]', '沈')
    await page.press('.customer-filters [name=q]', 'Enter')
    await eventually(async () => (await rowsOf(page).count()) === 2)
    await page.selectOption('.customer-filters [aria-label="标签"]', '老主顾')
    await eventually(async () => (await rowsOf(page).count()) === 1)
    expect(await rowsOf(page).first().innerText()).toContain('+8613911112222')
    expect(await seriousFindings(page)).toEqual([])

    await page.click('.customers-nav a:has-text("客户分组")')
    await page.click('.lines .line:has([aria-label$="老客户"]) a:has-text("位客户")')
    await page.click('.customer-table a:has-text("沈老板")')
    await page.click('.record button:has-text("合并客户")')
    await page.fill('dialog input', '沈先生')
    await page.press('dialog input', 'Enter')
    await page.click('dialog .transfer button:has-text("沈先生")')
    await page.click('dialog button:has-text("确认合并")')
    await page.waitForSelector('.record h3:has-text("合并记录")')
    await page.click('.record button:has-text("撤销合并")')
    await page.waitForSelector('.notice:has-text("已撤销合并")')
    expect(complaints.filter((one) => !one.includes('40'))).toEqual([])
  })

  test('a table in GB18030 is imported: columns are matched, a preview, wrong rows by line, the right ones taken; and exported', async () => {
    const { page } = await customers('admin@demo.example', '/imports')
    const upload = (name: string, content: Buffer) =>
      page.setInputFiles('[aria-label="选择文件"]', { name, mimeType: 'text/csv', buffer: content })
    await upload('picture.csv', Buffer.from('89504e470d0a1a0a0000000d', 'hex'))
    await page.waitForSelector('.drop-place .failure:has-text("编码无法识别")')
    // 姓名,手机,等级 · 冯一,13700000001,金 · 冯二,没有, · 冯三,13700000003,
    await upload(
      '客户.csv',
      Buffer.from(
        'd0d5c3fb2ccad6bbfa2cb5c8bcb60ab7ebd2bb2c31333730303030303030312cbdf00ab7ebb6fe2cc3bbd3d02c0ab7ebc8fd2c31333730303030303030332c0a',
        'hex',
      ),
    )
    await page.waitForSelector('h2:has-text("客户.csv")')
    expect(await page.inputValue('[aria-label="导入到 姓名"]')).toBe('name')
    expect(await page.inputValue('[aria-label="导入到 手机"]')).toBe('phone')
    expect(await page.inputValue('[aria-label="导入到 等级"]')).toBe('attribute:level')
    await page.fill('#import-tags', '展会')
    await page.press('#import-tags', 'Tab')
    await page.click('button:has-text("预览前 50 行")')
    await page.waitForSelector('tr:has(td:text-is("3")):has-text("手机：不是有效的号码或地址")')
    expect(await seriousFindings(page)).toEqual([])
    await page.click('button:has-text("试运行全部")')
    await page.waitForSelector('.card:has-text("没有改动任何资料"):has-text("新建 2")')
    await page.click('button:has-text("开始导入")')
    await page.waitForSelector('.standing:has-text("已完成")')
    await page.waitForSelector('.card:has-text("新建 2 · 更新 0 · 无变化 0 · 出错 1")')
    await page.waitForSelector('.card:has(h3:has-text("出错的行")) tr:has-text("冯二")')
    const [errors] = await Promise.all([page.waitForEvent('download'), page.click('button:has-text("下载出错的行")')])
    expect(readFileSync(await errors.path(), 'utf8')).toContain('冯二,没有,,手机：不是有效的号码或地址')

    await page.click('a:has-text("查看客户")')
    await page.waitForSelector('.customer-table tr:has-text("冯三"):has-text("展会")')
    await page.goto(`${hub.base}/console/#/customers?tag=${encodeURIComponent('展会')}`)
    await eventually(async () => (await rowsOf(page).count()) === 2)
    const [table] = await Promise.all([page.waitForEvent('download'), page.click('a:has-text("导出 CSV")')])
    const lines = readFileSync(await table.path(), 'utf8')
      .trim()
      .split('\r\n')
    expect(lines).toHaveLength(3)
    expect(lines[1]).toContain("'+8613700000001")
    await page.click('.customers-nav a:has-text("导入")')
    await page.waitForSelector('.rows a:has-text("客户.csv"):has-text("已完成")')

    // One of them wants to see what is kept, and then that it is gone.
    await page.goto(`${hub.base}/console/#/customers?q=${encodeURIComponent('冯三')}`)
    await page.click('.customer-table a:has-text("冯三")')
    const [data] = await Promise.all([page.waitForEvent('download'), page.click('a:has-text("下载全部资料")')])
    expect(JSON.parse(readFileSync(await data.path(), 'utf8')).contact.name).toBe('冯三')
    await page.click('button:has-text("清除资料")')
    await page.click('dialog button.is-danger')
    await page.waitForSelector('.empty:has-text("没有符合条件的客户"), .customer-table')
    expect(
      (await ask<{ data: Contact[] }>(hub, 'GET', `contacts?tag=${encodeURIComponent('展会')}`)).data,
    ).toHaveLength(1)
  })

  test('an address is put on the blocklist with reason and end before it is anybody’s, a customer’s from the record, and taken off', async () => {
    const { page } = await customers('supervisor@demo.example', '/blocklist')
    await page.fill('[name=address]', '没有')
    await page.click('.sub-form button.danger')
    await page.waitForSelector('.sub-form .failure:has-text("不是有效的号码或地址")')
    await page.fill('[name=address]', '138 0013 9999')
    await page.fill('.sub-form [name=reason]', '推销')
    await page.selectOption('.sub-form [name=span]', 'week')
    await page.click('.sub-form button.danger')
    await page.waitForSelector('.line:has-text("+8613800139999"):has-text("推销"):has-text("至")')
    expect(await seriousFindings(page)).toEqual([])

    const made = await ask<Contact>(hub, 'POST', 'contacts', {
      name: '钱先生',
      identities: [{ kind: 'phone', address: '13800139998' }],
    })
    await page.goto(`${hub.base}/console/#/customers/${made.id}`)
    await page.click('[aria-label="拉黑 +8613800139998"]')
    await page.click('dialog .block-form button.danger')
    await page.waitForSelector('.identity:has-text("+8613800139998"):has-text("已拉黑")')
    await page.click('.record .details > button:has-text("拉黑")')
    await page.click('.details .block-form button.danger')
    await page.waitForSelector('.details .warning:has-text("已拉黑")')
    await page.click('.customers-nav a:has-text("黑名单")')
    await page.click('[aria-label="移出黑名单 钱先生"]')
    await page.waitForSelector('.line:has-text("钱先生")', { state: 'detached' })
    await page.click('[aria-label="移出黑名单 +8613800139999"]')
    await page.waitForSelector('.line:has-text("+8613800139999")', { state: 'detached' })
    const { data } = await ask<{ data: { address: string }[] }>(hub, 'GET', 'blocked-identities')
    expect(data.map(({ address }) => address)).toEqual(['+8613800139998'])
  })

  test('the customers’ pages fit a telephone, and speak traditional Chinese and English', async () => {
    const { page } = await customers('admin@demo.example', '', { width: 390, height: 844, locale: 'zh-TW' })
    for (const path of ['', '/imports', '/groups', '/blocklist']) {
      await page.goto(`${hub.base}/console/#/customers${path}`)
      await page.waitForSelector('.customers-page h2')
      expect(await page.evaluate(() => document.documentElement.scrollWidth), path).toBe(390)
    }
    await page.waitForSelector('h2:has-text("黑名單")')
    const english = await customers('admin@demo.example', '/blocklist', { locale: 'en' })
    await english.page.waitForSelector('h2:has-text("Blocklist")')
  })
})
