/**
 * An import of 100,000 contacts into a whole hub in a process of its own, while its memory is watched. Baseline: storing just these rows
 * (contact, two addresses, event) in a few statements for each commit, as many to a commit as a step of the import takes. Whether memory is
 * flat is what the hub holds more after the rows than before them, once it has collected what is of no use any more. Beside it stands the
 * growth of the process from an idle, warm hub to its peak, of 100,000 rows and of 10,000, each in a hub of its own, which tells how much
 * V8 leaves uncollected while there is room. A table of 100,000 rows that are all wrong is imported too.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { Database } from '../../src/core/platform/database.ts'
import { newId } from '../../src/core/platform/ids.ts'
import { silentLog } from '../../src/core/platform/log.ts'
import { type HubProcess, startHubProcess } from '../hub-process.ts'
import { cpuSeconds, median, quiet, residentBytes, round } from '../measure.ts'
import type { BenchOptions, Scenario } from '../scenario.ts'
import { type BenchServer, startServer } from '../server.ts'

const people = 100_000
const fewPeople = 10_000
const rowsAtOnce = 250

interface Imported {
  readonly perSecond: number
  readonly hubCpuSeconds: number
  readonly databaseCpuSeconds: number
  readonly growthMb: number
  readonly peakMb: number
  /** Growth up to the end of each quarter of the time. */
  readonly quartersMb: readonly number[]
  /** What a collection leaves: before the rows, and when the last is in. */
  readonly heldMb: { readonly before: number; readonly after: number }
}

export const scenario: Scenario = {
  name: 'contacts-import',
  async run(options) {
    const server = await startServer()
    const storing = await server.createDatabase('storing')
    const db = new Database({ url: storing, poolSize: 4, statementTimeoutMs: 30_000, log: silentLog })
    try {
      const turns: { many: Imported; few: Imported; bad: Imported; stored: number }[] = []
      for (let turn = 1; turn <= options.rounds; turn++) {
        const pressure = await quiet()
        const importing = (name: string, table: string, count: number, failed: number) =>
          inOwnHub(server, options, `${name}_${turn}`, { table, count, failed })
        const few = await importing('few', tableOf(turn, fewPeople), fewPeople, 0)
        const many = await importing('many', tableOf(turn, people), people, 0)
        await server.settle()
        const stored = await storeOnce(db, turn)
        const bad = await importing('bad', badTable(people), people, people)
        turns.push({ few, many, bad, stored })
        options.say(
          `round ${turn}: import ${round(many.perSecond)}/s, ${round(many.hubCpuSeconds, 1)} + ${round(many.databaseCpuSeconds, 1)} CPU-seconds, ` +
            `memory +${round(many.growthMb)} MB (${many.quartersMb.map((mb) => `+${round(mb)}`).join(', ')}; ${fewPeople} rows: +${round(few.growthMb)} MB; held ${round(many.heldMb.before, 1)} and ${round(many.heldMb.after, 1)} MB), all wrong ${round(bad.perSecond)}/s ` +
            `+${round(bad.growthMb)} MB; storing ${round(stored)}/s; pressure before ${pressure}`,
        )
      }
      const of = (kind: 'many' | 'few' | 'bad', figure: Exclude<keyof Imported, 'quartersMb' | 'heldMb'>) =>
        median(turns.map((turn) => turn[kind][figure]))
      return {
        figures: {
          people,
          perSecond: round(of('many', 'perSecond')),
          hubCpuSecondsPerThousand: round((of('many', 'hubCpuSeconds') / people) * 1000, 2),
          databaseCpuSecondsPerThousand: round((of('many', 'databaseCpuSeconds') / people) * 1000, 2),
          growthMb: round(of('many', 'growthMb')),
          secondHalfGrowthMb: round(
            median(turns.map(({ many: { quartersMb } }) => (quartersMb[3] ?? 0) - (quartersMb[1] ?? 0))),
          ),
          heldGrowthMb: round(median(turns.map(({ many: { heldMb } }) => heldMb.after - heldMb.before)), 1),
          fewGrowthMb: round(of('few', 'growthMb')),
          memoryRatio: round(median(turns.map(({ many, few }) => many.growthMb / few.growthMb)), 2),
          peakMb: round(of('many', 'peakMb')),
          badPerSecond: round(of('bad', 'perSecond')),
          badGrowthMb: round(of('bad', 'growthMb')),
        },
        baseline: { storedPerSecond: round(median(turns.map(({ stored }) => stored))) },
        ratio: round(median(turns.map(({ many, stored }) => many.perSecond / stored)), 2),
      }
    } finally {
      await db.close()
      await server.stop()
    }
  },
}

function tableOf(turn: number, count: number): string {
  const lines = ['姓名,手机号,邮箱,城市']
  for (let index = 0; index < count; index++) {
    const number = String(turn * people + index).padStart(8, '0')
    lines.push(`客户${number},137${number},c${number}@shop.example,上海`)
  }
  return `${lines.join('\n')}\n`
}

/** A row for each way to be wrong, again and again. */
function badTable(count: number): string {
  const lines = ['姓名,手机号,邮箱,城市']
  const wrong = ['甲,没有,,', ',,,上海', '乙,,no-mail,', `丙,13900000000,,${'很'.repeat(300)}`]
  for (let index = 0; index < count; index++) lines.push(wrong[index % wrong.length] ?? '')
  return `${lines.join('\n')}\n`
}

interface Table {
  readonly table: string
  readonly count: number
  readonly failed: number
}

/** In a new hub on a new database, once it has done a small import: what that costs once is not counted. */
async function inOwnHub(server: BenchServer, options: BenchOptions, name: string, given: Table): Promise<Imported> {
  const hub = await startHubProcess(await server.createDatabase(name), options)
  try {
    await importOnce(hub, { table: tableOf(0, 1000), count: 1000, failed: 0 })
    await pause(2000)
    await server.settle()
    const heldBefore = await hub.heldMb()
    const before = (await residentBytes(hub.pid)) / 2 ** 20
    const memory = watchMemory(hub.pid)
    const [hubBefore, databaseBefore] = [await cpuSeconds(hub.pid), await cpuSeconds(server.pid)]
    const began = performance.now()
    await importOnce(hub, given).finally(() => memory.end())
    const seconds = (performance.now() - began) / 1000
    const seen = await memory.end()
    const peakMb = Math.max(...seen)
    return {
      perSecond: given.count / seconds,
      hubCpuSeconds: (await cpuSeconds(hub.pid)) - hubBefore,
      databaseCpuSeconds: (await cpuSeconds(server.pid)) - databaseBefore,
      growthMb: Math.max(1, peakMb - before),
      peakMb,
      quartersMb: [1, 2, 3, 4].map((quarter) => Math.max(...seen.slice(0, (seen.length * quarter) / 4)) - before),
      heldMb: { before: heldBefore, after: await hub.heldMb() },
    }
  } finally {
    await hub.stop()
  }
}

/** Upload, start, wait until it is done. */
async function importOnce(hub: HubProcess, { table, count, failed }: Table): Promise<void> {
  const ask = async (path: string, init: RequestInit = {}) => {
    const headers = { authorization: `Bearer ${hub.apiKey}`, ...init.headers }
    const answer = await fetch(`${hub.url}${path}`, { ...init, headers })
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
    return (await answer.json()) as { id: string; state: string; created: number; failed: number }
  }
  const form = new FormData()
  form.append('file', new Blob([table]), 'people.csv')
  const { id } = await ask('/v1/contact-imports', { method: 'POST', body: form })
  await ask(`/v1/contact-imports/${id}/start`, {
    method: 'POST',
    body: JSON.stringify({ mapping: ['name', 'phone', 'email', 'city'] }),
    headers: { 'content-type': 'application/json' },
  })
  for (;;) {
    const one = await ask(`/v1/contact-imports/${id}`)
    if (one.state === 'done') {
      if (one.created !== count - failed || one.failed !== failed) {
        throw new Error(`${one.created} were made and ${one.failed} failed of ${count}.`)
      }
      return
    }
    await pause(250)
  }
}

/** What a process holds in memory, looked at four times a second. */
function watchMemory(pid: number): { end(): Promise<readonly number[]> } {
  const seen: number[] = []
  const over = new AbortController()
  const watching = (async () => {
    while (!over.signal.aborted) {
      seen.push((await residentBytes(pid)) / 2 ** 20)
      await pause(250, undefined, { signal: over.signal }).catch(() => undefined)
    }
  })()
  return {
    async end() {
      over.abort()
      await watching
      return seen
    },
  }
}

/** Stores them with nothing read, matched, checked or counted; answers how many a second. */
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
           cross join lateral (values ('phone', '+86137' || n), ('email', 'c' || n || '@shop.example')) as v (k, a)`,
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
