/**
 * The business's signed word for who its visitor is: a JWT (RFC 7519), HS256 with one of the channel's identity secrets, of
 * which `sub` names the person, `aud` the channel, and `exp` lies within an hour.
 */
import { errors, jwtVerify } from 'jose'
import { Fault } from '../core/platform/errors.ts'

export interface VouchedFor {
  readonly subject: string
  readonly name?: string
}

const hourSeconds = 3600
const toleranceSeconds = 30

/** Faults with `identity-invalid`, in the same words whatever is wrong but the time. */
export async function verifyIdentity(
  jwt: string,
  channelId: string,
  secrets: readonly string[],
  now: number,
): Promise<VouchedFor> {
  for (const secret of secrets) {
    try {
      const { payload } = await jwtVerify(jwt, Buffer.from(secret), {
        algorithms: ['HS256'],
        audience: channelId,
        requiredClaims: ['sub', 'exp'],
        clockTolerance: toleranceSeconds,
        currentDate: new Date(now),
      })
      const { sub, exp, name } = payload
      if (typeof sub !== 'string' || sub.length < 1 || sub.length > 200) throw invalid()
      if (typeof exp !== 'number' || exp > now / 1000 + hourSeconds + toleranceSeconds) {
        throw invalid('The identity is valid for longer than an hour.')
      }
      return { subject: sub, ...(typeof name === 'string' && name !== '' && { name: name.slice(0, 255) }) }
    } catch (error) {
      if (error instanceof errors.JWTExpired) throw invalid('The identity has expired.')
      if (error instanceof errors.JWSSignatureVerificationFailed) continue
      if (error instanceof Fault) throw error
      throw invalid()
    }
  }
  throw invalid()
}

function invalid(message = 'The identity is not signed for this channel.'): Fault {
  return new Fault('invalid', 'identity-invalid', message, {
    errors: [{ pointer: '/identity', detail: 'is not accepted' }],
  })
}
