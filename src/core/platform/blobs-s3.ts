/**
 * Blobs in a bucket of a server that speaks S3, addressed by path, as servers in one's own house want it. One PUT of known length for
 * each blob, signed over its SHA-256, so that the server refuses what arrives broken. https://docs.aws.amazon.com/AmazonS3/latest/API
 */
import { createHash } from 'node:crypto'
import { pipeline, type Readable, Transform } from 'node:stream'
import { AwsClient } from 'aws4fetch'
import { Agent, request } from 'undici'
import { type BlobFacts, type BlobStore, brokenBlob, requireKey } from './blobs.ts'
import { Fault } from './errors.ts'

export interface S3Settings {
  /** `https://s3.example`, without a slash at the end. */
  readonly endpoint: string
  readonly region: string
  readonly bucket: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

interface Ask {
  readonly headers?: Record<string, string>
  readonly body?: Readable
  /** The length of the body. */
  readonly bytes?: number
}

const emptySha256 = createHash('sha256').digest('hex')

/** Opens the store; asks nothing of the server before it is used. The bucket must be there. */
export function openS3Blobs(settings: S3Settings): BlobStore {
  const { accessKeyId, secretAccessKey, region } = settings
  const signer = new AwsClient({ accessKeyId, secretAccessKey, region, service: 's3' })
  const agent = new Agent({ headersTimeout: 30_000, bodyTimeout: 60_000, connect: { timeout: 10_000 } })

  const ask = async (
    method: 'GET' | 'HEAD' | 'PUT' | 'DELETE',
    key: string,
    { headers = {}, body, bytes }: Ask = {},
  ) => {
    requireKey(key)
    const url = `${settings.endpoint}/${settings.bucket}/${key}`
    const signed = await signer.sign(url, { method, headers: { 'x-amz-content-sha256': emptySha256, ...headers } })
    try {
      return await request(url, {
        method,
        headers: {
          ...Object.fromEntries(signed.headers),
          ...(bytes !== undefined && { 'content-length': String(bytes) }),
        },
        dispatcher: agent,
        ...(body !== undefined && { body }),
      })
    } catch (cause) {
      body?.destroy()
      throw away(cause)
    }
  }

  return {
    async put(key, body, facts) {
      // Heard here at once: the request takes hold of it only after it has been signed. It fails with the same.
      const checked = pipeline(body, exactly(facts), () => {})
      const answer = await ask('PUT', key, {
        headers: { 'x-amz-content-sha256': facts.sha256 },
        body: checked,
        bytes: facts.bytes,
      }).catch((error: unknown) => {
        body.destroy()
        throw checked.errored instanceof Fault ? checked.errored : error
      })
      await answer.body.dump()
      if (answer.statusCode !== 200) throw away(new Error(`PUT was answered with ${answer.statusCode}`))
    },
    async get(key, range) {
      const headers = range === undefined ? {} : { range: `bytes=${range.first}-${range.last}` }
      const answer = await ask('GET', key, { headers })
      if (answer.statusCode === 200 || answer.statusCode === 206) return answer.body
      await answer.body.dump()
      if (answer.statusCode === 404) return undefined
      throw away(new Error(`GET was answered with ${answer.statusCode}`))
    },
    async size(key) {
      const answer = await ask('HEAD', key)
      await answer.body.dump()
      if (answer.statusCode === 404) return undefined
      if (answer.statusCode !== 200) throw away(new Error(`HEAD was answered with ${answer.statusCode}`))
      return Number(answer.headers['content-length'])
    },
    async remove(key) {
      const answer = await ask('DELETE', key)
      await answer.body.dump()
      if (![200, 204, 404].includes(answer.statusCode)) {
        throw away(new Error(`DELETE was answered with ${answer.statusCode}`))
      }
    },
    close: () => agent.destroy(),
  }
}

/** Lets the bytes through and breaks off before the end unless they are those that were promised: then the PUT stays incomplete. */
function exactly(facts: BlobFacts): Transform {
  const hash = createHash('sha256')
  let seen = 0
  let held: Buffer | undefined
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      seen += chunk.byteLength
      hash.update(chunk)
      const before = held
      held = chunk
      done(seen > facts.bytes ? brokenBlob() : null, before)
    },
    flush(done) {
      if (seen !== facts.bytes || hash.digest('hex') !== facts.sha256) done(brokenBlob())
      else done(null, held)
    },
  })
}

function away(cause: unknown): Fault {
  return new Fault('unavailable', 'blobs-away', 'Files cannot be kept or read at the moment; try again.', {
    cause,
    retryAfterSeconds: 5,
  })
}
