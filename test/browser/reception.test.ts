/** The widget for those who wait, find nobody, or are asked how they were served: in a real browser, against a hub in memory. */
import type { Browser, Frame } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { buildWebIfStale } from '../../scripts/build-web.ts'
import { satisfactionForm, satisfactionNotice } from '../../src/api/satisfaction-html.ts'
import { type FakeHub, startFakeHub } from '../fakes/hub-api.ts'
import { channelId } from '../fakes/hub-state.ts'
import { chromiumPath, launchChromium, openPage, seriousFindings } from '../support/browser.ts'
import { eventually } from '../support/eventually.ts'
import { describeWith } from '../support/services.ts'

describeWith('Chromium', chromiumPath, 'the widget’s reception', (chromium) => {
  let browser: Browser
  let hub: FakeHub

  beforeAll(async () => {
    await buildWebIfStale()
    browser = await launchChromium(chromium)
  })
  afterAll(() => browser?.close())
  beforeEach(async () => {
    hub = await startFakeHub()
  })
  afterEach(async () => {
    await Promise.all(browser.contexts().map((context) => context.close()))
    await hub.close()
  })

  const stand = (more: object) => {
    hub.state.reception = { ...hub.state.reception, ...more }
  }
  /** A visitor whose chat is a page of its own. */
  async function visit(locale = 'zh-CN') {
    const { page, complaints } = await openPage(browser, { locale, width: 390, height: 740 })
    await page.route('**/favicon.ico', (route) => route.fulfill({ status: 204 }))
    await page.goto(`${hub.url}/widget/?channel=${channelId}`)
    await page.waitForSelector('textarea')
    return { page, complaints, chat: page.mainFrame() }
  }
  const write = async (chat: Frame, text: string) => {
    await chat.fill('textarea', text)
    await chat.press('textarea', 'Enter')
  }
  const said = () => hub.state.messages.map(({ parts: [part] }) => (part?.type === 'text' ? part.text : ''))

  test('who waits sees their place in line', async () => {
    const { chat, page, complaints } = await visit()
    stand({ place: 3 })
    await write(chat, '在吗')
    await chat.waitForSelector('[role=status]:has-text("您排在第 3 位")')
    hub.state.stand({ position: 2, estimate: { lowSeconds: 50, highSeconds: 200 } })
    await chat.waitForSelector('[role=status]:has-text("您排在第 2 位，预计还要 1–4 分钟")')
    expect(await seriousFindings(page)).toEqual([])
    expect(complaints).toEqual([])
  })

  test('outside the hours the visitor is told so, and can say how to reach them', async () => {
    stand({ open: false, onDuty: false, opensAt: '2026-11-30T01:00:00.000Z' })
    const { chat, page, complaints } = await visit()
    await chat.waitForSelector('.away:has-text("现在是非工作时间"):has-text("2026年11月30日 09:00")')
    expect(await seriousFindings(page)).toEqual([])
    await write(chat, '坏了')
    await chat.fill('[name=name]', '韩梅梅')
    await chat.fill('[name=phone]', '13800138000')
    await chat.click('.away button')
    await eventually(() => said().length === 2)
    expect(said()).toEqual(['坏了', '姓名: 韩梅梅\n电话: 13800138000'])
    await eventually(async () => (await chat.locator('.away form').count()) === 0)
    expect(complaints).toEqual([])
  })

  test('who is asked gives a score with tags and words, once', async () => {
    const { chat, page, complaints } = await visit('en-US')
    stand({
      satisfaction: { id: 'sat_x', scale: 5, offeredTags: ['fast', 'kind'], expiresAt: '2099-01-01T00:00:00.000Z' },
    })
    await write(chat, 'thanks')
    await chat.waitForSelector('.score:has-text("How well were you served?")')
    expect(await seriousFindings(page)).toEqual([])
    await chat.check('input[name=score][value="4"]')
    await chat.check('input[name=tag][value=kind]')
    await chat.fill('[name=comment]', 'quick')
    await chat.click('.score button')
    await chat.waitForSelector('[role=status]:has-text("Thank you!")')
    expect(hub.state.scores).toEqual([{ id: 'sat_x', score: 4, tags: ['kind'], comment: 'quick' }])
    // Later, while they talk with somebody, of another conversation.
    const [conversation] = hub.state.conversations
    const [li] = hub.state.members
    if (conversation && li) hub.state.assign(conversation, li.id)
    stand({ satisfaction: { id: 'sat_y', scale: 5, offeredTags: [], expiresAt: '2099-01-01T00:00:00.000Z' } })
    hub.state.askForScore()
    await chat.check('input[name=score][value="2"]')
    await chat.click('.score button')
    await eventually(() => hub.state.scores.length === 2)
    expect(complaints).toEqual([])
  })

  test('the page behind a link can be used by everybody, and what a business writes in it stays text', async () => {
    const { page } = await openPage(browser, { width: 390, height: 740 })
    for (const language of ['zh-CN', 'zh-TW', 'en'] as const) {
      const asked = { scale: 5, offeredTags: ['态度好', '<img src=x onerror=alert(1)>'] }
      await page.setContent(satisfactionForm('山茶 & <杂货>', asked, language, '!'))
      expect(await page.textContent('h1')).toContain('山茶 & <杂货>')
      expect(await page.locator('img').count()).toBe(0)
      expect(await seriousFindings(page)).toEqual([])
      await page.setContent(satisfactionNotice('山茶', language, '<b>'))
      expect(await page.textContent('[role=status]')).toBe('<b>')
    }
  })
})
