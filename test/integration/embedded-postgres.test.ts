/** The life of the embedded PostgreSQL: starts, ends of every kind, and what must still be there afterwards. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type pg from 'pg'
import { expect, test } from 'vitest'
import { isRunning, readLock } from '../../src/core/platform/embedded-postgres-process.ts'
import { silentLog } from '../../src/core/platform/log.ts'
import { testWhen } from '../support/applying.ts'
import {
  afterwards,
  ask,
  connect,
  emptyDirectory,
  free,
  isRoot,
  kill,
  node,
  prepareSeed,
  program,
  seeded,
  serverOf,
  start,
  startChild,
  taken,
} from '../support/embedded-postgres.ts'
import { eventually } from '../support/eventually.ts'

prepareSeed()

test('finds its data again on the second start, at the same address', async () => {
  const dataDirectory = await emptyDirectory()
  const first = await start({ dataDirectory })
  await ask(first.url, 'create table kept as select 1 as n')
  await first.stop()
  const second = await start({ dataDirectory })
  expect(second.url).toBe(first.url)
  expect(await ask(second.url, 'select n from kept')).toEqual([{ n: 1 }])
})

test('is durable, listens on loopback alone and sorts by rules that no update of the system changes', async () => {
  const { url, dataDirectory } = await start({ dataDirectory: await seeded() })
  const [settings] = await ask<Record<string, string>>(
    url,
    `select current_setting('fsync') fsync, current_setting('synchronous_commit') synchronous_commit,
       current_setting('full_page_writes') full_page_writes, current_setting('listen_addresses') listen_addresses,
       current_setting('unix_socket_directories') sockets, current_setting('server_encoding') encoding,
       (select datlocprovider::text || datlocale from pg_database where datname = 'postgres') locale, lower('ÄÖ Я') lowered`,
  )
  expect(settings).toEqual({
    fsync: 'on',
    synchronous_commit: 'on',
    full_page_writes: 'on',
    listen_addresses: '127.0.0.1',
    sockets: '',
    encoding: 'UTF8',
    locale: 'bC.UTF-8',
    lowered: 'äö я',
  })
  expect((await stat(join(dataDirectory, 'password'))).mode & 0o777).toBe(0o600)
})

test('refuses a session without the password', async () => {
  const { url } = await start({ dataDirectory: await seeded() })
  const wrong = new URL(url)
  wrong.password = 'guessed'
  await expect(ask(wrong.href, 'select 1')).rejects.toMatchObject({ code: '28P01' })
})

test('stop leaves no process and may be called twice', async () => {
  const server = await start({ dataDirectory: await seeded() })
  const [{ pid: session } = { pid: 0 }] = await ask<{ pid: number }>(
    server.url,
    "select pid from pg_stat_activity where backend_type = 'checkpointer'",
  )
  const pid = await serverOf(server.dataDirectory)
  await Promise.all([server.stop(), server.stop()])
  expect(await isRunning(pid)).toBe(false)
  expect(await isRunning(session)).toBe(false)
})

test('a start after kill -9 of its process takes over the running server with everything in it', async () => {
  const dataDirectory = await seeded()
  const child = await startChild(dataDirectory)
  await ask(child.url, 'insert into kept values (1)')
  const pid = await serverOf(dataDirectory)
  await kill(child.process)
  expect(await isRunning(pid)).toBe(true)
  const server = await start({ dataDirectory })
  expect(server.url).toBe(child.url)
  expect(await serverOf(dataDirectory)).toBe(pid)
  expect(await ask(server.url, 'select n from kept order by n')).toEqual([{ n: 0 }, { n: 1 }])
  await server.stop()
  expect(await isRunning(pid)).toBe(false)
})

test('a start after kill -9 of process and server alike recovers, though sessions still hold the lock', async () => {
  const dataDirectory = await seeded()
  const child = await startChild(dataDirectory)
  await ask(child.url, 'insert into kept values (1)')
  const busy = ask(child.url, 'select count(*) from generate_series(1, 3000000)').catch(() => undefined)
  await eventually(
    async () => (await ask(child.url, "select from pg_stat_activity where query like '%generate_series%'")).length > 1,
  )
  const pid = await serverOf(dataDirectory)
  await kill(child.process)
  process.kill(pid, 'SIGKILL')
  const server = await start({ dataDirectory })
  expect(await ask(server.url, 'select n from kept order by n')).toEqual([{ n: 0 }, { n: 1 }])
  await busy
})

test('a server that is killed under load is back by itself, at the same address, with every acknowledged row', async () => {
  const exits: string[] = []
  const warned: string[] = []
  const server = await start({
    dataDirectory: await seeded(),
    onExit: (reason) => exits.push(reason),
    log: { ...silentLog, warn: (_fields, sentence) => warned.push(sentence ?? '') },
  })
  await ask(server.url, 'create table written (writer int, n int, primary key (writer, n))')
  const acknowledged: [writer: number, n: number][] = []
  let isOver = false
  const writers = Promise.all(
    Array.from({ length: 8 }, async (_, writer) => {
      let client: pg.Client | undefined
      for (let n = 0; !isOver; n++) {
        try {
          client ??= await connect(server.url)
          await client.query('insert into written values ($1, $2)', [writer, n])
          acknowledged.push([writer, n])
        } catch {
          await client?.end().catch(() => undefined)
          client = undefined
        }
      }
      await client?.end()
    }),
  )
  await eventually(() => acknowledged.length > 500)
  process.kill(await serverOf(server.dataDirectory), 'SIGKILL')
  await eventually(() => exits.length > 0)
  const atDeath = acknowledged.length
  await eventually(() => acknowledged.length > atDeath + 500)
  isOver = true
  await writers
  expect(exits).toEqual(['signal SIGKILL'])
  expect(warned).toContain('PostgreSQL ended by itself and is started again')
  const present = new Set(
    (await ask<{ row: string }>(server.url, "select writer || ' ' || n as row from written")).map(({ row }) => row),
  )
  expect(acknowledged.filter(([writer, n]) => !present.has(`${writer} ${n}`))).toEqual([])
})

test('stop during a restart leaves no process', async () => {
  const dataDirectory = await seeded()
  let stopped: Promise<void> | undefined
  const server = await start({
    dataDirectory,
    onExit: () => {
      stopped = server.stop()
    },
  })
  process.kill(await serverOf(dataDirectory), 'SIGKILL')
  await eventually(() => stopped !== undefined)
  await stopped
  const lock = await readLock(join(dataDirectory, 'cluster'))
  expect(lock === undefined || !(await isRunning(lock.pid))).toBe(true)
})

test('an interrupt from the terminal reaches the program alone, not the server', async () => {
  const child = await startChild(await seeded())
  const pid = await serverOf(child.dataDirectory)
  process.kill(-(child.process.pid ?? 0), 'SIGINT')
  expect(await ask(child.url, 'select n from kept')).toEqual([{ n: 0 }])
  expect(await serverOf(child.dataDirectory)).toBe(pid)
  const ended = once(child.process, 'exit')
  child.process.kill('SIGTERM')
  await ended
  expect(await isRunning(pid)).toBe(false)
})

test('a second process shares the server, leaves it running, and looks after it once the first was killed', async () => {
  const dataDirectory = await seeded()
  const child = await startChild(dataDirectory)
  const pid = await serverOf(dataDirectory)
  const guest = await start({ dataDirectory })
  expect(guest.url).toBe(child.url)
  await guest.stop()
  expect(await ask(child.url, 'select n from kept')).toEqual([{ n: 0 }])
  const heir = await start({ dataDirectory })
  await kill(child.process)
  process.kill(pid, 'SIGKILL')
  await eventually(async () => (await ask(heir.url, 'select n from kept')).length === 1)
  await heir.stop()
  expect((await readLock(join(dataDirectory, 'cluster')))?.pid).toBeUndefined()
})

testWhen(process.platform === 'linux')(
  'the lock of a server that is no more yields, whoever has its number now',
  async () => {
    const dataDirectory = await seeded()
    const { uid, gid } = await stat(dataDirectory)
    const stranger = spawn('sleep', ['600'], isRoot ? { uid, gid } : {})
    afterwards(() => kill(stranger))
    await once(stranger, 'spawn')
    const cluster = join(dataDirectory, 'cluster')
    const lock = [stranger.pid, cluster, 1_700_000_000, 1, '', '127.0.0.1', '  1234567 7654321', 'ready   ', '']
    await writeFile(join(cluster, 'postmaster.pid'), lock.join('\n'))
    const server = await start({ dataDirectory })
    expect(await ask(server.url, 'select n from kept')).toEqual([{ n: 0 }])
    expect(await isRunning(stranger.pid ?? 0)).toBe(true)
  },
)

test('goes elsewhere when last time’s port is taken and none is set', async () => {
  const dataDirectory = await seeded()
  const port = await taken()
  await writeFile(join(dataDirectory, 'port'), `${port}\n`)
  const server = await start({ dataDirectory })
  expect(server.port).not.toBe(port)
  expect(await ask(server.url, 'select n from kept')).toEqual([{ n: 0 }])
})

test('a server that was left on another port than the one set moves there', async () => {
  const dataDirectory = await seeded()
  await kill((await startChild(dataDirectory)).process)
  const port = await free()
  const server = await start({ dataDirectory, port })
  expect(server.port).toBe(port)
  expect(await ask(server.url, 'select n from kept')).toEqual([{ n: 0 }])
})

test('what a killed first start left behind is not taken for data', async () => {
  const dataDirectory = await emptyDirectory()
  const child = spawn(node, [program, dataDirectory], { stdio: 'ignore', detached: true })
  await eventually(async () => (await drafts(dataDirectory)).length > 0)
  // initdb is our grandchild: gone with its group, as when a machine loses power.
  process.kill(-(child.pid ?? 0), 'SIGKILL')
  await once(child, 'exit')
  const server = await start({ dataDirectory })
  expect(await ask(server.url, 'select 1 as n')).toEqual([{ n: 1 }])
  expect(await drafts(dataDirectory)).toEqual([])
})

async function drafts(dataDirectory: string): Promise<string[]> {
  return (await readdir(dataDirectory)).filter((name) => /^unfinished-\d+-[0-9a-f]{8}$/.test(name))
}
