/**
 * A shop's day, driven from outside the hub: customers who write over the custom channel and web chat and repeat what was
 * not acknowledged, a program that answers every message once, a far end that takes what is sent. At the end everything
 * that was acknowledged must be there, once, in order.
 */
import { createHmac, randomBytes } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import { expect } from 'vitest'
import { eventually } from './eventually.ts'
import type { HubProcess } from './hub-process.ts'

interface Json {
  [name: string]: unknown
}

interface Answer {
  readonly status: number
  readonly body: Json
}

/** Anything at all may go wrong on the way while the hub is being killed: undefined then. */
type Tried = Answer | undefined

export interface Arrival {
  readonly id: string
  readonly peer: string
  readonly text: string
}

export class ShopTraffic {
  readonly #hub: HubProcess
  readonly #secret = `whsec_${randomBytes(32).toString('base64')}`
  readonly #peers: readonly string[]
  readonly #acknowledged = new Map<string, string[]>()
  readonly #replied = new Map<string, string>()
  readonly #arrivals: Arrival[] = []
  /** Bodies by webhook-id: the same id again must be the same event. */
  readonly #told = new Map<string, string>()
  #far: Server | undefined
  #hookPath = ''
  #webChannel = ''
  #visitorToken = ''
  #running = true
  #closing = false
  #refusal = ''
  #workers: Promise<void>[] = []
  #after = ''

  constructor(hub: HubProcess, peers = 4) {
    this.#hub = hub
    this.#peers = [...Array.from({ length: peers }, (_, i) => `peer-${i}`), 'visitor']
  }

  /** Sets channel, far end and agent up, then lets everybody begin. */
  async begin(): Promise<void> {
    const port = await this.#openFarEnd()
    const groups = (await this.#must('GET', '/v1/groups')).body.data as { id: string; name: string }[]
    const groupId = groups.find((group) => group.name === '售前')?.id
    const settings = { outboundUrl: `http://127.0.0.1:${port}/`, secret: this.#secret }
    const channel = (await this.#must('POST', '/v1/channels', { kind: 'custom', name: 'API', groupId, settings })).body
    this.#hookPath = new URL(String(channel.hookUrl)).pathname
    await this.#must('POST', '/v1/webhooks', { url: `http://127.0.0.1:${port}/webhook`, events: ['message.created'] })
    const channels = (await this.#must('GET', '/v1/channels')).body.data as { id: string; kind: string }[]
    this.#webChannel = channels.find((one) => one.kind === 'webchat')?.id ?? ''
    const members = (await this.#must('GET', '/v1/members')).body.data as {
      id: string
      number: string
      version: number
    }[]
    const agent = members.find((member) => member.number === '8001')
    await this.#must('PATCH', `/v1/members/${agent?.id}`, { capacity: 50 }, { 'if-match': `"v${agent?.version}"` })
    await this.#must('PUT', `/v1/presence/${agent?.id}`, { state: 'online' })
    const visitor = await this.#must(
      'POST',
      '/v1/visitor/sessions',
      { channelId: this.#webChannel },
      { authorization: '' },
    )
    this.#visitorToken = String(visitor.body.token)
    const newest = await this.#must('GET', '/v1/events?limit=1')
    this.#after = String(newest.body.next)
    this.#workers = [...this.#peers.map((peer) => this.#customer(peer)), this.#agent()]
  }

  /** Lets customers finish their sentence; resolves when everything said is answered and every answer has arrived. */
  async end(): Promise<void> {
    this.#running = false
    const [agent, ...customers] = [this.#workers.at(-1), ...this.#workers.slice(0, -1)]
    await Promise.all(customers)
    await eventually(() => !this.#closing || undefined)
    // A last word opens again what the agent ended before everything in it was answered.
    await Promise.all(this.#peers.map((peer) => this.#say(peer, (this.#acknowledged.get(peer) ?? []).length)))
    const said = () => [...this.#acknowledged.values()].reduce((sum, texts) => sum + texts.length, 0)
    await this.#goesOn(
      () => this.#replied.size,
      said,
      () => `are answered; last refused: ${this.#refusal}`,
    )
    const overCustom = () => said() - (this.#acknowledged.get('visitor')?.length ?? 0)
    await this.#goesOn(
      () => new Set(this.#arrivals.map((arrival) => arrival.id)).size,
      overCustom,
      () => 'have arrived',
    )
    this.#agentStops()
    await agent
  }

  /** Until so many are done as there have to be. However slow it is; only when nothing more comes is something lost. */
  async #goesOn(done: () => number, all: () => number, what: () => string): Promise<void> {
    for (let before = done(); before < all(); before = done()) {
      await eventually(() => {
        if (done() > before) return true
        throw new Error(`${done()} of ${all()} ${what()}; the hub says: ${this.#hub.log().slice(-3000)}`)
      })
    }
  }

  #unanswered(): number {
    return this.said() - this.#replied.size
  }

  said(): number {
    return [...this.#acknowledged.values()].reduce((sum, texts) => sum + texts.length, 0)
  }

  /** Holds what is there against what was acknowledged. */
  async verify(): Promise<void> {
    const threads = await this.#threads()
    for (const peer of this.#peers) {
      const said = this.#acknowledged.get(peer) ?? []
      const thread = threads.get(peer) ?? []
      const heard = thread.filter((message) => message.direction === 'in').map((message) => message.text)
      expect(heard, `what ${peer} said`).toEqual(said)
      const answers = thread.filter((message) => message.direction === 'out').map((message) => message.text)
      expect(answers, `answers to ${peer}`).toEqual(said.map((text) => `re: ${text}`))
      if (peer === 'visitor') continue
      const arrived = this.#arrivals.filter((arrival) => arrival.peer === peer)
      const first = new Map(arrived.map((arrival) => [arrival.id, arrival.text] as const).reverse())
      expect([...first.values()].reverse(), `what arrived for ${peer}, repeats with the same id aside`).toEqual(
        said.map((text) => `re: ${text}`),
      )
    }
    await this.#verifyFeed()
  }

  async close(): Promise<void> {
    this.#running = false
    this.#agentStops()
    await Promise.all(this.#workers)
    await new Promise((resolve) => (this.#far ? this.#far.close(resolve) : resolve(undefined)))
  }

  async #customer(peer: string): Promise<void> {
    this.#acknowledged.set(peer, [])
    for (let n = 0; this.#running; n++) {
      await this.#say(peer, n)
      // Customers wait for answers, though not for every one, and not when theirs waits for them to open it again.
      do await pause(30)
      while (this.#running && this.#refusal === '' && this.#unanswered() > 4 * this.#peers.length)
    }
  }

  /** As a platform does: the same again until it is taken. */
  async #say(peer: string, n: number): Promise<void> {
    const text = `${peer} says ${n}`
    const attempt = () => (peer === 'visitor' ? this.#visitorSays(n, text) : this.#peerSays(peer, n, text))
    while (!(await attempt())) await pause(100)
    this.#acknowledged.get(peer)?.push(text)
  }

  async #peerSays(peer: string, n: number, text: string): Promise<boolean> {
    const body = JSON.stringify({ type: 'message', id: `${peer}-${n}`, peer, from: { id: peer, name: peer }, text })
    const id = `hook-${peer}-${n}`
    const at = Math.floor(Date.now() / 1000)
    const key = Buffer.from(this.#secret.slice(6), 'base64')
    const signature = createHmac('sha256', key).update(`${id}.${at}.${body}`).digest('base64')
    const answer = await this.#send('POST', this.#hookPath, body, {
      authorization: '',
      'webhook-id': id,
      'webhook-timestamp': String(at),
      'webhook-signature': `v1,${signature}`,
    })
    return answer !== undefined && answer.status < 300
  }

  async #visitorSays(n: number, text: string): Promise<boolean> {
    const body = { clientId: `visitor-${n}`, parts: [{ type: 'text', text }] }
    const answer = await this.#send('POST', '/v1/visitor/messages', JSON.stringify(body), {
      authorization: `Bearer ${this.#visitorToken}`,
    })
    return answer !== undefined && answer.status < 300
  }

  #agentStops: () => void = () => {}

  /** Answers every message of a customer once, and now and then ends a conversation, so that it is routed anew. */
  async #agent(): Promise<void> {
    let going = true
    this.#agentStops = () => {
      going = false
    }
    while (going) {
      const page = await this.#send('GET', `/v1/events?after=${this.#after}&limit=100&types=message.created`)
      if (page?.status !== 200) {
        await pause(100)
        continue
      }
      for (const event of page.body.data as { data: { message: SeenMessage } }[]) {
        const { message } = event.data
        if (message.direction !== 'in' || this.#replied.has(message.id)) continue
        while (going && !(await this.#reply(message))) await pause(100)
        if (message.number % 7 === 0 && this.#running) {
          this.#closing = true
          await this.#send('POST', `/v1/conversations/${message.conversationId}/close`)
          this.#closing = false
        }
      }
      this.#after = String(page.body.next)
      if ((page.body.data as unknown[]).length === 0) await pause(50)
    }
  }

  async #reply(message: SeenMessage): Promise<boolean> {
    const parts = [{ type: 'text', text: `re: ${message.parts[0]?.text}` }]
    const path = `/v1/conversations/${message.conversationId}/messages`
    const answer = await this.#send('POST', path, JSON.stringify({ parts }), { 'idempotency-key': `re-${message.id}` })
    if (answer === undefined || answer.status >= 500) return false
    if (answer.status === 409) {
      this.#refusal = `${message.conversationId} ${message.number}: ${JSON.stringify(answer.body)}`
      return false
    }
    expect(answer.status, JSON.stringify(answer.body)).toBe(201)
    this.#refusal = ''
    this.#replied.set(message.id, String(answer.body.id))
    return true
  }

  async #threads(): Promise<Map<string, { direction: string; text: string }[]>> {
    const threads = new Map<string, { direction: string; text: string }[]>()
    for (const contact of await this.#all('/v1/contacts')) {
      const identity = (contact.identities as { kind: string; address: string }[])[0]
      const name = identity?.kind === 'visitor' ? 'visitor' : (identity?.address ?? '')
      const messages = await this.#all(`/v1/contacts/${contact.id}/thread`)
      threads.set(
        name,
        messages.reverse().map((message) => ({
          direction: String(message.direction),
          text: String((message.parts as { text?: string }[])[0]?.text),
        })),
      )
    }
    return threads
  }

  /** The feed is dense, tells every message once, and gives no conversation to two people at once. */
  async #verifyFeed(): Promise<void> {
    const events: { id: string; seq: number; type: string; subject: string; data: { message?: SeenMessage } }[] = []
    const state = String((await this.#must('GET', '/v1/events?limit=1')).body.next)
    let after = `${state.split(':')[0]}:0`
    for (;;) {
      const page = (await this.#must('GET', `/v1/events?after=${after}&limit=100`)).body
      events.push(...(page.data as typeof events))
      after = String(page.next)
      if (page.endOfStream === true) break
    }
    expect(events.map((event) => event.seq)).toEqual(events.map((_, index) => index + 1))
    const told = events.flatMap((event) => (event.type === 'message.created' ? (event.data.message?.id ?? '') : []))
    await this.#verifyWebhooks(events.filter(({ type }) => type === 'message.created'))
    expect(new Set(told).size).toBe(told.length)
    const numbers = new Map<string, number>()
    for (const { data, type } of events) {
      if (type !== 'message.created' || data.message === undefined) continue
      const { conversationId, number } = data.message
      expect(number, 'messages of a conversation are told in their order').toBe((numbers.get(conversationId) ?? 0) + 1)
      numbers.set(conversationId, number)
    }
  }

  /** The CRM was told of every message of the feed. */
  async #verifyWebhooks(messages: readonly { readonly id: string }[]): Promise<void> {
    await eventually(() => {
      const missing = messages.filter(({ id }) => !this.#told.has(id))
      if (missing.length > 0)
        throw new Error(`the CRM was not told of ${missing.length} of ${messages.length} messages`)
      return true
    }, 90_000)
  }

  async #all(path: string): Promise<Json[]> {
    const found: Json[] = []
    let cursor = ''
    do {
      const page = (await this.#must('GET', `${path}?limit=100${cursor && `&cursor=${cursor}`}`)).body
      found.push(...(page.data as Json[]))
      cursor = typeof page.nextCursor === 'string' ? page.nextCursor : ''
    } while (cursor !== '')
    return found
  }

  async #must(method: string, path: string, body?: object, headers: Record<string, string> = {}): Promise<Answer> {
    const answer = await eventually(() => this.#send(method, path, body && JSON.stringify(body), headers))
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
    return answer
  }

  async #send(method: string, path: string, body?: string, headers: Record<string, string> = {}): Promise<Tried> {
    try {
      const answer = await fetch(`${this.#hub.base}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${this.#hub.apiKey}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        signal: AbortSignal.timeout(15_000),
        ...(body !== undefined && { body }),
      })
      const text = await answer.text()
      return { status: answer.status, body: text === '' ? {} : (JSON.parse(text) as Json) }
    } catch {
      return undefined
    }
  }

  /** A CRM that is told of every message, and fails now and then. Answers with the status. */
  #hear(id: string, body: string): number {
    const before = this.#told.get(id)
    // Once for each event at most: after a second failure it would come again only minutes later.
    if (before === undefined && !this.#failed.has(id) && ++this.#heard % 29 === 0) {
      this.#failed.add(id)
      return 500
    }
    expect(before ?? body, `what came as ${id}`).toBe(body)
    this.#told.set(id, body)
    return 204
  }

  #heard = 0
  readonly #failed = new Set<string>()

  /** Notes what is sent out, and refuses some of it for a moment, as far ends do. */
  #openFarEnd(): Promise<number> {
    let requests = 0
    const far = createServer((request, response) => {
      let body = ''
      request.on('data', (data) => {
        body += String(data)
      })
      request.on('end', () => {
        if (request.url === '/webhook') {
          response.writeHead(this.#hear(String(request.headers['webhook-id']), body)).end()
          return
        }
        if (++requests % 11 === 0) {
          response.writeHead(503, { 'retry-after': '1' }).end()
          return
        }
        const message = JSON.parse(body) as { peer: string; text: string }
        this.#arrivals.push({ id: String(request.headers['webhook-id']), peer: message.peer, text: message.text })
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
      })
    })
    this.#far = far
    return new Promise((resolve) => {
      far.listen(0, '127.0.0.1', () => {
        const address = far.address()
        resolve(typeof address === 'object' && address !== null ? address.port : 0)
      })
    })
  }
}

interface SeenMessage {
  readonly id: string
  readonly conversationId: string
  readonly number: number
  readonly direction: string
  readonly parts: readonly { readonly text?: string }[]
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
