/** A channel of the connector that makes load, set up over the API of a running hub. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { openApi } from './hub-api.ts'
import type { Handed } from './load-connector.ts'
import { conversationCount, textLength } from './pgbench.ts'

export interface LoadChannel {
  /** Has that many messages handed over at that rate; the text of each begins with `run.<its place> `. */
  speak(perSecond: number, count: number, run: string): Promise<Handed>
}

/** Sets the channel up, its conversations waiting in the group of that name; resolves once its connector is open. */
export async function openLoadChannel(url: string, apiKey: string, group: string): Promise<LoadChannel> {
  const call = openApi({ url, apiKey })
  const announced = Promise.withResolvers<string>()
  const ear = createServer((request, response) => {
    announced.resolve(new URL(request.url ?? '', 'http://localhost').searchParams.get('port') ?? '')
    response.end()
  })
  await new Promise<void>((resolve) => ear.listen(0, '127.0.0.1', resolve))
  const { port } = ear.address() as AddressInfo
  const groups = await call<{ data: { id: string; name: string }[] }>('/v1/groups')
  await call('/v1/channels', {
    kind: 'bench-load',
    name: 'Load',
    settings: { announceTo: `http://127.0.0.1:${port}/`, customers: conversationCount, characters: textLength },
    groupId: groups.data.find(({ name }) => name === group)?.id ?? null,
  })
  const far = `http://127.0.0.1:${await announced.promise}/`
  ear.close()
  return {
    async speak(perSecond, count, run) {
      const response = await fetch(`${far}?perSecond=${perSecond}&count=${count}&run=${run}`, { method: 'POST' })
      if (!response.ok) throw new Error(`Handing over failed: ${await response.text()}`)
      return (await response.json()) as Handed
    },
  }
}
