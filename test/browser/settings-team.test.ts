/** People, programs and what they need, in the settings, as a shop's owner sets them up. */
import { createServer } from 'node:http'
import { expect, test } from 'vitest'
import { chromiumPath, seriousFindings } from '../support/browser.ts'
import { eventually } from '../support/eventually.ts'
import { freePort } from '../support/hub-process.ts'
import { describeWith } from '../support/services.ts'
import { benchOfSettings, field, press } from '../support/settings.ts'

interface Group {
  id: string
  name: string
  acceptMode: string
  members: { memberId: string; tier: number }[]
  routing: {
    lastAgent: object | null
    plan: { afterSeconds?: number; groupId?: string }[]
    maxEach: number | null
    reserve: object | null
    notDuring: string[]
    overflow: object
  }
}
interface Member {
  id: string
  name: string
  number: string | null
  disabled: boolean
  limits: object
  skills: { skill: string; level: number }[]
}

describeWith('Chromium', chromiumPath, 'people and programs in the settings', (chromium) => {
  const bench = benchOfSettings(chromium)
  const list = async <T>(path: string) => (await bench.ask<{ data: T[] }>('GET', path)).data

  test('a member is added with number, skills and limits, and logs in with the password that is shown once', async () => {
    const { page } = await bench.open('members')
    await page.click('a:has-text("添加成员")')
    await field(page, '名称').fill('小周')
    await field(page, '邮箱').fill('lilei@demo.example')
    await field(page, '工号').fill('8009')
    await press(page, '添加')
    await page.waitForSelector('.field.is-wrong:has-text("邮箱") .field-error:has-text("已被使用")')
    await field(page, '邮箱').fill('zhou@demo.example')
    await field(page, '在线会话上限').fill('3')
    await press(page, '添加技能')
    await page.fill('[aria-label="技能名称"]', '退款')
    await page.selectOption('.skills [aria-label="级别"]', '4')
    await press(page, '添加')
    const password = await page.inputValue('dialog input')
    await press(page, '我已保存好')
    await page.waitForSelector('.row-link:has-text("小周 8009")')
    const made = (await list<Member>('members')).find(({ number }) => number === '8009')
    expect(made).toMatchObject({ limits: { chat: 3 }, skills: [{ skill: '退款', level: 4 }] })
    expect(await page.content()).not.toContain(password)
    const session = await fetch(`${bench.hub.base}/v1/sessions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ login: '8009', password }),
    })
    expect(session.status).toBe(201)
  })

  test('a password is reset after a question, and a member disabled and enabled', async () => {
    const { page } = await bench.open('members')
    await page.click('.row-link:has-text("韩梅梅")')
    await press(page, '重置密码')
    await page.click('dialog .is-danger')
    await page.waitForSelector('dialog:has-text("只显示这一次") input')
    await press(page, '我已保存好')
    await press(page, '停用')
    await page.click('dialog .is-danger')
    await press(page, '恢复')
    await page.waitForSelector('button:has-text("停用")')
    expect((await list<Member>('members')).find(({ number }) => number === '8002')?.disabled).toBe(false)
  })

  test('a skill group gets members, acceptance by hand, its last agent and a plan that widens', async () => {
    const { page } = await bench.open('groups')
    await page.click('a:has-text("添加技能组")')
    await field(page, '名称').fill('退款组')
    await press(page, '添加')
    await page.waitForSelector('.warning:has-text("还没有成员")')
    await page.selectOption('[aria-label="加入成员"]', { label: '李雷 8001' })
    await page.selectOption('[aria-label="李雷 顺位"]', '2')
    await field(page, '接入方式').selectOption('manual')
    await field(page, '确认时限').fill('20')
    await page.check('label:has-text("熟客优先")')
    await press(page, '添加步骤')
    await press(page, '添加步骤')
    await page.selectOption('.step:nth-of-type(2) select[id^=step-group]', { label: '售前' })
    await press(page, '保存')
    const saved = await eventually(async () =>
      (await list<Group>('groups')).find(({ name, acceptMode }) => name === '退款组' && acceptMode === 'manual'),
    )
    expect(saved.members.map(({ tier }) => tier)).toEqual([2])
    expect(saved.routing.lastAgent).toMatchObject({ withinDays: 30 })
    expect(saved.routing.plan).toMatchObject([{}, { afterSeconds: 60, groupId: expect.stringMatching(/^grp_/) }])
    await page.waitForSelector('.notice:has-text("已保存")')
    await page.check('label:has-text("为重要客户预留坐席")')
    await field(page, '预留人数').fill('2')
    await field(page, '每名坐席最多同时接待').fill('3')
    await page.check('.checks:has-text("手上有以下工作时不分配") label:has-text("电话")')
    await field(page, '组内无人在线时').selectOption({ label: '转到 售前' })
    await field(page, '已经等待过久时').selectOption({ label: '结束会话' })
    await field(page, '等待超过').fill('600')
    await press(page, '保存')
    const limited = await eventually(async () =>
      (await list<Group>('groups')).find(({ name, routing }) => name === '退款组' && routing.maxEach === 3),
    )
    expect(limited.routing).toMatchObject({
      reserve: { agents: 2, priority: 1 },
      notDuring: ['call'],
      overflow: {
        nobody: { groupId: expect.stringMatching(/^grp_/) },
        late: { afterSeconds: 600, handler: { close: true } },
      },
    })
    await field(page, '进入排队后').fill('999999')
    await press(page, '保存')
    await eventually(async () => (await page.locator('.field.is-wrong, [aria-invalid=true], :invalid').count()) > 0)
  })

  test('entry rules are added, put in order, tried and changed, and one that serves nobody says so', async () => {
    const { page } = await bench.open('entry')
    for (const [name, word, group] of [
      ['退款优先', '退款', '售后'],
      ['其他', '', '售前'],
    ] as const) {
      await page.click('a:has-text("添加规则")')
      await field(page, '名称').fill(name)
      await page.fill('.field:has-text("客户消息包含") textarea', word)
      await field(page, '技能组').selectOption({ label: group })
      await press(page, '添加')
      await page.waitForSelector(`.row-plain:has-text("${name}")`)
    }
    await press(page, '下移 退款优先')
    await page.waitForSelector('.row-plain:has-text("2. 退款优先"):has-text("客户消息包含：退款")')
    const tryIt = async (words: string, found: string) => {
      await page.fill('[name=text]', words)
      await press(page, '试')
      await page.waitForSelector(`[role=status]:has-text("${found}")`)
    }
    await tryIt('我要退款', '由规则“其他”分配到 售前')
    await press(page, '上移 退款优先')
    await page.waitForSelector('.row-plain:has-text("1. 退款优先")')
    await tryIt('我要退款', '由规则“退款优先”分配到 售后')
    await tryIt('你好', '未采用“退款优先”：不符合：客户消息包含')
    await page.click('[aria-label="编辑 退款优先"]')
    await page.fill('.field:has-text("匹配表达式") input', '(')
    await press(page, '保存')
    await page.waitForSelector('.field.is-wrong:has-text("匹配表达式")')
    await page.fill('.field:has-text("匹配表达式") input', '')
    await press(page, '添加技能')
    await page.fill('[aria-label="技能名称"]', '没有人会')
    await press(page, '保存')
    await page.waitForSelector('.notice:has-text("目前没有坐席能接待")')
    await press(page, '停用 上次接待的坐席')
    await page.waitForSelector('[aria-label="启用 上次接待的坐席"]')
    expect(await bench.ask('GET', 'entry-precedence')).toEqual({ precedence: ['designated', 'rules', 'channel'] })
    for (const name of ['退款优先', '其他']) {
      await press(page, `删除 ${name}`)
      await page.click('dialog .is-danger')
      await page.waitForSelector(`.row-plain:has-text("${name}")`, { state: 'detached' })
    }
  })

  test('a key is made with scopes, shown once, works, and is refused once revoked', async () => {
    const { page } = await bench.open('keys')
    await press(page, '新建密钥')
    await field(page, '名称').fill('报表')
    await page.check('label:has-text("只给这些权限")')
    await page.check('label:text-is("member:read")')
    await page.click('form .primary')
    const secret = await page.inputValue('dialog input')
    const status = async () =>
      (await fetch(`${bench.hub.base}/v1/members`, { headers: { authorization: `Bearer ${secret}` } })).status
    expect(await status()).toBe(200)
    await press(page, '我已保存好')
    await page.click('[aria-label="吊销 报表"]')
    await page.click('dialog .is-danger')
    await page.waitForSelector('.row-plain:has-text("报表")', { state: 'detached' })
    expect(await status()).toBe(401)
  })

  test('an endpoint is added, tested with what it answers, paused, and its attempts are read and repeated', async () => {
    const port = await freePort()
    let calls = 0
    // It takes the test and nothing else.
    const receiver = createServer(async (request, response) => {
      let body = ''
      for await (const chunk of request) body += chunk
      calls++
      response.writeHead(body.includes('endpoint.test') ? 200 : 500).end('thanks')
    }).listen(port, '127.0.0.1')
    try {
      const { page } = await bench.open('webhooks')
      await page.click('a:has-text("添加端点")')
      await field(page, '推送网址').fill('ftp://127.0.0.1/')
      await press(page, '添加')
      await page.waitForSelector('.field.is-wrong:has-text("推送网址")')
      await field(page, '推送网址').fill(`http://127.0.0.1:${port}/hook`)
      await field(page, '说明').fill('CRM')
      await press(page, '添加')
      expect(await page.inputValue('dialog input')).toMatch(/^whsec_/)
      await press(page, '我已保存好')
      await press(page, '发送测试事件')
      await page.waitForSelector('.outcome:has-text("成功"):has-text("thanks")')
      await bench.ask('POST', 'contacts', { name: '推送的客户' })
      await eventually(() => calls > 1)
      await eventually(async () => {
        await page.reload()
        await page.waitForSelector('.page-head')
        return page
          .waitForSelector('.attempt:has-text("contact.created")', { timeout: 2000 })
          .then(() => true)
          .catch(() => false)
      }, 20_000)
      await page.click('.attempt summary')
      await page.waitForSelector('.attempt pre:has-text("webhook-id")')
      await page.click('.attempt button:has-text("重新发送")')
      await page.waitForSelector('.notice:has-text("已安排重新发送")')
      await press(page, '暂停')
      await page.waitForSelector('.standing:has-text("已暂停")')
      await press(page, '更换密钥')
      await page.click('dialog .is-danger')
      await page.waitForSelector('dialog:has-text("只显示这一次")')
      await press(page, '我已保存好')
      expect(await seriousFindings(page)).toEqual([])
    } finally {
      receiver.close()
    }
  })

  test('an agent keeps replies of their own, with variables, sees the shared ones, and changes their password', async () => {
    await bench.ask('POST', 'canned-replies', { title: '营业时间', folder: '常见', text: '九点到六点', own: false })
    const { page } = await bench.open('canned', { login: '8001' })
    expect(await page.locator('.settings-nav a').allTextContents()).toEqual(['常用语', '我的账号'])
    await page.waitForSelector('.row-plain:has-text("营业时间")')
    expect(await page.locator('[aria-label="编辑 营业时间"]').count()).toBe(0)
    await press(page, '添加常用语')
    await field(page, '标题').fill('自我介绍')
    await page.fill('textarea', '我是')
    await press(page, '坐席姓名')
    await press(page, '添加')
    await page.waitForSelector('.row-plain:has-text("自我介绍"):has-text("我是{{agent.name}}")')
    await page.click('[aria-label="删除 自我介绍"]')
    await page.click('dialog .is-danger')
    await page.waitForSelector('.row-plain:has-text("自我介绍")', { state: 'detached' })
    expect(await seriousFindings(page)).toEqual([])
    await page.click('.settings-nav a:has-text("我的账号")')
    await field(page, '当前密码').fill('wrong')
    await field(page, '新密码').fill('a new password of mine')
    await press(page, '修改密码')
    await page.waitForSelector('.field.is-wrong:has-text("当前密码")')
    await field(page, '当前密码').fill(bench.hub.passwords.get('8001') ?? '')
    await press(page, '修改密码')
    await page.waitForSelector('.notice:has-text("已保存")')
  })

  test('every page is usable on a phone and passes an accessibility check, in light and dark', async () => {
    const { page } = await bench.open('', { width: 390, height: 844 })
    const [group] = await list<Group>('groups')
    for (const where of [
      'members',
      'members/new',
      `groups/${group?.id}`,
      'keys',
      'webhooks/new',
      'canned',
      'account',
    ]) {
      await page.goto(`${bench.hub.base}/console/#/settings/${where}`)
      await page.waitForSelector('.page-head')
      expect([where, await page.evaluate(() => document.documentElement.scrollWidth)]).toEqual([where, 390])
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme })
        expect([where, await seriousFindings(page)]).toEqual([where, []])
      }
    }
  })
})
