/** A real browser for tests of the pages: Chromium at $CHROMIUM, or where Debian puts it. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Browser, type BrowserContext, chromium, type Frame, type Page } from 'playwright-core'
import { eventually } from './eventually.ts'

const path = process.env.CHROMIUM ?? '/usr/bin/chromium'

/** Where Chromium is; undefined where there is none, so that tests that need it are skipped by name. */
export const chromiumPath: string | undefined = existsSync(path) ? path : undefined

/** Starts one that talks to nobody but the pages it is sent to. Close it when done. */
export function launchChromium(executablePath: string): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--headless=new',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}

/** A page of its own person: own cookies and storage. What the page complains of is collected in `complaints`. */
export async function openPage(
  browser: Browser,
  { locale = 'zh-CN', width = 1360, height = 860 } = {},
): Promise<{ page: Page; context: BrowserContext; complaints: string[] }> {
  const context = await browser.newContext({ locale, timezoneId: 'Asia/Shanghai', viewport: { width, height } })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  return { page, context, complaints }
}

/** The widget's frame on a page that shows it: found by its address, for the shadow root around it is closed. */
export function widgetFrame(page: Page): Promise<Frame> {
  return eventually(() => page.frames().find((frame) => frame.url().includes('/widget/')))
}

/** What axe finds serious or critical, as `rule: where`. */
export async function seriousFindings(page: Page | Frame): Promise<string[]> {
  if (!(await page.evaluate(() => 'axe' in window))) {
    // Not by a script element: the pages' policy refuses what is not theirs, and that is right.
    await page.evaluate(readFileSync(join(import.meta.dirname, '../../node_modules/axe-core/axe.min.js'), 'utf8'))
  }
  return page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run(): Promise<AxeResults> } }
    const { violations } = await axe.run()
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, nodes }) =>
        nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')} ${failureSummary}`),
      )
  })
}

interface AxeResults {
  violations: { id: string; impact: string; nodes: { target: string[]; failureSummary: string }[] }[]
}
