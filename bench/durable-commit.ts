/** The unit of latency: one row inserted and committed durably, by one session, on the server that is measured. */
import pg from 'pg'

export interface DurableCommits {
  /** How long each took, in ms. */
  stop(): Promise<number[]>
}

/** Commits once every `everyMs` until stopped, beside whatever else the server does. */
export async function startDurableCommits(url: string, everyMs = 50): Promise<DurableCommits> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  await client.query('create table if not exists durable_commits (at timestamptz not null)')
  const took: number[] = []
  let isOver = false
  const loop = (async () => {
    while (!isOver) {
      const begun = performance.now()
      await client.query('insert into durable_commits values (now())')
      const ms = performance.now() - begun
      took.push(ms)
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, everyMs - ms)))
    }
  })()
  return {
    async stop() {
      isOver = true
      await loop
      await client.end()
      return took
    },
  }
}
