import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocketServer } from 'ws'
import { undelivered } from '../../../src/connectors/contract.ts'
import { type Egress, openEgress } from '../../../src/connectors/runtime/egress.ts'
import { eventually } from '../../support/eventually.ts'
import { startProxy } from '../../support/proxy.ts'

const limits = { maxResponseBytes: 10_000, timeoutMs: 2000 }

describe('the way out', () => {
  let server: Server
  let port: number
  let reached: string[] = []
  const held: ServerResponse[] = []
  const closed = openEgress({ allow: [], ...limits })
  const open = openEgress({ allow: ['127.0.0.0/8', '::1/128'], ...limits })

  beforeAll(async () => {
    server = createServer((request, response): unknown => {
      reached.push(request.url ?? '')
      if (request.url === '/redirect') return response.writeHead(302, { location: '/secret' }).end()
      if (request.url === '/long') return response.end('a'.repeat(20_000))
      if (request.url === '/bomb') {
        return response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('a'.repeat(5_000_000)))
      }
      if (request.url === '/hang') return undefined
      if (request.url === '/held') return held.push(response)
      if (request.url === '/cut') return request.socket.destroy()
      return response.end('secret')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    port = (server.address() as AddressInfo).port
  })
  afterAll(async () => {
    await Promise.all([closed.close(), open.close()])
    server.closeAllConnections()
    server.close()
  })

  const get = (egress: Egress, path: string, host = '127.0.0.1') => egress.fetch(`http://${host}:${port}${path}`)

  it('does not reach our own machine, neither by address nor by name', async () => {
    reached = []
    for (const host of ['127.0.0.1', '127.1', '0x7f.1', '[::ffff:127.0.0.1]', 'localhost']) {
      await expect(get(closed, '/', host), host).rejects.toMatchObject({ code: 'address-refused' })
    }
    expect(reached).toEqual([])
  })

  it('reaches what the operator allows', async () => {
    expect(await (await get(open, '/')).text()).toBe('secret')
    expect(await (await get(open, '/', 'localhost')).text()).toBe('secret')
  })

  it('answers the address of a host for other protocols, and none that lies in our own network', async () => {
    for (const host of ['127.0.0.1', '127.1', '0x7f.1', '::ffff:127.0.0.1', '[::1]', 'localhost', '10.0.0.1']) {
      await expect(closed.resolve(host), host).rejects.toMatchObject({ code: 'address-refused' })
    }
    expect(await open.resolve('127.0.0.1')).toBe('127.0.0.1')
    expect(['127.0.0.1', '::1']).toContain(await open.resolve('localhost'))
  })

  it('dials WebSockets within the same walls, with the headers that it is given', async () => {
    reached = []
    const headers: unknown[] = []
    const sockets = new WebSocketServer({ noServer: true })
    server.on('upgrade', (request, socket, head) => {
      reached.push(request.url ?? '')
      headers.push(request.headers.authorization)
      if (request.url === '/no') return socket.end('HTTP/1.1 403 Forbidden\r\n\r\n')
      return sockets.handleUpgrade(request, socket, head, (opened) => {
        opened.on('message', (data) => opened.send(`${data}!`))
      })
    })
    for (const host of ['127.0.0.1', '0x7f.1', 'localhost']) {
      await expect(closed.dial(`ws://${host}:${port}/`, {}), host).rejects.toMatchObject({ code: 'address-refused' })
    }
    await expect(closed.dial(`file:///etc/passwd`, {})).rejects.toMatchObject({ code: 'address-refused' })
    expect(reached).toEqual([])
    await expect(open.dial(`ws://127.0.0.1:${port}/no`, {})).rejects.toThrow()
    const socket = await open.dial(`ws://127.0.0.1:${port}/yes`, { authorization: 'Bearer x' })
    expect(headers.at(-1)).toBe('Bearer x')
    expect(socket.send('hello')).toBe(true)
    const frames = socket.frames[Symbol.asyncIterator]()
    expect((await frames.next()).value).toBe('hello!')
    socket.close()
    expect((await frames.next()).done).toBe(true)
    expect(socket.send('too late')).toBe(false)
  })

  it('leaves an idle connection before the server does, so that nothing is sent into its end', async () => {
    const egress = openEgress({ allow: ['127.0.0.0/8'], ...limits })
    const { promise: leaves, resolve: left } = Promise.withResolvers<string>()
    const hasty = createTcpServer((socket) => {
      socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'))
      socket.once('end', () => left('the client'))
      socket.setTimeout(3000, () => left('the server'))
    }).listen(0, '127.0.0.1')
    await once(hasty, 'listening')
    await (await egress.fetch(`http://127.0.0.1:${(hasty.address() as AddressInfo).port}/`)).text()
    expect(await leaves).toBe('the client')
    await egress.close()
    hasty.close()
  })

  it.for(['http', 'socks5'] as const)(
    'goes through a proxy of its own over %s, with its login, and to no private one',
    async (scheme) => {
      const proxy = await startProxy(scheme)
      const through = open.through(proxy.address)
      // The name is looked up by the proxy, so that it is asked for one that only it knows.
      const response = await through.fetch(`http://known-to-the-proxy.example:${port}/`)
      expect(await response.text()).toBe('secret')
      const socket = await through.connect('greets.example', 143)
      // What came with the proxy's answer waits for whoever reads, however late.
      await new Promise((resolve) => setImmediate(resolve))
      const [greeting] = await once(socket.resume(), 'data')
      expect(String(greeting)).toBe('hello')
      socket.destroy()
      expect(proxy.asked).toEqual([`known-to-the-proxy.example:${port}`, 'greets.example:143'])
      const stranger = open.through(proxy.address.replace('p%40ss', 'wrong'))
      const refusedLogin = await stranger.fetch('http://known-to-the-proxy.example/').catch((error) => error)
      expect(undelivered(refusedLogin).kind).toBe('retry')
      const refused = { code: 'address-refused' }
      await expect(closed.through(proxy.address).fetch('http://example.com/')).rejects.toMatchObject(refused)
      await expect(closed.through(proxy.address).connect('example.com', 143)).rejects.toMatchObject(refused)
      const byName = closed.through(proxy.address.replace('127.0.0.1', 'localhost'))
      await expect(byName.fetch('http://example.com/')).rejects.toMatchObject(refused)
      await expect(byName.connect('example.com', 143)).rejects.toMatchObject(refused)
      const elsewhere = closed.through(`${scheme}://203.0.114.1:8080`)
      await expect(elsewhere.fetch('http://127.0.0.1/')).rejects.toMatchObject(refused)
      await expect(elsewhere.connect('127.0.0.1', 143)).rejects.toMatchObject(refused)
      expect(proxy.asked).toHaveLength(2)
      await proxy.close()
    },
  )

  it('connects for other protocols within the same walls', async () => {
    for (const host of ['127.0.0.1', '0x7f.1', '[::1]', 'localhost']) {
      await expect(closed.connect(host, port), host).rejects.toMatchObject({ code: 'address-refused' })
    }
    const socket = await open.connect('localhost', port)
    socket.resume().end('GET / HTTP/1.0\r\n\r\n')
    expect(String((await once(socket, 'data'))[0])).toContain('200 OK')
    socket.destroy()
  })

  it('waits for what a platform holds open, for longer than for a connection, but not for ever', async () => {
    const brief = { allow: ['127.0.0.0/8'], maxResponseBytes: 1000, timeoutMs: 200 }
    const [hasty, patient] = [openEgress(brief), openEgress({ ...brief, holdMs: 60_000 })]
    const waiting = get(patient, '/held')
    waiting.catch(() => {})
    const broken = await get(hasty, '/held').catch((error: unknown) => error)
    expect(undelivered(broken).kind).toBe('unknown')
    // By now the other question would be broken off as well, were it not held for longer.
    await eventually(() => held.length === 2)
    for (const response of held) response.end('news')
    expect(await (await waiting).text()).toBe('news')
    await Promise.all([hasty.close(), patient.close()])
  })

  it('hands a redirect back instead of following it', async () => {
    reached = []
    const response = await get(open, '/redirect')
    expect(response.status).toBe(302)
    expect(reached).toEqual(['/redirect'])
  })

  it('breaks off an answer that is too long, also one that was packed small', async () => {
    await expect(get(open, '/long').then((response) => response.text())).rejects.toThrow()
    await expect(get(open, '/bomb').then((response) => response.text())).rejects.toThrow()
  })

  it('tells what certainly never left from what may have arrived', async () => {
    const outcome = (attempt: Promise<unknown>) => attempt.then(() => 'sent').catch((error) => undelivered(error).kind)
    expect(await outcome(get(closed, '/'))).toBe('rejected')
    expect(await outcome(open.fetch('http://127.0.0.1:9/'))).toBe('rejected')
    const gone = createServer()
    await new Promise<void>((resolve) => gone.listen(0, '127.0.0.1', resolve))
    const free = (gone.address() as AddressInfo).port
    await new Promise((resolve) => gone.close(resolve))
    expect(await outcome(open.fetch(`http://127.0.0.1:${free}/`))).toBe('retry')
    expect(await outcome(open.fetch(`http://localhost:${free}/`))).toBe('retry')
    expect(await outcome(get(open, '/cut'))).toBe('unknown')
    expect(await outcome(get(open, '/hang').then((response) => response.text()))).toBe('unknown')
    const aborted = open.fetch(`http://127.0.0.1:${port}/hang`, { signal: AbortSignal.timeout(50) })
    expect(await outcome(aborted)).toBe('unknown')
  })
})
