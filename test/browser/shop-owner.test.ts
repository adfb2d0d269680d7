/** A shop's owner sets the hub up and serves customers, in the console alone and in Chinese: one walk, from the first log-in on. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Frame, Locator, Page } from 'playwright-core'
import { afterAll, expect, test } from 'vitest'
import { chromiumPath, openPage, seriousFindings, widgetFrame } from '../support/browser.ts'
import { logIn } from '../support/console.ts'
import { eventually } from '../support/eventually.ts'
import { picture } from '../support/files.ts'
import { describeWith } from '../support/services.ts'
import { admin, benchOfSettings, field, press } from '../support/settings.ts'

/** A site of the shop's own, at another address than the hub's, with a line in it and the strict policy that the manual names. */
async function openSite(line: string, hub: string): Promise<{ server: Server; url: string }> {
  const policy = ['script-src', 'frame-src', 'style-src', 'img-src'].map((source) => `${source} ${hub}`)
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html; charset=utf-8')
    response.setHeader('content-security-policy', `default-src 'none'; ${policy.join('; ')}`)
    response.end(`<!doctype html><html lang="zh-CN"><title>山茶商城</title><h1>山茶商城</h1>${line}</html>`)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` }
}

const dayOf = (at: number) => new Intl.DateTimeFormat('sv-SE', { timeZone: 'Asia/Shanghai' }).format(at)

describeWith('Chromium', chromiumPath, 'a shop’s owner', (chromium) => {
  const bench = benchOfSettings(chromium)
  let site: Server | undefined
  afterAll(() => void site?.close())

  const settings = (page: Page, name: string) =>
    page.goto(`${bench.hub.base}/console/#/settings/`).then(() => page.click(`.settings-nav a:text-is("${name}")`))
  /** Its width once decoded: nothing of it was blocked. */
  const isDrawn = async (image: Locator, width: number) => {
    await image.waitFor()
    await eventually(async () => (await image.evaluate((one) => (one as HTMLImageElement).naturalWidth)) === width)
  }
  const answer = async (page: Page, text: string) => {
    await page.fill('.composer textarea', text)
    await page.press('.composer textarea', 'Enter')
  }
  const ask = async (chat: Frame, text: string) => {
    await chat.fill('textarea', text)
    await chat.press('textarea', 'Enter')
  }

  test('sets up a web chat, groups, hours and texts, and serves a picture, a ticket, a night’s message and a score', async () => {
    const { page, complaints } = await logIn(bench.browser, bench.hub, admin)

    // A channel with a colour of its own, and its line for the site.
    await page.click('.rail a:has-text("设置")')
    await page.click('a:has-text("添加渠道")')
    await page.click('.choice-card:has-text("网页")')
    await field(page, '名称').fill('山茶商城')
    await press(page, '添加')
    await field(page, '窗口标题').fill('山茶客服')
    await page.fill('.with-unit input:not([type=color])', '#8a1c7c')
    await press(page, '保存')
    await page.waitForSelector('.notice:has-text("已保存")')
    const shop = await openSite(await page.inputValue('[aria-label="嵌入代码"]'), bench.hub.base)
    site = shop.server

    // Two skill groups; the first takes what comes over the channel.
    for (const [group, member] of [
      ['茶叶咨询', '王经理'],
      ['退换货', '韩梅梅'],
    ] as const) {
      await settings(page, '技能组')
      await page.click('a:has-text("添加技能组")')
      await field(page, '名称').fill(group)
      await press(page, '添加')
      await page.waitForSelector(`.page-head h2:has-text("${group}")`)
      await page.selectOption('[aria-label="加入成员"]', {
        label: (await page.textContent(`[aria-label="加入成员"] option:has-text("${member}")`)) ?? '',
      })
      await page.waitForSelector(`.line:has-text("${member}")`)
    }
    await settings(page, '渠道')
    await page.click('.row-link:has-text("山茶商城")')
    await field(page, '默认技能组').selectOption({ label: '茶叶咨询' })
    await press(page, '保存')
    await page.waitForSelector('.notice:has-text("已保存")')

    // Open the whole day, every day; closed on a holiday to come.
    await settings(page, '服务时间')
    await page.click('a:has-text("添加服务时间")')
    await field(page, '周一 从').fill('00:00')
    await field(page, '周一 到').fill('24:00')
    await press(page, '周一的时间用于每天')
    await press(page, '添加日期')
    await page.fill('[aria-label="日期"]', dayOf(Date.now() + 40 * 86_400_000))
    await page.fill('[aria-label="名称"]', '店庆')
    await press(page, '添加')
    await page.waitForSelector('.checks-grid label:has-text("全部渠道和技能组") input:checked')

    // What is said to everybody, and the question at the end.
    await settings(page, '话术与规则')
    await field(page, '欢迎语').fill('欢迎光临山茶')
    await page.click('.text-form .primary')
    await page.waitForSelector('button:has-text("恢复默认")')
    await page.selectOption('.field:has-text("满意度评价") select', 'on-close')
    await page.click('form.card .primary')
    await page.waitForSelector('.notice:has-text("已保存")')

    // A visitor of the site sends a picture, and is answered.
    await page.click('.rail a:has-text("我的会话")')
    await press(page, '切换为在线')
    await page.waitForSelector('.presence.is-online')
    const visitor = await openPage(bench.browser)
    await visitor.page.goto(shop.url)
    // The launcher’s shadow root is closed: it is pressed where it stands, once it does.
    await eventually(() =>
      visitor.page.evaluate(() => document.elementFromPoint(1360 - 48, 860 - 48)?.parentElement === document.body),
    )
    await visitor.page.mouse.click(1360 - 48, 860 - 48)
    const chat = await widgetFrame(visitor.page)
    await chat.waitForSelector('h1:has-text("山茶客服")')
    await eventually(
      async () =>
        (await chat.evaluate(() => getComputedStyle(document.querySelector('header') as Element).backgroundColor)) ===
        'rgb(138, 28, 124)',
    )
    await ask(chat, '这种有货吗')
    await chat.waitForSelector('.bubble.out:has-text("欢迎光临山茶")')
    await chat.setInputFiles('input[type=file]', [
      { name: '茶叶.png', mimeType: 'image/png', buffer: await picture(60, 40) },
      { name: '空.txt', mimeType: 'text/plain', buffer: Buffer.alloc(0) },
    ])
    await chat.waitForSelector('.notice:has-text("空.txt 没有发出")')
    await page.click('.item:has-text("这种有货吗")')
    await isDrawn(page.locator('.row.is-in img[alt="茶叶.png"]'), 60)
    await answer(page, '有的，今天发货')
    await chat.waitForSelector('.bubble.out:has-text("有的，今天发货")')
    await page.setInputFiles('.composer input[type=file]', [
      { name: '报价.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF-1.7\n') },
      { name: '样品.png', mimeType: 'image/png', buffer: await picture(30, 30) },
    ])
    await page.waitForSelector('.row.is-out a.file:has-text("报价.pdf")')
    await isDrawn(chat.locator('.bubble.out img[alt="样品.png"]'), 30)
    const address = await chat.locator('.bubble.out a:has-text("报价.pdf (9 B)")').getAttribute('href')
    expect(await (await fetch(address ?? '')).text()).toBe('%PDF-1.7\n')

    // What is left to do becomes a ticket.
    await page.click('.thread-head .menu summary')
    await page.click('.menu-list button:has-text("新建工单")')
    await page.fill('dialog [name=subject]', '给客户补发小样')
    await page.fill('dialog [name=dueAt]', `${dayOf(Date.now() + 2 * 86_400_000)}T18:00`)
    await press(page, '创建')
    await page.waitForSelector('.panel :text("给客户补发小样")')

    // It ends, and the customer says how it was.
    await page.click('.thread-head button:has-text("结束会话")')
    await page.waitForSelector('.thread-foot:has-text("会话已结束")')
    await chat.check('input[name=score][value="5"]')
    await chat.fill('[name=comment]', '发货很快')
    await chat.click('.score button')
    await page.waitForSelector('.panel dd:has-text("5 / 5 · 发货很快")')
    await page.click('.rail a:has-text("满意度")')
    await page.waitForSelector('.found:has-text("5 / 5"):has-text("发货很快")')
    await page.waitForSelector('tr:has-text("王经理"):has-text("100%")')
    await page.click('.rail a:has-text("工单")')
    await page.waitForSelector('.item:has-text("给客户补发小样")')

    // Today is a day off: what is written then waits for the next day, which comes when the day off is taken out.
    await settings(page, '服务时间')
    await page.click('.row-link')
    await press(page, '添加日期')
    await page.locator('[aria-label="日期"]').last().fill(dayOf(Date.now()))
    await page.locator('.exception [aria-label="名称"]').last().fill('盘点')
    await page.click('form .form-end .primary')
    await page.waitForSelector('.notice:has-text("已保存")')
    await ask(chat, '可以换大一点的吗')
    await chat.waitForSelector('.bubble.out:has-text("现在是非工作时间"), .bubble.out:has-text("非服务时间"), .away')
    await page.click('.rail a:has-text("排队中")')
    await page.click('.item:has-text("可以换大一点的吗"):has-text("离线留言")')
    await page.waitForSelector('.thread-foot:has-text("开始分配") button:has-text("立即分配")')
    expect(await seriousFindings(page)).toEqual([])
    await settings(page, '服务时间')
    await page.click('.row-link')
    await page.click(`[aria-label="删除 ${dayOf(Date.now())}"]`)
    await page.click('form .form-end .primary')
    await page.click('.rail a:has-text("我的会话")')
    await page.click('.item:has-text("可以换大一点的吗")')
    await answer(page, '可以，给您换大号')
    await chat.waitForSelector('.bubble.out:has-text("可以，给您换大号")')

    // It is the same conversation, opened again: they have said how it was, and are not asked twice.
    await page.click('.thread-head .menu summary')
    await page.click('.menu-list button:has-text("邀请评价")')
    await page.waitForSelector('.notice:has-text("客户已评价：5 / 5")')
    expect(complaints.filter((one) => !one.includes('401'))).toEqual([])
    expect(visitor.complaints.filter((one) => !/favicon|40[04]/.test(one))).toEqual([])
  }, 240_000)

  test('finds every page of the console free of serious faults, in light and dark, and fit for a phone', async () => {
    const { page } = await logIn(bench.browser, bench.hub, admin)
    await page.goto(`${bench.hub.base}/console/#/settings/`)
    await page.waitForSelector('.settings-nav a')
    const addresses = await page
      .locator('.rail a, .settings-nav a')
      .evaluateAll((links) => links.map((link) => link.getAttribute('href') ?? ''))
    expect(addresses.length).toBeGreaterThan(20)
    // Records, too: those that the walk has left.
    const idOf = async (path: string) => (await bench.ask<{ data: { id: string }[] }>('GET', path)).data[0]?.id
    const records = [
      `#/all/${await idOf('conversations')}`,
      `#/customers/${await idOf('contacts')}`,
      `#/tickets/${await idOf('tickets')}`,
    ]
    const others = ['#/settings/entry/new', '#/settings/members/new', '#/settings/hours/new']
    for (const address of [...addresses, ...records, ...others]) {
      await page.setViewportSize({ width: 1360, height: 860 })
      await page.evaluate((hash) => {
        location.hash = hash
      }, address)
      await page.waitForSelector('.thread, .wide-pane, .customers-page, .list-pane, .settings-page .page-head')
      for (const [width, colorScheme] of [
        [1360, 'light'],
        [1360, 'dark'],
        [390, 'dark'],
      ] as const) {
        await page.setViewportSize({ width, height: 860 })
        await page.emulateMedia({ colorScheme })
        const drawn = await page.evaluate(() => document.documentElement.scrollWidth)
        expect([address, width, colorScheme, drawn]).toEqual([address, width, colorScheme, width])
        expect([address, width, colorScheme, await seriousFindings(page)]).toEqual([address, width, colorScheme, []])
      }
    }
  }, 240_000)
})
