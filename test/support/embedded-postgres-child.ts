/**
 * A process that runs the embedded PostgreSQL, for tests that kill it or run it as somebody else:
 * `node embedded-postgres-child.ts DIRECTORY`. Prints one line of JSON, what it got or the fault; SIGTERM stops it cleanly.
 */
import { startEmbeddedPostgres } from '../../src/core/platform/embedded-postgres.ts'
import { Fault } from '../../src/core/platform/errors.ts'
import { silentLog } from '../../src/core/platform/log.ts'

const [dataDirectory = ''] = process.argv.slice(2)
// As a program does that stops in its own order.
process.on('SIGINT', () => undefined)
try {
  const server = await startEmbeddedPostgres({ dataDirectory, log: silentLog })
  const staying = setInterval(() => undefined, 60_000)
  process.on('SIGTERM', async () => {
    await server.stop()
    clearInterval(staying)
  })
  console.log(JSON.stringify({ url: server.url, uid: process.getuid?.() }))
} catch (error) {
  if (!(error instanceof Fault)) throw error
  console.log(JSON.stringify({ code: error.code, message: error.message }))
}
