/** A way to a PostgreSQL that a test can close: as when the server takes nobody in, or a firewall lost what it knew. */
import { once } from 'node:events'
import { type AddressInfo, createServer, connect as dial, type Socket } from 'node:net'

export interface WayToPostgres {
  /** Leads to the same database as the URL it was made from. */
  readonly url: string
  /** How often somebody came by it. */
  readonly calls: number
  /** Cuts what is connected; until `open`, whoever comes is refused, is let in and shown out, or waits in vain. */
  close(how: 'refuses' | 'cuts' | 'swallows'): Promise<void>
  open(): Promise<void>
  /** Holds up what is said either way, connections and all, until `thaw`: as if the process were frozen. */
  freeze(): void
  thaw(): void
  /** Lets one statement through that has this word, and loses the answer with its connection. Resolves once that is done. */
  loseAnswerTo(word: string): Promise<void>
  end(): Promise<void>
}

export async function wayToPostgres(url: string): Promise<WayToPostgres> {
  const target = new URL(url)
  const links = new Set<Socket>()
  let shut: 'refuses' | 'cuts' | 'swallows' | undefined
  let frozen = false
  let calls = 0
  let doom: { word: string; done(): void } | undefined

  const server = createServer((caller) => {
    calls++
    if (shut === 'cuts') caller.destroy()
    const postgres = shut === undefined ? dial(Number(target.port), target.hostname) : undefined
    let doomed: (() => void) | undefined
    for (const one of [caller, postgres]) {
      if (one === undefined) continue
      links.add(one)
      one.on('error', () => {})
      one.on('close', () => {
        links.delete(one)
        caller.destroy()
        postgres?.destroy()
      })
      if (frozen) one.pause()
    }
    caller.on('data', (chunk) => {
      if (doom !== undefined && chunk.includes(doom.word)) {
        doomed = doom.done
        doom = undefined
      }
      postgres?.write(chunk)
    })
    postgres?.on('data', (chunk) => {
      if (doomed === undefined) return caller.write(chunk)
      caller.destroy()
      return doomed()
    })
  })

  const listen = async (port: number) => {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  }
  const cut = () => {
    for (const link of links) link.destroy()
  }
  const stop = async () => {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    cut()
    await closed
  }
  const port = await listen(0)
  const near = new URL(url)
  near.host = `127.0.0.1:${port}`
  return {
    url: near.href,
    get calls() {
      return calls
    },
    async close(how) {
      shut = how
      if (how === 'refuses') await stop()
      else cut()
    },
    async open() {
      shut = undefined
      if (!server.listening) await listen(port)
    },
    freeze() {
      frozen = true
      for (const link of links) link.pause()
    },
    thaw() {
      frozen = false
      for (const link of links) link.resume()
    },
    loseAnswerTo(word) {
      return new Promise((done) => {
        doom = { word, done }
      })
    },
    end: stop,
  }
}
