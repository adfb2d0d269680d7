/** The samples of docs/deploy, as they stand, in front of a hub: real nginx, real Caddy. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { type RequestOptions, request } from 'node:https'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import WebSocket from 'ws'
import { audit } from '../../../src/api/routes/audit.ts'
import { files } from '../../../src/api/routes/files.ts'
import { groups } from '../../../src/api/routes/groups.ts'
import { stream } from '../../../src/api/routes/stream.ts'
import { verificationFiles } from '../../../src/api/routes/verification-files.ts'
import { Streams } from '../../../src/api/stream/streams.ts'
import { type Business, startTestApi, type TestApi } from '../../support/api.ts'
import { eventually } from '../../support/eventually.ts'
import { formWith, openTestFiles } from '../../support/files.ts'
import { describeWith } from '../../support/services.ts'

const samples = join(import.meta.dirname, '../../../docs/deploy')
/** Clients come from here, the proxy from 127.0.0.1: so one can see whom the hub believes. */
const clientAddress = '127.0.0.2'

let folder: string
let api: TestApi
let streams: Streams
let shop: Business
let hubPort: number
const testFiles = openTestFiles({ maxBytes: 26_214_400 })

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-proxy-'))
  execFileSync('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
    ...['-subj', '/CN=hub.example', '-addext', 'subjectAltName=DNS:hub.example'],
    ...['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')],
  ])
  api = await startTestApi(
    [
      audit,
      groups,
      verificationFiles,
      (parts) => files({ ...parts, files: testFiles }),
      (parts) => {
        streams = new Streams({ ...parts, sessionIdleHours: parts.settings.sessionIdleHours })
        return stream({ ...parts, streams })
      },
    ],
    { settings: { trustedProxies: ['127.0.0.1'] } },
  )
  await streams.start()
  shop = await api.business()
  await api.app.listen({ host: '127.0.0.1', port: 0 })
  hubPort = (api.app.server.address() as { port: number }).port
})
afterAll(async () => {
  await streams?.stop()
  await api?.close()
  testFiles.close()
  rmSync(folder, { recursive: true, force: true })
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** The sample with the ports, names of files and addresses of this machine: nothing else of it is changed. */
const nginxFrom = (port: number, plainPort: number) => {
  const sample = readFileSync(join(samples, 'nginx.conf'), 'utf8')
    .replace(/listen \[::\].*\n/g, '')
    .replace('listen 443', `listen 127.0.0.1:${port}`)
    .replace('listen 80', `listen 127.0.0.1:${plainPort}`)
    .replace('127.0.0.1:8200', `127.0.0.1:${hubPort}`)
    .replace(/\/etc\/letsencrypt\S+fullchain\.pem/, join(folder, 'cert.pem'))
    .replace(/\/etc\/letsencrypt\S+privkey\.pem/, join(folder, 'key.pem'))
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${join(folder, kind)};`,
  )
  const main = `pid ${join(folder, 'nginx.pid')}; error_log stderr; events {}
http { access_log off; ${temporary.join(' ')}\n${sample}\n}`
  writeFileSync(join(folder, 'nginx.conf'), main)
  const user = process.getuid?.() === 0 ? ['-g', 'user root; daemon off;'] : ['-g', 'daemon off;']
  return ['-p', folder, '-e', 'stderr', '-c', join(folder, 'nginx.conf'), ...user]
}

const caddyFrom = (port: number, plainPort: number) => {
  const sample = readFileSync(join(samples, 'Caddyfile'), 'utf8')
    .replace(/^hub\.example \{/m, `https://hub.example:${port} {\n\ttls ${folder}/cert.pem ${folder}/key.pem`)
    .replace('127.0.0.1:8200', `127.0.0.1:${hubPort}`)
  const global = `{\n\tadmin off\n\tgrace_period 1s\n\thttp_port ${plainPort}\n\tauto_https disable_redirects\n\tstorage file_system ${folder}\n}\n`
  writeFileSync(join(folder, 'Caddyfile'), global + sample)
  return ['run', '--adapter', 'caddyfile', '--config', join(folder, 'Caddyfile')]
}

for (const { name, path, from } of [
  { name: 'nginx', path: process.env.NGINX ?? '/usr/sbin/nginx', from: nginxFrom },
  { name: 'Caddy', path: process.env.CADDY ?? '/usr/bin/caddy', from: caddyFrom },
]) {
  describeWith(name, existsSync(path) ? path : undefined, `behind ${name}`, (program) => {
    let proxy: ChildProcess
    let port: number
    beforeAll(async () => {
      port = await freePort()
      const said: string[] = []
      proxy = spawn(program, from(port, await freePort()), { stdio: ['ignore', 'ignore', 'pipe'], cwd: folder })
      proxy.stderr?.on('data', (text) => said.push(String(text)))
      await eventually(async () => {
        if (proxy.exitCode !== null) throw new Error(said.join(''))
        return ask('GET', '/MP_verify_unknown.txt').then(
          ({ status }) => status === 404,
          () => false,
        )
      })
    })
    afterAll(async () => {
      const ended = new Promise((resolve) => proxy?.once('exit', resolve))
      proxy?.kill('SIGTERM')
      if (proxy) await ended
    })

    const tls = {
      localAddress: clientAddress,
      servername: 'hub.example',
      get ca() {
        return readFileSync(join(folder, 'cert.pem'))
      },
    }

    const open = (method: string, url: string, headers: Record<string, string>) =>
      request({
        ...tls,
        ...{ host: '127.0.0.1', port, method, path: url, agent: false },
        headers: { host: `hub.example:${port}`, authorization: `Bearer ${shop.admin.token}`, ...headers },
      } as RequestOptions)

    const ask = (method: string, url: string, headers: Record<string, string> = {}, body?: Buffer) =>
      new Promise<{ status: number; body: string }>((resolve, reject) => {
        const asking = open(method, url, headers)
        asking.on('error', reject)
        asking.on('response', (answer: IncomingMessage) => {
          const pieces: Buffer[] = []
          answer.on('data', (piece: Buffer) => pieces.push(piece))
          answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(pieces).toString() }))
        })
        asking.end(body)
      })

    test('the hub knows the address of the caller, whatever the caller claims', async () => {
      const claims = {
        'x-forwarded-for': '203.0.113.7',
        'x-forwarded-host': 'evil.example',
        'x-real-ip': '203.0.113.8',
        forwarded: 'for=203.0.113.9',
        'content-type': 'application/json',
      }
      const made = await ask('POST', '/v1/groups', claims, Buffer.from(JSON.stringify({ name: `${name} 组` })))
      expect(made.status).toBe(201)
      const { data } = JSON.parse((await ask('GET', `/v1/audit?subject=${JSON.parse(made.body).id}`)).body)
      expect(data[0].address).toBe(clientAddress)
    })

    test('a WebSocket passes', async () => {
      const socket = new WebSocket(
        `wss://127.0.0.1:${port}/v1/stream`,
        ['tributary.v1', `bearer.${shop.agent.token}`],
        { ...tls, headers: { host: `hub.example:${port}` }, origin: 'https://hub.example' } as WebSocket.ClientOptions,
      )
      try {
        const first = await new Promise<string>((resolve, reject) => {
          socket.once('message', (frame) => resolve(String(frame)))
          socket.once('error', reject)
        })
        expect(JSON.parse(first).type).toBe('stream.ready')
        expect(socket.protocol).toBe('tributary.v1')
      } finally {
        socket.terminate()
      }
    })

    test('server-sent events arrive while the stream is still open', async () => {
      const asking = open('GET', '/v1/stream', { accept: 'text/event-stream' })
      asking.end()
      try {
        const said = await new Promise<string>((resolve, reject) => {
          let text = ''
          asking.on('error', reject)
          asking.on('response', (answer) =>
            answer.on('data', (piece: Buffer) => {
              text += piece
              if (text.includes('stream.ready')) resolve(text)
            }),
          )
        })
        expect(said).toContain('retry: 3000')
      } finally {
        asking.destroy()
      }
    })

    test('a file of the largest size passes, and what is too large is told by the hub', async () => {
      const send = (bytes: number) => {
        const { body, headers } = formWith('a.bin', Buffer.alloc(bytes, 7))
        return ask('POST', '/v1/files', headers, body)
      }
      expect((await send(26_214_400)).status).toBe(201)
      const refused = await send(26_214_401)
      expect([refused.status, JSON.parse(refused.body).code]).toEqual([413, 'file-too-large'])
    })

    test('a verification file stands at the root', async () => {
      await api.ask('PUT', '/v1/verification-files/WW_verify_abc.txt', {
        token: shop.admin.token,
        body: { content: 'abc' },
      })
      expect(await ask('GET', '/WW_verify_abc.txt')).toEqual({ status: 200, body: 'abc' })
    })
  })
}
