/** The control protocol of rtpengine towards one that says nothing. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { expect, it, vi } from 'vitest'
import { NgClient } from '../../../src/connectors/sip/ng.ts'
import { eventually } from '../../support/eventually.ts'

it('an rtpengine that does not answer is asked the same again for two seconds, and then counts as gone', async () => {
  const silent = createSocket('udp4').bind(0, '127.0.0.1')
  await once(silent, 'listening')
  const heard: string[] = []
  silent.on('message', (bytes) => heard.push(bytes.toString('latin1')))
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  let gone = 0
  const ng = new NgClient('127.0.0.1', silent.address().port, () => {
    gone += 1
  })
  try {
    const asked = ng.ask('ping')
    const failed = asked.catch((error: unknown) => error)
    vi.advanceTimersByTime(2000)
    expect(gone).toBe(0)
    vi.advanceTimersByTime(300)
    expect(gone).toBe(1)
    expect(String(await failed)).toContain('does not answer to ping')
    await expect(ng.ask('query')).rejects.toThrow('does not answer to ping')
    vi.useRealTimers()
    await eventually(() => heard.length === 7)
    expect(new Set(heard).size).toBe(1)
  } finally {
    vi.useRealTimers()
    ng.close()
    silent.close()
  }
})
