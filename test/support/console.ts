/** The console over a whole hub: logging in, and customers who write. */
import { randomUUID } from 'node:crypto'
import type { Browser, Page } from 'playwright-core'
import { openPage } from './browser.ts'
import type { HubProcess } from './hub-process.ts'

/** One request of a program with the key of the demo shop; throws what is refused. */
export async function ask<T = Record<string, unknown>>(
  hub: HubProcess,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<T> {
  const response = await fetch(`${hub.base}/v1/${path}`, {
    method,
    headers: {
      authorization: `Bearer ${hub.apiKey}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
  return (text === '' ? undefined : JSON.parse(text)) as T
}

/** A member's console, logged in; with a state of presence when it is given. */
export async function logIn(
  browser: Browser,
  hub: HubProcess,
  login: string,
  { presence, ...options }: Parameters<typeof openPage>[1] & { presence?: string } = {},
): Promise<{ page: Page; complaints: string[] }> {
  const opened = await openPage(browser, options)
  const { page } = opened
  await page.goto(`${hub.base}/console/`)
  await page.fill('[name=login]', login)
  await page.fill('[name=password]', hub.passwords.get(login) ?? '')
  await page.click('.login-form button')
  await page.waitForSelector('.presence select')
  if (presence !== undefined) {
    await page.selectOption('.presence select', presence)
    await page.waitForSelector(`.presence.is-${presence}`)
  }
  return opened
}

export interface Visitor {
  readonly id: string
  /** Writes; resolves when the hub has it durably. */
  say(text: string): Promise<void>
}

/** A new visitor of the demo shop's site. */
export async function newVisitor(hub: HubProcess, claims: Record<string, string> = {}): Promise<Visitor> {
  const { data } = await ask<{ data: { id: string; kind: string }[] }>(hub, 'GET', 'channels')
  const channelId = data.find(({ kind }) => kind === 'webchat')?.id
  const begun = await fetch(`${hub.base}/v1/visitor/sessions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ channelId, claims }),
  })
  const { token, visitorId } = (await begun.json()) as { token: string; visitorId: string }
  return {
    id: visitorId,
    async say(text) {
      const answer = await fetch(`${hub.base}/v1/visitor/messages`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: JSON.stringify({ clientId: randomUUID(), parts: [{ type: 'text', text }] }),
      })
      if (!answer.ok) throw new Error(`a visitor was refused: ${answer.status} ${await answer.text()}`)
    },
  }
}
