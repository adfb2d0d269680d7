/**
 * How much one caller may ask: a credential has its own allowance, whoever has none shares that of their address. Counted
 * in each process by itself. Headers as draft-ietf-httpapi-ratelimit-headers-11 has them, and Retry-After with a 429.
 */
import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Fault } from '../../core/platform/errors.ts'
import type { ServerParts } from '../server.ts'

/** Counts a request and says in its answer what is left. Faults with `rate-exceeded` when nothing is. */
export type CountRequest = (request: FastifyRequest, reply: FastifyReply) => Promise<void>

export interface RateLimits {
  readonly ofCredential: CountRequest
  readonly ofAddress: CountRequest
}

const windowMs = 60_000

export async function limitRates(app: FastifyInstance, { settings }: ServerParts): Promise<RateLimits> {
  await app.register(rateLimit, { global: false })
  const ofCredential = app.createRateLimit({
    max: settings.requestsPerMinute,
    timeWindow: windowMs,
    keyGenerator: (request: FastifyRequest) => request.asker?.credential ?? '',
  })
  // By the library's own key: the address, of IPv6 its network of 64 bits.
  const ofAddress = app.createRateLimit({ max: settings.anonymousRequestsPerMinute, timeWindow: windowMs })
  return {
    async ofCredential(request, reply) {
      tell(await ofCredential(request), 'credential', settings.requestsPerMinute, reply)
    },
    async ofAddress(request, reply) {
      tell(await ofAddress(request), 'address', settings.anonymousRequestsPerMinute, reply)
    },
  }
}

type Verdict = Awaited<ReturnType<ReturnType<FastifyInstance['createRateLimit']>>>

function tell(verdict: Verdict, policy: string, quota: number, reply: FastifyReply): void {
  if (verdict.isAllowed) return
  reply.header('ratelimit-policy', `"${policy}";q=${quota};w=${windowMs / 1000}`)
  reply.header('ratelimit', `"${policy}";r=${verdict.remaining};t=${verdict.ttlInSeconds}`)
  if (verdict.isExceeded) {
    throw new Fault('rate-limited', 'rate-exceeded', 'Too many requests; wait a moment.', {
      retryAfterSeconds: verdict.ttlInSeconds,
    })
  }
}
