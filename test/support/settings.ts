/** The settings in a real browser, against the whole hub: one hub and one browser for all tests of a file. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll } from 'vitest'
import { buildWebIfStale } from '../../scripts/build-web.ts'
import { launchChromium } from './browser.ts'
import { ask, logIn } from './console.ts'
import { type HubProcess, startHub } from './hub-process.ts'

export const admin = 'admin@demo.example'

export interface SettingsBench {
  readonly hub: HubProcess
  readonly browser: Browser
  /** Logs in, as the administrator unless said, and opens a page of the settings. What it complains of is in `complaints`. */
  open(
    where: string,
    options?: Parameters<typeof logIn>[3] & { login?: string },
  ): Promise<{ page: Page; complaints: string[] }>
  /** Asks the API with the shop's key; throws what is refused. */
  ask<T>(method: string, path: string, body?: unknown): Promise<T>
}

/** To be called within a describe. */
export function benchOfSettings(chromium: string): SettingsBench {
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
  afterEach(() => Promise.all(browser.contexts().map((context) => context.close())))
  return {
    get hub() {
      return hub
    },
    get browser() {
      return browser
    },
    async open(where, { login = admin, ...options } = {}) {
      const opened = await logIn(browser, hub, login, options)
      await opened.page.goto(`${hub.base}/console/#/settings/${where}`)
      await opened.page.waitForSelector('.settings')
      return opened
    },
    ask: (method, path, body) => ask(hub, method, path, body),
  }
}

/** The field of that label. */
export const field = (page: Page, label: string) => page.getByLabel(label, { exact: false }).first()

/** Presses the button of these words. */
export const press = (page: Page, words: string) => page.getByRole('button', { name: words, exact: true }).click()
