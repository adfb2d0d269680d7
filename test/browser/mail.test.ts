/** A mail in the console of the whole hub: what its HTML shows, and what it must not do. */
import { createHmac, randomBytes } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, expect, test } from 'vitest'
import { chromiumPath, seriousFindings } from '../support/browser.ts'
import { eventually } from '../support/eventually.ts'
import { picture } from '../support/files.ts'
import { describeWith } from '../support/services.ts'
import { admin, benchOfSettings } from '../support/settings.ts'

describeWith('Chromium', chromiumPath, 'a mail', (chromium) => {
  const bench = benchOfSettings(chromium)
  const servers: Server[] = []
  afterAll(() => servers.forEach((server) => void server.close()))

  /** A program says it over a channel of its own: what it gives as HTML nobody has cleaned. */
  async function say(text: object, shown: Buffer) {
    const server = createServer((_, response) => response.writeHead(200, { 'content-type': 'image/png' }).end(shown))
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/shot.png`
    const key = randomBytes(32)
    const settings = { secret: `whsec_${key.toString('base64')}` }
    const channel = await bench.ask<{ id: string }>('POST', 'channels', { kind: 'custom', name: '来信', settings })
    const parts = [
      { type: 'text', ...text },
      { type: 'image', blob: { url, name: 'shot.png', contentId: 'shot@x' } },
    ]
    const body = JSON.stringify({
      type: 'message',
      id: 'm1',
      peer: 'chen',
      from: { id: 'chen', name: '陈小姐' },
      parts,
    })
    const at = Math.floor(Date.now() / 1000)
    const mac = createHmac('sha256', key).update(`m1.${at}.${body}`).digest('base64')
    const headers = { 'webhook-id': 'm1', 'webhook-timestamp': String(at), 'webhook-signature': `v1,${mac}` }
    await eventually(async () => {
      const called = await fetch(`${bench.hub.base}/hooks/custom/${channel.id}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body,
      })
      return called.status === 202
    })
    return eventually(async () => {
      const { data } = await bench.ask<{ data: { id: string; channelId: string }[] }>('GET', 'conversations')
      return data.find(({ channelId }) => channelId === channel.id)?.id
    })
  }

  test('shows a picture in its place, folds what it quotes, and neither runs nor fetches anything else', async () => {
    const html = `<p>先看这里</p><p class="x" onclick="alert(1)"><img src="cid:shot@x" onerror="alert(1)"></p><p>然后看那里
       <img src="https://spy.example/1.gif" alt="徽标"><a href="javascript:alert(1)">点我</a> <a href="https://shop.example/">商城</a></p>
       <script>document.title = '坏'</script><style>body { display: none }</style><iframe src="https://spy.example/"></iframe>
       <svg><image href="https://spy.example/2.gif"/></svg><blockquote>以前的话</blockquote>`
    const text = { text: '先看这里，然后看那里', html, subject: '屏幕坏了' }
    const conversationId = await say(text, await picture(60, 40))
    const { page, complaints } = await bench.open('', { login: admin })
    const foreign: string[] = []
    page.on('request', (request) => {
      if (!request.url().startsWith(bench.hub.base) && !request.url().startsWith('blob:')) foreign.push(request.url())
    })
    await page.goto(`${bench.hub.base}/console/#/all/${conversationId}`)
    const mail = page.locator('.bubble .mail')
    const shown = mail.locator('img')
    await shown.waitFor()
    await eventually(async () => (await shown.evaluate((one) => (one as HTMLImageElement).naturalWidth)) > 0)
    expect(await mail.locator('> *').evaluateAll((all) => all.map((one) => one.localName))).toEqual([
      'p',
      'p',
      'p',
      'details',
    ])
    expect(await mail.locator('p').nth(1).locator('img').count()).toBe(1)
    expect(await mail.locator('p').nth(2).innerText()).toBe('然后看那里 徽标点我 商城')
    expect(await mail.locator('a').evaluateAll((all) => all.map((one) => one.getAttribute('href')))).toContain(
      'https://shop.example/',
    )
    expect(await mail.innerHTML()).not.toMatch(/script|onclick|onerror|style|iframe|spy/i)
    expect(await page.locator('.bubble img').count()).toBe(1)
    expect(await page.locator('.bubble .subject').innerText()).toBe('屏幕坏了')
    expect(await mail.locator('details').getAttribute('open')).toBeNull()
    expect(await seriousFindings(page)).toEqual([])
    expect(foreign).toEqual([])
    // The policy of the page speaks of the handlers and the style in what was read: none of them is in the page.
    expect(complaints.filter((one) => !/401|Content Security Policy/.test(one))).toEqual([])
  })
  test('that quotes without saying so in its HTML is folded where its words say so', async () => {
    const html = `<div><p>好的 <img src="cid:shot@x"></p><div><p><b>发件人:</b> 客服 &lt;support@shop.example&gt;</p></div>
      <p>您好，请问<blockquote>更早的话</blockquote></p></div>`
    const text = '好的\n\n发件人: 客服 <support@shop.example>\n\n您好，请问\n更早的话'
    const conversationId = await say({ text, html, quotedFrom: text.indexOf('发件人') }, await picture(60, 40))
    const { page } = await bench.open('', { login: admin })
    await page.goto(`${bench.hub.base}/console/#/all/${conversationId}`)
    const mail = page.locator('.bubble .mail')
    await mail.locator('img').waitFor()
    expect(await mail.locator('details').count()).toBe(1)
    expect((await mail.innerText()).trim()).toMatch(/^好的\s+引用的内容$/)
    await mail.locator('summary').click()
    expect((await mail.innerText()).replace(/\s+/g, ' ')).toContain(
      '发件人: 客服 <support@shop.example> 您好，请问 更早的话',
    )
  })
})
