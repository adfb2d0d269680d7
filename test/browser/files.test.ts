/** Files over the whole hub, as an agent's browser shows and sends them. */
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildWebIfStale } from '../../scripts/build-web.ts'
import { chromiumPath, launchChromium, openPage } from '../support/browser.ts'
import { eventually } from '../support/eventually.ts'
import { formWith, picture } from '../support/files.ts'
import { type HubProcess, startHub } from '../support/hub-process.ts'
import { describeWith } from '../support/services.ts'

describeWith('Chromium', chromiumPath, 'files in the console', (chromium) => {
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

  async function ask<T>(token: string, method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${hub.base}/v1/${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    return (await response.json()) as T
  }

  test('a visitor’s picture is shown to the agent, who sends a file and a picture back', async () => {
    const { data: channels } = await ask<{ data: { id: string; kind: string }[] }>(hub.apiKey, 'GET', 'channels')
    const channelId = channels.find(({ kind }) => kind === 'webchat')?.id
    const { page, complaints } = await openPage(browser)
    await page.goto(`${hub.base}/console/`)
    await page.fill('[name=login]', '8001')
    await page.fill('[name=password]', hub.passwords.get('8001') ?? '')
    await page.click('.login-form button')
    await page.selectOption('.presence select', 'online')
    await page.waitForSelector('.presence.is-online')

    const { token } = await ask<{ token: string }>('', 'POST', 'visitor/sessions', { channelId })
    const form = formWith('茶叶.png', await picture(60, 40))
    const sent = await fetch(`${hub.base}/v1/visitor/files`, {
      method: 'POST',
      headers: { ...form.headers, authorization: `Bearer ${token}` },
      body: new Uint8Array(form.body),
    })
    const { id: fileId } = (await sent.json()) as { id: string }
    const parts = [
      { type: 'text', text: '这种有吗' },
      { type: 'image', blob: { fileId } },
    ]
    await ask(token, 'POST', 'visitor/messages', { clientId: 'c1', parts })

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
    type Said = { data: { parts: { type: string; blob?: { fileId: string } }[] }[] }
    const got = await eventually(async () => {
      const { data } = await ask<Said>(token, 'GET', 'visitor/messages')
      return data.length === 3 ? data.slice(1).flatMap((message) => message.parts) : undefined
    })
    expect(got.map(({ type }) => type)).toEqual(['file', 'image'])
    const query = new URLSearchParams(got.map((part) => ['id', part.blob?.fileId ?? '']))
    type Files = { data: { name: string; addresses: { download: string } }[] }
    const { data: files } = await ask<Files>(token, 'GET', `visitor/files?${query}`)
    expect(files.map(({ name }) => name)).toEqual(['报价.pdf', '样品.png'])
    expect(await (await fetch(files[0]?.addresses.download ?? '')).text()).toBe('%PDF-1.7\n')
    expect(complaints.filter((one) => !one.includes('401'))).toEqual([])
  })
})
