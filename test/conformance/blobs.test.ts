import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AwsClient } from 'aws4fetch'
import { afterAll, expect, test } from 'vitest'
import { openDiskBlobs } from '../../src/core/platform/blobs-disk.ts'
import { openS3Blobs } from '../../src/core/platform/blobs-s3.ts'
import { describeWith, s3Server } from '../support/services.ts'
import { blobConformance } from './blobs.ts'

const directory = mkdtempSync(join(tmpdir(), 'tributary-blobs-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

blobConformance('on a disk', async () => openDiskBlobs(directory))

describeWith('S3_SERVER', s3Server, 'S3', (address) => {
  const key = { accessKeyId: 'tributary', secretAccessKey: 'tributary-secret' }
  const bucket = `blobs-${process.pid}-${Date.now()}`
  const settings = { endpoint: address, region: 'us-east-1', bucket, ...key }

  blobConformance('on S3', async () => {
    const signer = new AwsClient({ ...key, service: 's3', region: 'us-east-1' })
    expect((await signer.fetch(`${address}/${bucket}`, { method: 'PUT' })).status).toBe(200)
    return openS3Blobs(settings)
  })

  test('a wrong key is an outage that is told as such', async () => {
    const store = openS3Blobs({ ...settings, secretAccessKey: 'wrong' })
    await expect(store.get('a/b')).rejects.toMatchObject({ code: 'blobs-away' })
    await store.close()
  })
})
