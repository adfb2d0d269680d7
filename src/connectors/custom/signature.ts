/**
 * Signed HTTP in both directions, as Standard Webhooks 1.0.0 says it: HMAC-SHA256 over `id.timestamp.body`, several
 * signatures in one header while a secret is being replaced, five minutes of tolerance.
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
import { createHmac, timingSafeEqual } from 'node:crypto'

/** How far the clocks of both sides may be apart. */
export const toleranceSeconds = 300

/** What a secret looks like: 24 to 64 bytes in base64 behind `whsec_`. */
export const secretPattern =
  '^whsec_(?=(?:[A-Za-z0-9+/]{32,88}={0,2})$)(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$'

/** The three headers of a request; with several secrets the signature header carries one signature for each. */
export function signed(
  secrets: readonly string[],
  id: string,
  timestampSeconds: number,
  body: string | Buffer,
): Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string> {
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestampSeconds),
    'webhook-signature': secrets
      .map((secret) => `v1,${signature(secret, id, timestampSeconds, body).toString('base64')}`)
      .join(' '),
  }
}

export type Refusal = 'signature-missing' | 'signature-wrong' | 'timestamp-old'

/**
 * Why the request must not be believed; undefined when it may be. Any of the secrets and any of the signatures will do.
 * Compares in constant time; looks at the clock last, so that an old request tells nobody whether a secret is right.
 */
export function refusalOf(
  headers: Readonly<Record<string, string | undefined>>,
  body: Buffer,
  secrets: readonly string[],
  nowMs: number,
): Refusal | undefined {
  const id = headers['webhook-id'] ?? ''
  const timestamp = headers['webhook-timestamp'] ?? ''
  const given = headers['webhook-signature'] ?? ''
  if (id === '' || timestamp === '' || given === '') return 'signature-missing'
  if (id.length > 255 || id.includes('.') || !/^\d{1,12}$/.test(timestamp)) return 'signature-wrong'

  const expected = secrets.map((secret) => signature(secret, id, Number(timestamp), body))
  const offered = given
    .split(' ', 20)
    .filter((one) => one.startsWith('v1,'))
    .map((one) => Buffer.from(one.slice(3), 'base64'))
  const genuine = offered.some((one) =>
    expected.some((wanted) => one.length === wanted.length && timingSafeEqual(one, wanted)),
  )
  if (!genuine) return 'signature-wrong'
  return Math.abs(nowMs / 1000 - Number(timestamp)) > toleranceSeconds ? 'timestamp-old' : undefined
}

function signature(secret: string, id: string, timestampSeconds: number, body: string | Buffer): Buffer {
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64')
  return createHmac('sha256', key).update(`${id}.${timestampSeconds}.`).update(body).digest()
}
