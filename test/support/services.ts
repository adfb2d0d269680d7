/** The outside servers that a test may need, by address. Tests that lack theirs are skipped by name. */
import { describe } from 'vitest'

/** Addresses of a real Kafka, comma separated, as `.ci/kafka/start.sh` prints them; undefined where there is none. */
export const kafkaBrokers: string | undefined = process.env.KAFKA_BROKERS || undefined

/** Where a real S3 server listens, as `.ci/s3/start.sh` prints it; undefined where there is none. */
export const s3Server: string | undefined = process.env.S3_SERVER || undefined

/** Where a real rtpengine takes commands (ng), as `.ci/rtpengine/start.sh` prints it; undefined where there is none. */
export const rtpengineAt: string | undefined = process.env.RTPENGINE || undefined

/** A real drachtio-server, as `drachtio://:secret@host:9022/5060` (the port of SIP last); undefined where there is none. */
export const drachtioUrl: string | undefined = process.env.DRACHTIO_URL || undefined

/**
 * `describe` for tests that need a server: they run when its address is there, are skipped by name when it is not, and fail
 * instead where skipping is forbidden (TRIBUTARY_NO_SKIP=1, as in CI).
 */
export function describeWith(
  server: string,
  address: string | undefined,
  name: string,
  tests: (address: string) => void,
) {
  if (address !== undefined) return describe(name, () => tests(address))
  if (process.env.TRIBUTARY_NO_SKIP === '1') {
    return describe(name, (it) => it(`needs ${server}`, () => Promise.reject(new Error(`${server} is not set`))))
  }
  return describe.skip(`${name} (needs ${server})`, () => tests(''))
}

/** The same for a server that nobody but an operator has, CI neither: where skipping is forbidden its tests are not there, and that is said. */
export function describeWhere(
  server: string,
  address: string | undefined,
  name: string,
  tests: (address: string) => void,
) {
  if (address !== undefined) return describe(name, () => tests(address))
  if (process.env.TRIBUTARY_NO_SKIP === '1') return console.log(`left out: ${name} (needs ${server})`)
  return describe.skip(`${name} (needs ${server})`, () => tests(''))
}
