/**
 * Fetches one partition of a Kafka topic, without a consumer group, over connections of its own.
 *
 * The public consumer of kafkajs cannot read without a group, so this uses the parts that it is made of, in the one version
 * that package.json pins (the project rests since 2023: they do not move). They are declared here as far as they are used.
 */
import { createRequire } from 'node:module'
import type { Socket } from 'node:net'
import type { PartitionRange, StoredRecord } from './bus.ts'
import type { Source } from './partition-reader.ts'

/** How long the broker may wait for a record before it answers with none. */
const longPollMs = 2000
const fetchBytes = 1_000_000
const readCommitted = 1

export interface KafkaSourceOptions {
  /** Connection settings as the Kafka client takes them, and that client's logger. */
  readonly config: object
  readonly logger: object
  /** The topic's name in the hub, and on the brokers. */
  readonly topic: string
  readonly kafkaTopic: string
  readonly partition: number
  /** What is kept of the partition, asked when the position is not. */
  range(): Promise<PartitionRange>
}

interface Cluster {
  connect(): Promise<void>
  addTargetTopic(topic: string): Promise<void>
  refreshMetadata(): Promise<void>
  refreshMetadataIfNecessary(): Promise<void>
  findLeaderForPartitions(topic: string, partitions: number[]): Record<string, number[]>
  findBroker(node: { nodeId: string }): Promise<{ fetch(request: object): Promise<FetchResponse> }>
}

interface FetchResponse {
  readonly responses: readonly { readonly partitions: readonly object[] }[]
}

/** Has left out what lies before the offset asked for, what belongs to an aborted transaction, and control records. */
interface FetchedBatch {
  readonly messages: readonly FetchedMessage[]
  readonly rawMessages: readonly unknown[]
  lastOffset(): string
}

interface FetchedMessage {
  readonly offset: string
  readonly timestamp: string
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers?: Readonly<Record<string, Buffer | Buffer[] | null | undefined>>
}

interface RequestQueue {
  throttledUntil: number
  throttleCheckTimeoutId: NodeJS.Timeout | null
  readonly pending: readonly unknown[]
  checkPendingRequests(): void
  scheduleCheckPendingRequests(): void
}

type SocketFactory = (to: { host: string; port: number; ssl: unknown; onConnect(): void }) => Socket

const internal = createRequire(import.meta.url)
const ClusterOf: new (options: object) => Cluster = internal('kafkajs/src/cluster')
const BatchOf: new (topic: string, next: string, data: object) => FetchedBatch = internal('kafkajs/src/consumer/batch')
const openSocket: SocketFactory = internal('kafkajs/src/network/socketFactory')()
const queues: RequestQueue = internal('kafkajs/src/network/requestQueue').prototype

// In 2.2.4 every connection arms this timer again for ever, with a negative delay: 1,000 wake-ups a second for each, and a
// warning of Node (kafkajs issue 1751). It is needed only while a request waits to be sent.
queues.scheduleCheckPendingRequests = function (this: RequestQueue) {
  if (this.throttleCheckTimeoutId || this.pending.length === 0) return
  this.throttleCheckTimeoutId = setTimeout(
    () => {
      this.throttleCheckTimeoutId = null
      this.checkPendingRequests()
    },
    Math.max(this.throttledUntil - Date.now(), 10),
  )
}

export class KafkaSource implements Source {
  readonly #options: KafkaSourceOptions
  readonly #sockets = new Set<Socket>()
  #cluster: Cluster | undefined
  #closed = false

  constructor(options: KafkaSourceOptions) {
    this.#options = options
  }

  async fetch(next: number): ReturnType<Source['fetch']> {
    try {
      return await this.#fetch(next)
    } catch (error) {
      if (errorType(error) === 'OFFSET_OUT_OF_RANGE') return { outOfRange: await this.#options.range() }
      // Whatever it was (a broker gone, another leader), the next attempt begins with fresh connections and metadata.
      this.#disconnect()
      throw error
    }
  }

  close(): void {
    this.#closed = true
    this.#disconnect()
  }

  async #fetch(next: number): ReturnType<Source['fetch']> {
    const { topic, kafkaTopic, partition } = this.#options
    const cluster = await this.#connected()
    await cluster.refreshMetadataIfNecessary()
    const [nodeId] = Object.keys(cluster.findLeaderForPartitions(kafkaTopic, [partition]))
    if (nodeId === undefined) throw new Error(`Partition ${partition} of topic ${kafkaTopic} has no leader.`)
    const broker = await cluster.findBroker({ nodeId })
    const { responses } = await broker.fetch({
      maxWaitTime: longPollMs,
      minBytes: 1,
      maxBytes: fetchBytes,
      isolationLevel: readCommitted,
      topics: [{ topic: kafkaTopic, partitions: [{ partition, fetchOffset: String(next), maxBytes: fetchBytes }] }],
    })
    const data = responses[0]?.partitions[0]
    if (!data) return { records: [], next }
    const batch = new BatchOf(kafkaTopic, String(next), data)
    if (batch.rawMessages.length === 0) return { records: [], next }
    const records = batch.messages.map((message) => stored(topic, partition, message))
    return { records, next: toOffset(batch.lastOffset()) + 1 }
  }

  async #connected(): Promise<Cluster> {
    if (this.#closed) throw new Error('closed')
    if (this.#cluster) return this.#cluster
    const cluster = new ClusterOf({
      ...this.#options.config,
      logger: this.#options.logger,
      socketFactory: (to: Parameters<SocketFactory>[0]) => {
        const socket = openSocket(to)
        socket.setNoDelay(true)
        this.#sockets.add(socket)
        socket.once('close', () => this.#sockets.delete(socket))
        if (this.#closed) process.nextTick(() => socket.destroy(new Error('closed')))
        return socket
      },
      enforceRequestTimeout: true,
      metadataMaxAge: 300_000,
      allowAutoTopicCreation: false,
      isolationLevel: readCommitted,
    })
    await cluster.connect()
    await cluster.addTargetTopic(this.#options.kafkaTopic)
    this.#cluster = cluster
    return cluster
  }

  /** Ends the connections at once, and with them what waits for an answer: a polite end would wait for the long poll. */
  #disconnect(): void {
    this.#cluster = undefined
    for (const socket of this.#sockets) socket.destroy(new Error('closed'))
  }
}

function stored(topic: string, partition: number, message: FetchedMessage): StoredRecord {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(message.headers ?? {})) {
    const last = Array.isArray(value) ? value.at(-1) : value
    headers[name] = last?.toString() ?? ''
  }
  return {
    topic,
    partition,
    offset: toOffset(message.offset),
    timestamp: Number(message.timestamp),
    key: message.key?.toString() ?? '',
    value: message.value ?? Buffer.alloc(0),
    headers,
  }
}

/** Kafka's offsets are 64 bits wide; ours are numbers, exact to 2^53, which a partition does not reach. */
export function toOffset(text: string): number {
  const offset = Number(text)
  if (!Number.isSafeInteger(offset)) throw new RangeError(`The offset ${text} is not a safe integer.`)
  return offset
}

function errorType(error: unknown): unknown {
  return error instanceof Error && 'type' in error ? error.type : undefined
}
