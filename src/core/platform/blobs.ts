/**
 * Where the bytes of files lie, apart from the database: a disk, or anything that speaks S3. A key is ours, random, and never made of
 * what somebody called the file.
 */
import type { Readable } from 'node:stream'
import { Fault } from './errors.ts'

/** A stretch of bytes, both ends included, as in RFC 9110, 14.1.2. */
export interface ByteRange {
  readonly first: number
  readonly last: number
}

/** What the writer knows of the bytes before they are written; the store refuses others. */
export interface BlobFacts {
  readonly bytes: number
  /** SHA-256 in hex. */
  readonly sha256: string
}

export interface BlobStore {
  /**
   * Keeps a blob. Resolves once it is durable; before, and when it rejects, nothing can be read under the key. The same key again
   * replaces. Faults with `blob-broken` when the stream holds something other than `facts` say.
   */
  put(key: string, body: Readable, facts: BlobFacts): Promise<void>
  /** The bytes, or a stretch of them, as a stream the caller must read or destroy; undefined if there is no such blob. */
  get(key: string, range?: ByteRange): Promise<Readable | undefined>
  /** Its size in bytes; undefined if there is no such blob. */
  size(key: string): Promise<number | undefined>
  /** Takes a blob away; one that is not there is no error. */
  remove(key: string): Promise<void>
  close(): Promise<void>
}

/** Faults with TypeError unless the key is one of ours: segments of lower case letters, digits and `_`. */
export function requireKey(key: string): void {
  if (!/^[a-z0-9_]{1,64}(\/[a-z0-9_]{1,64}){0,4}$/.test(key)) throw new TypeError('That is no key of a blob.')
}

export function brokenBlob(cause?: unknown): Fault {
  return new Fault('unavailable', 'blob-broken', 'The file could not be kept whole; try again.', { cause })
}
