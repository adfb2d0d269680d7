import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Connector, type ConnectorKind, FileGone } from '../../../src/connectors/contract.ts'
import { custom } from '../../../src/connectors/custom/index.ts'
import { type Egress, openEgress } from '../../../src/connectors/runtime/egress.ts'
import { Fetcher, type FetcherOptions } from '../../../src/connectors/runtime/fetcher.ts'
import { type HubParts, openHub } from '../../../src/connectors/runtime/hub.ts'
import { memoryOf, sharedToken } from '../../../src/connectors/runtime/memory.ts'
import { redactorOf } from '../../../src/connectors/runtime/redact.ts'
import type { Served } from '../../../src/connectors/runtime/served.ts'
import { ingest } from '../../../src/core/conversations/ingest.ts'
import type { PartBlob } from '../../../src/core/conversations/model.ts'
import type { EventRecord } from '../../../src/core/events/event-record.ts'
import { silentLog } from '../../../src/core/platform/log.ts'
import { Vault } from '../../../src/core/platform/secrets.ts'
import { eventually } from '../../support/eventually.ts'
import { openTestFiles, picture, type TestFiles } from '../../support/files.ts'
import { type Ground, makeShop, openGround, type Shop } from '../../support/hub-ground.ts'

describe('what a connector is given', () => {
  let ground: Ground
  let shop: Shop
  let egress: Egress
  let parts: HubParts
  let files: TestFiles
  let served: Served

  beforeAll(async () => {
    ground = await openGround()
    shop = await makeShop(ground.db)
    egress = openEgress({ allow: [], maxResponseBytes: 1000, timeoutMs: 1000 })
    files = openTestFiles({ maxBytes: 100_000 })
    const { db, bus, wake } = ground
    const publicUrl = 'https://hub.example'
    parts = { db, bus, wake, vault: new Vault(randomBytes(32)), egress, files, publicUrl, log: silentLog }
    served = {
      tenantId: shop.tenantId,
      channelId: shop.channelId,
      kind: custom as unknown as ConnectorKind,
      settings: {},
      sealedKey: null,
      fingerprint: '',
      redactor: redactorOf(['hush-hush']),
    }
  })
  afterAll(async () => {
    await egress?.close()
    files?.close()
    await ground?.close()
  })

  const rows = <T>(sql: string) => ground.db.work('test', [shop.tenantId], (tx) => tx.query<T>(sql, shop.channelId))
  const lease = async (owner: string) => {
    const what = `channels/${shop.channelId}`
    const [row] = await ground.db.ground<{ epoch: number }>(
      `insert into leases (what, owner, epoch, until) values ($1, $2, 1, now() + interval '3 seconds')
       on conflict (what) do update set owner = excluded.owner, epoch = leases.epoch + 1, until = excluded.until
       returning epoch`,
      what,
      owner,
    )
    return { what, owner, epoch: row?.epoch ?? 0 }
  }

  describe('its memory', () => {
    it('keeps notes of any JSON, sealed', async () => {
      const memory = memoryOf(parts, served)
      expect(await memory.get('cursor')).toBeUndefined()
      await memory.set('cursor', { at: 7, session: 'my-login-session' })
      await memory.set('cursor', { at: 8, session: 'my-login-session' })
      expect(await memoryOf(parts, served).get('cursor')).toEqual({ at: 8, session: 'my-login-session' })
      await memory.set('nothing', null)
      expect(await memory.get('nothing')).toBeNull()
      const kept = await rows(`select value from channel_memory where channel_id = $1`)
      expect(JSON.stringify(kept)).not.toContain('my-login-session')
    })

    it('refuses what is no note', async () => {
      const memory = memoryOf(parts, served)
      await expect(memory.set('', 1)).rejects.toThrow(TypeError)
      await expect(memory.set('a'.repeat(101), 1)).rejects.toThrow(TypeError)
      await expect(memory.set('a', undefined)).rejects.toThrow(TypeError)
      await expect(memory.set('a', 'x'.repeat(1_000_001))).rejects.toThrow(TypeError)
    })

    it('takes nothing from an owner who has lost the account', async () => {
      const old = await lease('old')
      await memoryOf(parts, served, old).set('position', 1)
      const now = await lease('new')
      await expect(memoryOf(parts, served, old).set('position', 2)).rejects.toMatchObject({ code: 'lease-lost' })
      expect(await memoryOf(parts, served, now).get('position')).toBe(1)
      await memoryOf(parts, served, now).set('position', 3)
      expect(await memoryOf(parts, served).get('position')).toBe(3)
    })
  })

  describe('a shared token', () => {
    const inMs = (ms: number) => new Date(Date.now() + ms)

    it('is minted once for all who want it, on every node', async () => {
      let minted = 0
      const mint = async () => {
        minted += 1
        await new Promise((resolve) => setImmediate(resolve))
        return { value: `token-${minted}`, expiresAt: inMs(7_200_000) }
      }
      const nodes = Array.from({ length: 12 }, () => openHub(parts, served, () => {}).hub)
      const tokens = await Promise.all(nodes.flatMap((hub) => [hub.token('access', mint), hub.token('access', mint)]))
      expect(new Set(tokens)).toEqual(new Set(['token-1']))
      expect(minted).toBe(1)
      expect(JSON.stringify(await rows('select value from channel_memory where channel_id = $1'))).not.toContain(
        'token-1',
      )
    })

    it('is minted anew when it has run out, or was refused, but not twice for two who were refused the same', async () => {
      const mint = (value: string, ms: number) => async () => ({ value, expiresAt: inMs(ms) })
      expect(await sharedToken(parts, served, 'short', mint('a', 1000))).toBe('a')
      expect(await sharedToken(parts, served, 'short', mint('b', 7_200_000))).toBe('b')
      expect(await sharedToken(parts, served, 'short', mint('c', 7_200_000))).toBe('b')
      expect(await sharedToken(parts, served, 'short', mint('c', 7_200_000), 'b')).toBe('c')
      expect(await sharedToken(parts, served, 'short', mint('d', 7_200_000), 'b')).toBe('c')
    })

    it('that cannot be minted is asked for again by the next', async () => {
      const failing = sharedToken(parts, served, 'failing', () => Promise.reject(new Error('the platform is away')))
      await expect(failing).rejects.toThrow('the platform is away')
      expect(await sharedToken(parts, served, 'failing', async () => ({ value: 'there', expiresAt: inMs(1e6) }))).toBe(
        'there',
      )
    })
  })

  describe('its reports', () => {
    const state = async () => (await rows<{ state: object }>('select state from channels where id = $1'))[0]?.state

    it('are kept and announced when they are new, the last of many, without secrets', async () => {
      const { hub, settled } = openHub(parts, served, () => {})
      for (const detail of ['one', 'two', 'three']) hub.report({ state: 'degraded', detail })
      hub.report({ state: 'degraded', detail: 'hush-hush is refused' })
      await settled()
      expect(await state()).toEqual({ state: 'degraded', detail: '**** is refused' })
      hub.report({ state: 'degraded', detail: 'hush-hush is refused' })
      await settled()
      const told = await rows<{ data: { channel: { state: object } } }>(
        `select data from outbox where type = 'channel.state' and subject = $1 order by id`,
      )
      expect(told.map(({ data }) => data.channel.state)).toEqual([
        { state: 'degraded', detail: 'one' },
        { state: 'degraded', detail: '**** is refused' },
      ])
    })

    it('of an account that was let go, or is another node’s, count no more', async () => {
      const released = openHub(parts, served, () => {})
      released.release()
      released.hub.report({ state: 'online' })
      await released.settled()
      const lost = openHub(parts, served, () => {}, await lease('before'))
      await lease('after')
      lost.hub.report({ state: 'online' })
      await lost.settled()
      expect(await state()).toMatchObject({ state: 'degraded' })
      expect(released.hub.signal.aborted).toBe(true)
    })

    it('say honestly where messages may be missing', async () => {
      const { hub } = openHub(parts, served, () => {})
      await hub.gap(new Date(0), new Date(1000), 'the platform keeps no more')
      const told = await rows<{ data: object }>(`select data from outbox where type = 'channel.gap' and subject = $1`)
      expect(told.map(({ data }) => data)).toEqual([
        {
          channelId: shop.channelId,
          from: '1970-01-01T00:00:00.000Z',
          to: '1970-01-01T00:00:01.000Z',
          reason: 'the platform keeps no more',
        },
      ])
    })
  })

  describe('its files', () => {
    const kept = (id = '') =>
      ground.db.work('test', [shop.tenantId], (tx) =>
        tx.one<{ state: string; name: string; bytes: number; failure: { code: string } | null; locator: unknown }>(
          `select state, name, bytes, failure, locator from files where id = $1`,
          id,
        ),
      )
    /** Says something with a file that has to be fetched; the file's id and the message's parts as they stand then. */
    const said = async (key: string, blob: object) => {
      const data = {
        kind: 'message',
        key,
        peer: key,
        at: new Date().toISOString(),
        from: { kind: 'test', scope: '', address: key },
        parts: [{ type: 'image', blob, caption: 'look' }],
      }
      const record = { event: { subject: shop.channelId, id: key, data } } as unknown as EventRecord
      await ground.db.work('test', [shop.tenantId], (tx) => ingest(tx, ground.wake, [record]))
      return partsOf(key)
    }
    const partsOf = async (key: string) => {
      const [row] = await ground.db.work('test', [shop.tenantId], (tx) =>
        tx.query<{ parts: { type: string; blob: PartBlob }[] }>(`select parts from messages where peer = $1`, key),
      )
      return row?.parts[0]
    }
    const fetching = (media: Connector['media'], facts: Partial<FetcherOptions> = {}) => {
      const channel = { served, connector: { media } as Connector, report: () => {} }
      const supervisor = { open: () => [channel], served: () => [served], onOpen: () => () => {} }
      const backoff = { firstMs: 10, maxMs: 20 }
      const fetcher = new Fetcher({
        ...parts,
        wake: ground.wake,
        owner: 'me',
        supervisor,
        pollMs: 50,
        backoff,
        ...facts,
      })
      fetcher.start()
      return fetcher
    }
    const settled = (id: string | undefined) =>
      eventually(async () => {
        const file = await kept(id)
        return file.state !== 'awaited' && file
      })

    it('are kept as they come, what they are by their bytes, and wait for their message', async () => {
      const { hub } = openHub(parts, served, () => {})
      const body = Readable.from([await picture(), Buffer.alloc(10)])
      const blob = await hub.keep({ body, name: 'x/../a picture', mediaType: 'text/html' })
      expect(blob).toMatchObject({ name: 'a picture.png', mediaType: 'image/png', width: 40, height: 30 })
      expect(await kept(blob.fileId)).toMatchObject({ state: 'ready', name: 'a picture.png' })
      const sent = await hub.file(blob)
      expect((await sent.read().then(buffer)).length).toBe(sent.size)
      expect(sent.link).toMatch(/^https:\/\/hub\.example\/v1\/media\/ten_/)
      expect((await hub.file(blob)).link).toBe(sent.link)
    })

    it('that cannot be kept have a handle that says so', async () => {
      const { hub } = openHub(parts, served, () => {})
      const large = await hub.keep({ body: Buffer.alloc(100_001, 1), name: 'large.pdf' })
      expect(await kept(large.fileId)).toMatchObject({ state: 'failed', failure: { code: 'file-too-large' } })
      const empty = await hub.keep({ body: new Uint8Array(), name: 'empty.pdf' })
      expect(await kept(empty.fileId)).toMatchObject({ state: 'failed', failure: { code: 'file-empty' } })
      const broken = await hub.keep({ body: Buffer.from('\x89PNG\r\n\x1a\n no picture', 'latin1'), name: 'broken.png' })
      expect(broken).toMatchObject({ mediaType: 'application/octet-stream' })
      await expect(hub.file(large)).rejects.toMatchObject({ kind: 'rejected' })
      await expect(hub.file({ name: 'nothing' })).rejects.toMatchObject({ kind: 'rejected' })
    })

    it('that are named only are told of at once, fetched until they come, and told of again', async () => {
      const before = await said('fetched', { locator: { at: 7 }, name: 'photo.jpg', mediaType: 'image/jpeg', size: 9 })
      expect(before).toEqual({
        type: 'image',
        caption: 'look',
        blob: { fileId: expect.any(String), name: 'photo.jpg', mediaType: 'image/jpeg', size: 9 },
      })
      let asked = 0
      const body = await picture(50, 20)
      const fetcher = fetching(async (locator) => {
        expect(locator).toEqual({ at: 7 })
        asked += 1
        if (asked < 3) throw new Error('away')
        return { body, name: 'photo.png' }
      })
      expect(await settled(before?.blob.fileId)).toMatchObject({ state: 'ready', bytes: body.length, locator: null })
      await fetcher.stop()
      expect(await partsOf('fetched')).toMatchObject({
        type: 'image',
        blob: { fileId: before?.blob.fileId, mediaType: 'image/png', size: body.length, width: 50, height: 20 },
      })
      const told = await ground.db.work('test', [shop.tenantId], (tx) =>
        tx.query<{ data: { message: { parts: object[] } } }>(
          `select o.data from outbox o join files f on o.data -> 'message' ->> 'id' = f.message_id
            where o.type = 'message.updated' and f.id = $1`,
          before?.blob.fileId,
        ),
      )
      expect(told.map(({ data }) => data.message.parts[0])).toEqual([await partsOf('fetched')])
    })

    it('that will never come are shown with the reason', async () => {
      const reasons: [string, () => Promise<never>, string][] = [
        ['gone', () => Promise.reject(new FileGone('It was deleted with hush-hush.')), 'file-gone'],
        ['refused', () => parts.egress.fetchFile('http://10.0.0.1/') as Promise<never>, 'address-refused'],
        ['large', async () => ({ body: Buffer.alloc(100_001) }) as never, 'file-too-large'],
      ]
      for (const [key, media, code] of reasons) {
        const part = await said(key, { locator: 1 })
        const fetcher = fetching(media)
        const file = await settled(part?.blob.fileId)
        await fetcher.stop()
        expect(file, key).toMatchObject({ state: 'failed', failure: { code } })
        expect(JSON.stringify(file.failure)).not.toContain('hush-hush')
      }
      const part = await said('unsupported', { locator: 1 })
      const fetcher = fetching(undefined)
      expect(await settled(part?.blob.fileId)).toMatchObject({ failure: { code: 'file-unsupported' } })
      await fetcher.stop()
    })

    it('that the platform forgets before they could be had are given up', async () => {
      const part = await said('forgotten', { locator: 1, expiresAt: new Date(Date.now() + 1000).toISOString() })
      await ground.db.work('test', [shop.tenantId], (tx) =>
        tx.run(`update files set fetch_until = now() - interval '1 second' where id = $1`, part?.blob.fileId),
      )
      const fetcher = fetching(() => Promise.reject(new Error('away')))
      expect(await settled(part?.blob.fileId)).toMatchObject({ state: 'failed', failure: { code: 'file-expired' } })
      await fetcher.stop()
    })

    it('of somebody who is erased meanwhile leave nothing behind', async () => {
      const part = await said('erased', { locator: 1 })
      let removed = false
      const fetcher = fetching(async () => {
        if (!removed) {
          await ground.db.work('test', [shop.tenantId], (tx) =>
            tx.run(`update files set state = 'removing', locator = null where id = $1`, part?.blob.fileId),
          )
          removed = true
        }
        return { body: await picture() }
      })
      await eventually(() => removed)
      await fetcher.stop()
      const { blobKey } = await ground.db.work('test', [shop.tenantId], (tx) =>
        tx.one<{ blobKey: string }>(`select blob_key from files where id = $1`, part?.blob.fileId),
      )
      expect(await files.blobs.size(blobKey)).toBeUndefined()
    })
  })

  describe('what it hands over', () => {
    const said = (facts: object = {}) => ({
      kind: 'message' as const,
      key: 'k',
      peer: 'p',
      at: '2026-01-02T11:04:05+08:00',
      from: { kind: 'test', scope: '', address: 'a' },
      parts: [{ type: 'text' as const, text: 'hi' }],
      ...facts,
    })
    const appended = () =>
      ground.db.ground<{ key: string; value: Buffer }>(
        `select key, value from bus_records where topic = 'inbound' order by at, partition, "offset"`,
      )

    it('stands on the log in its envelope, under the key of its peer, with the tenant of the channel’s row', async () => {
      const { hub } = openHub(parts, served, () => {})
      await hub.receive([said({ key: 'k1', parts: [{ type: 'text', text: 'a\u0000\ud800b' }] })])
      await hub.receipt('p', 'x1', 'read')
      const records = await eventually(async () => {
        const found = await appended()
        return found.length === 2 && found
      })
      expect(records.map(({ key }) => key)).toEqual(Array(2).fill(`${shop.channelId}/p`))
      const [message, receipt] = records.map(({ value }) => JSON.parse(value.toString()))
      expect(message).toMatchObject({
        specversion: '1.0',
        id: 'k1',
        source: `/channels/${shop.channelId}`,
        type: 'inbound.message',
        subject: shop.channelId,
        time: '2026-01-02T03:04:05.000Z',
        tenantid: shop.tenantId,
        actorid: shop.channelId,
        data: { key: 'k1', at: '2026-01-02T03:04:05.000Z', parts: [{ type: 'text', text: 'a\ufffd\ufffdb' }] },
      })
      expect(receipt).toMatchObject({ type: 'inbound.receipt', data: { key: 'receipt:x1:read', state: 'read' } })
    })

    it.each([
      ['without a key', { key: '' }, '/key'],
      ['with a key that is too long', { key: 'k'.repeat(201) }, '/key'],
      ['with a peer that is too long', { peer: 'p'.repeat(201) }, '/peer'],
      ['of a time before all', { at: '0000-01-01T00:00:00Z' }, '/at'],
      ['of a 61st second', { at: '2016-12-31T23:59:60Z' }, '/at'],
      ['without parts', { parts: [] }, '/parts'],
      ['with a member too many', { colour: 'red' }, 'additional properties'],
      ['that is too large', { parts: [{ type: 'text', text: 'a', html: 'x'.repeat(262_144) }] }, 'at most 256 KB'],
    ])('is left out %s, and told as a gap; what stands beside it comes', async (what, facts, reason) => {
      const { hub } = openHub(parts, served, () => {})
      const select = `select data ->> 'reason' as reason from outbox where type = 'channel.gap' order by id`
      const gaps = () => ground.db.work('test', [shop.tenantId], (tx) => tx.query<{ reason: string }>(select))
      const [logged, told] = [(await appended()).length, (await gaps()).length]
      await hub.receive([said(facts), said({ key: what })])
      const ids = (await appended()).map(({ value }) => JSON.parse(value.toString()).id)
      expect([ids.length, ids.filter((id) => id === what)]).toEqual([logged + 1, [what]])
      const [gap, ...more] = (await gaps()).slice(told)
      expect([gap?.reason, more]).toEqual([expect.stringContaining(reason), []])
    })
  })
})
