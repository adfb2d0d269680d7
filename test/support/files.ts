/** What routes of files need: a blob store on a disk of its own, and a few files to send. */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import type { FileGround } from '../../src/core/conversations/file-intake.ts'
import { openDiskBlobs } from '../../src/core/platform/blobs-disk.ts'
import { Pictures } from '../../src/core/platform/pictures.ts'

export interface TestFiles extends FileGround {
  readonly directory: string
  /** Removes all of it. */
  close(): void
}

export function openTestFiles(limits: Partial<FileGround['limits']> = {}): TestFiles {
  const directory = mkdtempSync(join(tmpdir(), 'tributary-files-'))
  const pictures = new Pictures()
  return {
    directory,
    blobs: openDiskBlobs(join(directory, 'blobs')),
    pictures,
    spool: join(directory, 'spool'),
    limits: {
      maxBytes: 2_000_000,
      visitorFilesPerDay: 50,
      tenantBytesPerDay: 100_000_000,
      unusedHours: 24,
      ...limits,
    },
    close() {
      pictures.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** A picture of one colour. */
export function picture(width = 40, height = 30): Promise<Buffer> {
  return sharp({ create: { width, height, channels: 3, background: '#0a7' } })
    .png()
    .toBuffer()
}

/** The body of an upload, with its headers. */
export function formWith(name: string, bytes: Buffer, type = 'application/octet-stream') {
  const boundary = `b${randomBytes(12).toString('hex')}`
  const head =
    `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="${name}"\r\n` +
    `content-type: ${type}\r\n\r\n`
  return {
    body: Buffer.concat([Buffer.from(head), bytes, Buffer.from(`\r\n--${boundary}--\r\n`)]),
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
  }
}
