/** When it is open, what is said by itself, and what is kept of customers and tickets, as a shop's owner sets it. */
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
