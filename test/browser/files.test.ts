/** Files over the whole hub: a visitor's browser, an agent's, and what each shows of the other's. */
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildWebIfStale } from '../../scripts/build-web.ts'
import { chromiumPath, launchChromium, openPage, widgetFrame } from '../support/browser.ts'
import { eventually } from '../support/eventually.ts'
import { picture } from '../support/files.ts'
import { type HubProcess, startHub } from '../support/hub-process.ts'
import { describeWith } from '../support/services.ts'

describeWith('Chromium', chromiumPath, 'files in a chat', (chromium) => {
  let browser: Browser
  let hub: HubProcess

  beforeAll(async () => {
    await buildWebIfStale()
    const starting = startHub()
    browser = await launchChromium(chromium)
    hub = await starting
  })
  afterAll(async () => {
    await browser?.close()
    await hub?.close()
  })

  test('a visitor’s picture is shown to the agent, who sends a file and a picture back', async () => {
    const response = await fetch(`${hub.base}/v1/channels`, { headers: { authorization: `Bearer ${hub.apiKey}` } })
    const { data: channels } = (await response.json()) as { data: { id: string; kind: string }[] }
    const channelId = channels.find(({ kind }) => kind === 'webchat')?.id
    const { page, complaints } = await openPage(browser)
    await page.goto(`${hub.base}/console/`)
    await page.fill('[name=login]', '8001')
    await page.fill('[name=password]', hub.passwords.get('8001') ?? '')
    await page.click('.login-form button')
    await page.selectOption('.presence select', 'online')
    await page.waitForSelector('.presence.is-online')

    const { page: shopPage, complaints: others } = await openPage(browser)
    await shopPage.goto(`${hub.base}/demo/?channel=${channelId}`)
    await shopPage.click('[data-chat]')
    const chat = await widgetFrame(shopPage)
    await chat.fill('textarea', '这种有吗')
    await chat.press('textarea', 'Enter')
    await chat.waitForSelector('.meta.in:has-text("已发送"), .meta.in:has-text("已读")')
    await chat.setInputFiles('input[type=file]', [
      { name: '茶叶.png', mimeType: 'image/png', buffer: await picture(60, 40) },
      { name: '空.txt', mimeType: 'text/plain', buffer: Buffer.alloc(0) },
    ])
    await chat.waitForSelector('.bubble.in img[alt="茶叶.png"]')
    await chat.waitForSelector('.notice:has-text("空.txt 没有发出")')

    await page.click('.item:has-text("这种有吗")')
    const shown = page.locator('.row.is-in img[alt="茶叶.png"]')
    await shown.waitFor()
    // Its width once decoded: nothing of it was blocked.
    await eventually(async () => (await shown.evaluate((image) => (image as HTMLImageElement).naturalWidth)) === 60)

    await page.waitForSelector('.composer')
    await page.setInputFiles('.composer input[type=file]', [
      { name: '报价.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF-1.7\n') },
      { name: '样品.png', mimeType: 'image/png', buffer: await picture(30, 30) },
    ])
    await page.waitForSelector('.row.is-out a.file:has-text("报价.pdf")')
    await page.waitForSelector('.row.is-out img[alt="样品.png"]')
    await chat.waitForSelector('.bubble.out a:has-text("报价.pdf (9 B)")')
    const answered = chat.locator('.bubble.out img[alt="样品.png"]')
    await answered.waitFor()
    await eventually(async () => (await answered.evaluate((image) => (image as HTMLImageElement).naturalWidth)) === 30)
    const address = await chat.locator('.bubble.out a:has-text("报价.pdf")').getAttribute('href')
    expect(await (await fetch(address ?? '')).text()).toBe('%PDF-1.7\n')
    expect(others.filter((one) => !one.includes('400'))).toEqual([])
    expect(complaints.filter((one) => !one.includes('401'))).toEqual([])
  })
})
