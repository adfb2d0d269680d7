/**
 * Named moments at which a test may kill the process as a power cut would. Each name stands once in the code; a run with
 * `test.crashAt: name` or `name:3` (the third time) writes the name to `test.crashLog`, then ends itself with SIGKILL.
 */
import { appendFileSync } from 'node:fs'

export const crashPoints = [
  'hook:before-publish', // a platform's call was verified; nothing is durable yet
  'hook:before-acknowledge', // its events are durable; the platform was not told
  'visitor:before-acknowledge', // a visitor's message is durable; the browser was not told
  'ingest:before-commit', // a batch is applied, its transaction open
  'ingest:after-commit', // committed; the reader has not moved on
  'relay:before-commit', // positions given, the feed not yet visible
  'relay:before-publish', // in the feed, not on the log
  'relay:before-advance', // on the log, the pointer not moved
  'routing:before-commit', // decided, nothing of it durable
  'routing:after-commit', // durable; memory not yet trusted
  'reply:before-commit', // an agent's answer is written, the transaction open
  'reply:after-commit', // durable; the agent's program was not told
  'dispatch:before-send', // the lane's head is claimed; nothing has left us
  'dispatch:after-send', // the platform has it; we have no record of that
  'dispatch:after-settle', // the receipt is durable
  'webhooks:before-record', // an endpoint has been told; nothing of that is recorded
  'webhooks:after-record', // recorded, the cursor has moved
] as const

export type CrashPoint = (typeof crashPoints)[number]

let armed: { point: string; remaining: number; log: string } | undefined

/** Arms one crash point for this process; undefined disarms. Unknown names are refused. */
export function armCrash(at: string | undefined, log = ''): void {
  if (at === undefined || at === '') {
    armed = undefined
    return
  }
  const match = /^(.*?)(?::(\d+))?$/.exec(at)
  const point = match?.[1] ?? at
  if (!(crashPoints as readonly string[]).includes(point)) throw new Error(`There is no crash point ${point}.`)
  armed = { point, remaining: Number(match?.[2] ?? 1), log }
}

/** Dies here if this moment was armed. Costs one comparison otherwise. */
export function crashPoint(point: CrashPoint): void {
  if (armed === undefined || armed.point !== point || --armed.remaining > 0) return
  if (armed.log !== '') appendFileSync(armed.log, `${point}\n`)
  process.kill(process.pid, 'SIGKILL')
}
