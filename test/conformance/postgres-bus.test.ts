/** The embedded log keeps what every log promises. */
import { join } from 'node:path'
import pg from 'pg'
import { partitionOf } from '../../src/core/events/murmur2.ts'
import { PostgresBus } from '../../src/core/events/postgres-bus.ts'
import { Database } from '../../src/core/platform/database.ts'
import { silentLog } from '../../src/core/platform/log.ts'
import { createTestDatabase } from '../support/database.ts'
import { busConformance } from './bus.ts'

busConformance('PostgresBus', async () => {
  const database = await createTestDatabase()
  const opened: Database[] = []
  const open = (url: string) => {
    const db = new Database({ url, poolSize: 6, statementTimeoutMs: 30_000, log: silentLog })
    opened.push(db)
    return new PostgresBus({ db, log: silentLog })
  }
  const owner = async <T>(work: (client: pg.Client) => Promise<T>): Promise<T> => {
    const client = new pg.Client({ connectionString: database.url })
    await client.connect()
    try {
      return await work(client)
    } finally {
      await client.end()
    }
  }
  return {
    async bus() {
      const bus = open(database.url)
      await bus.start()
      return bus
    },
    unreachable: () => open('postgres://nobody:nothing@127.0.0.1:1/none'),
    async openAppend(topic, record) {
      const client = new pg.Client({ connectionString: database.url })
      await client.connect()
      const { rows } = await client.query('select partitions from bus_topics where topic = $1', [topic])
      const partition = partitionOf(record.key, rows[0].partitions)
      await client.query('begin')
      await client.query(
        `with moved as (
           update bus_partitions set next_offset = next_offset + 1 where topic = $1 and partition = $2 returning next_offset - 1 as o
         ) insert into bus_records (topic, partition, "offset", at, key, value) select $1, $2, o, now(), $3, $4 from moved`,
        [topic, partition, record.key, record.value],
      )
      const end = (word: string) => async () => {
        await client.query(word)
        await client.end()
      }
      return { commit: end('commit'), rollback: end('rollback') }
    },
    forget: (topic, partition, before) =>
      owner(async (client) => {
        await client.query('update bus_partitions set earliest_offset = $3 where topic = $1 and partition = $2', [
          topic,
          partition,
          before,
        ])
        await client.query('delete from bus_records where topic = $1 and partition = $2 and "offset" < $3', [
          topic,
          partition,
          before,
        ])
      }),
    elsewhere: {
      module: join(import.meta.dirname, 'postgres-bus-elsewhere.ts'),
      env: { TEST_LOG_URL: database.url },
    },
    async close() {
      await Promise.all(opened.map((db) => db.close()))
      await database.drop()
    },
  }
})
