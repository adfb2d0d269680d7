/** The API of a hub that runs in a process of its own, asked with the key that it began with. */
import { randomUUID } from 'node:crypto'
import type { HubProcess } from './hub-process.ts'

/** GETs, or POSTs a body; comes again when the hub is busy, and rejects with what it says against it. */
export type Api = <T>(path: string, body?: object) => Promise<T>

const patienceMs = 120_000

export function openApi({ url, apiKey }: Pick<HubProcess, 'url' | 'apiKey'>): Api {
  return async <T>(path: string, body?: object): Promise<T> => {
    const authorization = `Bearer ${apiKey}`
    const headers = { authorization, 'content-type': 'application/json', 'idempotency-key': randomUUID() }
    const until = performance.now() + patienceMs
    for (;;) {
      const response = await fetch(`${url}${path}`, {
        headers,
        ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
      })
      if (response.ok) return (await response.json()) as T
      const words = await response.text()
      if (response.status !== 503 || performance.now() > until) {
        throw new Error(`${path} answered ${response.status}: ${words}`)
      }
      await new Promise((resolve) => setTimeout(resolve, 1000))
    }
  }
}
