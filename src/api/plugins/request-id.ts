/** Every request has an id, which its answer, its problem and its line in the log carry: the caller's own if it is fit. */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

export function identifyRequests(request: IncomingMessage): string {
  const given = request.headers['x-request-id']
  return typeof given === 'string' && /^[\w.:-]{1,64}$/.test(given) ? given : randomUUID()
}
