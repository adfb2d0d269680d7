/** The API of a hub that runs in a process of its own, asked with the key that it began with. */
import type { HubProcess } from './hub-process.ts'

/** GETs, or POSTs a body; rejects with what the hub says against it. */
export type Api = <T>(path: string, body?: object) => Promise<T>

export function openApi({ url, apiKey }: Pick<HubProcess, 'url' | 'apiKey'>): Api {
  return async <T>(path: string, body?: object): Promise<T> => {
    const response = await fetch(`${url}${path}`, {
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
      ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
    })
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`)
    return (await response.json()) as T
  }
}
