/** When it is open, what is said by itself, and what is kept of customers and tickets, as a shop's owner sets it. */
import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { chromiumPath, seriousFindings } from '../support/browser.ts'
import { eventually } from '../support/eventually.ts'
import { describeWith } from '../support/services.ts'
import { benchOfSettings, field, press } from '../support/settings.ts'

interface Calendar {
  name: string
  weekly: Record<string, { from: string; to: string }[]>
  exceptions: { date: string; name: string; hours?: object[]; like?: string }[]
}

describeWith('Chromium', chromiumPath, 'service in the settings', (chromium) => {
  const bench = benchOfSettings(chromium)
  const list = async <T>(path: string) => (await bench.ask<{ data: T[] }>('GET', path)).data

  test('hours are set with a holiday and a year’s table, hold for all, and overlaps are refused in place', async () => {
    const { page } = await bench.open('hours')
    await page.click('a:has-text("添加服务时间")')
    await page.click('[aria-label="周一 添加时段"]')
    await page.getByLabel('周一 从').nth(1).fill('17:00')
    await press(page, '添加日期')
    await page.fill('[aria-label="日期"]', '2027-01-01')
    await page.fill('[aria-label="名称"]', '元旦')
    await press(page, '添加')
    await page.waitForSelector('.spans .field-error')
    await page.getByLabel('周一 从').nth(1).fill('19:00')
    await press(page, '添加')
    await page.waitForSelector('.checks-grid label:has-text("全部渠道和技能组") input:checked')
    const calendar = async () => (await list<Calendar>('calendars'))[0]
    expect((await calendar())?.weekly.monday).toHaveLength(2)
    expect((await calendar())?.exceptions).toEqual([{ date: '2027-01-01', name: '元旦', hours: [] }])
    await page.fill('[aria-label="年份"]', '2027')
    await page.setInputFiles('[aria-label="上传全年安排"]', {
      name: '2027.csv',
      mimeType: 'text/csv',
      buffer: Buffer.from('2027-02-06,holiday,春节\n2027-02-20,workday,春节调休,09:00-18:00\n'),
    })
    await eventually(async () => (await calendar())?.exceptions.length === 2)
    expect(await list('calendar-assignments')).toHaveLength(1)
    expect(await seriousFindings(page)).toEqual([])
  })

  test('a text is written in a language, given back its default, and rules are kept', async () => {
    const { page } = await bench.open('texts')
    await field(page, '结束语').fill('谢谢光临，{{contact.name}}')
    await page.click('.text-form .primary')
    await page.waitForSelector('button:has-text("恢复默认")')
    expect(await list('texts')).toMatchObject([{ scope: 'all', kind: 'closing', language: 'zh-CN' }])
    await press(page, '恢复默认')
    await eventually(async () => (await list('texts')).length === 0)
    await field(page, '客户多久未回复后提醒').fill('300')
    await page.selectOption('.field:has-text("满意度评价") select', 'on-close')
    await page.click('form.card .primary')
    await eventually(async () => (await list('reception-rules')).length === 1)
    expect(await list('reception-rules')).toMatchObject([
      { scope: 'all', rules: { customerSilence: { remindAfterSeconds: 300 }, satisfaction: { ask: 'on-close' } } },
    ])
    expect(await seriousFindings(page)).toEqual([])
  })

  test('what is asked at the end, files that platforms ask for, own greetings and a table of replies are set', async () => {
    const { page } = await bench.open('endings')
    await press(page, '添加 会话分类')
    await field(page, '名称').fill('售后')
    await page.click('.sub-form .primary')
    await page.waitForSelector('.line:has-text("售后")')
    await page.getByLabel('选择分类').first().selectOption('required')
    await page.locator('form[aria-label^="结束规则"] .primary').click()
    await page.selectOption('[aria-label="为一个技能组单独设置"]', { label: '售前' })
    await page.waitForSelector('form[aria-label="售前"]')
    await page.getByRole('button', { name: '恢复与全部一致' }).click()
    await page.waitForSelector('form[aria-label="售前"]', { state: 'detached' })
    expect(await list('closing-rules')).toMatchObject([{ groupId: null, category: 'required', summary: 'off' }])
    await bench.ask('DELETE', 'closing-rules/all')

    await page.click('.settings-nav a:has-text("域名验证文件")')
    const upload = (name: string) =>
      page.setInputFiles('[aria-label="上传文件"]', { name, mimeType: 'text/plain', buffer: Buffer.from('Ab3dE\n') })
    await upload('index.html')
    await page.waitForSelector('.notice:has-text("这不是验证文件")')
    await upload('MP_verify_Ab3dE.txt')
    await page.waitForSelector('.row-plain:has-text("MP_verify_Ab3dE.txt")')
    expect(await (await fetch(`${bench.hub.base}/MP_verify_Ab3dE.txt`)).text()).toBe('Ab3dE')
    await press(page, '删除 MP_verify_Ab3dE.txt')
    await page.click('dialog .is-danger')
    await page.waitForSelector('.empty-state')

    await page.click('.settings-nav a:has-text("我的账号")')
    await page.fill('.field:has-text("我的问候语") textarea', '我是小王')
    await page.locator('.card:has-text("我的问候语") .primary').click()
    await page.waitForSelector('button:has-text("不再自动问候")')
    await press(page, '不再自动问候')
    await page.waitForSelector('button:has-text("不再自动问候")', { state: 'detached' })

    await page.click('.settings-nav a:has-text("常用语")')
    // As a spreadsheet in China writes it: 常见,发货,今天发货 in GB18030.
    const table = Buffer.concat([
      Buffer.from('folder,title,text\r\n'),
      Buffer.from([0xb3, 0xa3, 0xbc, 0xfb, 0x2c, 0xb7, 0xa2, 0xbb, 0xf5, 0x2c]),
      Buffer.from([0xbd, 0xf1, 0xcc, 0xec, 0xb7, 0xa2, 0xbb, 0xf5, 0x0d, 0x0a]),
    ])
    await page.setInputFiles('[aria-label="导入 CSV"]', { name: 'a.csv', mimeType: 'text/csv', buffer: table })
    await page.waitForSelector('dialog:has-text("将添加 1 条，更新 0 条")')
    await page.click('dialog .primary')
    await page.waitForSelector('.row-plain:has-text("发货"):has-text("常见"):has-text("今天发货")')
    const downloading = page.waitForEvent('download')
    await page.click('a:has-text("导出 CSV")')
    expect(await readFile(await (await downloading).path(), 'utf8')).toContain('常见,发货,今天发货')
  })

  test('attributes and groups of contacts, and words of tickets, are added and changed', async () => {
    const { page } = await bench.open('contacts')
    await press(page, '添加属性')
    await field(page, '显示名称').fill('会员等级')
    await field(page, '标识').fill('level')
    await field(page, '类型').selectOption('choice')
    await page.fill('.sub-form textarea', '金卡\n银卡')
    await press(page, '保存')
    await page.waitForSelector('.line:has-text("会员等级"):has-text("金卡、银卡")')
    await field(page, '添加分组').fill('老客户')
    await press(page, '添加')
    await page.waitForSelector('[aria-label="名称 老客户"]')
    await page.click('.settings-nav a:has-text("工单设置")')
    await page.click('[aria-label="添加 分类"]')
    await field(page, '名称').fill('退货')
    await page.click('summary:has-text("更多设置")')
    await field(page, '标识').fill('returns')
    await press(page, '保存')
    await page.click('[aria-label="停用 退货"]')
    await page.waitForSelector('[aria-label="恢复 退货"]')
    expect(await list('ticket-categories')).toMatchObject([{ key: 'returns', name: '退货', retired: true }])
    expect(await seriousFindings(page)).toEqual([])
    await page.click('.settings-nav a:has-text("操作日志")')
    await page.waitForSelector('.row-plain:has-text("王经理")')
    expect(await seriousFindings(page)).toEqual([])
  })
})
