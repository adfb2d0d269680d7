/** Channels in the settings, as a shop's owner sets them up. */

import sharp from 'sharp'
import { expect, test } from 'vitest'
import { Onebot } from '../fakes/qq-onebot.ts'
import { SpeechFarEnd, spokenSound } from '../fakes/speech.ts'
import { chromiumPath, openPage, seriousFindings, widgetFrame } from '../support/browser.ts'
import { eventually } from '../support/eventually.ts'
import { describeWith } from '../support/services.ts'
import { benchOfSettings, field, press } from '../support/settings.ts'

interface Channel {
  id: string
  kind: string
  name: string
  enabled: boolean
  groupId: string | null
  settings: Record<string, unknown>
}

describeWith('Chromium', chromiumPath, 'channels in the settings', (chromium) => {
  const bench = benchOfSettings(chromium)
  const channels = async () => (await bench.ask<{ data: Channel[] }>('GET', 'channels')).data
  const picture = () =>
    sharp({ create: { width: 64, height: 64, channels: 3, background: '#8a1c7c' } })
      .png()
      .toBuffer()
  const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`

  test('a channel is added by the form of its kind; what is wrong stands beside its field', async () => {
    const { page, complaints } = await bench.open('channels')
    await page.click('a:has-text("添加渠道")')
    await page.click('.choice-card:has-text("自有程序")')
    await field(page, '名称').fill('小程序')
    await field(page, '签名密钥').fill('too short')
    await press(page, '添加')
    await page.waitForSelector('.field.is-wrong:has-text("签名密钥") .field-error:has-text("格式不正确")')
    expect(await page.evaluate(() => document.activeElement?.getAttribute('type'))).toBe('password')
    expect((await channels()).map(({ name }) => name)).not.toContain('小程序')
    await field(page, '签名密钥').fill(secret)
    await field(page, '回复推送地址').fill('http://127.0.0.1:9/answers')
    await press(page, '添加')
    await page.waitForSelector('.page-head h2:has-text("小程序")')
    const made = (await channels()).find(({ name }) => name === '小程序')
    expect(made?.settings.outboundUrl).toBe('http://127.0.0.1:9/answers')
    expect(await page.inputValue('[aria-label="回调地址"]')).toBe(`${bench.hub.base}/hooks/custom/${made?.id}`)
    expect(complaints.filter((one) => !/40[01]/.test(one))).toEqual([])
  })

  test('a secret is never shown, stays when the rest is changed, and can be replaced', async () => {
    await bench.ask('POST', 'channels', { kind: 'custom', name: '保密', settings: { secret } })
    const { page } = await bench.open('channels')
    await page.click('.row-link:has-text("保密")')
    expect(await page.inputValue('.secret-set input')).toBe('已设置，不显示')
    expect(await page.content()).not.toContain(secret)
    await field(page, '名称').fill('很保密')
    await press(page, '保存')
    await page.waitForSelector('.page-head h2:has-text("很保密")')
    await press(page, '更换')
    await field(page, '签名密钥').fill(`whsec_${Buffer.alloc(32, 9).toString('base64')}`)
    await press(page, '保存')
    await page.waitForSelector('.secret-set input')
  })

  test('the connection is tested, and each check that fails says how to mend it', async () => {
    const settings = { secret, outboundUrl: 'http://127.0.0.1:9/' }
    const { id } = await bench.ask<Channel>('POST', 'channels', { kind: 'custom', name: '连不上', settings })
    const { page } = await bench.open(`channels/${id}`)
    await press(page, '测试连接')
    await page.waitForSelector('.checks-list .is-bad:has-text("处理办法")', { timeout: 20_000 })
  })

  test('what is wrong within a value of many members is named by its place', async () => {
    const settings = { appId: 'wx0123456789abcdef', appSecret: 'a'.repeat(32), token: 'token' }
    const account = { kind: 'wechat-official', name: '公众号', settings, enabled: false }
    const { id } = await bench.ask<Channel>('POST', 'channels', account)
    const { page } = await bench.open(`channels/${id}`)
    const menu = (name: string) => [{ name, type: 'click', key: 'HELLO' }]
    await field(page, '自定义菜单').fill(JSON.stringify(menu('一二三四五六')))
    await press(page, '保存')
    await page.waitForSelector('.field.is-wrong:has-text("自定义菜单") .field-error:has-text("/0/name 内容太长")')
    await field(page, '自定义菜单').fill(JSON.stringify(menu('你好')))
    await press(page, '保存')
    await eventually(async () => {
      const kept = (await channels()).find((one) => one.id === id)?.settings.menu
      return JSON.stringify(kept)?.includes('你好')
    })
  })

  test('a platform that dials the hub has its address shown, and a log-in that is needed shows by itself', async () => {
    const gateway = new Onebot()
    await gateway.start()
    gateway.online = false
    const { page, complaints } = await bench.open('channels/new/qq-onebot')
    await field(page, '名称').fill('QQ 小店')
    await field(page, '访问令牌').fill(gateway.settings.accessToken)
    await press(page, '添加')
    await page.waitForSelector('.standing:has-text("连接中")')
    const made = (await channels()).find(({ name }) => name === 'QQ 小店')
    const address = await page.inputValue('[aria-label="回调地址"]')
    expect(address).toBe(`${bench.hub.base.replace('http', 'ws')}/hooks/qq-onebot/${made?.id}`)
    const none = () => Promise.reject(new Error('This gateway is on a socket.'))
    gateway.serve({ channelId: made?.id ?? '', hookUrl: address, receive: none, accepted: none })
    await page.waitForSelector('.standing:has-text("需要登录")')
    await page.waitForSelector('.warning:has-text("log in again at the gateway")')
    gateway.online = true
    gateway.beat()
    await page.waitForSelector('.standing:has-text("正常")')
    expect(complaints.filter((one) => !/40[01]/.test(one))).toEqual([])
    await gateway.close()
  })

  test('a channel is switched off and on, and deleted only after a question', async () => {
    const { id } = await bench.ask<Channel>('POST', 'channels', { kind: 'custom', name: '临时', settings: { secret } })
    const enabled = async () => (await channels()).find((one) => one.id === id)?.enabled
    const { page } = await bench.open(`channels/${id}`)
    await press(page, '停用')
    await page.waitForSelector('.standing:has-text("已停用")')
    expect(await enabled()).toBe(false)
    await press(page, '启用')
    await page.waitForSelector('button:has-text("停用")')
    expect(await enabled()).toBe(true)
    await press(page, '删除')
    await page.waitForSelector('dialog[open]:has-text("删除渠道“临时”？")')
    await page.keyboard.press('Escape')
    await page.waitForSelector('dialog', { state: 'detached' })
    expect(await enabled()).toBe(true)
    await press(page, '删除')
    await page.click('dialog .is-danger')
    await page.waitForSelector('.page-head h2:has-text("渠道")')
    expect(await enabled()).toBeUndefined()
  })

  test('a web chat is added with its own look, and visitors see it on a page that has the snippet', async () => {
    const { page, complaints } = await bench.open('channels/new/webchat')
    await field(page, '名称').fill('山茶商城')
    await press(page, '添加')
    await page.waitForSelector('.preview')
    await field(page, '窗口标题').fill('山茶客服')
    await field(page, '欢迎语').fill('欢迎光临山茶')
    await page.fill('.with-unit input:not([type=color])', '#8a1c7c')
    await field(page, '按钮样式').selectOption('pill')
    await field(page, '按钮文字').fill('找客服')
    await field(page, '按钮位置').selectOption('left')
    await page.setInputFiles('.field:has-text("窗口徽标") input[type=file]', {
      name: 'logo.png',
      mimeType: 'image/png',
      buffer: await picture(),
    })
    await page.waitForSelector('.field:has-text("窗口徽标") img')
    expect(await page.textContent('.preview-launcher')).toBe('找客服')
    await field(page, '自定义链接').fill('Shan Cha')
    await press(page, '保存')
    await page.waitForSelector('.field.is-wrong:has-text("自定义链接") .field-error')
    await field(page, '自定义链接').fill('shancha')
    await press(page, '保存')
    await page.waitForSelector(`input[aria-label="聊天页面链接"]`)
    await eventually(async () => (await page.inputValue('[aria-label="聊天页面链接"]')).endsWith('/chat/shancha'))
    await page.waitForSelector('svg.qr-code')
    const snippet = await page.inputValue('[aria-label="嵌入代码"]')
    const made = (await channels()).find(({ name }) => name === '山茶商城')
    expect(snippet).toBe(`<script async src="${bench.hub.base}/w.js" data-channel="${made?.id}"></script>`)
    expect(complaints.filter((one) => !/40[01]/.test(one))).toEqual([])

    const site = await openPage(bench.browser)
    const demo = (await page.getAttribute('a:has-text("网页版")', 'href')) ?? ''
    await site.page.goto(demo)
    await site.page.click('[data-chat]')
    const frame = await widgetFrame(site.page)
    await frame.waitForSelector('h1:has-text("山茶客服")')
    await frame.waitForSelector('.bubble:has-text("欢迎光临山茶")')
    await eventually(
      async () =>
        (await frame.evaluate(() => getComputedStyle(document.querySelector('header') as Element).backgroundColor)) ===
        'rgb(138, 28, 124)',
    )
    const logo = await frame.evaluate(
      () => getComputedStyle(document.querySelector('.who') as Element, '::before').backgroundImage,
    )
    expect((await fetch(/url\("(.+)"\)/.exec(logo)?.[1] ?? '')).headers.get('content-type')).toBe('image/webp')
    // The launcher stands on the left now: the shadow root is closed, so it is pressed where it must be.
    await frame.press('textarea', 'Escape')
    await frame.waitForSelector('textarea', { state: 'hidden' })
    await site.page.mouse.click(48, 860 - 48)
    await frame.waitForSelector('textarea')
    const alone = await openPage(bench.browser, { width: 390, height: 844 })
    await alone.page.goto(`${bench.hub.base}/chat/shancha`)
    await alone.page.waitForSelector('h1:has-text("山茶客服")')
    expect(alone.page.url()).toContain(`/widget/?channel=${made?.id}`)
    expect(await seriousFindings(page)).toEqual([])
  })

  test('the way of calls is set up by hand: menus of two levels with spoken and uploaded sounds, hours, voicemail, survey', async () => {
    const speech = new SpeechFarEnd()
    const { page, complaints } = await bench.open('speech')
    await page.waitForSelector('.warning:has-text("还没有可用的语音服务")')
    await field(page, '服务地址').fill(await speech.start())
    await press(page, '保存')
    await page.click('button:has-text("测试服务")')
    await eventually(async () => (await page.locator('.checks-list .is-good').count()) === 2)

    await page.goto(`${bench.hub.base}/console/#/settings/channels/new/sip`)
    await field(page, '名称').fill('客服热线')
    await field(page, '端口').fill('15062')
    await field(page, '服务号码').fill('9000')
    await press(page, '添加')
    await page.click('.tabs-row a:has-text("来电流程")')
    const step = (name: string) => page.locator('.step', { has: page.locator(`legend:text-is("${name}")`) })
    await press(page, '添加菜单')
    await step('菜单 1').getByLabel('菜单名称').fill('主菜单')
    await page.keyboard.press('Tab')
    await press(page, '添加菜单')
    await step('菜单 1').getByLabel('菜单名称').fill('售后')
    await page.keyboard.press('Tab')
    await step('售后').locator('.field-error:has-text("没有来电会进入这个菜单")').waitFor()
    const prompt = step('主菜单').locator('.sound').first()
    await prompt.getByRole('button', { name: '用文字生成' }).click()
    await prompt.locator('textarea').fill('售前请按 1，售后请按 2。')
    await prompt.getByRole('button', { name: '生成语音' }).click()
    await prompt.locator('q:has-text("售前请按 1，售后请按 2。")').waitFor()
    await prompt.locator('audio').waitFor()
    await step('主菜单').getByRole('button', { name: '添加按键' }).click()
    await step('主菜单').getByLabel('按键 2', { exact: true }).selectOption({ label: '进入语音菜单' })
    await step('主菜单').getByLabel('按键 2 语音菜单').selectOption('售后')
    await step('售后').getByLabel('按键 1', { exact: true }).selectOption({ label: '留言' })
    await page.getByLabel('下班时间', { exact: true }).selectOption({ label: '转到外线号码' })
    await page.getByLabel('号码', { exact: false }).first().fill('02188888888')
    await page.check('label:has-text("按键评分")')
    await page.locator('.sound:has-text("评分后的致谢") input[type=file]').setInputFiles({
      name: 'thanks.wav',
      mimeType: 'audio/wav',
      buffer: spokenSound,
    })
    await page.locator('.sound:has-text("评分后的致谢") audio').waitFor()
    await press(page, '保存')
    await page.waitForSelector('.notice:has-text("已保存")')
    const { id = '' } = (await channels()).find(({ name }) => name === '客服热线') ?? {}
    // The notice may be that of the speech service, which was saved before.
    const plan = await eventually(async () => {
      const saved = await bench.ask<{ plan: object }>('GET', `channels/${id}/call-plan`)
      return Object.keys(saved.plan).length > 0 && saved.plan
    })
    const sound = { fileId: expect.stringMatching(/^fil_/) }
    expect(plan).toEqual({
      begin: { to: 'menu', menu: '主菜单' },
      closed: { to: 'number', number: '02188888888' },
      menus: {
        主菜单: {
          say: { ...sound, text: '售前请按 1，售后请按 2。' },
          keys: { 1: { to: 'queue' }, 2: { to: 'menu', menu: '售后' } },
          otherwise: { to: 'queue' },
        },
        售后: { keys: { 1: { to: 'voicemail' } }, otherwise: { to: 'queue' } },
      },
      voicemail: {},
      survey: { thanks: sound },
    })
    await page.uncheck('label:has-text("接受留言")')
    await press(page, '保存')
    await step('售后').locator('.field-error:has-text("请先开启留言")').waitFor()
    expect(await seriousFindings(page)).toEqual([])
    await page.emulateMedia({ colorScheme: 'dark' })
    await page.setViewportSize({ width: 390, height: 844 })
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390)
    expect(await seriousFindings(page)).toEqual([])

    await page.click('.tabs-row a:has-text("话机")')
    await field(page, '分机号').fill('8001')
    await field(page, '使用人').selectOption({ label: '李雷' })
    await press(page, '添加话机')
    await page.waitForSelector('dialog:has-text("密码只显示这一次")')
    await press(page, '我已保存好')
    await page.waitForSelector('.line:has-text("8001"):has-text("李雷"):has-text("未注册")')
    expect(complaints.filter((one) => !/40[01]/.test(one))).toEqual([])
    await speech.close()
  })

  test('an agent sees nothing of what only administrators set', async () => {
    const { page } = await bench.open('channels', { login: '8001' })
    await page.waitForSelector('.settings-page .empty')
    expect(await page.locator('.settings-nav a[href*="channels"]').count()).toBe(0)
  })

  test('the pages are usable on a phone, and an accessibility check finds nothing serious', async () => {
    const { page } = await bench.open('', { width: 390, height: 844 })
    await page.click('.settings-nav a:has-text("渠道")')
    await page.click('.row-link:has-text("官网")')
    await page.waitForSelector('.page-head h2:has-text("官网")')
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390)
    expect(await seriousFindings(page)).toEqual([])
    await page.emulateMedia({ colorScheme: 'dark' })
    expect(await seriousFindings(page)).toEqual([])
    await page.click('.back.narrow-only')
    await page.waitForSelector('.settings-nav', { state: 'visible' })
    expect(await seriousFindings(page)).toEqual([])
  })
})
