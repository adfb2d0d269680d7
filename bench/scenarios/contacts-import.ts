/**
 * An import of 100,000 contacts into a whole hub in a process of its own, while its memory is watched. Baseline: storing just these
 * rows (contact, two addresses, event), as many to a commit as a step of the import takes.
 */
import { readFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { Database } from '../../src/core/platform/database.ts'
import { newId } from '../../src/core/platform/ids.ts'
import { silentLog } from '../../src/core/platform/log.ts'
import { startHubProcess } from '../hub-process.ts'
import { cpuSeconds, median, percentile, quiet, round } from '../measure.ts'
import type { Scenario } from '../scenario.ts'
import { startServer } from '../server.ts'

const people = 100_000
const rowsAtOnce = 250

export const scenario: Scenario = {
  name: 'contacts-import',
  async run(options) {
    const server = await startServer()
    const url = await server.createDatabase('contacts')
    const hub = await startHubProcess(url, options)
    const db = new Database({ url, poolSize: 4, statementTimeoutMs: 30_000, log: silentLog })
    try {
      const imports: { perSecond: number; cpuSeconds: number; memory: number[] }[] = []
      const stores: number[] = []
      for (let turn = 1; turn <= options.rounds; turn++) {
        const pressure = await quiet()
        await server.settle()
        const done = await importOnce(hub, turn)
        await server.settle()
        const stored = await storeOnce(db, turn)
        imports.push(done)
        stores.push(stored)
        options.say(
          `round ${turn}: import ${round(done.perSecond)}/s, ${round(done.cpuSeconds, 1)} CPU-seconds of the hub, memory ` +
            `${done.memory.map((mb) => round(mb)).join(' ')} MB; storing ${round(stored)}/s, pressure before ${pressure}`,
        )
      }
      const memory = imports.flatMap((one) => one.memory)
      return {
        figures: {
          people,
          perSecond: round(median(imports.map((one) => one.perSecond))),
          hubCpuSecondsPerThousand: round(median(imports.map((one) => one.cpuSeconds)) / (people / 1000), 3),
          memoryBeginMb: round(median(imports.map((one) => one.memory[0] ?? 0))),
          memoryP50Mb: round(percentile(memory, 0.5)),
          memoryMaxMb: round(Math.max(...memory)),
        },
        baseline: { storedPerSecond: round(median(stores)) },
        ratio: round(median(imports.map((one, index) => one.perSecond / (stores[index] ?? 1))), 2),
      }
    } finally {
      await db.close()
      await hub.stop()
      await server.stop()
    }
  },
}

function tableOf(turn: number): string {
  const lines = ['姓名,手机号,邮箱,城市']
  for (let index = 0; index < people; index++) {
    const number = String(turn * people + index).padStart(8, '0')
    lines.push(`客户${number},139${number},c${number}@shop.example,上海`)
  }
  return `${lines.join('\n')}\n`
}

/** Upload, start, wait; memory is looked at twice a second, from before the upload on. */
async function importOnce(hub: { pid: number; url: string; apiKey: string }, turn: number) {
  const headers = { authorization: `Bearer ${hub.apiKey}` }
  const ask = async (path: string, init: RequestInit = {}) => {
    const answer = await fetch(`${hub.url}${path}`, { ...init, headers: { ...headers, ...init.headers } })
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
    return (await answer.json()) as { id: string; state: string; created: number; failed: number }
  }
  const memory = [await memoryOf(hub.pid)]
  const watching = new AbortController()
  const watch = (async () => {
    while (!watching.signal.aborted) {
      memory.push(await memoryOf(hub.pid))
      await pause(500, undefined, { signal: watching.signal }).catch(() => undefined)
    }
  })()
  const form = new FormData()
  form.append('file', new Blob([tableOf(turn)]), 'people.csv')
  const began = performance.now()
  const used = await cpuSeconds(hub.pid)
  const { id } = await ask('/v1/contact-imports', { method: 'POST', body: form })
  await ask(`/v1/contact-imports/${id}/start`, {
    method: 'POST',
    body: JSON.stringify({ mapping: ['name', 'phone', 'email', 'city'] }),
    headers: { 'content-type': 'application/json' },
  })
  for (;;) {
    const { state, created, failed } = await ask(`/v1/contact-imports/${id}`)
    if (state === 'done') {
      if (created !== people || failed !== 0) throw new Error(`${created} were made, ${failed} failed.`)
      break
    }
    await pause(250)
  }
  const seconds = (performance.now() - began) / 1000
  watching.abort()
  await watch
  return { perSecond: people / seconds, cpuSeconds: (await cpuSeconds(hub.pid)) - used, memory: thinned(memory) }
}

/** Some twenty of many, the first and the last among them. */
function thinned(values: readonly number[]): number[] {
  const step = Math.max(1, Math.floor(values.length / 20))
  return values.filter((_, index) => index % step === 0 || index === values.length - 1)
}

async function memoryOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024
}

async function storeOnce(db: Database, turn: number): Promise<number> {
  const tenantId = newId('ten')
  await db.work('bench', [tenantId], (tx) =>
    tx.run(
      `insert into tenants (id, slug, name, time_zone, locale) values ($1, $1, 'x', 'Asia/Shanghai', 'zh-CN')`,
      tenantId,
    ),
  )
  const began = performance.now()
  for (let from = 0; from < people; from += rowsAtOnce) {
    const numbers = Array.from({ length: rowsAtOnce }, (_, index) =>
      String(turn * people + from + index).padStart(8, '0'),
    )
    const ids = numbers.map(() => newId('ctc'))
    await db.work('bench', [tenantId], async (tx) => {
      await tx.run(
        `insert into contacts (tenant_id, id, name, city) select $1, i, n, '上海' from unnest($2::text[], $3::text[]) as u (i, n)`,
        tenantId,
        ids,
        numbers.map((number) => `客户${number}`),
      )
      await tx.run(
        `insert into identities (tenant_id, kind, address, contact_id)
         select $1, k, a, i from unnest($2::text[], $3::text[]) as u (i, n)
           cross join lateral (values ('phone', '+86139' || n), ('email', 'c' || n || '@shop.example')) as v (k, a)`,
        tenantId,
        ids,
        numbers,
      )
      await tx.run(
        `insert into outbox (tenant_id, event_id, type, subject, data, actor_id)
         select $1, replace(i, 'ctc', 'evt'), 'contact.created', i, jsonb_build_object('contact', i), 'bench' from unnest($2::text[]) as u (i)`,
        tenantId,
        ids,
      )
    })
  }
  return people / ((performance.now() - began) / 1000)
}
