/** Calls in the console, over a whole hub with SIPp as phones and trunk. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildWebIfStale } from '../../scripts/build-web.ts'
import { SpeechFarEnd } from '../fakes/speech.ts'
import { chromiumPath, launchChromium, seriousFindings } from '../support/browser.ts'
import { type CallFloor, openCallFloor } from '../support/call-floor.ts'
import { logIn } from '../support/console.ts'
import { describeWith } from '../support/services.ts'
import { sippPath } from '../support/sipp.ts'

describeWith('Chromium and SIPp', sippPath && chromiumPath, 'calls in the console', (chromium) => {
  let browser: Browser
  let floor: CallFloor
  /** The business's own system, which knows everybody. */
  const business = createServer((_, response) =>
    response.end(
      JSON.stringify({ title: '陈老板', link: 'https://crm.example/17', fields: [{ name: '等级', value: '金' }] }),
    ),
  )

  beforeAll(async () => {
    await buildWebIfStale()
    await new Promise<void>((resolve) => business.listen(0, '127.0.0.1', resolve))
    const lookupUrl = `http://127.0.0.1:${(business.address() as AddressInfo).port}/`
    const starting = openCallFloor({ settings: { lookupUrl } })
    browser = await launchChromium(chromium)
    floor = await starting
  })
  afterAll(async () => {
    await browser?.close()
    await floor?.close()
    business.close()
    business.closeAllConnections()
  })

  test('one that rings and is answered is held, resumed and hung up over every page, and can be listened to and read in the log', async () => {
    const { sipp, phones, target } = floor
    const [first] = phones
    const { page, complaints } = await logIn(browser, floor.hub, first.extension, { presence: 'online' })
    await page.click('.rail a:has-text("通话")')
    const speech = new SpeechFarEnd()
    speech.hears = '我的订单到哪了'
    await floor.ask('PUT', '/v1/speech', { url: await speech.start(), transcribeCalls: true })
    const number = floor.nextNumber()
    const agent = await sipp.run('phone', { port: first.port, keys: { ring: 1500, tone: sipp.tone(880) } })
    const caller = await sipp.run('caller-waits', {
      target,
      keys: { number: 9000, caller: number, tone: sipp.tone(440) },
    })
    await page.waitForSelector(`.call-strip:has-text("${number}"):has-text("请接起话机"):has-text("等级 金")`)
    expect(await page.getAttribute('.call-strip a:has-text("陈老板")', 'href')).toBe('https://crm.example/17')
    await page.click('.call-strip button:has-text("保持")')
    await page.waitForSelector('.call-strip:has-text("保持中")')
    expect(await seriousFindings(page)).toEqual([])
    await page.click('.call-strip button:has-text("恢复")')
    await page.waitForSelector('.call-strip:has-text("通话中")')
    await page.click('.call-strip button:has-text("挂断")')
    await page.waitForSelector('.call-strip', { state: 'detached' })
    await Promise.all([caller.done, agent.done])
    const row = page.locator(`.plain li:has-text("${number}")`)
    await row.locator('button:has-text("播放录音")').click()
    await row.locator('audio').waitFor()
    await row.locator('summary:has-text("通话内容")').click()
    await row.locator('.transcript:has-text("我的订单到哪了")').waitFor()
    expect(speech.asked[0]?.file).toMatchObject({ type: 'audio/wav' })
    await page.reload()
    await row.locator('summary:has-text("通话内容")').waitFor()
    await speech.close()
    expect(await seriousFindings(page)).toEqual([])
    // Before anybody was logged in, the page asked who is.
    expect(complaints.filter((one) => !one.includes('401'))).toEqual([])
  })

  test('the caller of one waits while the agent, muted before, asks a colleague, and is then handed over to them', async () => {
    const { sipp, phones, target } = floor
    const [first, second] = phones
    const { page, complaints } = await logIn(browser, floor.hub, first.extension, { presence: 'online' })
    const number = floor.nextNumber()
    const steps = { press: '', after: '', answer: '200 OK' }
    const agent = await sipp.run('phone-moves', {
      port: first.port,
      keys: { ring: 50, tone: sipp.tone(880), ...steps },
    })
    const caller = await sipp.run('caller-waits', {
      target,
      keys: { number: 9000, caller: number, tone: sipp.tone(440) },
    })
    await page.click('.call-strip button:text-is("静音")')
    await page.click('.call-strip button:text-is("取消静音")')
    await page.waitForSelector('.call-strip button:text-is("静音")')
    await page.click('.call-strip button:text-is("拨号键")')
    await page.click('.call-strip .keys button:text-is("5")')
    expect(await seriousFindings(page)).toEqual([])
    const colleague = await sipp.run('phone-moves', {
      port: second.port,
      keys: { ring: 50, tone: sipp.tone(660), ...steps },
    })
    await floor.presence(second, 'online')
    await page.click('.call-strip button:text-is("咨询")')
    await page.click(`dialog button:has-text("${second.extension}"):enabled`)
    await page.waitForSelector('.call-strip:has-text("咨询中"):has-text("已接通")')
    expect(await seriousFindings(page)).toEqual([])
    await page.click('.call-strip button:text-is("转交")')
    await page.waitForSelector('.call-strip', { state: 'detached' })
    await agent.done
    const call = await floor.call(number, ({ agentId }) => agentId === second.memberId)
    await floor.ask('POST', `/v1/calls/${call.id}/hang-up`)
    await Promise.all([caller.done, colleague.done])
    await floor.presence(second, 'away')
    expect(complaints.filter((one) => !one.includes('401'))).toEqual([])
  })

  test('an agent gets a number outside as a phone, which has no password', async () => {
    const admin = [...floor.hub.passwords.keys()].find((login) => login.includes('admin')) ?? ''
    const { page } = await logIn(browser, floor.hub, admin)
    await page.goto(`${floor.hub.base}/console/#/settings/channels/${floor.channelId}/phones`)
    await page.getByLabel('分机号').fill('8103')
    await page.locator('.sub-form select').selectOption(floor.supervisor.memberId)
    await page.getByLabel('外线号码或 SIP 地址（可选）').fill('13900000103')
    await page.click('button:has-text("添加话机")')
    await page.waitForSelector('.line:has-text("8103"):has-text("+8613900000103")')
    expect(await page.getByText('话机密码').count()).toBe(0)
    expect(await seriousFindings(page)).toEqual([])
  })

  test('numbers that want no calls are added from a list, once each, found by their digits, and let go; lines that are none are named', async () => {
    const admin = [...floor.hub.passwords.keys()].find((login) => login.includes('admin')) ?? ''
    const { page } = await logIn(browser, floor.hub, admin)
    await page.goto(`${floor.hub.base}/console/#/customers/do-not-call`)
    const list = '号码,备注\r\n139 0000 0201,a\r\n138-abc\r\n021-62345678\r\n+86 13900000201'
    await page.getByLabel('从文件导入').setInputFiles({
      name: 'numbers.csv',
      mimeType: 'text/csv',
      buffer: Buffer.from(list),
    })
    await page.getByLabel('原因').fill('投诉')
    await page.click('button:text-is("添加")')
    await page.waitForSelector('.failure:has-text("第 3 行不是有效号码")')
    await page.getByLabel('每行一个号码').fill(list.replace('138-abc', '13900000202'))
    await page.click('button:text-is("添加")')
    await page.waitForSelector('.line:has-text("+8613900000201"):has-text("投诉")')
    expect(await page.locator('.lines .line').count()).toBe(3)
    expect(await seriousFindings(page)).toEqual([])
    await page.getByLabel('搜索号码').fill('623 45')
    await page.waitForSelector('.line:has-text("+8613900000201")', { state: 'detached' })
    await page.click('button:has-text("移出"):visible')
    await page.waitForSelector('text=没有号码')
    const { data } = await floor.ask<{ data: { number: string }[] }>('GET', '/v1/do-not-call')
    expect(data.map(({ number }) => number)).toEqual(['+8613900000201', '+8613900000202'])
  })

  test('one is dialled from the page, where its line allows it', async () => {
    const { sipp, phones, channelId } = floor
    const [first] = phones
    const { page } = await logIn(browser, floor.hub, first.extension, { presence: 'online', locale: 'en' })
    await page.click('.rail a:has-text("Calls")')
    await page.fill('[name=number]', '13900000002')
    await page.click('.asking button:has-text("Call")')
    await page.waitForSelector('.warning')
    await floor.ask('PUT', `/v1/channels/${channelId}/call-plan`, { outbound: { prefixes: ['+86'] } })
    const agent = await sipp.run('phone', { port: first.port, keys: { ring: 50, tone: sipp.tone(880) } })
    const far = await sipp.run('trunk-challenges', {
      port: floor.trunkPort,
      keys: { ring: 300, tone: sipp.tone(440) },
    })
    await page.click('.asking button:has-text("Call")')
    await page.waitForSelector('.call-strip:has-text("+8613900000002"):has-text("Talking")')
    await page.click('.call-strip button:has-text("Hang up")')
    await Promise.all([agent.done, far.done])
    await page.waitForSelector('.plain li:has-text("+8613900000002"):has-text("Completed")')
  })
})
