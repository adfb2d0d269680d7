/** A broker of one's own to kill, behind a proxy that loses answers: for what a shared broker cannot be put through. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, connect as dial, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const script = (name: string) => fileURLToPath(new URL(`../../.ci/kafka/${name}`, import.meta.url))
const produceApiKey = 0

/** One real broker, reached through the proxy, whose address it advertises. */
export interface OwnBroker {
  readonly address: string
  /** Where it asks for a login (hub, secret; PLAIN or SCRAM-SHA-512) over TLS, with a certificate that signs itself. */
  readonly guarded: { readonly address: string; readonly certificate: string }
  /** Ends the broker as a crash would. */
  kill(): Promise<void>
  /** Starts it again on its data. */
  restart(): Promise<void>
  /** Cuts every connection through the proxy. */
  cut(): void
  /** While true, the broker gets every append and answers it, and the answer is lost with its connection. */
  losesAnswers: boolean
  /** How many answers were lost. */
  readonly lost: number
  close(): Promise<void>
}

export async function ownBroker(): Promise<OwnBroker> {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-broker-'))
  const [port, controllerPort, guardedPort] = await Promise.all([freePort(), freePort(), freePort()])
  const links = new Set<Socket>()
  let losesAnswers = false
  let lost = 0

  const proxy = createServer((client) => {
    const broker = dial(port, '127.0.0.1')
    let appending = false
    const end = () => {
      client.destroy()
      broker.destroy()
      links.delete(client)
    }
    links.add(client)
    client.on('data', (chunk) => {
      // A request begins with its length (4 bytes) and its kind (2 bytes); a client waits for one append's answer before the next.
      if (chunk.length >= 6 && chunk.readInt16BE(4) === produceApiKey) appending = true
      broker.write(chunk)
    })
    broker.on('data', (chunk) => {
      if (losesAnswers && appending) {
        lost++
        return end()
      }
      appending = false
      client.write(chunk)
    })
    for (const socket of [client, broker]) socket.on('close', end).on('error', end)
  })
  const proxyPort = await listen(proxy)

  const certificate = await selfSigned(join(folder, 'keys.p12'))
  await writeFile(
    join(folder, 'extra.properties'),
    `
listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort},GUARDED://127.0.0.1:${guardedPort}
advertised.listeners=PLAINTEXT://127.0.0.1:${proxyPort},GUARDED://127.0.0.1:${guardedPort}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,GUARDED:SASL_SSL
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512
listener.name.guarded.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_hub="secret";
listener.name.guarded.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.guarded.ssl.keystore.type=PKCS12
listener.name.guarded.ssl.keystore.location=${join(folder, 'keys.p12')}
listener.name.guarded.ssl.keystore.password=changeit
`,
  )

  const environment = (more: Record<string, string>) => ({
    env: {
      ...process.env,
      KAFKA_PORT: `${port}`,
      KAFKA_CONTROLLER_PORT: `${controllerPort}`,
      KAFKA_ADVERTISED_PORT: `${proxyPort}`,
      KAFKA_RUN: join(folder, 'run'),
      KAFKA_HEAP: '256m',
      KAFKA_EXTRA: join(folder, 'extra.properties'),
      KAFKA_SCRAM: 'name=hub,password=secret',
      ...more,
    },
  })
  await run(script('start.sh'), environment({}))
  return {
    address: `127.0.0.1:${proxyPort}`,
    guarded: { address: `127.0.0.1:${guardedPort}`, certificate },
    kill: async () => void (await run(script('stop.sh'), environment({ KAFKA_SIGNAL: 'KILL' }))),
    restart: async () => void (await run(script('start.sh'), environment({ KAFKA_KEEP: '1' }))),
    cut: () => {
      for (const link of links) link.destroy()
    },
    get losesAnswers() {
      return losesAnswers
    },
    set losesAnswers(yes: boolean) {
      losesAnswers = yes
    },
    get lost() {
      return lost
    },
    close: async () => {
      await run(script('stop.sh'), environment({ KAFKA_SIGNAL: 'KILL' }))
      for (const link of links) link.destroy()
      await new Promise((resolve) => proxy.close(resolve))
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Makes a key and a certificate for 127.0.0.1, by the tool that comes with Java; answers with the certificate (PEM). */
async function selfSigned(store: string): Promise<string> {
  const common = ['-alias', 'broker', '-keystore', store, '-storepass', 'changeit', '-storetype', 'PKCS12']
  const names = ['-dname', 'CN=127.0.0.1', '-ext', 'san=ip:127.0.0.1', '-keyalg', 'EC', '-validity', '2']
  await run('keytool', ['-genkeypair', ...common, ...names])
  return (await run('keytool', ['-exportcert', '-rfc', ...common])).stdout
}

async function freePort(): Promise<number> {
  const server = createServer()
  const port = await listen(server)
  await new Promise((resolve) => server.close(resolve))
  return port
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(typeof address === 'object' && address ? address.port : 0)
    })
  })
}
