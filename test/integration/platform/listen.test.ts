import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { Database, ownerSession } from '../../../src/core/platform/database.ts'
import { silentLog } from '../../../src/core/platform/log.ts'
import { createTestDatabase, type TestDatabase } from '../../support/database.ts'
import { ask, emptyDirectory, prepareSeed, start } from '../../support/embedded-postgres.ts'
import { eventually } from '../../support/eventually.ts'
import { wayToPostgres } from '../../support/way-to-postgres.ts'

prepareSeed()

let database: TestDatabase
let db: Database
beforeAll(async () => {
  database = await createTestDatabase()
  db = open(database.url)
})
afterAll(async () => {
  await db?.close()
  await database?.drop()
})

function open(url: string): Database {
  return new Database({ url, poolSize: 2, statementTimeoutMs: 10_000, log: silentLog })
}

/** Somebody who listens over `url`, until the test is over. */
async function listener(url: string, channel: string) {
  const far = open(url)
  const heard: string[] = []
  const close = await far.listen(channel, (payload) => heard.push(payload))
  onTestFinished(async () => {
    await close()
    await far.close()
  })
  let said = 0
  return {
    heard,
    close,
    /** Says something again and again until it is heard: what is said while nobody listens is lost. */
    hearsAgain: () =>
      eventually(async () => {
        const word = `${said++}`
        await db.notify(channel, word)
        return eventually(() => heard.includes(word), 200).catch(() => false)
      }),
  }
}

const sessions = (pid = '') =>
  ownerSession(database.url, (run) =>
    run<{ pid: number }>(
      `select pid${pid} from pg_stat_activity where application_name = 'tributary listen' and datname = current_database()`,
    ),
  )

test('what is said is heard, in its order', async () => {
  const { heard } = await listener(database.url, 'said')
  for (const word of ['one', '', '三']) await db.notify('said', word)
  await eventually(() => heard.length === 3)
  expect(heard).toEqual(['one', '', '三'])
})

test('a listener whose session was ended hears again, and holds one session as before', async () => {
  const { hearsAgain } = await listener(database.url, 'ended')
  for (let time = 0; time < 2; time++) {
    const before = await sessions()
    expect(before).toHaveLength(1)
    await sessions(`, pg_terminate_backend(pid)`)
    await hearsAgain()
    const after = await sessions()
    expect(after).toHaveLength(1)
    expect(after).not.toEqual(before)
  }
})

test.for([
  { how: 'cuts', attempts: 3 },
  { how: 'swallows', attempts: 2 },
] as const)('a listener whose calls the way $how tries again and again, and hears when it is open', async (shut) => {
  const way = await wayToPostgres(database.url)
  const { hearsAgain } = await listener(way.url, shut.how)
  await way.close(shut.how)
  const before = way.calls
  await eventually(() => way.calls >= before + shut.attempts)
  await way.open()
  await hearsAgain()
  expect(await sessions()).toHaveLength(1)
  await way.end()
})

test('a listener whose server was away hears again when it is back', async () => {
  const dataDirectory = await emptyDirectory()
  const server = await start({ dataDirectory })
  const far = open(server.url)
  const heard: string[] = []
  const close = await far.listen('away', (payload) => heard.push(payload))
  await server.stop()
  // Refused at least once: an attempt of ours takes no longer than one of the listener, which began before.
  await expect(ask(server.url, 'select 1')).rejects.toThrow()
  await start({ dataDirectory, port: Number(new URL(server.url).port) })
  await eventually(async () => {
    await ask(server.url, `notify away, 'back'`)
    return heard.includes('back')
  })
  await close()
  await far.close()
})

test('a listener that was closed hears nothing more, and does not come back', async () => {
  const way = await wayToPostgres(database.url)
  const { close, heard } = await listener(way.url, 'closed')
  await way.close('cuts')
  const before = way.calls
  await eventually(() => way.calls > before)
  await close()
  await way.open()
  const witness = await listener(database.url, 'closed')
  await witness.hearsAgain()
  await witness.hearsAgain()
  expect(heard).toEqual([])
  await eventually(async () => (await sessions()).length === 1)
  await way.end()
})

test('a listener whose first connection cannot be made rejects', async () => {
  const way = await wayToPostgres(database.url)
  await way.close('refuses')
  const far = open(way.url)
  await expect(far.listen('never', () => {})).rejects.toThrow()
  await far.close()
})
